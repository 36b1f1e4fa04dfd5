"""The arithmetic of a rollout: functions of a deployment and its replica sets alone.

Source: ``k8s.io/kubernetes/pkg/controller/deployment/util/deployment_util.go``, ``rolling.go`` and
``sync.go`` v1.34.1 to v1.37.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cmp_to_key
from typing import Final, NamedTuple

import msgspec

from pykube_core.api.apps import DEPLOYMENTS
from pykube_core.api.machinery.objects import DONE_PHASES, Json, KubeObject
from pykube_core.api.machinery.selectors import parse_int64
from pykube_core.controllers.ownership import (
    OwnerReference,
    check_status,
    controller_of,
    controller_reference,
)
from pykube_core.controllers.pods import Pod
from pykube_core.controllers.template_hash import HASH_LABEL, canonical
from pykube_core.objects import ApiObject

REVISION: Final = "deployment.kubernetes.io/revision"
REVISION_HISTORY: Final = "deployment.kubernetes.io/revision-history"
DESIRED_REPLICAS: Final = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS: Final = "deployment.kubernetes.io/max-replicas"
ROLLBACK_TO: Final = "deprecated.deployment.rollback.to"

NOT_COPIED: Final = (
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    REVISION_HISTORY,
    DESIRED_REPLICAS,
    MAX_REPLICAS,
    ROLLBACK_TO,
)
_HISTORY_BYTES_MAX: Final = 2000
_NAME_CHARS_MAX: Final = 253
_INT32_MAX: Final = 2**31 - 1
_DIGITS: Final = re.compile(r"0*[0-9]{1,10}", re.ASCII)


class _Metadata(msgspec.Struct, gc=False):
    name: str
    namespace: str
    uid: str
    creationTimestamp: str = ""
    deletionTimestamp: str = ""
    generation: int = 0
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    ownerReferences: list[OwnerReference] = []


class _RollingUpdate(msgspec.Struct, gc=False):
    maxSurge: int | str = "25%"
    maxUnavailable: int | str = "25%"


class _Strategy(msgspec.Struct, gc=False):
    type: str = "RollingUpdate"
    rollingUpdate: _RollingUpdate = msgspec.field(default_factory=_RollingUpdate)


class _DeploymentSpec(msgspec.Struct, gc=False):
    selector: Json
    template: msgspec.Raw
    replicas: int = 1
    minReadySeconds: int = 0
    paused: bool = False
    revisionHistoryLimit: int = 10
    progressDeadlineSeconds: int = _INT32_MAX
    strategy: _Strategy = msgspec.field(default_factory=_Strategy)


class _DeploymentView(msgspec.Struct, gc=False):
    metadata: _Metadata
    spec: _DeploymentSpec
    status: KubeObject = {}


class Deployment(NamedTuple):
    """A deployment as it was read.

    Attributes
    ----------
    obj : ApiObject
    metadata, spec
        Views of it.
    status : dict
    template : bytes
        Canonical, as replica sets of it have it too.
    """

    obj: ApiObject
    metadata: _Metadata
    spec: _DeploymentSpec
    status: KubeObject
    template: bytes

    @property
    def rolls(self) -> bool:
        """Whether its strategy is RollingUpdate."""
        return self.spec.strategy.type == "RollingUpdate"

    @property
    def has_deadline(self) -> bool:
        """Whether a rollout has to make progress in a time."""
        return self.spec.progressDeadlineSeconds != _INT32_MAX

    @property
    def collisions(self) -> int | None:
        """How often its hash has met another template; None is never."""
        count: int | None = self.status.get("collisionCount")
        return count

    @property
    def max_surge(self) -> int:
        """How many pods there may be above the replicas."""
        if not self.rolls:
            return 0
        return share_of(self.spec.strategy.rollingUpdate.maxSurge, self.spec.replicas, up=True)

    @property
    def max_unavailable(self) -> int:
        """How many of the replicas may be unavailable; one where neither this nor a surge is."""
        replicas = self.spec.replicas
        if not self.rolls or not replicas:
            return 0
        count = share_of(self.spec.strategy.rollingUpdate.maxUnavailable, replicas, up=False)
        if not count and not self.max_surge:
            count = 1
        return min(count, replicas)


class _ReplicaSetSpec(msgspec.Struct, gc=False):
    template: msgspec.Raw
    replicas: int = 1
    minReadySeconds: int = 0


class _ReplicaSetStatus(msgspec.Struct, gc=False):
    replicas: int = 0
    readyReplicas: int = 0
    availableReplicas: int = 0
    terminatingReplicas: int | None = None
    observedGeneration: int = 0
    conditions: list[KubeObject] = []


class _ReplicaSetView(msgspec.Struct, gc=False):
    metadata: _Metadata
    spec: _ReplicaSetSpec
    status: _ReplicaSetStatus = msgspec.field(default_factory=_ReplicaSetStatus)


class ReplicaSet(msgspec.Struct, gc=False):
    """A replica set as it was read; ``replicas`` is what its spec asks for by now."""

    key: bytes
    metadata: _Metadata
    owner: str
    template: bytes
    replicas: int
    min_ready_seconds: int
    status: _ReplicaSetStatus

    @property
    def uid(self) -> str:
        """Its uid."""
        return self.metadata.uid

    @property
    def name(self) -> str:
        """Its name."""
        return self.metadata.name

    @property
    def labels(self) -> dict[str, str]:
        """Its labels."""
        return self.metadata.labels

    @property
    def annotations(self) -> dict[str, str]:
        """Its annotations."""
        return self.metadata.annotations

    @property
    def alive(self) -> bool:
        """Whether it is not being deleted."""
        return not self.metadata.deletionTimestamp

    @property
    def is_idle(self) -> bool:
        """Whether it has no pods, wants none, and knows that."""
        settled = self.metadata.generation <= self.status.observedGeneration
        return not self.replicas and not self.status.replicas and settled


def read_deployment(obj: ApiObject) -> Deployment:
    """Return a deployment as controllers read it."""
    view = obj.view(_DeploymentView)
    check_status(view.status)
    template = canonical(bytes(view.spec.template))
    return Deployment(obj, view.metadata, view.spec, view.status, template)


def read_replica_set(obj: ApiObject) -> ReplicaSet:
    """Return a replica set as the deployment controller reads it."""
    view = obj.view(_ReplicaSetView)
    return ReplicaSet(
        obj.key,
        view.metadata,
        controller_of(view.metadata.ownerReferences),
        canonical(bytes(view.spec.template)),
        view.spec.replicas,
        view.spec.minReadySeconds,
        view.status,
    )


def share_of(value: int | str, total: int, *, up: bool) -> int:
    """Return a count, or a percentage of a total rounded up or down.

    >>> share_of("25%", 10, up=True), share_of("25%", 10, up=False), share_of(3, 10, up=True)
    (3, 2, 3)
    """
    if isinstance(value, int):
        return value
    share = int(value.rstrip("%")) * total
    return -(-share // 100) if up else share // 100


def runs(pod: Pod) -> bool:
    """Say whether a pod's containers may still run."""
    return pod.phase not in DONE_PHASES


