"""Changes that a pod and its status admit.

Source: ``k8s.io/kubernetes/pkg/apis/core/validation`` v1.34.1 (``ValidatePodUpdate``,
``ValidatePodStatusUpdate``). Differences: the lines that show how a spec differs have the API's
names of fields, upstream's those of its own structures; statuses of resource claims, users of
containers and allocated resources are not checked.
"""

from __future__ import annotations

import difflib
import ipaddress
import json
import re
from typing import Final

from pykube_core.api.core.pod.annotations import validate_pod_annotation_update
from pykube_core.api.core.scheduling_validation import REQUIRED
from pykube_core.api.machinery import names
from pykube_core.api.machinery.equality import means_the_same
from pykube_core.api.machinery.field_errors import (
    IMMUTABLE,
    FieldError,
    forbidden,
    invalid,
    invalid_each,
    required,
)
from pykube_core.api.machinery.objects import Json, KubeObject

_INT32_MAX: Final = 2**31 - 1
_MAY_CHANGE: Final = (
    "`spec.containers[*].image`",
    "`spec.initContainers[*].image`",
    "`spec.activeDeadlineSeconds`",
    "`spec.tolerations` (only additions to existing tolerations)",
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
)
_SYSTEM_CONDITIONS: Final = ("PodScheduled", "Ready", "Initialized")
_NOT_NEGATIVE: Final = "must be a non-negative integer"
_REVIVED: Final = "may not be transitioned to non-terminated state"
_BAD_IP: Final = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
_LEADING_ZEROS_RE: Final = re.compile(r"(?<![0-9.])0+(?=[0-9])|(?<=\.)0+(?=[0-9])", re.ASCII)


def validate_pod_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse changes of what a pod's kubelet has acted on.

    Images may change, the active deadline may come nearer, tolerations may be added and their
    seconds change, gates may go, and while a gate holds the pod its node selector and node affinity
    may become narrower.
    """
    errors = validate_pod_annotation_update(new, old)
    spec, was = new["spec"], old["spec"]
    for kind in ("containers", "initContainers"):
        found, stop = _validate_images(spec.get(kind, []), was.get(kind, []), f"spec.{kind}")
        errors += found
        if stop:
            return errors
    found, stop = _validate_deadline(
        spec.get("activeDeadlineSeconds"), was.get("activeDeadlineSeconds")
    )
    errors += found
    if stop:
        return errors
    errors += _validate_tolerations(spec.get("tolerations", []), was.get("tolerations", []))
    errors += _validate_gates(spec.get("schedulingGates", []), was.get("schedulingGates", []))
    if means_the_same("core.v1.PodSpec", spec, was):
        return errors
    allowed = _without_what_may_change(spec, was)
    if was.get("schedulingGates"):
        errors += _validate_gated(allowed, was)
    if not means_the_same("core.v1.PodSpec", allowed, was):
        text = f"pod updates may not change fields other than {','.join(_MAY_CHANGE)}\n"
        errors.append(forbidden("spec", text + _difference(was, allowed)))
    return errors


def validate_pod_status_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse a status that cannot follow the old one, or is none."""
    errors = validate_pod_annotation_update(new, old)
    spec, status, was = old["spec"], new.get("status", {}), old.get("status", {})
    errors += _validate_conditions(status.get("conditions", []))
    nominated = status.get("nominatedNodeName", "")
    if nominated and nominated != was.get("nominatedNodeName"):
        errors += invalid_each(
            "status.nominatedNodeName", nominated, names.dns_subdomain(nominated)
        )
        if spec.get("nodeName"):
            detail = "may not be set on pods that are already bound to a node"
            errors.append(forbidden("status.nominatedNodeName", detail))
    generation = status.get("observedGeneration", 0)
    if generation < 0:
        errors.append(invalid("status.observedGeneration", generation, _NOT_NEGATIVE))
    if status.get("qosClass", "") != was.get("qosClass", ""):
        errors.append(invalid("status.qosClass", status.get("qosClass", ""), IMMUTABLE))
    for kind in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        errors += _validate_transitions(kind, status.get(kind, []), was.get(kind, []), spec)
    errors += _validate_ips("podIPs", status, was)
    hosts = status.get("hostIPs", [])
    if hosts and hosts[0].get("ip", "") != status.get("hostIP", ""):
        errors.append(
            invalid("status.hostIPs[0].ip", hosts[0].get("ip", ""), "must be equal to `hostIP`")
        )
    return errors + _validate_ips("hostIPs", status, was)


