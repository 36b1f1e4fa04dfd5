"""What the scheduler must know of a pod in the log, found out once for all that are alike.

Copies of one pod share all their bytes behind the uid (see ``docs/cluster.md``), so these bytes
say which pods are alike, and one of them is decoded for all.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from pykube_core.api.errors import InputError
from pykube_core.api.objects import KubeObject
from pykube_core.apiserver.log import Change
from pykube_core.apiserver.objects import ApiObject, members
from pykube_core.scheduler.plugins import PLUGINS
from pykube_core.scheduler.scheduler import Scheduler

_REMEMBERED_MAX: Final = 1 << 14
_NAME: Final = len(b'"name":"')
_UID: Final = b'","uid":"'
_NODE: Final = b'{"nodeName":"'
_DONE: Final = frozenset({"Succeeded", "Failed"})
# Only with resources or allocatedResources does its status say what a pod takes of its node.
_SIZES: Final = b'esources"'


class _Metadata(msgspec.Struct, gc=False):
    namespace: str = "default"
    deletionTimestamp: str = ""


class _Spec(msgspec.Struct, gc=False):
    nodeName: str = ""
    schedulerName: str = ""
    schedulingGates: list[msgspec.Raw] = []
    priority: int = 0
    preemptionPolicy: str = ""


class _Status(msgspec.Struct, gc=False):
    phase: str = ""
    nominatedNodeName: str = ""


class _View(msgspec.Struct, gc=False):
    metadata: _Metadata
    spec: _Spec
    status: _Status = msgspec.field(default_factory=_Status)


_VIEW: Final = msgspec.json.Decoder(_View)


class ShapeClass(msgspec.Struct, frozen=True):
    """The class of a shape.

    Attributes
    ----------
    index : int
        In the engine; -1 for a pod that cannot be read.
    is_plain : bool
        Nothing but the engine has a say in where the pod goes.
    is_stable : bool
        An attempt that finds no node leaves no trace in the engine.
    problem : str
        Why the pod cannot be read.
    """

    index: int
    is_plain: bool = True
    is_stable: bool = True
    problem: str = ""


class Shape(msgspec.Struct):
    """What pods have in common that differ in name and uid alone.

    Attributes
    ----------
    namespace, scheduler_name, node, nominated_node : str
        "" where there is none.
    priority : int
    has_gates, is_deleting, is_done, preempts : bool
        Scheduling gates; a deletion timestamp; phase Succeeded or Failed; it may preempt others.
    found : ShapeClass or None
        Its class as `Shapes.class_of` last found it, at ``epoch``.
    """

    namespace: str
    scheduler_name: str
    node: str
    nominated_node: str
    priority: int
    has_gates: bool
    is_deleting: bool
    is_done: bool
    preempts: bool
    found: ShapeClass | None = None
    epoch: int = 0


class Shapes:
    """Shapes and classes of pods; remembers some thousand of the last ones.

    Parameters
    ----------
    scheduler : Scheduler
        Numbers the classes.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._shapes: dict[bytes, Shape] = {}
        self._classes: dict[bytes, ShapeClass] = {}
        self._epoch = 0

    def forget(self) -> None:
        """Forget the classes: something that they depend on has changed."""
        self._classes.clear()
        self._epoch += 1

    def of(self, pod: ApiObject) -> tuple[str, str, Shape]:
        """Return a pod's name, its uid and its shape."""
        data, start = pod.data, len(pod.resource.head) + _NAME
        middle = data.index(_UID, start)
        end = data.index(b'"', middle + len(_UID))
        tail = data[end:]
        shape = self._shapes.get(tail)
        if shape is None:
            shape = _shape(data)
            if len(self._shapes) >= _REMEMBERED_MAX:
                self._shapes.clear()
            self._shapes[tail] = shape
        return data[start:middle].decode(), data[middle + len(_UID) : end].decode(), shape

    def class_of(self, pod: ApiObject, shape: Shape) -> ShapeClass:
        """Return the class of a pod of a shape."""
        if shape.found is None or shape.epoch != self._epoch:
            shape.found, shape.epoch = self.read_class(pod), self._epoch
        return shape.found

    def read_class(self, pod: ApiObject) -> ShapeClass:
        """Return the class of a pod; the node of one that has one is no rule for it."""
        parts = members(pod.data)
        metadata, spec, status = bytes(parts.metadata), bytes(parts.spec), bytes(parts.status)
        metadata = metadata[metadata.index(b'"', metadata.index(_UID) + len(_UID)) :]
        if spec.startswith(_NODE):
            # A binding puts the name first, so the pod is like those that are not bound.
            spec = b"{" + spec[spec.index(b'",', len(_NODE)) + 2 :]
        sized = status if _is_sized(status) else b""
        key = b"".join((metadata, spec, sized))
        found = self._classes.get(key)
        if found is None:
            found = self._compile(pod.decode())
            if len(self._classes) >= _REMEMBERED_MAX:
                self._classes.clear()
            self._classes[key] = found
        return found

    def _compile(self, pod: KubeObject) -> ShapeClass:
        scheduler = self._scheduler
        pod["spec"].pop("nodeName", None)
        try:
            index = int(scheduler.compile([pod])[0])
        except InputError as error:
            return ShapeClass(-1, False, False, str(error))
        compiled = scheduler.class_at(index)
        plain = not compiled.has_external
        for enabled in scheduler.profile_of(pod).plugins.pre_filter:
            plugin = PLUGINS.get(enabled.name)
            plain &= plugin is None or plugin.pre_filter(pod, scheduler.context) is None
        # A search of some of the nodes moves the place where the next one begins.
        return ShapeClass(index, plain, plain and compiled.node_set is None)


class StatusUpdate(NamedTuple):
    """What an update of a pod did, as far as its status goes.

    Attributes
    ----------
    is_alone : bool
        Nothing but the status changed, and neither says what the pod takes of its node.
    is_done : bool
        The pod has ended.
    """

    is_alone: bool
    is_done: bool


def status_update(change: Change) -> StatusUpdate:
    """Return what became of a pod's status; nothing else is decoded."""
    old, new = change.old, change.new
    assert old is not None
    assert new is not None
    status = new.status
    alone = change.is_status_alone and not (_is_sized(old.status) or _is_sized(status))
    return StatusUpdate(alone, _STATUS.decode(status).phase in _DONE)


def _is_sized(status: bytes) -> bool:
    return _SIZES in status


_STATUS: Final = msgspec.json.Decoder(_Status)


def _shape(data: bytes) -> Shape:
    view = _VIEW.decode(data)
    metadata, spec, status = view.metadata, view.spec, view.status
    return Shape(
        metadata.namespace,
        spec.schedulerName,
        spec.nodeName,
        status.nominatedNodeName,
        spec.priority,
        bool(spec.schedulingGates),
        bool(metadata.deletionTimestamp),
        status.phase in _DONE,
        spec.preemptionPolicy != "Never",
    )
