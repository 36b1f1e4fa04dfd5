"""Descriptions as ``kubectl describe`` gives them: nodes, workloads, namespaces, events.

Source: ``k8s.io/kubectl/pkg/describe/describe.go`` v0.32.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from pykube_core.api.apps import DAEMON_SETS, DEPLOYMENTS, REPLICA_SETS
from pykube_core.api.coordination import LEASES
from pykube_core.api.core import EVENTS, NAMESPACES, NODES, PODS
from pykube_core.api.core.node import node_cells
from pykube_core.api.core.resource_lists import Quantities, aggregate, is_huge_page, quantities
from pykube_core.api.machinery.columns import NONE, selector_text, since
from pykube_core.api.machinery.objects import Json, KubeObject
from pykube_core.api.machinery.quantity import Quantity
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.status import StatusError
from pykube_core.apiserver import ApiServer
from pykube_core.cli.describe_pods import (
    annotation_lines,
    controlled_by,
    label_lines,
    pod_text,
    template_text,
    time_text,
)

_LEASE_NAMESPACE: Final = "kube-node-lease"
_STANDARD: Final = ("cpu", "memory", "ephemeral-storage")
_HASH: Final = "pod-template-hash"


def describe(server: ApiServer, resource: Resource, obj: KubeObject, now_ns: int) -> str:
    """Return all that is told of an object, as text with tabs; ages are as of ``now_ns``."""
    text = DESCRIBED[resource](server, obj, now_ns)
    return text if resource is NAMESPACES else text + _events(server, obj, now_ns)


def _pod(server: ApiServer, pod: KubeObject, now_ns: int) -> str:
    return pod_text(pod, now_ns)


def _deployment(server: ApiServer, deployment: KubeObject, now_ns: int) -> str:
    metadata, spec = deployment["metadata"], deployment["spec"]
    status, strategy = deployment.get("status", {}), spec.get("strategy", {})
    counts = (
        (spec.get("replicas", 0), "desired"),
        (status.get("updatedReplicas", 0), "updated"),
        (status.get("replicas", 0), "total"),
        (status.get("availableReplicas", 0), "available"),
        (status.get("unavailableReplicas", 0), "unavailable"),
    )
    out = f"Name:\t{metadata['name']}\nNamespace:\t{metadata['namespace']}\n"
    out += f"CreationTimestamp:\t{time_text(metadata.get('creationTimestamp'))}\n"
    out += label_lines("Labels", metadata.get("labels"))
    out += annotation_lines("Annotations", metadata.get("annotations"))
    out += f"Selector:\t{selector_text(spec['selector'])}\n"
    out += f"Replicas:\t{' | '.join(f'{count} {what}' for count, what in counts)}\n"
    out += f"StrategyType:\t{strategy.get('type', '')}\n"
    out += f"MinReadySeconds:\t{spec.get('minReadySeconds', 0)}\n"
    if "rollingUpdate" in strategy:
        rolling = strategy["rollingUpdate"]
        limits = f"{rolling['maxUnavailable']} max unavailable, {rolling['maxSurge']} max surge"
        out += f"RollingUpdateStrategy:\t{limits}\n"
    out += template_text(spec["template"])
    out += _conditions(status)
    old, new = _replica_sets(server, deployment)
    return out + f"OldReplicaSets:\t{_created(old)}\nNewReplicaSet:\t{_created(new)}\n"


def _conditions(status: KubeObject) -> str:
    conditions = status.get("conditions", ())
    if not conditions:
        return ""
    lines = [f"  {c['type']} \t{c['status']}\t{c.get('reason', '')}\n" for c in conditions]
    return "Conditions:\n  Type\tStatus\tReason\n  ----\t------\t------\n" + "".join(lines)


def _replica_sets(
    server: ApiServer, deployment: KubeObject
) -> tuple[list[KubeObject], list[KubeObject]]:
    """Return a deployment's old replica sets that have pods, and the one of its template."""
    uid = deployment["metadata"]["uid"]
    found = server.list(REPLICA_SETS, deployment["metadata"]["namespace"]).items
    owned = [
        replica_set
        for replica_set in (obj.decode() for obj in found)
        if any(
            owner.get("uid") == uid for owner in replica_set["metadata"].get("ownerReferences", ())
        )
    ]
    owned.sort(key=lambda replica_set: replica_set["metadata"]["creationTimestamp"])
    wanted = _without_hash(deployment["spec"]["template"])
    new = [rs for rs in owned if _without_hash(rs["spec"]["template"]) == wanted][:1]
    return [rs for rs in owned if rs not in new], new


