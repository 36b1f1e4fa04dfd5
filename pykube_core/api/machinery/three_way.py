"""The patch of ``kubectl apply``: the changes of a file, laid over the object that the server has.

Three states of an object: *original*, as it was applied last; *modified*, as it is in the file
now; *current*, as it is on the server. A field that the file has and the server has not is set; one
that the file had and has no more is removed; the rest is somebody else's and stays.

Source: ``k8s.io/apimachinery/pkg/util/strategicpatch`` v0.37.2 (``CreateThreeWayMergePatch``,
overwriting) and ``k8s.io/kubectl/pkg/cmd/apply``.
"""

from __future__ import annotations

import json
from typing import Final

from pykube_core.api.machinery.decoding import fields_of, struct_of
from pykube_core.api.machinery.json_faults import json_fault, shown
from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.strategic_merge import (
    DELETE_FROM,
    DIRECTIVE,
    ELEMENT_ORDER,
    RETAIN_KEYS,
    holds_maps,
    in_order_of,
    key_of,
    merge_key,
    merge_maps,
)

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


def last_applied(obj: KubeObject) -> KubeObject:
    """Return what ``kubectl apply`` wrote into an object as applied last; {} when it never did.

    Raises
    ------
    ValueError
        The annotation holds no JSON object.
    """
    text = (obj.get("metadata", {}).get("annotations") or {}).get(LAST_APPLIED)
    if not text:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(str(json_fault(text.encode(errors="replace")))) from None
    if not isinstance(found, dict):
        raise ValueError(f"expected an object, got {shown(found)}")
    return found


def with_last_applied(obj: KubeObject) -> KubeObject:
    """Return an object that carries itself in its annotation, as ``kubectl apply`` sends it."""
    metadata = dict(obj.get("metadata") or {})
    annotations = dict(metadata.get("annotations") or {})
    annotations.pop(LAST_APPLIED, None)
    bare = obj | {"metadata": metadata | {"annotations": annotations}}
    text = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
    return obj | {"metadata": metadata | {"annotations": annotations | {LAST_APPLIED: text}}}


def three_way_patch(
    struct: str, original: KubeObject, modified: KubeObject, current: KubeObject
) -> KubeObject:
    """Return the strategic merge patch that brings ``current`` to ``modified``; {} for no change.

    Parameters
    ----------
    struct : str
        The structure of its kind, such as "core.v1.Pod", which says which lists are merged.

    Raises
    ------
    PatchError
        A list that merges has an item without its key.
    """
    deletions = _Difference(deletes=True).of_maps(struct, original, modified)
    changes = _Difference(deletes=False).of_maps(struct, current, modified)
    return merge_maps(struct, deletions, changes, applies=False)


class _Difference:
    """The patch from one state of an object to another: what is gone, or else what is to be set."""

    def __init__(self, *, deletes: bool) -> None:
        self._deletes = deletes

    def of_maps(
        self, struct: str, before: KubeObject, after: KubeObject, retains_keys: bool = False
    ) -> KubeObject:
        """Return the patch of a map; ``retains_keys`` lets it name the keys that it keeps."""
        out: KubeObject = {}
        for key, value in after.items():
            held: Json = before.get(key)
            if key not in before or type(held) is not type(value):
                if not self._deletes:
                    out[key] = value
            elif isinstance(value, dict):
                inner = struct_of(struct, key)
                patch = self.of_maps(inner, held, value, _retains_keys(struct, key))
                if patch:
                    out[key] = patch
            elif isinstance(value, list) and merge_key(struct, key) is not None:
                out |= self._of_lists(struct, key, held, value)
            elif not self._deletes and value != held:
                out[key] = value
        if self._deletes:
            out |= {key: None for key in before if key not in after}
        if retains_keys and (out or _has_further(before, after)):
            kept = sorted(key for key, value in after.items() if value is not None)
            out |= {RETAIN_KEYS: kept} if kept else {}
        return out

    def _of_lists(
        self, struct: str, field: str, before: list[Json], after: list[Json]
    ) -> KubeObject:
        """Return the members of a patch that change one list."""
        if not before:
            return {field: after} if after and not self._deletes else {}
        if holds_maps(before, after):
            return self._of_items(struct, field, before, after)
        added = [item for item in after if item not in before]
        gone = [item for item in before if item not in after]
        out: KubeObject = {}
        if self._deletes:
            if gone:
                out[DELETE_FROM + field] = sorted(dict.fromkeys(gone), key=str)
        elif added:
            out[field] = added
        # Upstream has sorted the values before it looks at their order.
        ordered = bool(gone) if self._deletes else sorted(before, key=str) != after
        return out | ({ELEMENT_ORDER + field: after} if ordered and after else {})

    def _of_items(
        self, struct: str, field: str, before: list[Json], after: list[Json]
    ) -> KubeObject:
        key, inner = merge_key(struct, field) or "", struct_of(struct, field)
        pairs, deleted = _paired(before, after, key)
        items: list[Json] = []
        for old, new in pairs:
            if old is None:
                if not self._deletes:
                    items.append(new)
                continue
            patch = self.of_maps(inner, old, new, _retains_keys(struct, field))
            if patch:
                items.append(patch | {key: new[key]})
        items = in_order_of(items, after, key)
        if self._deletes:
            items += [{DIRECTIVE: "delete", key: item[key]} for item in deleted]
        out: KubeObject = {field: items} if items else {}
        same = [item[key] for item in before] == [item[key] for item in after]
        if after and (items or not (self._deletes or same)):
            out[ELEMENT_ORDER + field] = [{key: item[key]} for item in after]
        return out


def _paired(
    before: list[Json], after: list[Json], key: str
) -> tuple[list[tuple[KubeObject | None, KubeObject]], list[KubeObject]]:
    """Return each item with what it was, None for a new one, and those that are gone.

    Items may share a key, as the ports 53 of UDP and TCP do: the last is the last's, as upstream's
    sorting turns them around.
    """
    held: dict[str, list[KubeObject]] = {}
    for item in before:
        held.setdefault(str(key_of(item, key)), []).append(item)
    pairs: list[tuple[KubeObject | None, KubeObject]] = []
    for item in sorted(reversed(after), key=lambda item: str(key_of(item, key))):
        same = held.get(str(item[key]))
        pairs.append((same.pop() if same else None, item))
    gone = [item for name in sorted(held) for item in reversed(held[name])]
    return pairs, gone


def _retains_keys(struct: str, field: str) -> bool:
    found = fields_of(struct).get(field) if struct else None
    return found is not None and found.retains_keys


def _has_further(before: KubeObject, after: KubeObject) -> bool:
    return any(value is not None and key not in after for key, value in before.items())
