"""The hash of a pod template, by which a workload knows the pods of its revisions.

Source: ``k8s.io/kubernetes/pkg/controller/controller_utils.go`` (ComputeHash) and
``k8s.io/apimachinery/pkg/util/rand`` (SafeEncodeString) v1.36. Difference: upstream hashes Go's
dump of the structure; here it is the canonical JSON (keys sorted, defaults filled in, no white
space), so the digits differ from upstream's, in the same alphabet and length.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import msgspec

from pykube_core.api.machinery.equality import in_one_notation
from pykube_core.api.machinery.names import SAFE_ALPHABET
from pykube_core.api.machinery.objects import Json

HASH_LABEL: Final = "pod-template-hash"

# The fields of a pod template that are maps of strings, or cannot be told from none at all.
_NONE_IF_EMPTY: Final = frozenset(
    (
        "annotations",
        "labels",
        "limits",
        "matchLabels",
        "metadata",
        "nodeSelector",
        "options",
        "overhead",
        "requests",
        "volumeAttributes",
    )
)
_OFFSET: Final = 2166136261
_PRIME: Final = 16777619
_COLLISION_BYTES: Final = 8


@lru_cache(4096)
def canonical(template: bytes, *, by_amount: bool = True) -> bytes:
    """Return a template's JSON with sorted keys and without the label of its hash.

    By amount, templates that differ in the notation of quantities alone have the same: deployments
    compare structures, where daemon sets compare the bytes of their revisions. An empty list or map
    is left out, as to Kubernetes it is no other than none. An empty structure stays:
    ``emptyDir: {}`` says something.
    """
    decoded = msgspec.json.decode(template)
    if by_amount:
        decoded = in_one_notation("core.v1.PodTemplateSpec", decoded)
    labels = decoded.get("metadata", {}).get("labels", {})
    labels.pop(HASH_LABEL, None)
    return msgspec.json.encode(_without_empty(decoded), order="deterministic")


def _without_empty(value: Json) -> Json:
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = ((key, _without_empty(item)) for key, item in value.items())
    return {
        key: item for key, item in kept if item != [] and (item != {} or key not in _NONE_IF_EMPTY)
    }


def hash_of(template: bytes, collisions: int | None) -> str:
    """Return the hash of a canonical template, as text that is good in names and labels.

    Parameters
    ----------
    collisions : int or None
        How often the hash has met another template so far; None and 0 differ, as upstream.

    Examples
    --------
    >>> hash_of(b"", None)
    '65bb57b6b5'
    """
    salt = b"" if collisions is None else collisions.to_bytes(_COLLISION_BYTES, "little")
    value = _OFFSET
    for byte in template + salt:
        value = (value ^ byte) * _PRIME & 0xFFFFFFFF
    return "".join(SAFE_ALPHABET[ord(digit) % len(SAFE_ALPHABET)] for digit in str(value))
