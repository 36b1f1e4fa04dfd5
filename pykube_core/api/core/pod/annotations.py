"""Rules of the annotations that mean something on a pod.

Source: ``k8s.io/kubernetes/pkg/apis/core/validation`` (``ValidatePodSpecificAnnotations``) and
``pkg/apis/core/helper`` v1.34.1. Differences: annotations that once held tolerations and seccomp
profiles are not read.
"""

from __future__ import annotations

from typing import Final

from pykube_core.api.core.pod.deletion_cost import DELETION_COST, read_deletion_cost
from pykube_core.api.machinery.field_errors import FieldError, forbidden, invalid, quoted
from pykube_core.api.machinery.object_meta import validate_create
from pykube_core.api.machinery.objects import KubeObject

MIRROR: Final = "kubernetes.io/config.mirror"

_APP_ARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"
_PROFILES: Final = ("", "runtime/default", "unconfined")
_LOCAL_PROFILE: Final = "localhost/"


def validate_deletion_cost(annotations: dict[str, str], path: str) -> list[FieldError]:
    """Check the cost of a pod's deletion, if there is one."""
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


def annotations_of(holder: KubeObject) -> dict[str, str]:
    """Return the annotations of an object or of a template."""
    found: dict[str, str] = holder.get("metadata", {}).get("annotations", {})
    return found


def validate_pod_create(pod: KubeObject) -> list[FieldError]:
    """Check finalizers, and the annotations that mean something on a pod."""
    annotations, spec = annotations_of(pod), pod.get("spec", {})
    errors = validate_create(pod) + validate_deletion_cost(annotations, "metadata.annotations")
    if spec.get("ephemeralContainers"):
        errors.append(forbidden("spec.ephemeralContainers", "cannot be set on create"))
    return errors + validate_pod_annotations(annotations, spec, "metadata.annotations")


def validate_pod_annotation_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse changes of what a kubelet has acted on; a deletion cost that was wrong may stay."""
    after, before = annotations_of(new), annotations_of(old)
    path = "metadata.annotations"
    errors: list[FieldError] = []
    changed = [key for key in before if after.get(key) != before[key]]
    for keys, verb in ((changed, "remove or update"), (after.keys() - before.keys(), "add")):
        for key in sorted(keys):
            if is_app_armor(key):
                errors.append(forbidden(f"{path}[{key}]", f"may not {verb} AppArmor annotations"))
            if key == MIRROR:
                why = f"may not {verb} mirror pod annotation"
                errors.append(forbidden(f"{path}[{key}]", why))
    errors += validate_pod_annotations(after, new.get("spec", {}), path)
    return errors + validate_cost_update(after, before, path)


def validate_cost_update(
    after: dict[str, str], before: dict[str, str], path: str
) -> list[FieldError]:
    """Check a deletion cost, unless the old one was wrong, too."""
    return [] if validate_deletion_cost(before, path) else validate_deletion_cost(after, path)
