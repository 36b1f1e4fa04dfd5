"""Checks of the objects of a snapshot, with Kubernetes' own texts.

Objects with a uid come from an API server, which has validated them; objects without one were
written by hand (`pykube_core.api.intake.Mode`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from pykube_core.api.core import NODES, PODS
from pykube_core.api.core.pod.defaults import DEFAULT_SCHEDULER
from pykube_core.api.intake import Mode, check, complete, read, take_in
from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.json_faults import shown
from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.quantity import QuantityError, parse_quantity
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.scheduling.priority import SYSTEM_PRIORITIES, PriorityError, resolve_priority

_NOT_KEPT: Final = ("restartPolicy", "dnsPolicy")


def check_object(
    resource: Resource, obj: KubeObject, text: bytes | memoryview | msgspec.Raw, label: str
) -> KubeObject:
    """Return a checked copy of an object of any kind but Pod, with defaults.

    Parameters
    ----------
    obj : dict
        The object as it stands in ``text``.

    Raises
    ------
    InputError
        Naming object and field.
    """
    if resource is NODES:
        _check_quantities_of_node(obj, label)
    if _has_uid(obj):
        return take_in(resource, obj, Mode.SNAPSHOT, label)
    return take_in(resource, bytes(text), Mode.HANDWRITTEN, label)


def read_by_hand(text: bytes, label: str) -> KubeObject:
    """Return a pod that was written by hand as an API server would have stored it."""
    return read(PODS, text, Mode.HANDWRITTEN, label=label)


def _has_uid(obj: KubeObject) -> bool:
    """Say whether an API server has stored an object."""
    metadata = obj.get("metadata")
    return isinstance(metadata, dict) and bool(metadata.get("uid"))


def complete_template(template: KubeObject, name: str, label: str) -> KubeObject:
    """Return a template of pods checked, with the defaults that scheduling reads.

    Parameters
    ----------
    name : str
        Name of the first pod of this shape, for rules and messages.
    """
    _check_quantities_of_pod(template, label)
    decoded = read(PODS, template, Mode.SNAPSHOT, label=label)
    complete(PODS, decoded, Mode.SNAPSHOT)
    check(PODS, _with_stand_ins(decoded, name), Mode.SNAPSHOT, label=label)
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
