"""The kubelet of recorded control planes: kwok's, and the hand that plays a kubelet.

Source: kwok v0.8.0 (``kustomize/stage/pod/fast``, ``node/fast``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from pykube_core.api.core import NODES, PODS
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.times import NANO, micro_time_text, time_text
from pykube_core.client.informers import Deleted, Housekeeping, SharedInformer
from pykube_core.objects import ApiObject

ADDRESS: Final = "10.0.0.1"
_MANUAL: Final = ("kubelet", "manual")
_BEAT_NS: Final = 10 * NANO
_END_NS: Final = NANO
_ENDS: Final = {"ok": "succeeded", "fail": "failed"}

_LEASE_SECONDS: Final = 40


class Requests(Protocol):
    """Requests that kubelets send."""

    def patch_status(self, path: str, status: KubeObject, manager: str) -> None:
        """Patch the status at a path, as a manager."""

    def delete_at_once(self, path: str) -> None:
        """Delete what is at a path, without grace."""

    def renew_lease(self, lease: KubeObject) -> None:
        """Create or replace a node's lease."""


class FakeKubelet:
    """All kubelets of a recorded control plane, as a component.

    Pods that carry the label ``kubelet=manual`` are left to `do`.

    Parameters
    ----------
    log : SharedInformer
    requests : Requests
        The requests that it sends.
    clock : callable
    """

    name = "kwok"

    def __init__(self, log: SharedInformer, requests: Requests, clock: Callable[[], int]) -> None:
        self.cursor = log.cursor(NODES, PODS)
        self._log = log
        self._requests = requests
        self._clock = clock
        self._begun: dict[bytes, None] = {}
        self._ends: dict[bytes, int] = {}
        self._addresses = 0
        self._beat_ns = 0

    def step(self, now_ns: int) -> int | None:
        """Bring pods forward that are not left to the script, and nodes to life."""
        for change in self.cursor.read():
            obj = change.object
            if isinstance(change, Deleted):
                self._begun.pop(obj.key, None)
                self._ends.pop(obj.key, None)
            elif obj.resource is NODES:
                self._note_node(obj, now_ns)
            else:
                self._note_pod(obj, now_ns)
        for key in [key for key, due_ns in self._ends.items() if due_ns <= now_ns]:
            del self._ends[key]
            namespace, name = PODS.split_key(key)
            pod = self._log.get(PODS, name, namespace)
            if pod is not None:
                decoded = pod.decode()
                self._set(decoded, _ENDS[decoded["metadata"]["labels"]["finish"]], None, "kwok")
        if now_ns >= self._beat_ns:
            self._beat_ns = now_ns + _BEAT_NS
            for node in self._log.all(NODES):
                self._note_node(node, now_ns, renew=True)
        return min(self._ends.values(), default=0) or Housekeeping(self._beat_ns)

    def _note_node(self, obj: ApiObject, now_ns: int, *, renew: bool = False) -> None:
        """Report that a node is ready, once and then with each heartbeat."""
        if obj.key in self._begun and not renew:
            return
        self._begun[obj.key] = None
        now = time_text(now_ns)
        self._requests.renew_lease(_lease(obj, now_ns))
        condition = {
            "type": "Ready",
            "status": "True",
            "reason": "KubeletReady",
            "message": "kubelet is posting ready status",
            "lastHeartbeatTime": now,
            "lastTransitionTime": now,
        }
        self._requests.patch_status(
            f"/api/v1/nodes/{obj.name}", {"conditions": [condition]}, "kwok"
        )

    def _note_pod(self, obj: ApiObject, now_ns: int) -> None:
        pod = obj.decode()
        labels = pod["metadata"].get("labels") or {}
        if not pod["spec"].get("nodeName") or labels.get(_MANUAL[0]) == _MANUAL[1]:
            return
        if "deletionTimestamp" in pod["metadata"]:
            self._requests.delete_at_once(_path(pod))
        elif obj.key not in self._begun:
            self._begun[obj.key] = None
            self._set(pod, "ready", None, "kwok")
            if labels.get("finish") in _ENDS:
                self._ends[obj.key] = now_ns + _END_NS

    def do(self, name: str, namespace: str, act: str, exit_code: int | None) -> None:
        """Do to a pod what the script of a record says."""
        obj = self._log.get(PODS, name, namespace)
        if obj is None:
            return
        pod = obj.decode()
        if act == "gone":
            self._requests.delete_at_once(_path(pod))
        else:
            self._set(pod, act, exit_code, "")

    def _set(self, pod: KubeObject, act: str, exit_code: int | None, manager: str) -> None:
        is_kwok = manager == "kwok"
        held = pod.get("status") or {}
        status = _status(pod, act, exit_code, time_text(self._clock()), is_kwok=is_kwok)
        if not held.get("podIP"):
            self._addresses += 1
            address = f"10.244.{self._addresses // 250}.{self._addresses % 250 + 2}"
            status |= {
                "hostIP": ADDRESS,
                "hostIPs": [{"ip": ADDRESS}],
                "podIP": address,
                "podIPs": [{"ip": address}],
                "startTime": time_text(self._clock()),
            }
        self._requests.patch_status(_path(pod), status, manager)