def _validate_images(
    containers: list[KubeObject], before: list[KubeObject], path: str
) -> tuple[list[FieldError], bool]:
    if len(containers) != len(before):
        return [forbidden(path, "pod updates may not add or remove containers")], True
    errors: list[FieldError] = []
    for index, container in enumerate(containers):
        image = container.get("image", "")
        if not image:
            errors.append(required(f"{path}[{index}].image"))
        if image.strip() != image:
            detail = "must not have leading or trailing whitespace"
            errors.append(invalid(f"{path}[{index}].image", image, detail))
    return errors, False


def _validate_deadline(seconds: Json, before: Json) -> tuple[list[FieldError], bool]:
    path = "spec.activeDeadlineSeconds"
    if seconds is None:
        detail = "must not update from a positive integer to nil value"
        return ([] if before is None else [invalid(path, None, detail)]), False
    if not 0 <= seconds <= _INT32_MAX:
        return [invalid(path, seconds, f"must be between 0 and {_INT32_MAX}, inclusive")], True
    if before is not None and before < seconds:
        return [invalid(path, seconds, "must be less than or equal to previous value")], True
    return [], False


def _validate_tolerations(
    tolerations: list[KubeObject], before: list[KubeObject]
) -> list[FieldError]:
    kept = [_without_seconds(toleration) for toleration in tolerations]
    if all(_without_seconds(toleration) in kept for toleration in before):
        return []
    detail = "existing toleration can not be modified except its tolerationSeconds"
    return [forbidden("spec.tolerations", detail)]


def _without_seconds(toleration: KubeObject) -> KubeObject:
    return {key: value for key, value in toleration.items() if key != "tolerationSeconds"}


def _validate_gates(gates: list[KubeObject], before: list[KubeObject]) -> list[FieldError]:
    held = {gate.get("name") for gate in before}
    added = {gate.get("name"): index for index, gate in enumerate(gates)}
    return [
        forbidden(
            f"spec.schedulingGates[{index}].name",
            f"only deletion is allowed, but found new scheduling gate '{name}'",
        )
        for name, index in added.items()
        if name not in held
    ]


def _without_what_may_change(spec: KubeObject, was: KubeObject) -> KubeObject:
    """Return a spec with the old values of the fields that have rules of their own."""
    out = dict(spec)
    for kind in ("containers", "initContainers"):
        if kind in out:
            pairs = zip(out[kind], was[kind], strict=True)
            out[kind] = [_with(container, "image", old) for container, old in pairs]
    for field in ("activeDeadlineSeconds", "schedulingGates", "tolerations"):
        out = _with(out, field, was)
    if was.get("terminationGracePeriodSeconds", 0) < 0:
        if out.get("terminationGracePeriodSeconds") == 1:
            out = _with(out, "terminationGracePeriodSeconds", was)
    return out


def _with(holder: KubeObject, field: str, other: KubeObject) -> KubeObject:
    """Return a map with a field as another has it, at its place."""
    if field not in other:
        return {key: value for key, value in holder.items() if key != field}
    return holder | {field: other[field]}


def _validate_gated(spec: KubeObject, was: KubeObject) -> list[FieldError]:
    """Check what may become narrower while a gate holds a pod, and put it back, in place."""
    errors: list[FieldError] = []
    selector, had = spec.get("nodeSelector", {}), was.get("nodeSelector", {})
    if any(selector.get(key) != value for key, value in had.items()):
        detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
        errors.append(invalid("spec.nodeSelector", selector, detail))
    _restore(spec, "nodeSelector", was)
    affinity, before = spec.get("affinity"), was.get("affinity")
    node, old_node = ((each or {}).get("nodeAffinity") for each in (affinity, before))
    if node == old_node:
        return errors
    errors += _validate_node_affinity(node or {}, old_node or {})
    if affinity is None:
        spec["affinity"] = {"nodeAffinity": old_node}
        return errors
    affinity = dict(affinity)
    _restore(affinity, "nodeAffinity", before or {})
    spec["affinity"] = affinity
    if before is None and not affinity:
        del spec["affinity"]
    return errors


def _restore(holder: KubeObject, field: str, other: KubeObject) -> None:
    holder.pop(field, None)
    if field in other:
        holder[field] = other[field]