def _without_hash(template: KubeObject) -> KubeObject:
    metadata = template.get("metadata", {})
    labels = {key: value for key, value in metadata.get("labels", {}).items() if key != _HASH}
    return template | {"metadata": metadata | {"labels": labels}}


def _created(replica_sets: list[KubeObject]) -> str:
    texts = []
    for replica_set in replica_sets:
        count = replica_set.get("status", {}).get("replicas", 0)
        wanted = replica_set["spec"].get("replicas", 0)
        texts.append(f"{replica_set['metadata']['name']} ({count}/{wanted} replicas created)")
    return ", ".join(texts) or NONE


def _replica_set(server: ApiServer, replica_set: KubeObject, now_ns: int) -> str:
    metadata, spec = replica_set["metadata"], replica_set["spec"]
    status = replica_set.get("status", {})
    out = f"Name:\t{metadata['name']}\nNamespace:\t{metadata['namespace']}\n"
    out += f"Selector:\t{selector_text(spec['selector'])}\n"
    out += label_lines("Labels", metadata.get("labels"))
    out += annotation_lines("Annotations", metadata.get("annotations"))
    out += controlled_by(replica_set)
    wanted = spec.get("replicas", 0)
    out += f"Replicas:\t{status.get('replicas', 0)} current / {wanted} desired\n"
    out += _pod_counts(server, replica_set)
    return out + template_text(spec["template"]) + _conditions(status)


def _daemon_set(server: ApiServer, daemon_set: KubeObject, now_ns: int) -> str:
    metadata, spec = daemon_set["metadata"], daemon_set["spec"]
    status = daemon_set.get("status", {})
    node_selector = spec["template"]["spec"].get("nodeSelector")
    out = f"Name:\t{metadata['name']}\nNamespace:\t{metadata['namespace']}\n"
    out += f"Selector:\t{selector_text(spec['selector'])}\n"
    out += f"Node-Selector:\t{selector_text({'matchLabels': node_selector or {}})}\n"
    out += label_lines("Labels", metadata.get("labels"))
    out += annotation_lines("Annotations", metadata.get("annotations"))
    for label, field in (
        ("Desired Number of Nodes Scheduled", "desiredNumberScheduled"),
        ("Current Number of Nodes Scheduled", "currentNumberScheduled"),
        ("Number of Nodes Scheduled with Up-to-date Pods", "updatedNumberScheduled"),
        ("Number of Nodes Scheduled with Available Pods", "numberAvailable"),
        ("Number of Nodes Misscheduled", "numberMisscheduled"),
    ):
        out += f"{label}: {status.get(field, 0)}\n"
    return out + _pod_counts(server, daemon_set) + template_text(spec["template"])


def _pod_counts(server: ApiServer, owner: KubeObject) -> str:
    """Return the line of how many pods of an owner are in each phase."""
    uid, namespace = owner["metadata"]["uid"], owner["metadata"]["namespace"]
    counts = dict.fromkeys(("Running", "Pending", "Succeeded", "Failed"), 0)
    for obj in server.list(PODS, namespace).items:
        pod = obj.decode()
        controllers = [o for o in pod["metadata"].get("ownerReferences", ()) if o.get("controller")]
        phase = pod.get("status", {}).get("phase", "")
        if phase in counts and any(o.get("uid") == uid for o in controllers):
            counts[phase] += 1
    running, waiting, succeeded, failed = counts.values()
    return (
        f"Pods Status:\t{running} Running / {waiting} Waiting / {succeeded} Succeeded / "
        f"{failed} Failed\n"
    )


def _namespace(server: ApiServer, namespace: KubeObject, now_ns: int) -> str:
    metadata = namespace["metadata"]
    out = f"Name:\t{metadata['name']}\n" + label_lines("Labels", metadata.get("labels"))
    out += annotation_lines("Annotations", metadata.get("annotations"))
    out += f"Status:\t{namespace.get('status', {}).get('phase', '')}\n"
    return f"{out}\nNo resource quota.\n\nNo LimitRange resource.\n"


