"""State of a daemon set, and the next moves of its rolling update.

Source: ``k8s.io/kubernetes/pkg/controller/daemon`` (daemon_controller.go, update.go) v1.34.1 to
v1.37.2.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final, NamedTuple

import msgspec

from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.times import NANO
from pykube_core.controllers.daemon_nodes import COUNTS, Fit, NodePods, Placement, Stage
from pykube_core.controllers.pods import Pod
from pykube_core.controllers.rollout import share_of
from pykube_core.controllers.template_hash import canonical, hash_of
from pykube_core.objects import ApiObject

_ALWAYS_SHOWN: Final = COUNTS[:4]
_OBSERVED: Final = "observedGeneration"
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
        self.backoffs: dict[str, Backoff] = {}
        self.status = view.status
        self.read(obj, view)

    def read(self, obj: ApiObject, view: DaemonSetView) -> bool:
        """Take in the object; say whether pods belong elsewhere, or are old now."""
        if self.backoffs and view.status.get(_OBSERVED) != self.status.get(_OBSERVED):
            # Upstream knows them by node and generation.
            self.backoffs = {}
        self.obj, self.metadata, self.spec, self.status = obj, view.metadata, view.spec, view.status
        surges, ready = bool(self.share("maxSurge", 100)), view.spec.minReadySeconds
        template = canonical(bytes(view.spec.template), by_amount=False)
        digest = hash_of(template, view.status.get("collisionCount"))
        rules = digest, surges, ready, view.spec.updateStrategy.type
        if rules == self.rules:
            return False
        self.rules, self.digest, self.surges = rules, digest, surges
        self.min_ready_ns = ready * NANO
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

    @property
    def desired(self) -> int:
        """How many nodes should run a pod."""
        return self.totals[0]

    def old_pods(self, names: Iterable[str]) -> list[bytes]:
        """Return the keys of the old pods of nodes, where there are any."""
        return [key for name in names if (key := self.seen[name].old) is not None]

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


def rolled(held: Daemons) -> Work:
    """Return what a rolling update does next."""
    most = held.share("maxSurge", held.desired)
    return _surge(held, most) if most else _replacements(held)


def _replacements(held: Daemons) -> Work:
    """Return the old pods to be deleted: the failing ones, and as many more as may be missing.

    A failing old pod costs nothing to replace, but what replaces it may fail as well: so it counts
    as missing, too.
    """
    stages = held.stages
    waiting = (
        Stage.NONE,
        Stage.CROWDED,
        Stage.NEW_WAITS,
        Stage.OLD_FAILS,
        Stage.BOTH,
        Stage.BOTH_WAIT,
    )
    missing = sum(len(stages[stage]) for stage in waiting)
    most = held.share("maxUnavailable", held.desired)
    if not most and held.desired:
        most = 1
    return Work(
        [], held.old_pods([*stages[Stage.OLD_FAILS], *_first(stages[Stage.OLD], most - missing)])
    )


def _surge(held: Daemons, most: int) -> Work:
    """Return the nodes that get a new pod beside the old one, and old pods that may go.

    On a node where no pod should run any more, a failing old pod goes, and one that serves goes as
    soon as enough others do.
    """
    stages, fits = held.stages, held.fits
    alone = (*stages[Stage.OLD_FAILS], *stages[Stage.OLD])
    # Upstream looks every such node up, and does nothing at all while one of them is gone.
    if any(name not in fits for name in alone):
        return Work([], [])
    surging = len(stages[Stage.CROWDED]) + len(stages[Stage.BOTH_WAIT])
    failing, serving = stages[Stage.OLD_FAILS], stages[Stage.OLD]
    candidates = [name for name in serving if fits[name].runs]
    nodes = [name for name in failing if fits[name].runs]
    nodes += _first(candidates, most - surging)
    ended = [*stages[Stage.BOTH], *(name for name in failing if not fits[name].runs)]
    misplaced = [name for name in serving if not fits[name].runs]
    if misplaced:
        available = sum(seen.serves for seen in held.seen.values())
        ended += _first(misplaced, available - held.desired)
    return Work(nodes, held.old_pods(ended))


def _first(names: Iterable[str], count: int) -> list[str]:
    return list(islice(names, max(count, 0)))