def _validate_node_affinity(affinity: KubeObject, before: KubeObject) -> list[FieldError]:
    path = f"spec.affinity.nodeAffinity.{REQUIRED}.nodeSelectorTerms"
    terms, had = (
        (each.get(REQUIRED) or {}).get("nodeSelectorTerms", []) for each in (affinity, before)
    )
    if not had:
        return []
    if len(terms) != len(had):
        detail = "no additions/deletions to non-empty NodeSelectorTerms list are allowed"
        return [invalid(path, [_internal_term(term) for term in terms] or None, detail)]
    detail = "only additions are allowed (no mutations or deletions)"
    return [
        invalid(f"{path}[{index}]", _internal_term(term), detail)
        for index, (term, old) in enumerate(zip(terms, had, strict=True))
        if not _is_narrower(term, old)
    ]


def _is_narrower(term: KubeObject, before: KubeObject) -> bool:
    fields = ("matchExpressions", "matchFields")
    if not any(before.get(field) for field in fields):
        return not any(term.get(field) for field in fields)
    return all(
        term.get(field, [])[: len(before.get(field, []))] == before.get(field, [])
        for field in fields
    )


def _internal_term(term: KubeObject) -> KubeObject:
    """Return a term with the names of upstream's own structures, as its messages show it."""
    shown: KubeObject = {}
    for field in ("matchExpressions", "matchFields"):
        requirements = [
            {
                "Key": requirement.get("key", ""),
                "Operator": requirement.get("operator", ""),
                "Values": requirement.get("values"),
            }
            for requirement in term.get(field, ())
        ]
        shown[field[0].upper() + field[1:]] = requirements or None
    return shown


def _difference(before: KubeObject, after: KubeObject) -> str:
    """Return how two specs differ, as lines of a unified diff of their JSON."""
    left, right = (
        json.dumps(spec, indent=1, sort_keys=True, ensure_ascii=False).splitlines(keepends=True)
        for spec in (before, after)
    )
    lines = list(difflib.unified_diff(left, right))[2:]  # The first two would name files.
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def _validate_conditions(conditions: list[KubeObject]) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, condition in enumerate(conditions):
        path, kind = f"status.conditions[{index}]", condition.get("type", "")
        generation = condition.get("observedGeneration", 0)
        if generation < 0:
            errors.append(invalid(f"{path}.observedGeneration", generation, _NOT_NEGATIVE))
        if kind not in _SYSTEM_CONDITIONS:
            errors += invalid_each(f"{path}.Type", kind, names.qualified_name(kind))
    return errors


def _validate_transitions(
    kind: str, statuses: list[KubeObject], before: list[KubeObject], spec: KubeObject
) -> list[FieldError]:
    """Refuse that a container which has ended for good runs again."""
    ephemeral, policy = kind == "ephemeralContainerStatuses", spec.get("restartPolicy")
    if policy == "Always" and not ephemeral:
        return []
    sidecars = {
        container.get("name")
        for container in spec.get("initContainers", ())
        if kind == "initContainerStatuses" and container.get("restartPolicy") == "Always"
    }
    errors: list[FieldError] = []
    for index, old in enumerate(before):
        ended, name = old.get("state", {}).get("terminated"), old.get("name")
        if ended is None or name in sidecars:
            continue
        if ended.get("exitCode", 0) and policy == "OnFailure" and not ephemeral:
            continue
        for status in statuses:
            if status.get("name") == name and "terminated" not in status.get("state", {}):
                errors.append(forbidden(f"status.{kind}[{index}].state", _REVIVED))
    return errors


def _validate_ips(field: str, status: KubeObject, was: KubeObject) -> list[FieldError]:
    """Check addresses: old ones may stay, and there is one of a family at most."""
    path, ips = f"status.{field}", [each.get("ip", "") for each in status.get(field, ())]
    held = [each.get("ip", "") for each in was.get(field, ())]
    errors: list[FieldError] = []
    families: list[int] = []
    for index, text in enumerate(ips):
        try:
            address = ipaddress.ip_address(_LEADING_ZEROS_RE.sub("", text))
        except ValueError:
            if text not in held:
                errors.append(invalid(f"{path}[{index}]", text, _BAD_IP))
        else:
            families.append(address.version)
    if len(ips) > 1 and sorted(families) != [4, 6]:
        detail = "may specify no more than one IP for each IP family"
        errors.append(invalid(path, [{"IP": text} for text in ips], detail))
    return errors
