"""What is known of a daemon set, and what a rolling update of it may do next.

Source: ``k8s.io/kubernetes/pkg/controller/daemon`` (daemon_controller.go, update.go) v1.36.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from pykube_core.api.objects import Json, KubeObject
from pykube_core.api.times import NANO
from pykube_core.apiserver import ApiObject
from pykube_core.controllers.daemon_nodes import COUNTS, NO_FIT, Fit, NodePods, Placement, Stage
from pykube_core.controllers.pods import Pod
from pykube_core.controllers.rollout import share_of
from pykube_core.controllers.template_hash import canonical, hash_of

_ALWAYS_SHOWN: Final = COUNTS[:4]
_KEPT: Final = ("collisionCount", "conditions")


class _Metadata(msgspec.Struct, gc=False):
    name: str
    namespace: str
    uid: str
    generation: int = 0
    deletionTimestamp: str = ""


class _RollingUpdate(msgspec.Struct, gc=False):
    maxSurge: int | str = 0
    maxUnavailable: int | str = 1


class _Strategy(msgspec.Struct, gc=False):
    type: str = "RollingUpdate"
    rollingUpdate: _RollingUpdate = msgspec.field(default_factory=_RollingUpdate)


class _Spec(msgspec.Struct, gc=False):
    selector: Json
    template: msgspec.Raw
    minReadySeconds: int = 0
    updateStrategy: _Strategy = msgspec.field(default_factory=_Strategy)


class DaemonSetView(msgspec.Struct, gc=False):
    """A daemon set, as far as its controller reads it."""

    metadata: _Metadata
    spec: _Spec
    status: KubeObject = {}


class Backoff(NamedTuple):
    """How long a pod that fails on a node is left alone, and since when."""

    delay_ns: int
    since_ns: int


class Daemons:
    """A daemon set, and what is known of each node for it; its controller keeps it up.

    ``dirty`` are the nodes to look at again, ``seen`` what was seen at the last look, ``stages``
    the nodes of each stage, ``totals`` the sums of the counts, ``waits`` the times at which pods
    become available, ``backoffs`` how long failed pods are left alone.
    """

    def __init__(self, obj: ApiObject, view: DaemonSetView) -> None:
        self.fits: dict[str, Fit] = {}
        self.pods: dict[str, dict[bytes, Pod]] = {}
        self.dirty: dict[str, None] = {}
        self.seen: dict[str, NodePods] = {}
        self.stages: dict[Stage, dict[str, None]] = {stage: {} for stage in Stage}
        self.totals = [0] * len(COUNTS)
        self.waits: dict[str, int] = {}
        self.rules: tuple[object, ...] = ()
        self.read(obj, view)

    def read(self, obj: ApiObject, view: DaemonSetView) -> bool:
        """Take in the object; say whether pods belong elsewhere, or are old now."""
        self.obj, self.metadata, self.spec, self.status = obj, view.metadata, view.spec, view.status
        surges, ready = bool(self.share("maxSurge", 100)), view.spec.minReadySeconds
        digest = hash_of(canonical(bytes(view.spec.template)), view.status.get("collisionCount"))
        rules = digest, surges, ready, view.spec.updateStrategy.type
        if rules == self.rules:
            return False
        self.rules, self.digest, self.surges = rules, digest, surges
        self.min_ready_ns = ready * NANO
        self.backoffs: dict[str, Backoff] = {}
        self.template: KubeObject = msgspec.json.decode(view.spec.template)
        self.placement = Placement(self.template.get("spec", {}))
        return True

    def share(self, field: str, total: int) -> int:
        """Return ``maxSurge`` or ``maxUnavailable`` of so many nodes; 0 without rolling update."""
        strategy = self.spec.updateStrategy
        if strategy.type != "RollingUpdate":
            return 0
        return share_of(getattr(strategy.rollingUpdate, field), total, up=True)

    def see(self, name: str, seen: NodePods | None) -> None:
        """Keep what was seen on a node, None when it has no part in this any more."""
        old = self.seen.pop(name, None)
        if old is not None:
            del self.stages[old.stage][name]
            for index, count in enumerate(old.counts):
                self.totals[index] -= count
        self.waits.pop(name, None)
        if seen is None:
            return
        self.seen[name] = seen
        self.stages[seen.stage][name] = None
        for index, count in enumerate(seen.counts):
            self.totals[index] += count
        if seen.wait_ns is not None:
            self.waits[name] = seen.wait_ns

    def status_now(self) -> KubeObject:
        """Return the status that says what was seen."""
        counts = dict(zip(COUNTS, self.totals, strict=True))
        missing = counts["desiredNumberScheduled"] - counts["numberAvailable"]
        counts |= {"numberUnavailable": missing, "observedGeneration": self.metadata.generation}
        new: KubeObject = {k: v for k, v in counts.items() if v or k in _ALWAYS_SHOWN}
        return new | {key: self.status[key] for key in self.status if key in _KEPT}


class Work(NamedTuple):
    """Nodes that need a pod, and pods that have to go."""

    nodes: list[str]
    pods: list[bytes]


def replacements(held: Daemons) -> Work:
    """Return the old pods to be deleted: the failing ones, and as many more as may be missing."""
    stages = held.stages
    waiting = (Stage.NONE, Stage.CROWDED, Stage.NEW_WAITS, Stage.BOTH, Stage.BOTH_WAIT)
    missing = sum(len(stages[stage]) for stage in waiting)
    most = held.share("maxUnavailable", held.totals[0])
    if not most and not held.share("maxSurge", held.totals[0]) and held.totals[0]:
        most = 1
    nodes = [*stages[Stage.OLD_FAILS], *_first(stages[Stage.OLD], most - missing)]
    return Work([], [key for name in nodes if (key := held.seen[name].old) is not None])


def surge(held: Daemons) -> Work:
    """Return the nodes that get a new pod beside the old one, and old pods that may go."""
    stages = held.stages
    surging = len(stages[Stage.CROWDED]) + len(stages[Stage.BOTH_WAIT])
    most = held.share("maxSurge", held.totals[0])
    nodes = [*stages[Stage.OLD_FAILS], *_first(stages[Stage.OLD], most - surging)]
    ended = [key for name in stages[Stage.BOTH] if (key := held.seen[name].old) is not None]
    return Work([name for name in nodes if held.fits.get(name, NO_FIT).runs], ended)


def _first(names: dict[str, None], count: int) -> list[str]:
    return [name for name, _ in zip(names, range(max(count, 0)), strict=False)]