def age(replica_set: ReplicaSet) -> tuple[str, str]:
    """Return what orders replica sets from old to young."""
    return replica_set.metadata.creationTimestamp, replica_set.name


def revision_of(replica_set: ReplicaSet) -> int | None:
    """Return the revision of a replica set: 0 where it has none, None where it is no number."""
    return parse_int64(replica_set.annotations.get(REVISION, "0"))


def by_revision(replica_sets: Iterable[ReplicaSet]) -> list[ReplicaSet]:
    """Return replica sets in the order of revisions; by age where these are equal or no numbers."""

    def compare(a: ReplicaSet, b: ReplicaSet) -> int:
        of_a, of_b = revision_of(a), revision_of(b)
        if of_a is None or of_b is None or of_a == of_b:
            return -1 if age(a) < age(b) else 1
        return of_a - of_b

    return sorted(replica_sets, key=cmp_to_key(compare))


def revision_max(replica_sets: Iterable[ReplicaSet]) -> int:
    """Return the highest revision; 0 when there is none."""
    return max((0, *(revision_of(replica_set) or 0 for replica_set in replica_sets)))


def is_scaling(deployment: Deployment, replica_sets: Iterable[ReplicaSet]) -> bool:
    """Say whether the deployment's size has changed since its replica sets got theirs."""
    desired = (_count(r.annotations.get(DESIRED_REPLICAS)) for r in replica_sets if r.replicas)
    return any(count not in (None, deployment.spec.replicas) for count in desired)


