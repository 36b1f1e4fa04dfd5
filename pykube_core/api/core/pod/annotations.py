"""Rules of the annotations that mean something on a pod.

Source: ``k8s.io/kubernetes/pkg/apis/core/validation`` (``ValidatePodSpecificAnnotations``) and
``pkg/apis/core/helper`` v1.34.1. Differences: annotations that once held tolerations and seccomp
profiles are not read.
"""

from __future__ import annotations

from typing import Final

from pykube_core.api.core.pod.deletion_cost import DELETION_COST, read_deletion_cost
from pykube_core.api.machinery.field_errors import FieldError, invalid, quoted
from pykube_core.api.machinery.objects import KubeObject

MIRROR: Final = "kubernetes.io/config.mirror"

_APP_ARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"
_PROFILES: Final = ("", "runtime/default", "unconfined")
_LOCAL_PROFILE: Final = "localhost/"


def validate_deletion_cost(annotations: dict[str, str], path: str) -> list[FieldError]:
    """Check what it costs to delete a pod; without it, nothing."""
    text = annotations.get(DELETION_COST)
    if text is None or read_deletion_cost(text) is not None:
        return []
    return [invalid(f"{path}[{DELETION_COST}]", text, "must be a 32bit integer")]


def validate_pod_annotations(
    annotations: dict[str, str], spec: KubeObject, path: str
) -> list[FieldError]:
    """Check that AppArmor profiles are profiles, of containers that are there."""
    errors: list[FieldError] = []
    kinds = ("initContainers", "containers", "ephemeralContainers")
    known = {container.get("name") for kind in kinds for container in spec.get(kind, ())}
    for key, profile in annotations.items():
        if not is_app_armor(key):
            continue
        name = key.removeprefix(_APP_ARMOR)
        if name not in known:
            errors.append(invalid(f"{path}[{key}]", name, "container not found"))
        if profile not in _PROFILES and not profile.startswith(_LOCAL_PROFILE):
            detail = f"invalid AppArmor profile name: {quoted(profile)}"
            errors.append(invalid(f"{path}[{key}]", profile, detail))
    return errors


def is_app_armor(key: str) -> bool:
    """Say whether an annotation names the AppArmor profile of a container."""
    return key.startswith(_APP_ARMOR)
