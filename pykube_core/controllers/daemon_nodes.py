"""Where the pods of a daemon set belong, and what is to be done about them on one node.

Source: ``k8s.io/kubernetes/pkg/controller/daemon`` (daemon_controller.go, update.go,
util/daemonset_util.go) v1.34.1 to v1.37.2.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Final, NamedTuple

import msgspec

from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.selectors import (
    NODE_NAME_FIELD,
    LabelSelector,
    NodeSelector,
    parse_node_selector,
    selector_of_labels,
)
from pykube_core.controllers import taints as keys
from pykube_core.controllers.pods import Pod
from pykube_core.controllers.taints import (
    NO_EXECUTE,
    NO_SCHEDULE,
    Taint,
    Toleration,
    all_tolerated,
)
from pykube_core.objects import ApiObject, Body

REVISION_HASH: Final = "controller-revision-hash"

COUNTS: Final = (
    "desiredNumberScheduled",
    "currentNumberScheduled",
    "numberMisscheduled",
    "numberReady",
    "numberAvailable",
    "updatedNumberScheduled",
)

_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_ALWAYS_TOLERATED: Final = (
    (keys.NOT_READY, NO_EXECUTE),
    (keys.UNREACHABLE, NO_EXECUTE),
    (keys.DISK_PRESSURE, NO_SCHEDULE),
    (keys.MEMORY_PRESSURE, NO_SCHEDULE),
    (keys.PID_PRESSURE, NO_SCHEDULE),
    (keys.UNSCHEDULABLE, NO_SCHEDULE),
)


class NodeMetadata(msgspec.Struct, gc=False):
    """A node's metadata as daemon sets read them."""

    name: str
    labels: dict[str, str] = {}


class NodeSpec(msgspec.Struct, gc=False):
    """A node's spec as daemon sets read it."""

    taints: list[Taint] = []


class Node(msgspec.Struct, gc=False):
    """A node as daemon sets read it: two of them are equal when nothing changes for them."""

    metadata: NodeMetadata
    spec: NodeSpec = msgspec.field(default_factory=NodeSpec)


class Placement:
    """Which nodes a pod template is for.

    Parameters
    ----------
    spec : dict
        The pod's, as the template has it.
    """

    def __init__(self, spec: KubeObject) -> None:
        affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
        required = affinity.get(_REQUIRED)
        self._name: str = spec.get("nodeName") or ""
        self._labels: LabelSelector = selector_of_labels(spec.get("nodeSelector"))
        self._terms: NodeSelector | None = parse_node_selector(required) if required else None
        self._tolerations = msgspec.convert(daemon_tolerations(spec), list[Toleration])

    def fits(self, node: Node) -> Fit:
        """Say whether a daemon pod should run on a node, and go on if it runs there."""
        name, labels = node.metadata.name, node.metadata.labels
        if self._name not in ("", name) or not self._labels.matches(labels):
            return NO_FIT
        if self._terms is not None and not self._terms.matches(labels, name):
            return NO_FIT
        taints = node.spec.taints
        stays = all_tolerated(taints, self._tolerations, (NO_EXECUTE,))
        return Fit(stays and all_tolerated(taints, self._tolerations, (NO_SCHEDULE,)), stays)


class Fit(NamedTuple):
    """Whether a daemon pod should run on a node, and whether one that runs may stay."""

    runs: bool
    stays: bool


NO_FIT: Final = Fit(False, False)


def daemon_tolerations(spec: KubeObject) -> list[KubeObject]:
    """Return a template's tolerations with those that all daemon pods have."""
    wanted = list(_ALWAYS_TOLERATED)
    if spec.get("hostNetwork"):
        wanted.append((keys.NETWORK_UNAVAILABLE, NO_SCHEDULE))
    out: list[KubeObject] = list(spec.get("tolerations") or ())
    for key, effect in wanted:
        added = {"key": key, "operator": "Exists", "effect": effect}
        for index, held in enumerate(out):
            if {k: v for k, v in held.items() if k != "tolerationSeconds"} == added:
                out[index] = added
                break
        else:
            out.append(added)
    return out


def spec_on(spec: KubeObject, node: str) -> KubeObject:
    """Return the spec of a daemon pod for a node: the scheduler finds it by the node's name."""
    requirement = {"key": NODE_NAME_FIELD, "operator": "In", "values": [node]}
    terms = [{"matchFields": [requirement]}]
    affinity = dict(spec.get("affinity") or {})
    required = {_REQUIRED: {"nodeSelectorTerms": terms}}
    affinity["nodeAffinity"] = (affinity.get("nodeAffinity") or {}) | required
    return spec | {"affinity": affinity, "tolerations": daemon_tolerations(spec)}


def variants(pod: ApiObject, node: str, nodes: list[str]) -> list[Body]:
    """Return the bodies of the pods of nodes that are like the pod of one.

    Parameters
    ----------
    pod : ApiObject
        The pod of ``node``.

    Returns
    -------
    list of Body
        For each of ``nodes``; empty when the node's name cannot be told from the rest of the pod.
    """
    body = pod.body
    marker = b'{"key":"%b","operator":"In","values":["' % NODE_NAME_FIELD.encode()
    before, _, behind = body.front.partition(marker + node.encode() + b'"]}')
    if not behind or body.front.count(marker) > 1 or b'"%b"' % pod.name.encode() in body.front:
        return []
    fronts = (b"".join((before, marker, name.encode(), b'"]}', behind)) for name in nodes)
    return [Body.of(pod.resource, front, body.rest) for front in fronts]


