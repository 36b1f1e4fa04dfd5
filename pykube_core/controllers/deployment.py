"""Deployments: what a rollout does with its replica sets.

Source: ``k8s.io/kubernetes/pkg/controller/deployment`` (deployment_controller.go, sync.go,
rolling.go, recreate.go, rollback.go, progress.go) v1.34.1 to v1.37.2. Differences: a status, the
revision and the conditions of one pass are one write; the hash of a template is taken over its
canonical JSON rather than Go's dump of the structure, so its digits are not upstream's.
"""

from __future__ import annotations

import msgspec

from pykube_core.api.apps import DEPLOYMENTS, REPLICA_SETS
from pykube_core.api.core import PODS
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.patch import MERGE_PATCH
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.selectors import parse_label_selector
from pykube_core.api.machinery.status import StatusError
from pykube_core.client import Client
from pykube_core.client.informers import Change, Deleted, SharedInformer
from pykube_core.client.recorder import NORMAL, WARNING, EventText, Reference
from pykube_core.controllers import rollout
from pykube_core.controllers.controller import Controller, Note, namespace_is_going
from pykube_core.controllers.deployment_status import DeploymentStatus, is_complete
from pykube_core.controllers.ownership import Ownership, always, controller_reference
from pykube_core.controllers.pods import PodReader
from pykube_core.controllers.rollback import rolled_back, wanted_revision
from pykube_core.controllers.rollout import Deployment, ReplicaSet
from pykube_core.controllers.template_hash import hash_of
from pykube_core.objects import ApiObject


