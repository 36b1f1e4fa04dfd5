"""Statuses of pods as the kubelet writes them, encoded.

Copies of a pod that are equally far have statuses that differ in addresses and container ids alone:
such a status is encoded once, as a form, and C fills it for each.

Source: ``k8s.io/kubernetes/pkg/kubelet/kubelet_pods.go`` and ``status/generate.go`` v1.34.
Differences: what others wrote into a status is kept only where it is a condition; no resources,
users and volume mounts of containers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Raw

from pykube_core.api.machinery.objects import DONE_PHASES, Json, KubeObject
from pykube_core.api.machinery.times import time_text
from pykube_core.client import ENCODED_STATUS, FIELDS_MAX, STATUS_FIELD, FilledStatus
from pykube_core.node.pods import (
    ENDED,
    OWN_CONDITIONS,
    RUNNING,
    Container,
    Pod,
    StatusForm,
)
from pykube_core.node.runtime import container_id
from pykube_core.node.views import Terminated

_STATUSES_MAX: Final = 64
# The gaps of a status: other conditions, addresses, the ids of its first containers that run.
_OTHERS: Final = Raw(b"%c" % STATUS_FIELD)
_HOST: Final = Raw(b'"%c"' % (STATUS_FIELD + 1))
_ADDRESS: Final = Raw(b'"%c"' % (STATUS_FIELD + 2))
_IDENTITIES: Final = [Raw(b'"%c"' % field) for field in range(STATUS_FIELD + 3, FIELDS_MAX + 1)]


def status_of(pod: Pod, now_ns: int) -> FilledStatus:
    """Return a pod's status; conditions that changed did so now."""
    if not pod.admitted:
        return FilledStatus(ENCODED_STATUS, [_rejected(pod)])
    template, host_address, address = pod.template, pod.host.address_json, pod.address
    filling = [pod.others, host_address, address.encode()]
    plain = not (template.gated or pod.reason or len(pod.containers) > len(_IDENTITIES))
    # Pods that showed the same before and are as far now show the same again.
    key: tuple[object, ...] = (
        pod.shown, now_ns, pod.sandbox, pod.start, pod.phase, pod.generation,
        not host_address, not address,
    )  # fmt: skip
    for c in pod.containers:
        if c.ended is not None or c.last is not None or c.message:
            plain = False
        key += (c.stage, c.reason, c.ready, c.started, c.started_ns)
        if c.stage == RUNNING:
            filling.append(container_id(pod.about.uid, c.share.name, c.attempt).encode())
    form = template.statuses.get(key) if plain else None
    if form is None:
        form = _form(pod, now_ns)
        if plain:
            if len(template.statuses) >= _STATUSES_MAX:
                template.statuses.clear()
            template.statuses[key] = form
    pod.shown = form
    return FilledStatus(form.text, filling)


def ended(pod: Pod, container: Container, exit_code: int, now_ns: int) -> Terminated:
    """Return how a container that runs ends now."""
    return Terminated(
        exitCode=exit_code,
        reason="Error" if exit_code else "Completed",
        startedAt=time_text(container.started_ns),
        finishedAt=time_text(now_ns),
        containerID=container_id(pod.uid, container.share.name, container.attempt),
    )


def phase_of(pod: Pod) -> str:
    """Return the phase that follows from a pod's containers.

    Source: ``getPhase`` of ``kubelet_pods.go``.
    """
    policy = pod.template.view.spec.restartPolicy
    main = pod.containers[pod.template.init_count :]
    begun = any(c.stage == RUNNING or c.ended or c.last for c in main)
    for c in pod.containers[: pod.template.init_count]:
        if c.share.sidecar:
            if not c.started and not begun:
                return "Pending"
        elif c.ended is not None and c.ended.exitCode and policy == "Never":
            return "Failed"
        elif not begun and (c.ended is None or c.ended.exitCode):
            return "Pending"
    if any(c.stage != RUNNING and c.ended is None and c.last is None for c in main):
        return "Pending"
    if policy == "Always" or any(c.stage == RUNNING for c in main):
        return "Running"
    if all(c.stage == ENDED and c.ended is not None and not c.ended.exitCode for c in main):
        return "Succeeded"
    if policy == "Never" and all(c.stage == ENDED for c in main):
        return "Failed"
    return "Running"