class _Term(msgspec.Struct, gc=False):
    matchFields: list[Json] = []


class _Selector(msgspec.Struct, gc=False):
    nodeSelectorTerms: list[_Term] = []


class _NodeAffinity(msgspec.Struct, gc=False):
    requiredDuringSchedulingIgnoredDuringExecution: _Selector | None = None


class _Affinity(msgspec.Struct, gc=False):
    nodeAffinity: _NodeAffinity | None = None


class _Spec(msgspec.Struct, gc=False):
    affinity: _Affinity | None = None


class AffinityView(msgspec.Struct, gc=False):
    """A pod's node affinity."""

    spec: _Spec

    @property
    def node(self) -> str:
        """The node that the affinity names; "" when it names none."""
        node_affinity = self.spec.affinity and self.spec.affinity.nodeAffinity
        required = node_affinity and node_affinity.requiredDuringSchedulingIgnoredDuringExecution
        for term in required.nodeSelectorTerms if required else ():
            for field in term.matchFields:
                if field.get("key") == NODE_NAME_FIELD and field.get("operator") == "In":
                    values = field.get("values", ())
                    return str(values[0]) if len(values) == 1 else ""
        return ""


class Stage(Enum):
    """How far the pods of one node have come in a rolling update."""

    NONE = "no pod at all"
    CROWDED = "several of one revision"
    NEW = "the new one alone, available"
    NEW_WAITS = "the new one alone, not available yet"
    OLD = "an old one alone, available"
    OLD_FAILS = "an old one alone, not available"
    BOTH = "both, the new one available"
    BOTH_WAIT = "both, the new one not available yet"


class NodePods(NamedTuple):
    """The daemon pods of one node, and what follows from them.

    Attributes
    ----------
    counts : tuple of int
        The node's part of the `COUNTS` of the status, 0 or 1 each.
    stage : Stage
    old : bytes or None
        The key of the old pod, in the stages that have one.
    serves : bool
        Whether the old pod is available, or the new one where there is no old one.
    wait_ns : int or None
        When a pod that is ready becomes available.
    """

    counts: tuple[int, ...]
    stage: Stage
    old: bytes | None
    serves: bool
    wait_ns: int | None


def order(item: tuple[bytes, Pod]) -> tuple[bool, str, bytes]:
    """Return what orders a node's pods: bound ones first, then by age."""
    key, pod = item
    return not pod.node, pod.created, key


def look(fit: Fit, pods: dict[bytes, Pod], digest: str, min_ready_ns: int, now_ns: int) -> NodePods:
    """Return what there is on one node.

    Parameters
    ----------
    digest : str
        The hash of the template; pods that have it are new.
    """
    ordered = sorted(pods.items(), key=order)
    wait_ns = None

    def available(pod: Pod) -> bool:
        nonlocal wait_ns
        since_ns = pod.available_ns(min_ready_ns)
        if since_ns is not None and since_ns > now_ns:
            wait_ns = since_ns if wait_ns is None else min(wait_ns, since_ns)
        return since_ns is not None and since_ns <= now_ns

    counts = (0, 0, int(bool(ordered)), 0, 0, 0)
    if fit.runs:
        counts = (1, 0, 0, 0, 0, 0)
        if ordered:
            first = ordered[0][1]
            ready = first.ready_ns is not None
            updated = first.labels.get(REVISION_HASH) == digest
            counts = (1, 1, 0, int(ready), int(available(first)), int(updated))
    alive = [(key, pod) for key, pod in ordered if not pod.terminating]
    new = [pod for _, pod in alive if pod.labels.get(REVISION_HASH) == digest]
    old = [(key, pod) for key, pod in alive if pod.labels.get(REVISION_HASH) != digest]
    serves = False
    if len(new) > 1 or len(old) > 1:
        stage = Stage.CROWDED
    elif new and old:
        serves = available(old[0][1])
        stage = Stage.BOTH if available(new[0]) else Stage.BOTH_WAIT
    elif new:
        serves = available(new[0])
        stage = Stage.NEW if serves else Stage.NEW_WAITS
    elif old:
        serves = available(old[0][1])
        stage = Stage.OLD if serves else Stage.OLD_FAILS
    else:
        stage = Stage.NONE
    return NodePods(counts, stage, old[0][0] if old else None, serves, wait_ns)


def excess(
    running: Iterable[tuple[bytes, Pod]],
    *,
    surges: bool,
    digest: str,
    min_ready_ns: int,
    now_ns: int,
) -> list[bytes]:
    """Return the pods of a node, of those that run, that are too many there.

    Without surge the oldest stays. With surge an old pod stays beside a new one as long as it is
    ready and the new one is not available.
    """
    ordered = sorted(running, key=order)
    if not surges or len(ordered) <= 1:
        return [key for key, _ in ordered[1:]]
    new = [item for item in ordered if item[1].labels.get(REVISION_HASH) == digest]
    old = [item for item in ordered if item[1].labels.get(REVISION_HASH) != digest]
    out = [key for key, _ in (*new[1:], *old[1:])]
    if new and old:
        since_ns = new[0][1].available_ns(min_ready_ns)
        if old[0][1].ready_ns is None or (since_ns is not None and since_ns <= now_ns):
            out.append(old[0][0])
    return out