def _node(server: ApiServer, node: KubeObject, now_ns: int) -> str:
    metadata, spec, status = node["metadata"], node.get("spec", {}), node.get("status", {})
    taints = sorted(map(_taint, spec.get("taints", ())))
    out = f"Name:\t{metadata['name']}\nRoles:\t{node_cells(node, now_ns)[2]}\n"
    out += label_lines("Labels", metadata.get("labels"))
    out += annotation_lines("Annotations", metadata.get("annotations"))
    out += f"CreationTimestamp:\t{time_text(metadata.get('creationTimestamp'))}\n"
    out += "Taints:\t" + "\n\t".join(taints or [NONE]) + "\n"
    out += f"Unschedulable:\t{str(bool(spec.get('unschedulable'))).lower()}\n"
    out += _lease(server, metadata["name"]) + _node_conditions(status)
    out += "Addresses:\n"
    out += "".join(f"  {a['type']}:\t{a['address']}\n" for a in status.get("addresses", ()))
    for label in ("Capacity", "Allocatable"):
        amounts = sorted(status.get(label.lower(), {}).items())
        if amounts:
            out += f"{label}:\n" + "".join(f"  {name}:\t{value}\n" for name, value in amounts)
    out += _system_info(status.get("nodeInfo", {}))
    if spec.get("podCIDR"):
        out += f"PodCIDR:\t{spec['podCIDR']}\nPodCIDRs:\t{','.join(spec.get('podCIDRs', ()))}\n"
    if spec.get("providerID"):
        out += f"ProviderID:\t{spec['providerID']}\n"
    return out + _node_pods(server, metadata["name"], status, now_ns)


def _taint(taint: KubeObject) -> str:
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint['key']}{value}:{taint['effect']}"


def _lease(server: ApiServer, name: str) -> str:
    try:
        spec = server.get(LEASES, name, _LEASE_NAMESPACE).decode().get("spec", {})
    except StatusError:
        return f'Lease:\tFailed to get lease: leases.coordination.k8s.io "{name}" not found\n'
    return (
        f"Lease:\n  HolderIdentity:\t{spec.get('holderIdentity', '<unset>')}\n"
        f"  AcquireTime:\t{time_text(spec.get('acquireTime'))}\n"
        f"  RenewTime:\t{time_text(spec.get('renewTime'))}\n"
    )


def _node_conditions(status: KubeObject) -> str:
    conditions = status.get("conditions", ())
    if not conditions:
        return ""
    titles = ("Type", "Status", "LastHeartbeatTime", "LastTransitionTime", "Reason", "Message")
    out = "Conditions:\n  " + "\t".join(titles) + "\n"
    out += "  " + "\t".join("-" * len(title) for title in titles) + "\n"
    for condition in conditions:
        beat = time_text(condition.get("lastHeartbeatTime"))
        moved = time_text(condition.get("lastTransitionTime"))
        out += f"  {condition['type']} \t{condition['status']} \t{beat} \t{moved} "
        out += f"\t{condition.get('reason', '')} \t{condition.get('message', '')}\n"
    return out


def _system_info(info: Mapping[str, str]) -> str:
    lines = (
        ("Machine ID", "machineID"),
        ("System UUID", "systemUUID"),
        ("Boot ID", "bootID"),
        ("Kernel Version", "kernelVersion"),
        ("OS Image", "osImage"),
        ("Operating System", "operatingSystem"),
        ("Architecture", "architecture"),
        ("Container Runtime Version", "containerRuntimeVersion"),
        ("Kubelet Version", "kubeletVersion"),
        ("Kube-Proxy Version", "kubeProxyVersion"),
    )
    return "System Info:\n" + "".join(f"  {label}:\t{info.get(key, '')}\n" for label, key in lines)