def size_annotations(deployment: Deployment) -> dict[str, str]:
    """Return the annotations that tell a replica set the size of its deployment."""
    replicas = deployment.spec.replicas
    most = replicas + deployment.max_surge
    return {DESIRED_REPLICAS: str(replicas), MAX_REPLICAS: str(most)}


def new_annotations(deployment: Deployment, new: ReplicaSet, revision: int) -> dict[str, str]:
    """Return the annotations that the new replica set lacks, its revision among them."""
    held = new.annotations
    out = {
        key: value
        for key, value in deployment.metadata.annotations.items()
        if key not in NOT_COPIED and held.get(key) != value
    }
    before = parse_int64(held.get(REVISION) or "0")
    if before is None:
        return {}  # Upstream leaves a replica set alone whose revision it cannot read.
    if before < revision:
        out[REVISION] = str(revision)
        if REVISION in held:
            out[REVISION_HISTORY] = _history(held.get(REVISION_HISTORY, ""), held[REVISION])
    return out


def _history(held: str, revision: str) -> str:
    """Return the revisions that a replica set had, the oldest dropped when they are too many."""
    revisions = held.split(",")
    if not revisions[0]:
        return revision
    total = len(held) + len(revision) + 1
    while revisions and total > _HISTORY_BYTES_MAX:
        total -= len(revisions.pop(0)) + 1
    return ",".join([*revisions, revision])


def new_replica_set(
    deployment: Deployment, name: str, digest: str, count: int, revision: int
) -> KubeObject:
    """Return the replica set of the deployment's template, to be created.

    Parameters
    ----------
    digest : str
        The hash of the template.
    revision : int
        The highest one that there is.
    """
    metadata = deployment.metadata
    template = msgspec.json.decode(deployment.spec.template)
    labels = template.get("metadata", {}).get("labels", {}) | {HASH_LABEL: digest}
    template["metadata"] = template.get("metadata", {}) | {"labels": labels}
    selector = dict(deployment.spec.selector)
    selector["matchLabels"] = selector.get("matchLabels", {}) | {HASH_LABEL: digest}
    annotations = {k: v for k, v in metadata.annotations.items() if k not in NOT_COPIED}
    annotations |= {REVISION: str(revision + 1)} | size_annotations(deployment)
    spec: KubeObject = {"replicas": count, "selector": selector, "template": template}
    if deployment.spec.minReadySeconds:
        spec["minReadySeconds"] = deployment.spec.minReadySeconds
    return {
        "metadata": {
            "name": name,
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": [controller_reference(DEPLOYMENTS, metadata.name, metadata.uid)],
        },
        "spec": spec,
    }


def name_of_replica_set(deployment: str, digest: str) -> str:
    """Return the name of a deployment's replica set, of a name that is too long only its front."""
    return f"{deployment[: _NAME_CHARS_MAX - len(digest) - 1]}-{digest}"


def first_replicas(deployment: Deployment, old: list[ReplicaSet]) -> int:
    """Return the size of a replica set that is new."""
    wanted = deployment.spec.replicas
    return min(_room(deployment, old), wanted) if deployment.rolls else wanted


def new_replicas(deployment: Deployment, new: ReplicaSet, old: list[ReplicaSet]) -> int:
    """Return the next size of the new replica set in a rolling update."""
    wanted = deployment.spec.replicas
    if new.replicas >= wanted:
        return wanted
    return new.replicas + min(_room(deployment, [*old, new]), wanted - new.replicas)


def _room(deployment: Deployment, replica_sets: list[ReplicaSet]) -> int:
    """Return how many pods may be added before there are too many."""
    most = deployment.spec.replicas + deployment.max_surge
    return max(most - sum(replica_set.replicas for replica_set in replica_sets), 0)


