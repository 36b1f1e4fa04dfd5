"""Daemon sets: one pod on every node that should have one.

Source: ``k8s.io/kubernetes/pkg/controller/daemon`` (daemon_controller.go, update.go) v1.34.1 to
v1.37.2. Differences: there are no ControllerRevisions, so ``controller-revision-hash`` is the hash
of the template itself (see `template_hash`) and there is nothing to roll back to; pods are told old
from new by that label alone, not by ``pod-template-generation``; they are created without a slow
start.

A node is looked at when its labels or taints, or daemon pods on it, change: the counts of a status
are sums over nodes that are kept up, so neither a heartbeat nor a pod costs a walk over all nodes.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import msgspec

from pykube_core.api.apps import DAEMON_SETS
from pykube_core.api.core import NODES, PODS
from pykube_core.api.machinery.objects import DONE_PHASES, KubeObject
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.selectors import parse_label_selector
from pykube_core.api.machinery.status import StatusError
from pykube_core.api.machinery.times import NANO
from pykube_core.client import Client
from pykube_core.client.informers import Change, Created, Deleted, SharedInformer
from pykube_core.client.recorder import NORMAL, WARNING, EventText, Reference
from pykube_core.controllers.controller import Controller, Note, namespace_is_going
from pykube_core.controllers.daemon_nodes import (
    NO_FIT,
    REVISION_HASH,
    AffinityView,
    Fit,
    Node,
    excess,
    look,
    spec_on,
    variants,
)
from pykube_core.controllers.daemon_state import (
    Backoff,
    Daemons,
    DaemonSetView,
    Work,
    rolled,
)
from pykube_core.controllers.ownership import (
    Ownership,
    always,
    check_status,
    controller_reference,
)
from pykube_core.controllers.pods import Pod, PodReader
from pykube_core.controllers.replica_set import pod_of_template
from pykube_core.objects import ApiObject

BURST_REPLICAS: Final = 250

_BACKOFF_MIN_NS: Final = NANO
_BACKOFF_MAX_NS: Final = 900 * NANO
_NOWHERE: Final = "", ""


class DaemonSetController(Controller):
    """The daemon set controller.

    Parameters
    ----------
    pods : PodReader, optional
        Shared with other controllers.
    """

    name = "daemonset-controller"
    component = "daemonset-controller"

    def __init__(
        self, client: Client, log: SharedInformer, *, pods: PodReader | None = None
    ) -> None:
        super().__init__(client, log, (DAEMON_SETS, NODES, PODS))
        self._reader = pods or PodReader()
        self._sets: dict[str, Daemons] = {}
        self._nodes: dict[str, Node] = {}
        # Unlike a replica set it adopts what has ended as well, to put something better there.
        self._pods: Ownership[Pod] = Ownership(
            PODS, self._queue, adopts=lambda pod: not pod.terminating, releases=always
        )
        self._places: dict[bytes, tuple[str, str]] = {}

    def _note_of(self, resource: Resource) -> Note:
        if resource is PODS:
            return self._note_pod
        return self._note_node if resource is NODES else self._note_set

    def _note_set(self, change: Change, now_ns: int) -> None:
        obj = change.object
        if type(change) is Deleted:
            uid = obj.uid
            held = self._sets.pop(uid, None)
            for pods in held.pods.values() if held is not None else ():
                for key in pods:
                    self._places.pop(key, None)
            self._pods.remove_owner(uid, obj.namespace)
            self._queue.remove(uid)
            return
        view = obj.view(DaemonSetView)
        check_status(view.status)
        uid = view.metadata.uid
        held = self._sets.get(uid)
        is_new = type(change) is Created and not change.is_return
        was_unreadable = held is None and not is_new
        if held is None:
            held = self._sets[uid] = Daemons(obj, view)
            changed = True
        else:
            changed = held.read(obj, view)
        if changed:
            for name, node in self._nodes.items():
                held.fits[name] = held.placement.fits(node)
            held.dirty |= dict.fromkeys([*held.fits, *held.pods])
        self._pods.add_owner(uid, view.metadata.namespace, parse_label_selector(view.spec.selector))
        self._queue.add(uid)
        # Its pods were taken for those of another controller.
        for pod in self._log.all(PODS) if was_unreadable else ():
            with suppress(msgspec.ValidationError):
                self._note_pod(Created(pod), now_ns)

    def _note_node(self, change: Change, now_ns: int) -> None:
        obj = change.object
        name = obj.name
        if type(change) is Deleted:
            self._nodes.pop(name, None)
            for uid, held in self._sets.items():
                held.fits.pop(name, None)
                held.backoffs.pop(name, None)
                self._touch(uid, held, name)
            return
        node = obj.view(Node)
        if self._nodes.get(name) == node:
            return
        self._nodes[name] = node
        for uid, held in self._sets.items():
            fit = held.placement.fits(node)
            if held.fits.get(name) != fit:
                held.fits[name] = fit
                self._touch(uid, held, name)

    def _touch(self, uid: str, held: Daemons, node: str) -> None:
        held.dirty[node] = None
        self._queue.add(uid)

    def _note_pod(self, change: Change, now_ns: int) -> None:
        obj = change.object
        key = obj.key
        if change.is_status_alone and key not in self._places and self._pods.get(key) is None:
            return
        place = self._places.pop(key, None)
        if place is not None:
            uid, name = place
            held = self._sets.get(uid)
            if held is not None:
                held.pods[name].pop(key, None)
                if not held.pods[name]:
                    del held.pods[name]
                self._touch(uid, held, name)
        known = self._pods.drop(key)
        if type(change) is Deleted:
            self._reader.forget(key)
            return
        try:
            pod = self._reader.read(obj)
        except msgspec.ValidationError:
            # So its next state is looked at, even if nothing but the status changes.
            self._places[key] = _NOWHERE
            raise
        held = self._sets.get(pod.owner)
        # The pods of other controllers are none of a daemon set's.
        if known is None and pod.owner and held is None:
            return
        self._pods.put(key, pod)
        if held is not None:
            name = pod.node or obj.view(AffinityView).node
            if not name:
                return  # It is for no node that anybody could name.
            held.pods.setdefault(name, {})[key] = pod
            self._places[key] = pod.owner, name
            self._touch(pod.owner, held, name)

    def _sync(self, key: str, now_ns: int) -> bool:
        held = self._sets.get(key)
        if held is None or held.metadata.deletionTimestamp:
            return True
        reference = controller_reference(DAEMON_SETS, held.metadata.name, key)
        claimed = self._pods.claim(self._client, key, reference)
        if claimed:
            for obj in claimed:
                self._wrote(obj)
            return True
        for name, wait_ns in list(held.waits.items()):
            if wait_ns <= now_ns:
                held.dirty[name] = None
        work = self._look(held, now_ns)
        if not (work.nodes or work.pods) and held.spec.updateStrategy.type == "RollingUpdate":
            work = rolled(held)
        done = self._carry_out(held, work)
        if held.waits:
            self._queue.add_at(key, min(held.waits.values()))
        self._write_status(held)
        return done

    def _look(self, held: Daemons, now_ns: int) -> Work:
        """Look at the nodes where something changed; return what is to be done there."""
        work = Work([], [])
        dirty, held.dirty = held.dirty, {}
        for name in dirty:
            fit = held.fits.get(name)
            # Of one that has ended and is being deleted nothing is left but its finalizers.
            pods = {
                key: pod
                for key, pod in held.pods.get(name, {}).items()
                if pod.ending or not pod.terminating
            }
            if not pods and not (fit and fit.runs):
                held.see(name, None)
                continue
            seen = look(fit or NO_FIT, pods, held.digest, held.min_ready_ns, now_ns)
            if fit is None:
                # The pods of a node that is gone count for nothing but in a rolling update.
                seen = seen._replace(counts=())
                # Nobody else deletes a pod that can never be bound.
                work.pods.extend(key for key, pod in pods.items() if not pod.node)
            else:
                self._check(held, name, fit, pods, work, now_ns)
            held.see(name, seen)
        return work

    def _check(
        self,
        held: Daemons,
        name: str,
        fit: Fit,
        pods: dict[bytes, Pod],
        work: Work,
        now_ns: int,
    ) -> None:
        """Say what is to be done about the pods of a node."""
        if not fit.stays:
            work.pods.extend(key for key, pod in pods.items() if not pod.terminating)
            return
        if not pods:
            if fit.runs:
                work.nodes.append(name)
            return
        running = []
        for key, pod in pods.items():
            if pod.terminating:
                continue
            if pod.phase not in DONE_PHASES:
                running.append((key, pod))
            elif pod.phase == "Succeeded" or self._may_kill(held, name, now_ns):
                self._tell_end(held, name, key, pod)
                work.pods.append(key)
        if held.surges and not running and fit.runs:
            work.nodes.append(name)
        work.pods.extend(
            excess(
                running,
                surges=held.surges,
                digest=held.digest,
                min_ready_ns=held.min_ready_ns,
                now_ns=now_ns,
            )
        )

    def _may_kill(self, held: Daemons, name: str, now_ns: int) -> bool:
        """Say whether a failed pod may go; on a node where they go on failing it stays longer."""
        backoff = held.backoffs.get(name)
        if backoff is None or now_ns - backoff.since_ns > 2 * _BACKOFF_MAX_NS:
            held.backoffs[name] = Backoff(_BACKOFF_MIN_NS, now_ns)
            return True
        if now_ns < backoff.since_ns + backoff.delay_ns:
            held.dirty[name] = None
            # Upstream comes back after the whole delay, unless something else brings it here.
            self._queue.add_at(held.metadata.uid, now_ns + backoff.delay_ns)
            return False
        delay_ns = min(2 * backoff.delay_ns, _BACKOFF_MAX_NS)
        held.backoffs[name] = Backoff(delay_ns, now_ns)
        return True

    def _tell(self, held: Daemons, type: str, reason: str, message: str) -> None:
        metadata = held.metadata
        namespace, name, uid = metadata.namespace, metadata.name, metadata.uid
        regarding = Reference(DAEMON_SETS, namespace, name, uid)
        self._events.record(regarding, EventText(type, reason, message), held.obj.revision)

    def _tell_end(self, held: Daemons, node: str, key: bytes, pod: Pod) -> None:
        subject = f"daemon pod {'/'.join(PODS.split_key(key))} on node {node}"
        if pod.phase == "Failed":
            message = f"Found failed {subject}, will try to kill it"
            self._tell(held, WARNING, "FailedDaemonPod", message)
        else:
            message = f"Found succeeded {subject}, will try to delete it"
            self._tell(held, NORMAL, "SucceededDaemonPod", message)

    def _carry_out(self, held: Daemons, work: Work) -> bool:
        """Create and delete, at most a burst of each; False when something is left to be done."""
        done = True
        for name in work.nodes[BURST_REPLICAS:]:
            held.dirty[name] = None
        nodes = work.nodes[:BURST_REPLICAS]
        for name, outcome in zip(nodes, self._create(held, nodes) if nodes else (), strict=True):
            if isinstance(outcome, ApiObject):
                self._wrote(outcome)
                self._tell(held, NORMAL, "SuccessfulCreate", f"Created pod: {outcome.name}")
            elif not namespace_is_going(outcome):
                held.dirty[name] = None
                done = False
        failed = self._delete(held, work.pods[:BURST_REPLICAS])
        for key in (*failed, *work.pods[BURST_REPLICAS:]):
            held.dirty[self._places[key][1]] = None
        # A node beyond the burst comes back with the news of what was written.
        return done and not failed

    def _create(self, held: Daemons, nodes: list[str]) -> list[ApiObject | StatusError]:
        """Create the pods of nodes; they differ in the node's name alone, so one is checked."""
        namespace, prefix = held.metadata.namespace, f"{held.metadata.name}-"
        first = self._pod(held, nodes[0])
        try:
            made = self._client.create(PODS, first, namespace, dry_run=True)
        except StatusError as error:
            if not namespace_is_going(error):
                self._tell(held, WARNING, "FailedCreate", f"Error creating: {error.message}")
            return [error] * len(nodes)
        bodies = variants(made, nodes[0], nodes)
        if not bodies:
            return [self._create_one(held, node) for node in nodes]
        names = self._client.new_names(prefix, len(nodes))
        uids = self._client.new_uids(len(nodes))
        objects = [
            ApiObject(PODS, PODS.key(namespace, name), uid, body, "", made.own_tail, 0)
            for name, uid, body in zip(names, uids, bodies, strict=True)
        ]
        return self._client.batch.put(objects)

    def _create_one(self, held: Daemons, node: str) -> ApiObject | StatusError:
        try:
            return self._client.create(PODS, self._pod(held, node), held.metadata.namespace)
        except StatusError as error:
            self._tell(held, WARNING, "FailedCreate", f"Error creating: {error.message}")
            return error

    def _pod(self, held: Daemons, node: str) -> KubeObject:
        """Return the pod of a node, to be created."""
        metadata = held.metadata
        reference = controller_reference(DAEMON_SETS, metadata.name, metadata.uid)
        pod = pod_of_template(held.template, f"{metadata.name}-", reference)
        labels = pod["metadata"].get("labels", {})
        pod["metadata"]["labels"] = labels | {REVISION_HASH: held.digest}
        pod["spec"] = spec_on(pod["spec"], node)
        return pod

    def _delete(self, held: Daemons, keys: list[bytes]) -> list[bytes]:
        """Delete pods; return the keys of those that could not be."""
        uids = [held.pods[self._places[key][1]][key].uid for key in keys]
        targets = [(*PODS.split_key(key), uid) for key, uid in zip(keys, uids, strict=True)]
        failed = []
        outcomes = self._client.batch.delete(PODS, targets) if targets else ()
        for key, (_, name, _), outcome in zip(keys, targets, outcomes, strict=True):
            if not isinstance(outcome, StatusError):
                self._wrote(outcome.object)
                self._tell(held, NORMAL, "SuccessfulDelete", f"Deleted pod: {name}")
            elif outcome.code not in (404, 409):
                self._tell(held, WARNING, "FailedDelete", f"Error deleting: {outcome.message}")
                failed.append(key)
        return failed

    def _write_status(self, held: Daemons) -> None:
        """Write what there is, if that is news."""
        new = held.status_now()
        if new == held.status:
            return
        status = msgspec.json.encode(new)
        outcome = self._client.batch.patch_status(DAEMON_SETS, [(held.obj, status)])[0]
        # A write that came between is news, and brings the set here again.
        if not isinstance(outcome, StatusError):
            self._wrote(outcome)