def _node_pods(server: ApiServer, name: str, status: KubeObject, now_ns: int) -> str:
    """Return the table of a node's pods that have not ended, and what they ask for together."""
    selector = f"spec.nodeName={name},status.phase!=Failed,status.phase!=Succeeded"
    pods = [obj.decode() for obj in server.list(PODS, field_selector=selector).items]
    room = quantities(status.get("allocatable") or status.get("capacity"))
    out = f"Non-terminated Pods:\t({len(pods)} in total)\n"
    titles = ("CPU Requests", "CPU Limits", "Memory Requests", "Memory Limits", "Age")
    out += "  " + "\t".join(["Namespace", "Name", "", *titles]) + "\n"
    rules = ["-" * len(title) for title in titles]
    out += "  " + "\t".join(["---------", "----", "", *rules]) + "\n"
    totals: dict[str, Quantities] = {"requests": {}, "limits": {}}
    for pod in pods:
        amounts = {
            "requests": aggregate(pod["spec"]),
            "limits": aggregate(pod["spec"], "limits"),
        }
        for kind, amount in amounts.items():
            _add(totals[kind], amount)
        cells = [
            _share(amounts[kind], room, resource)
            for resource in ("cpu", "memory")
            for kind in ("requests", "limits")
        ]
        age = since(pod["metadata"].get("creationTimestamp"), now_ns)
        who = [pod["metadata"]["namespace"], pod["metadata"]["name"], ""]
        out += "  " + "\t".join([*who, *cells, age]) + "\n"
    return out + _allocated(totals, room)


def _add(into: Quantities, more: Quantities) -> None:
    for name, amount in more.items():
        into[name] = into[name] + amount if name in into else amount


def _share(amounts: Quantities, room: Quantities, name: str) -> str:
    """Return an amount with its share of the node's, in percent, cut."""
    amount = amounts.get(name, Quantity(0))
    of = room.get(name)
    percent = 0
    if of is not None and of.milli_value():
        # As upstream has it: in floating point, and cut.
        percent = int(amount.milli_value() / of.milli_value() * 100)
    return f"{amount} ({percent}%)"


def _allocated(totals: Mapping[str, Quantities], room: Quantities) -> str:
    out = "Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)\n"
    out += "  Resource\tRequests\tLimits\n  --------\t--------\t------\n"
    names = sorted(room)
    huge = [name for name in names if is_huge_page(name)]
    for name in (*_STANDARD, *huge):
        cells = [_share(totals[kind], room, name) for kind in ("requests", "limits")]
        out += f"  {name}\t{cells[0]}\t{cells[1]}\n"
    for name in names:
        if name not in (*_STANDARD, *huge, "pods"):
            amounts = [totals[kind].get(name, Quantity(0)) for kind in ("requests", "limits")]
            out += f"  {name}\t{amounts[0]}\t{amounts[1]}\n"
    return out


def _events(server: ApiServer, obj: KubeObject, now_ns: int) -> str:
    metadata = obj["metadata"]
    chosen = f"involvedObject.name={metadata['name']},involvedObject.kind={obj['kind']}"
    found = server.list(EVENTS, metadata.get("namespace", ""), field_selector=chosen).items
    # The events of a node name it in place of its uid.
    uids = (metadata["uid"], metadata["name"], "", None)
    decoded = [item.decode() for item in found]
    events = [event for event in decoded if event["involvedObject"].get("uid") in uids]
    if not events:
        return f"Events:\t{NONE}\n"
    events.sort(key=lambda event: event.get("lastTimestamp") or "")
    out = "Events:\n  Type\tReason\tAge\tFrom\tMessage\n  ----\t------\t----\t----\t-------\n"
    for event in events:
        source = event.get("source", {}).get("component") or event.get("reportingComponent", "")
        message = event.get("message", "").strip()
        words = (event.get("type", ""), event.get("reason", ""))
        cells = (*words, _age(event, now_ns), source, message)
        out += "  " + "\t".join(cells) + "\n"
    return out


def _age(event: KubeObject, now_ns: int) -> str:
    first = since(event.get("firstTimestamp") or event.get("eventTime"), now_ns)
    series: Json = event.get("series")
    if series is not None:
        return f"{since(series['lastObservedTime'], now_ns)} (x{series['count']} over {first})"
    count = event.get("count") or 1
    if count < 2:
        return first
    return f"{since(event['lastTimestamp'], now_ns)} (x{count} over {first})"


DESCRIBED: Final[Mapping[Resource, Callable[[ApiServer, KubeObject, int], str]]] = {
    DAEMON_SETS: _daemon_set,
    DEPLOYMENTS: _deployment,
    NAMESPACES: _namespace,
    NODES: _node,
    PODS: _pod,
    REPLICA_SETS: _replica_set,
}