def scaled_down(
    deployment: Deployment, new: ReplicaSet, old: list[ReplicaSet]
) -> list[tuple[ReplicaSet, int]]:
    """Return the next sizes of old replica sets in a rolling update, in order.

    First go pods that are not available anyway, then as many more as may be missing. A replica set
    whose status still shows more available pods than it is asked for says nothing about what may
    be missing: nothing goes behind it until its status is right.
    """
    old = sorted((replica_set for replica_set in old if replica_set.replicas), key=age)
    if not old:
        return []
    left = {replica_set.key: replica_set.replicas for replica_set in old}
    least = deployment.spec.replicas - deployment.max_unavailable
    missing = new.replicas - new.status.availableReplicas
    budget = sum(left.values()) + new.replicas - least - missing
    if budget <= 0:
        return []
    steps: list[tuple[ReplicaSet, int]] = []

    def take(replica_set: ReplicaSet, most: int) -> None:
        nonlocal budget
        count = min(budget, most)
        if count > 0:
            budget -= count
            left[replica_set.key] -= count
            steps.append((replica_set, left[replica_set.key]))

    for replica_set in old:
        unhealthy = replica_set.replicas - replica_set.status.availableReplicas
        if unhealthy < 0 < budget:
            return steps
        take(replica_set, unhealthy)
    budget = sum(r.status.availableReplicas for r in (*old, new)) - least
    for replica_set in old:
        take(replica_set, left[replica_set.key])
    return steps


def scaled(
    deployment: Deployment, new: ReplicaSet | None, old: list[ReplicaSet]
) -> list[tuple[ReplicaSet, int]]:
    """Return the sizes of the replica sets after the deployment's has changed.

    The only active one gets it all; several are scaled in proportion, so that a rollout under way
    neither gains nor loses ground.
    """
    wanted = deployment.spec.replicas
    everyone = old if new is None else [*old, new]
    active = [replica_set for replica_set in everyone if replica_set.replicas]
    if len(active) <= 1:
        chosen = active[0] if active else new or max(old, key=age, default=None)
        return [] if chosen is None or chosen.replicas == wanted else [(chosen, wanted)]
    if new is not None and _is_saturated(deployment, new):
        return [(replica_set, 0) for replica_set in active if replica_set is not new]
    return _in_proportion(deployment, active) if deployment.rolls else []


def _is_saturated(deployment: Deployment, new: ReplicaSet) -> bool:
    wanted = deployment.spec.replicas
    desired = parse_int64(new.annotations.get(DESIRED_REPLICAS))
    return desired == new.replicas == new.status.availableReplicas == wanted


def _in_proportion(
    deployment: Deployment, active: list[ReplicaSet]
) -> list[tuple[ReplicaSet, int]]:
    wanted = deployment.spec.replicas
    allowed = wanted + deployment.max_surge if wanted else 0
    to_add = allowed - sum(replica_set.replicas for replica_set in active)
    # Of equal ones, growth begins with the youngest and shrinking with the oldest.
    ordered = sorted(active, key=age, reverse=to_add > 0)
    ordered.sort(key=lambda replica_set: -replica_set.replicas)
    sizes, added = [], 0
    for replica_set in ordered:
        share = _proportion(deployment, replica_set, to_add, added)
        added += share
        sizes.append(replica_set.replicas + share)
    sizes[0] = max(sizes[0] + to_add - added, 0)
    return list(zip(ordered, sizes, strict=True))


def _proportion(deployment: Deployment, replica_set: ReplicaSet, to_add: int, added: int) -> int:
    """Return what a replica set gets of the replicas to add, which may be negative."""
    left = to_add - added
    if not replica_set.replicas or not to_add or not left:
        return 0
    wanted = deployment.spec.replicas
    if not wanted:
        share = -replica_set.replicas
    else:
        most = _count(replica_set.annotations.get(MAX_REPLICAS))
        base = most or deployment.status.get("replicas", 0)
        if not base:
            return 0
        size = replica_set.replicas * (wanted + deployment.max_surge) / base
        share = int(size + 0.5) - replica_set.replicas
    return min(share, left) if to_add > 0 else max(share, left)


def _count(text: str | None) -> int | None:
    """Return a count that an annotation holds: digits alone, up to 32 bits; None for all else."""
    if text is None or not _DIGITS.fullmatch(text):
        return None
    count = int(text)
    return count if count <= _INT32_MAX else None
