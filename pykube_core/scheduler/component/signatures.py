"""The scheduler's view of pods in the log, found out once for all that are alike.

Copies of one pod share their body (`pykube_core.objects.body`), so bodies say which pods are alike,
and one of them is decoded for all.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.objects import DONE_PHASES, KubeObject
from pykube_core.objects import ApiObject, Body
from pykube_core.scheduler.placer.scheduler import Scheduler
from pykube_core.scheduler.plugins import PLUGINS

_REMEMBERED_MAX: Final = 1 << 14
# Only with resources or allocatedResources does its status say what a pod takes of its node.
_SIZES: Final = b'esources"'
_ADDRESS: Final = b',"hostIP":'
_NO_HEAD: Final = b"\0"
# How the statuses begin that kubelets write.
_PHASE: Final = re.compile(rb'\{(?:"observedGeneration":[0-9]+,)?"phase":"([A-Za-z]*)"')


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
_STATUS: Final = msgspec.json.Decoder(_Status)


class SignatureClass(msgspec.Struct, frozen=True):
    """The class of a signature.

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


class PodSignature(msgspec.Struct):
    """The common part of pods that differ in name and uid alone.

    Attributes
    ----------
    namespace, scheduler_name, node, nominated_node : str
        "" where there is none.
    priority : int
    has_gates, is_deleting, is_done, is_sized, preempts : bool
        Scheduling gates; a deletion timestamp; its status as `is_done` and `is_sized` say; it may
        preempt others.
    found : SignatureClass or None
        Its class as `PodSignatures.class_of` last found it, at ``epoch``.
    """

    namespace: str
    scheduler_name: str
    node: str
    nominated_node: str
    priority: int
    has_gates: bool
    is_deleting: bool
    is_done: bool
    is_sized: bool
    preempts: bool
    found: SignatureClass | None = None
    epoch: int = 0


class PodSignatures:
    """PodSignatures and classes of pods; remembers some thousand of the last ones.

    Parameters
    ----------
    scheduler : Scheduler
        Numbers the classes.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._signatures: dict[tuple[Body, str, bytes], PodSignature] = {}
        # How the last status began, up to its first address: copies change theirs together. It
        # says of no size, and none begins in it, since its end is no part of `_SIZES`.
        self._head, self._is_done = _NO_HEAD, False
        self._classes: dict[tuple[Body, bytes], SignatureClass] = {}
        self._epoch = 0

    def forget(self) -> None:
        """Forget the classes: something that they depend on has changed."""
        self._classes.clear()
        self._epoch += 1

    def of(self, pod: ApiObject) -> PodSignature:
        """Return a pod's signature."""
        key = pod.body, pod.bound_to, pod.own_tail
        signature = self._signatures.get(key)
        if signature is None:
            signature = _signature(pod)
            if len(self._signatures) >= _REMEMBERED_MAX:
                self._signatures.clear()
            self._signatures[key] = signature
        return signature

    def read_status(self, pod: ApiObject) -> tuple[bool, bool]:
        """Return whether a pod has ended (Succeeded or Failed), and what `is_sized` says of it."""
        status = pod.own_tail
        if status.startswith(self._head):
            return self._is_done, status.rfind(_SIZES, len(self._head)) >= 0
        found = _PHASE.match(status)
        phase = _STATUS.decode(pod.status).phase if found is None else found[1].decode()
        done, sized = phase in DONE_PHASES, is_sized(pod)
        if found is not None and not sized:
            end = status.find(_ADDRESS, found.end())
            if end >= 0:
                self._head, self._is_done = status[: end + len(_ADDRESS)], done
        return done, sized

    def class_of(self, pod: ApiObject, signature: PodSignature) -> SignatureClass:
        """Return the class of a pod of a signature."""
        if signature.found is None or signature.epoch != self._epoch:
            signature.found, signature.epoch = self.read_class(pod), self._epoch
        return signature.found

    def read_class(self, pod: ApiObject) -> SignatureClass:
        """Return the class of a pod; the node of one that has one is no rule for it."""
        key = pod.body.unbound, pod.own_tail if is_sized(pod) else b""
        found = self._classes.get(key)
        if found is None:
            found = self._compile(pod.decode())
            if len(self._classes) >= _REMEMBERED_MAX:
                self._classes.clear()
            self._classes[key] = found
        return found

    def _compile(self, pod: KubeObject) -> SignatureClass:
        scheduler = self._scheduler
        pod["spec"].pop("nodeName", None)
        try:
            index = int(scheduler.compile([pod])[0])
        except InputError as error:
            return SignatureClass(-1, False, False, str(error))
        compiled = scheduler.class_at(index)
        plain = not compiled.has_external
        for enabled in scheduler.profile_of(pod).plugins.pre_filter:
            plugin = PLUGINS.get(enabled.name)
            plain &= plugin is None or plugin.pre_filter(pod, scheduler.context) is None
        # A search of some of the nodes moves the place where the next one begins.
        return SignatureClass(index, plain, plain and compiled.node_set is None)


def is_sized(pod: ApiObject) -> bool:
    """Return whether a pod's status may say what the pod takes of its node."""
    # From behind, where the letter to look for is the first one, which is the rarer one.
    return pod.own_tail.rfind(_SIZES) >= 0


def _signature(pod: ApiObject) -> PodSignature:
    view = _VIEW.decode(pod.data)
    metadata, spec, status = view.metadata, view.spec, view.status
    return PodSignature(
        metadata.namespace,
        spec.schedulerName,
        spec.nodeName,
        status.nominatedNodeName,
        spec.priority,
        bool(spec.schedulingGates),
        bool(metadata.deletionTimestamp),
        status.phase in DONE_PHASES,
        is_sized(pod),
        spec.preemptionPolicy != "Never",
    )