class DeploymentController(Controller):
    """The deployment controller.

    Parameters
    ----------
    pods : PodReader, optional
        Shared with other controllers.
    """

    name = "deployment-controller"
    component = "deployment-controller"

    def __init__(
        self, client: Client, log: SharedInformer, *, pods: PodReader | None = None
    ) -> None:
        super().__init__(client, log, (DEPLOYMENTS, REPLICA_SETS, PODS))
        self._reader = pods or PodReader()
        self._deployments: dict[str, Deployment] = {}
        self._sets: Ownership[ReplicaSet] = Ownership(
            REPLICA_SETS, self._queue, adopts=lambda held: held.alive, releases=always
        )
        # Pods that a deployment waits for until the last of them has ended.
        self._awaited: dict[bytes, str] = {}
        self._waiting: dict[str, int] = {}

    def _note_of(self, resource: Resource) -> Note | None:
        if resource is PODS:
            return self._note_pod if self._awaited else None
        return self._note_set if resource is REPLICA_SETS else self._note_deployment

    def _note_pod(self, change: Change, now_ns: int) -> None:
        obj = change.object
        key = obj.key
        uid = self._awaited.get(key)
        if uid is None:
            return
        if type(change) is Deleted or not rollout.runs(self._reader.read(obj)):
            del self._awaited[key]
            self._waiting[uid] -= 1
            if not self._waiting[uid]:
                self._queue.add(uid)

    def _note_set(self, change: Change, now_ns: int) -> None:
        obj = change.object
        self._sets.drop(obj.key)
        if type(change) is not Deleted:
            self._sets.put(obj.key, rollout.read_replica_set(obj))

    def _note_deployment(self, change: Change, now_ns: int) -> None:
        obj = change.object
        if type(change) is Deleted:
            uid = obj.uid
            self._deployments.pop(uid, None)
            self._sets.remove_owner(uid, obj.namespace)
            self._queue.remove(uid)
            return
        deployment = rollout.read_deployment(obj)
        uid = deployment.metadata.uid
        self._deployments[uid] = deployment
        selector = parse_label_selector(deployment.spec.selector)
        self._sets.add_owner(uid, deployment.metadata.namespace, selector)
        self._queue.add(uid)

    def _sync(self, key: str, now_ns: int) -> bool:
        deployment = self._deployments.get(key)
        if deployment is None:
            return True
        metadata = deployment.metadata
        status = DeploymentStatus(deployment, now_ns)
        if metadata.deletionTimestamp:
            new, old = self._split(deployment)
            if new is not None and not self._annotate(deployment, new, old, status):
                return True
            return self._write(deployment, new, old, status, rolling=False)
        reference = controller_reference(DEPLOYMENTS, metadata.name, key)
        claimed = self._sets.claim(self._client, key, reference)
        if claimed:
            for obj in claimed:
                self._wrote(obj)
            return True
        status.pause(deployment.spec.paused)
        new, old = self._split(deployment)
        revision = wanted_revision(deployment)
        if revision is not None and not deployment.spec.paused:
            return self._roll_back(deployment, new, old, status, revision)
        if deployment.spec.paused or rollout.is_scaling(deployment, [*old, *_some(new)]):
            return self._scale_only(deployment, new, old, status)
        if deployment.spec.strategy.type == "Recreate":
            return self._recreate(deployment, new, old, status)
        return self._roll(deployment, new, old, status)

    def _split(self, deployment: Deployment) -> tuple[ReplicaSet | None, list[ReplicaSet]]:
        """Return the replica set of the template, if there is one, and the others."""
        held = list(self._sets.of(deployment.metadata.uid).values())
        held.sort(key=rollout.age)
        new = next((r for r in held if r.template == deployment.template), None)
        return new, [replica_set for replica_set in held if replica_set is not new]

    def _scale_only(
        self,
        deployment: Deployment,
        new: ReplicaSet | None,
        old: list[ReplicaSet],
        status: DeploymentStatus,
    ) -> bool:
        """Scale what there is, without going on with a rollout."""
        if new is not None and not self._annotate(deployment, new, old, status):
            return True
        for replica_set, count in rollout.scaled(deployment, new, old):
            self._scale(deployment, replica_set, count, tell_size=True)
        if deployment.spec.paused and wanted_revision(deployment) is None:
            self._clean_up(deployment, old)
        return self._write(deployment, new, old, status, rolling=False)

    def _roll_back(
        self,
        deployment: Deployment,
        new: ReplicaSet | None,
        old: list[ReplicaSet],
        status: DeploymentStatus,
        revision: int,
    ) -> bool:
        """Write the deployment as it was at a revision; its news goes on from there."""
        if new is None:
            new = self._create(deployment, old, status)
            if new is None:
                return False
        elif not self._annotate(deployment, new, old, status):
            return True
        status.keep()
        if self._put(deployment, status):
            return True
        rollback = rolled_back(deployment, [*old, new], revision)
        metadata = deployment.metadata
        done = self._client.update(DEPLOYMENTS, rollback.object, metadata.name, metadata.namespace)
        self._wrote(done)
        self._tell(deployment, rollback.type, rollback.reason, rollback.message)
        return True

    def _recreate(
        self,
        deployment: Deployment,
        new: ReplicaSet | None,
        old: list[ReplicaSet],
        status: DeploymentStatus,
    ) -> bool:
        """Let all old pods end before the first new one begins."""
        if new is not None and not self._annotate(deployment, new, old, status):
            return True
        active = [replica_set for replica_set in old if replica_set.replicas]
        for replica_set in active:
            self._scale(deployment, replica_set, 0)
        if not active and not self._await_end(deployment, old):
            if new is None:
                new = self._create(deployment, old, status)
                if new is None:
                    return False
            else:
                self._scale(deployment, new, deployment.spec.replicas)
            if is_complete(deployment, deployment.status):
                self._clean_up(deployment, old)
        return self._write(deployment, new, old, status, rolling=True)

    def _await_end(self, deployment: Deployment, old: list[ReplicaSet]) -> bool:
        """Say whether pods of old replica sets still run; their end brings the deployment back."""
        if any(replica_set.status.replicas for replica_set in old):
            return True  # Their status is news when it comes, and brings the deployment here.
        uid = deployment.metadata.uid
        owners = {replica_set.uid for replica_set in old}
        for key in [key for key, waiting in self._awaited.items() if waiting == uid]:
            del self._awaited[key]
        count = 0
        for obj, pod in self._reader.readable(self._log.all(PODS)) if owners else ():
            if pod.owner in owners and rollout.runs(pod):
                self._awaited[obj.key] = uid
                count += 1
        self._waiting[uid] = count
        return count > 0

    def _roll(
        self,
        deployment: Deployment,
        new: ReplicaSet | None,
        old: list[ReplicaSet],
        status: DeploymentStatus,
    ) -> bool:
        """Take a rolling update one step further: up, or else down."""
        if new is None:
            new = self._create(deployment, old, status)
            if new is None:
                return False
        elif not self._annotate(deployment, new, old, status):
            return True
        count = rollout.new_replicas(deployment, new, old)
        if count != new.replicas:
            self._scale(deployment, new, count)
        else:
            steps = rollout.scaled_down(deployment, new, old)
            for replica_set, left in steps:
                self._scale(deployment, replica_set, left)
            if not steps and is_complete(deployment, deployment.status):
                self._clean_up(deployment, old)
        return self._write(deployment, new, old, status, rolling=True)

    def _tell(self, deployment: Deployment, type: str, reason: str, message: str) -> None:
        metadata, revision = deployment.metadata, deployment.obj.revision
        namespace, name, uid = metadata.namespace, metadata.name, metadata.uid
        regarding = Reference(DEPLOYMENTS, namespace, name, uid)
        self._events.record(regarding, EventText(type, reason, message), revision)

    def _annotate(
        self,
        deployment: Deployment,
        new: ReplicaSet,
        old: list[ReplicaSet],
        status: DeploymentStatus,
    ) -> bool:
        """Bring the new replica set's annotations up to date; False when that took a write."""
        revision = rollout.revision_max(old) + 1
        annotations = rollout.new_annotations(deployment, new, revision)
        change: KubeObject = {}
        if annotations:
            change["metadata"] = {"annotations": annotations}
        if new.min_ready_seconds != deployment.spec.minReadySeconds:
            change["spec"] = {"minReadySeconds": deployment.spec.minReadySeconds}
        if change:
            self._patch(new, change)
            return False
        status.revision = new.annotations.get(rollout.REVISION, "")
        status.find(new.name)
        return True

    def _create(
        self, deployment: Deployment, old: list[ReplicaSet], status: DeploymentStatus
    ) -> ReplicaSet | None:
        """Create the replica set of the template; None when that failed."""
        digest = hash_of(deployment.template, deployment.collisions)
        name = rollout.name_of_replica_set(deployment.metadata.name, digest)
        count = rollout.first_replicas(deployment, old)
        obj = rollout.new_replica_set(deployment, name, digest, count, rollout.revision_max(old))
        try:
            made = self._client.create(REPLICA_SETS, obj, deployment.metadata.namespace)
        except StatusError as error:
            self._fail(deployment, name, status, error)
            return None
        self._wrote(made)
        if count:
            message = f"Scaled up replica set {name} from 0 to {count}"
            self._tell(deployment, NORMAL, "ScalingReplicaSet", message)
        new = rollout.read_replica_set(made)
        status.revision = new.annotations[rollout.REVISION]
        status.create(name)
        return new

    def _fail(
        self, deployment: Deployment, name: str, status: DeploymentStatus, error: StatusError
    ) -> None:
        """Tell that no replica set could be made; a name that is taken changes the next hash."""
        if namespace_is_going(error):
            return
        if error.reason == "AlreadyExists":
            namespace = deployment.metadata.namespace
            taken = self._log.get(REPLICA_SETS, name, namespace)
            if taken is None:
                return
            held = rollout.read_replica_set(taken)
            ours = held.owner == deployment.metadata.uid
            if ours and held.template == deployment.template:
                return
            status.collide()
            self._put(deployment, status)
            return
        message = f'Failed to create new replica set "{name}": {error.message}'
        status.fail(message)
        self._tell(deployment, WARNING, "ReplicaSetCreateError", message)
        self._put(deployment, status)

    def _scale(
        self,
        deployment: Deployment,
        replica_set: ReplicaSet,
        count: int,
        *,
        tell_size: bool = False,
    ) -> None:
        """Give a replica set its size, and its annotations of the deployment's size.

        One that has its size already gets these only with ``tell_size``.
        """
        if count == replica_set.replicas and not tell_size:
            return
        change: KubeObject = {}
        annotations = rollout.size_annotations(deployment)
        if any(replica_set.annotations.get(key) != value for key, value in annotations.items()):
            change["metadata"] = {"annotations": annotations}
        before = replica_set.replicas
        if count != before:
            change["spec"] = {"replicas": count}
        if not change:
            return
        self._patch(replica_set, change)
        replica_set.replicas = count
        if count != before:
            way = "up" if count > before else "down"
            message = f"Scaled {way} replica set {replica_set.name} from {before} to {count}"
            self._tell(deployment, NORMAL, "ScalingReplicaSet", message)

    def _patch(self, replica_set: ReplicaSet, change: KubeObject) -> None:
        metadata = {"uid": replica_set.uid} | change.get("metadata", {})
        namespace, name = REPLICA_SETS.split_key(replica_set.key)
        patch = change | {"metadata": metadata}
        done = self._client.patch(REPLICA_SETS, patch, name, namespace, patch_type=MERGE_PATCH)
        self._wrote(done)

    def _clean_up(self, deployment: Deployment, old: list[ReplicaSet]) -> None:
        """Delete the oldest replica sets beyond the history's limit that have no pods."""
        alive = [replica_set for replica_set in old if replica_set.alive]
        excess = len(alive) - deployment.spec.revisionHistoryLimit
        for replica_set in rollout.by_revision(alive)[: max(excess, 0)]:
            if not replica_set.is_idle:
                continue
            namespace, name = REPLICA_SETS.split_key(replica_set.key)
            try:
                done = self._client.delete(REPLICA_SETS, name, namespace, uid=replica_set.uid)
            except StatusError as error:
                if error.code != 404:
                    raise
                continue
            self._wrote(done.object)

    def _write(
        self,
        deployment: Deployment,
        new: ReplicaSet | None,
        old: list[ReplicaSet],
        status: DeploymentStatus,
        *,
        rolling: bool,
    ) -> bool:
        """Write the status and the revision, if they are news."""
        status.count(new, old, rolling=rolling)
        self._put(deployment, status)
        deadline_ns = status.deadline_ns
        if rolling and deadline_ns is not None:
            self._queue.add_at(deployment.metadata.uid, deadline_ns)
        return True

    def _put(self, deployment: Deployment, status: DeploymentStatus) -> bool:
        """Write the status and the revision; False when they are no news."""
        annotations = deployment.metadata.annotations
        revision = status.revision or annotations.get(rollout.REVISION, "")
        same = revision == annotations.get(rollout.REVISION, "")
        if same and status.value == deployment.status:
            return False
        obj = msgspec.json.decode(deployment.obj.data)
        if not same:
            obj["metadata"]["annotations"] = annotations | {rollout.REVISION: revision}
        obj["status"] = status.value
        # The revision is metadata of a status write upstream too: no new generation.
        changed = deployment.obj.changed_to(obj)
        outcome = self._client.batch.put([changed])[0]
        # A write that came between is news, and brings the deployment here again.
        if isinstance(outcome, ApiObject):
            self._wrote(outcome)
        return True


def _some(replica_set: ReplicaSet | None) -> list[ReplicaSet]:
    return [] if replica_set is None else [replica_set]