def _form(pod: Pod, now_ns: int) -> StatusForm:
    """Return a pod's status with gaps."""
    own = _own_conditions(pod)
    if pod.shown is not None:
        before = pod.shown.conditions
    else:
        before = tuple((not status, "") for status, _, _ in own)
    now = time_text(now_ns)
    after = tuple(
        was if was[0] == status else (status, now)
        for was, (status, _, _) in zip(before, own, strict=True)
    )
    conditions: list[KubeObject] = []
    generation = {"observedGeneration": pod.generation} if pod.generation else {}
    for type, (true, since), (_, reason, message) in zip(OWN_CONDITIONS, after, own, strict=True):
        condition = {"type": type, **generation, "status": str(true), "lastProbeTime": None}
        condition |= {"lastTransitionTime": since}
        condition |= {"reason": reason} if reason else {}
        condition |= {"message": message} if message else {}
        conditions.append(condition)
    status: KubeObject = {**generation, "phase": pod.phase}
    status["conditions"] = [*conditions, _OTHERS]
    status |= {"message": pod.message} if pod.message else {}
    status |= {"reason": pod.reason} if pod.reason else {}
    if pod.host.address_json:
        status |= {"hostIP": _HOST, "hostIPs": [{"ip": _HOST}]}
    if pod.address:
        status |= {"podIP": _ADDRESS, "podIPs": [{"ip": _ADDRESS}]}
    if pod.start:
        status["startTime"] = pod.start
    gaps = iter(_IDENTITIES)
    statuses = [_container_status(pod, c, gaps) for c in pod.containers]
    count = pod.template.init_count
    status |= {"initContainerStatuses": statuses[:count]} if count else {}
    status |= {"containerStatuses": statuses[count:]}
    status["qosClass"] = pod.template.view.status.qosClass
    data = msgspec.json.encode(status)
    # Other conditions come with their comma.
    data = data.replace(b"," + bytes(_OTHERS), bytes(_OTHERS), 1)
    return StatusForm(data, after)


def _rejected(pod: Pod) -> bytes:
    """Return the status of a pod that its node did not take on."""
    status: KubeObject = {"observedGeneration": pod.generation} if pod.generation else {}
    status |= {"phase": pod.phase, "conditions": []}
    status |= {"message": pod.message, "reason": pod.reason, "startTime": pod.start}
    status["qosClass"] = pod.template.view.status.qosClass
    others = b"[" + pod.others[1:] + b"]"
    return msgspec.json.encode(status).replace(b"[]", others, 1)


def _container_status(pod: Pod, c: Container, gaps: Iterator[Raw]) -> KubeObject:
    share = c.share
    running = c.stage == RUNNING
    state: KubeObject
    if running:
        state = {"running": {"startedAt": time_text(c.started_ns)}}
    elif c.ended is not None:
        state = {"terminated": _terminated(c.ended)}
    else:
        waiting = {"reason": c.reason} | ({"message": c.message} if c.message else {})
        state = {"waiting": waiting}
    shown = c.ended or c.last
    identity: str | Raw = shown.containerID if shown else ""
    if running:
        identity = next(gaps, None) or container_id(pod.about.uid, share.name, c.attempt)
    status: KubeObject = {
        "name": share.name,
        "state": state,
        "lastState": {"terminated": _terminated(c.last)} if c.last else {},
        "ready": c.ready,
        "restartCount": c.attempt,
        "image": share.image if identity else share.spec.image,
        "imageID": share.image_id if identity else "",
    }
    status |= {"containerID": identity} if identity else {}
    return status | {"started": c.started}


def _terminated(how: Terminated) -> KubeObject:
    fields = msgspec.structs.asdict(how)
    return {name: value for name, value in fields.items() if value or name == "exitCode"}


def _own_conditions(pod: Pod) -> list[tuple[bool, str, str]]:
    """Return status, reason and message of each of the kubelet's own conditions, in their order."""
    initialized = _initialized(pod)
    if pod.phase in DONE_PHASES:
        over = (False, "PodCompleted" if pod.phase == "Succeeded" else "PodFailed", "")
        return [(False, "", ""), initialized, over, over]
    unready = [c.share.name for c in pod.containers if not c.ready and not c.share.init]
    containers = (True, "", "")
    if unready:
        text = f"containers with unready status: [{' '.join(unready)}]"
        containers = (False, "ContainersNotReady", text)
    ready = _gated(pod) if containers[0] else containers
    return [(pod.sandbox, "", ""), initialized, ready, containers]


def _initialized(pod: Pod) -> tuple[bool, str, str]:
    template = pod.template
    if pod.phase == "Succeeded":
        return True, "PodCompleted", ""
    if any(c.stage == RUNNING or c.ended or c.last for c in pod.containers[template.init_count :]):
        return True, "", ""
    incomplete = [
        c.share.name
        for c in pod.containers[: template.init_count]
        if not (c.started if c.share.sidecar else c.ready)
    ]
    if incomplete:
        text = f"containers with incomplete status: [{' '.join(incomplete)}]"
        return False, "ContainersNotInitialized", text
    return True, "", ""


def _gated(pod: Pod) -> tuple[bool, str, str]:
    """Return the condition Ready of a pod whose containers are: its gates may be closed."""
    gates = pod.template.view.spec.readinessGates
    if not gates:
        return True, "", ""
    conditions: Json = msgspec.json.decode(b"[" + pod.others[1:] + b"]")
    held = {condition.get("type", ""): condition.get("status") for condition in conditions}
    missing = []
    for gate in gates:
        type = gate.conditionType
        if type not in held:
            missing.append(
                f'corresponding condition of pod readiness gate "{type}" does not exist.'
            )
        elif held[type] != "True":
            missing.append(
                f'the status of pod readiness gate "{type}" is not "True", but {held[type]}'
            )
    if missing:
        return False, "ReadinessGatesNotReady", ", ".join(missing)
    return True, "", ""
