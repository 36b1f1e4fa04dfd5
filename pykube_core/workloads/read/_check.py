"""Checks of the objects of a snapshot, with Kubernetes' own texts.

Objects with a uid come from an API server, which has validated them, perhaps a newer one: fields
that are not known here are dropped. Objects without one were written by hand: an unknown field is
an error, so that a misspelt ``nodeSelecter`` does not pass in silence.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from pykube_core.api.defaults import DEFAULT_SCHEDULER, merge_label_keys, set_defaults
from pykube_core.api.machinery.decoding import DecodeError, decode, decode_json
from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.json_faults import shown
from pykube_core.api.machinery.objects import CLUSTER_SCOPED, Json, KubeObject
from pykube_core.api.machinery.quantity import QuantityError, parse_quantity
from pykube_core.api.machinery.selectors import SelectorError, parse_label_selector
from pykube_core.api.scheduling.priority import SYSTEM_PRIORITIES, PriorityError, resolve_priority
from pykube_core.api.validation import FieldError, invalid_message, validate

# Read for their selectors alone: a snapshot may leave out their pod templates.
_OWNERS: Final = frozenset({"ReplicaSet", "StatefulSet", "ReplicationController"})
_NOT_KEPT: Final = ("restartPolicy", "dnsPolicy")


def check_object(kind: str, obj: KubeObject, label: str) -> KubeObject:
    """Return a checked copy of an object of any kind but Pod, with defaults.

    Raises
    ------
    InputError
        Naming object and field.
    """
    if kind == "Node":
        _check_quantities_of_node(obj, label)
    decoded = _decode(kind, obj, label)
    metadata = decoded.setdefault("metadata", {})
    if not metadata.get("name"):
        raise InputError("Required value", field="metadata.name")
    metadata.pop("managedFields", None)
    if kind not in CLUSTER_SCOPED:
        metadata["namespace"] = metadata.get("namespace") or "default"
    set_defaults(kind, decoded)
    if kind not in _OWNERS:
        _refuse(kind, decoded, validate(kind, decoded), label)
        return decoded
    try:
        if kind != "ReplicationController":
            parse_label_selector(decoded.get("spec", {}).get("selector"))
    except SelectorError as error:
        raise InputError(str(error), object=label, field="spec.selector") from None
    return decoded


def read_by_hand(data: bytes, label: str) -> KubeObject:
    """Return a pod that was written by hand as an API server would have stored it."""
    try:
        pod = decode_json("Pod", data)
    except DecodeError as error:
        raise _refusal(error, label) from None
    merge_label_keys(pod)
    return pod


def check_fields(kind: str, data: bytes, label: str) -> None:
    """Refuse unknown and duplicate fields of an object that was written by hand."""
    try:
        decode_json(kind, data)
    except DecodeError as error:
        raise _refusal(error, label) from None


def complete_template(template: KubeObject, name: str, label: str) -> KubeObject:
    """Return a template of pods checked, with the defaults that scheduling reads.

    Parameters
    ----------
    name : str
        Name of the first pod of this shape, for rules and messages.
    """
    _check_quantities_of_pod(template, label)
    decoded = set_defaults("Pod", _decode("Pod", template, label))
    stand_in = _with_stand_ins(decoded, name)
    _refuse("Pod", stand_in, validate("Pod", stand_in), label)
    spec = decoded["spec"]
    for field in _NOT_KEPT:
        del spec[field]
    if spec["schedulerName"] == DEFAULT_SCHEDULER:
        del spec["schedulerName"]
    return decoded


def lacks_class(template: KubeObject) -> bool:
    """Say whether no server has set a template's priority, and its class is none of the system."""
    spec = template["spec"]
    name = spec.get("priorityClassName")
    return bool(name) and "priority" not in spec and name not in SYSTEM_PRIORITIES


def complete_priority(template: KubeObject, classes: Iterable[KubeObject], label: str) -> None:
    """Set the priority of a template that no server has set, in place."""
    classes = list(classes)
    spec = template["spec"]
    if "priority" in spec:
        return
    if not spec.get("priorityClassName") and not any(c.get("globalDefault") for c in classes):
        return
    try:
        resolve_priority(template, classes)
    except PriorityError as error:
        raise InputError(str(error), object=label, field="spec.priorityClassName") from None


def _decode(kind: str, obj: Json, label: str) -> KubeObject:
    try:
        return decode(kind, obj, strict=False)
    except DecodeError as error:
        raise _refusal(error, label) from None


def _refusal(error: DecodeError, label: str) -> InputError:
    return InputError(str(error), object=label, field=error.fields[0] if error.fields else "")


def _refuse(kind: str, obj: KubeObject, errors: list[FieldError], label: str) -> None:
    if errors:
        reason = invalid_message(kind, obj, errors)
        raise InputError(reason, object=label, field=errors[0].field)


def _with_stand_ins(template: KubeObject, name: str) -> KubeObject:
    """Return a template as a pod, with something where it has lost what rules ask for.

    Owners have no uid here; their version and images may be absent from the start, as nothing runs.
    """
    metadata, spec = template["metadata"], template["spec"]
    owners = [
        {"apiVersion": "-", "uid": "-", **owner} for owner in metadata.get("ownerReferences", ())
    ]
    pod: dict[str, Any] = {
        **template,
        "metadata": {**metadata, "name": name, "ownerReferences": owners},
        "spec": dict(spec),
    }
    for kind in ("containers", "initContainers"):
        if kind in spec:
            pod["spec"][kind] = [{"image": "-", **container} for container in spec[kind]]
    return pod


def _check_quantities_of_node(node: KubeObject, label: str) -> None:
    status = _mapping(node.get("status"), label, "status")
    for kind in ("capacity", "allocatable"):
        _check_quantities(status.get(kind), label, f"status.{kind}")


def _check_quantities_of_pod(pod: KubeObject, label: str) -> None:
    spec = pod.get("spec", {})
    _check_quantities(spec.get("overhead"), label, "spec.overhead")
    _check_resources(spec.get("resources"), label, "spec.resources")
    for kind in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(kind) or ()):
            path = f"spec.{kind}[{index}].resources"
            _check_resources(container.get("resources"), label, path)


def _check_resources(resources: Json, label: str, path: str) -> None:
    for kind in ("requests", "limits"):
        _check_quantities(_mapping(resources, label, path).get(kind), label, f"{path}.{kind}")


def _check_quantities(quantities: Json, label: str, path: str) -> None:
    """Name the field of a bad quantity, which decoding alone does not."""
    for name, value in _mapping(quantities, label, path).items():
        try:
            parse_quantity(value)
        except QuantityError as error:
            reason = f"Invalid value: {shown(value)}: {error}"
            raise InputError(reason, object=label, field=f"{path}[{name}]") from None


def _mapping(value: Json, label: str, path: str) -> KubeObject:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InputError(f"expected an object, got {shown(value)}", object=label, field=path)
    return value