def _lease(node: ApiObject, now_ns: int) -> KubeObject:
    owner = {"apiVersion": "v1", "kind": "Node", "name": node.name, "uid": node.uid}
    return {
        "metadata": {"name": node.name, "ownerReferences": [owner]},
        "spec": {
            "holderIdentity": node.name,
            "leaseDurationSeconds": _LEASE_SECONDS,
            "renewTime": micro_time_text(now_ns),
        },
    }


def _path(pod: KubeObject) -> str:
    metadata = pod["metadata"]
    return f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"


def _status(
    pod: KubeObject, act: str, exit_code: int | None, now: str, *, is_kwok: bool
) -> KubeObject:
    """Return the status that an act leaves: the phase, conditions, containers."""
    has_ended = act in ("succeeded", "failed")
    names = [container["name"] for container in pod["spec"]["containers"]]
    why: KubeObject = {}
    if act in ("running", "unready"):
        text = f"containers with unready status: [{' '.join(names)}]"
        why = {"reason": "ContainersNotReady", "message": text}
    elif has_ended:
        why = {"reason": "PodCompleted" if act == "succeeded" else "PodFailed"}
    is_ready = act == "ready"
    facts: list[tuple[str, bool, KubeObject]] = [
        ("Initialized", True, why if act == "succeeded" else {}),
        ("Ready", is_ready, why),
        ("ContainersReady", is_ready, why),
    ]
    if not is_kwok:
        facts.insert(0, ("PodReadyToStartContainers", not has_ended, {}))
    held = {each["type"]: each for each in (pod.get("status") or {}).get("conditions") or []}
    conditions = [_condition(held.get(type), type, fact, words, now) for type, fact, words in facts]
    code = exit_code if exit_code is not None else int(act == "failed")
    statuses = [_container(each, is_ready, has_ended, code, now) for each in _containers(pod)]
    if is_kwok:
        for each in statuses:
            each.pop("started")
    phase = {"succeeded": "Succeeded", "failed": "Failed"}.get(act, "Running")
    return {"phase": phase, "conditions": conditions, "containerStatuses": statuses}


def _containers(pod: KubeObject) -> list[KubeObject]:
    containers: list[KubeObject] = pod["spec"]["containers"]
    return containers


def _condition(
    held: KubeObject | None, type: str, fact: bool, words: KubeObject, now: str
) -> KubeObject:
    status = "True" if fact else "False"
    since = now
    if held is not None and held["status"] == status:
        since = held.get("lastTransitionTime") or now
    new: KubeObject = {
        "type": type,
        "status": status,
        "lastProbeTime": None,
        "lastTransitionTime": since,
    }
    if held is not None:
        new |= {key: None for key in ("reason", "message") if key in held and key not in words}
    return new | words


def _container(
    container: KubeObject, is_ready: bool, has_ended: bool, code: int, now: str
) -> KubeObject:
    state: KubeObject = {"running": {"startedAt": now}}
    if has_ended:
        reason = "Completed" if code == 0 else "Error"
        times = {"startedAt": now, "finishedAt": now}
        state = {"terminated": {"exitCode": code, "reason": reason, **times}}
    return {
        "name": container["name"],
        "state": state,
        "lastState": {},
        "ready": is_ready,
        "restartCount": 0,
        "image": container["image"],
        "imageID": "",
        "started": not has_ended,
    }
