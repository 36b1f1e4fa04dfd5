"""Descriptions as ``kubectl describe`` gives them, of pods and of the templates that make them.

Text with tabs, which `tabs.laid_out` makes columns.

Source: ``k8s.io/kubectl/pkg/describe/describe.go`` v0.32. Differences: of volumes, the types that
kube-system's pods use, and claims, are told; a variable's value is not looked up elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from pykube_core.api.machinery.columns import NONE, human_duration
from pykube_core.api.machinery.objects import DONE_PHASES, Json, KubeObject
from pykube_core.api.machinery.three_way import LAST_APPLIED
from pykube_core.api.machinery.times import NANO, parse_time

_ANNOTATION_LENGTH_MAX: Final = 140


def time_text(text: str | None) -> str:
    """Return a time stamp as RFC 1123 has it, with a numeric zone."""
    if not text:
        return "<unset>"
    moment = datetime.fromtimestamp(parse_time(text) // NANO, UTC)
    return moment.strftime("%a, %d %b %Y %H:%M:%S +0000")


def label_lines(title: str, values: Mapping[str, str] | None) -> str:
    """Return labels or the like, one on a line behind their title; "<none>" when there are none."""
    lines = [f"{key}={value}" for key, value in sorted((values or {}).items())]
    return f"{title}:\t" + "\n\t".join(lines or [NONE]) + "\n"


def annotation_lines(title: str, values: Mapping[str, str] | None) -> str:
    """Return annotations but the one that ``apply`` writes; long ones on lines of their own."""
    lines = []
    for key, value in sorted((values or {}).items()):
        value = value.removesuffix("\n")
        if key == LAST_APPLIED:
            continue
        if len(key) + len(value) + 2 < _ANNOTATION_LENGTH_MAX and "\n" not in value:
            lines.append(f"{key}: {value}")
            continue
        lines.append(f"{key}:")
        for line in value.split("\n"):
            room = _ANNOTATION_LENGTH_MAX - 2
            lines.append("  " + (line if len(line) <= room else f"{line[:room]}..."))
    return f"{title}:\t" + "\n\t".join(lines or [NONE]) + "\n"


def controlled_by(obj: KubeObject) -> str:
    """Return the line of an object's controller, "" when it has none."""
    for owner in obj["metadata"].get("ownerReferences", ()):
        if owner.get("controller"):
            return f"Controlled By:\t{owner['kind']}/{owner['name']}\n"
    return ""


def pod_text(pod: KubeObject, now_ns: int) -> str:
    """Return the description of a pod, without its events."""
    metadata, spec, status = pod["metadata"], pod["spec"], pod.get("status", {})
    out = f"Name:\t{metadata['name']}\nNamespace:\t{metadata['namespace']}\n"
    if "priority" in spec:
        out += f"Priority:\t{spec['priority']}\n"
    for label, field in (
        ("Priority Class Name", "priorityClassName"),
        ("Runtime Class Name", "runtimeClassName"),
        ("Service Account", "serviceAccountName"),
    ):
        if spec.get(field):
            out += f"{label}:\t{spec[field]}\n"
    node, host = spec.get("nodeName"), status.get("hostIP", "")
    out += f"Node:\t{node}/{host}\n" if node else f"Node:\t{NONE}\n"
    if status.get("startTime"):
        out += f"Start Time:\t{time_text(status['startTime'])}\n"
    out += label_lines("Labels", metadata.get("labels"))
    out += annotation_lines("Annotations", metadata.get("annotations"))
    if metadata.get("deletionTimestamp") and status.get("phase") not in DONE_PHASES:
        lasts = human_duration((now_ns - parse_time(metadata["deletionTimestamp"])) // NANO)
        out += f"Status:\tTerminating (lasts {lasts})\n"
        grace = metadata.get("deletionGracePeriodSeconds", 0)
        out += f"Termination Grace Period:\t{grace}s\n"
    else:
        out += f"Status:\t{status.get('phase', '')}\n"
    for label in ("Reason", "Message"):
        if status.get(label.lower()):
            out += f"{label}:\t{status[label.lower()]}\n"
    out += f"IP:\t{status.get('podIP', '')}\n"
    addresses = "".join(f"  IP:\t{item['ip']}\n" for item in status.get("podIPs", ()))
    out += f"IPs:\n{addresses}" if addresses else f"IPs:\t{NONE}\n"
    out += controlled_by(pod)
    if status.get("nominatedNodeName"):
        out += f"Nominated Node Name:\t{status['nominatedNodeName']}\n"
    return out + _pod_body(spec, status)


def _pod_body(spec: KubeObject, status: KubeObject) -> str:
    out = ""
    if spec.get("initContainers"):
        states = {s["name"]: s for s in status.get("initContainerStatuses", ())}
        out += _containers("Init Containers", spec["initContainers"], states, "")
    states = {s["name"]: s for s in status.get("containerStatuses", ())}
    out += _containers("Containers", spec.get("containers", []), states, "")
    conditions = status.get("conditions", ())
    if conditions:
        out += "Conditions:\n  Type\tStatus\n"
        out += "".join(f"  {c['type']} \t{c['status']} \n" for c in conditions)
    out += _volumes(spec.get("volumes", ()), "")
    if status.get("qosClass"):
        out += f"QoS Class:\t{status['qosClass']}\n"
    out += label_lines("Node-Selectors", spec.get("nodeSelector"))
    return out + _tolerations(spec, "")


def template_text(template: KubeObject) -> str:
    """Return the description of the template of a workload's pods."""
    metadata, spec = template.get("metadata", {}), template["spec"]
    out = "Pod Template:\n" + _indented(label_lines("Labels", metadata.get("labels")))
    if metadata.get("annotations"):
        out += _indented(annotation_lines("Annotations", metadata["annotations"]))
    if spec.get("serviceAccountName"):
        out += f"  Service Account:\t{spec['serviceAccountName']}\n"
    if spec.get("initContainers"):
        out += _containers("Init Containers", spec["initContainers"], {}, "  ")
    out += _containers("Containers", spec.get("containers", []), {}, "  ")
    out += _volumes(spec.get("volumes", ()), "  ")
    if spec.get("priorityClassName"):
        out += f"  Priority Class Name:\t{spec['priorityClassName']}\n"
    out += _indented(label_lines("Node-Selectors", spec.get("nodeSelector")))
    return out + _tolerations(spec, "  ")


def _indented(text: str) -> str:
    return "".join(f"  {line}" for line in text.splitlines(keepends=True))


def _containers(
    title: str, containers: list[KubeObject], states: Mapping[str, KubeObject], pad: str
) -> str:
    if not containers:
        return f"{pad}{title}: {NONE}\n"
    out = f"{pad}{title}:\n"
    for container in containers:
        # In a template, upstream sets a container's name in by one column only.
        out += f"  {' ' if pad else ''}{container['name']}:\n"
        lines = _container(container, states.get(container["name"]))
        out += "".join(f"    {line}\n" for line in lines)
    return out


def _container(container: KubeObject, state: KubeObject | None) -> Iterator[str]:
    """Yield the lines of a container; what lies deeper begins with more spaces."""
    if state is not None:
        yield f"Container ID:\t{state.get('containerID', '')}"
    yield f"Image:\t{container.get('image', '')}"
    if state is not None:
        yield f"Image ID:\t{state.get('imageID', '')}"
    ports = container.get("ports", ())
    for label, field in (("Port", "containerPort"), ("Host Port", "hostPort")):
        texts = [f"{port.get(field, 0)}/{port.get('protocol', 'TCP')}" for port in ports]
        yield f"{label}{'s' if len(texts) > 1 else ''}:\t{', '.join(texts) or NONE}"
    for label in ("Command", "Args"):
        if container.get(label.lower()):
            yield f"{label}:"
            for word in container[label.lower()]:
                yield from (f"  {line}" for line in word.split("\n"))
    if state is not None:
        yield from _state("State", state.get("state", {}))
        if state.get("lastState", {}).get("terminated"):
            yield from _state("Last State", state["lastState"])
        yield f"Ready:\t{state.get('ready', False)}"
        yield f"Restart Count:\t{state.get('restartCount', 0)}"
    for label in ("Limits", "Requests"):
        amounts = container.get("resources", {}).get(label.lower())
        if amounts:
            yield f"{label}:"
            yield from (f"  {name}:\t{amount}" for name, amount in sorted(amounts.items()))
    for label, field in (
        ("Liveness", "livenessProbe"),
        ("Readiness", "readinessProbe"),
        ("Startup", "startupProbe"),
    ):
        if container.get(field):
            yield f"{label}:\t{_probe(container[field])}"
    yield from _environment(container)
    yield from _mounts(container)


def _state(title: str, state: KubeObject) -> Iterator[str]:
    if "running" in state:
        yield f"{title}:\tRunning"
        yield f"  Started:\t{time_text(state['running'].get('startedAt'))}"
    elif "terminated" in state:
        ended = state["terminated"]
        yield f"{title}:\tTerminated"
        for label in ("Reason", "Message"):
            if ended.get(label.lower()):
                yield f"  {label}:\t{ended[label.lower()]}"
        yield f"  Exit Code:\t{ended.get('exitCode', 0)}"
        if ended.get("signal"):
            yield f"  Signal:\t{ended['signal']}"
        yield f"  Started:\t{time_text(ended.get('startedAt'))}"
        yield f"  Finished:\t{time_text(ended.get('finishedAt'))}"
    else:
        waiting = state.get("waiting", {})
        yield f"{title}:\tWaiting"
        if waiting.get("reason"):
            yield f"  Reason:\t{waiting['reason']}"


def _probe(probe: KubeObject) -> str:
    attributes = (
        f"delay={probe.get('initialDelaySeconds', 0)}s timeout={probe.get('timeoutSeconds', 0)}s "
        f"period={probe.get('periodSeconds', 0)}s #success={probe.get('successThreshold', 0)} "
        f"#failure={probe.get('failureThreshold', 0)}"
    )
    if "exec" in probe:
        return f"exec [{' '.join(probe['exec'].get('command', ()))}] {attributes}"
    if "httpGet" in probe:
        get = probe["httpGet"]
        scheme, path = get.get("scheme", "HTTP").lower(), get.get("path", "")
        path = path if path.startswith("/") or not path else f"/{path}"
        return f"http-get {scheme}://{get.get('host', '')}:{get['port']}{path} {attributes}"
    if "tcpSocket" in probe:
        socket = probe["tcpSocket"]
        return f"tcp-socket {socket.get('host', '')}:{socket['port']} {attributes}"
    if "grpc" in probe:
        grpc = probe["grpc"]
        return f"grpc <pod>:{grpc['port']} {grpc.get('service', '')} {attributes}"
    return f"unknown {attributes}"


def _environment(container: KubeObject) -> Iterator[str]:
    variables = container.get("env", ())
    yield "Environment:" if variables else f"Environment:\t{NONE}"
    for variable in variables:
        source = variable.get("valueFrom")
        if source is None:
            first, *rest = variable.get("value", "").split("\n")
            yield f"  {variable['name']}:\t{first}"
            yield from (f"  \t{line}" for line in rest)
        else:
            yield f"  {variable['name']}:\t{_source(source)}"


def _source(source: KubeObject) -> str:
    if "fieldRef" in source:
        field = source["fieldRef"]
        return f" ({field.get('apiVersion', 'v1')}:{field['fieldPath']})"
    if "resourceFieldRef" in source:
        return f" ({source['resourceFieldRef']['resource']})"
    for field, what in (("secretKeyRef", "secret"), ("configMapKeyRef", "config map")):
        if field in source:
            key = source[field]
            optional = str(bool(key.get("optional"))).lower()
            where = f"the key '{key['key']}' in {what} '{key.get('name', '')}'"
            if what == "config map":
                where = f"the key '{key['key']}' of {what} '{key.get('name', '')}'"
            return f"<set to {where}>\tOptional: {optional}"
    return ""


def _mounts(container: KubeObject) -> Iterator[str]:
    mounts = sorted(container.get("volumeMounts", ()), key=lambda mount: mount["mountPath"])
    yield "Mounts:" if mounts else f"Mounts:\t{NONE}"
    for mount in mounts:
        flags = "ro" if mount.get("readOnly") else "rw"
        if mount.get("subPath"):
            flags += f',path="{mount["subPath"]}"'
        yield f"  {mount['mountPath']} from {mount['name']} ({flags})"


def _volumes(volumes: Json, pad: str) -> str:
    if not volumes:
        return f"{pad}Volumes:\t{NONE}\n"
    out = f"{pad}Volumes:\n"
    for volume in volumes:
        name_pad = " " if pad else ""
        out += f"  {name_pad}{volume['name']}:\n"
        out += "".join(f"    {label}:\t{value}\n" for label, value in _volume(volume))
    return out


def _volume(volume: KubeObject) -> list[tuple[str, Json]]:
    """Return what is said of a volume: labels and values."""
    if "hostPath" in volume:
        path = volume["hostPath"]
        kind = "HostPath (bare host directory volume)"
        return [("Type", kind), ("Path", path["path"]), ("HostPathType", path.get("type", ""))]
    if "emptyDir" in volume:
        empty = volume["emptyDir"]
        kind = "EmptyDir (a temporary directory that shares a pod's lifetime)"
        size = empty.get("sizeLimit", "<unset>")
        return [("Type", kind), ("Medium", empty.get("medium", "")), ("SizeLimit", size)]
    if "configMap" in volume:
        given = volume["configMap"]
        kind = "ConfigMap (a volume populated by a ConfigMap)"
        optional = str(bool(given.get("optional"))).lower()
        return [("Type", kind), ("Name", given.get("name", "")), ("Optional", optional)]
    if "secret" in volume:
        given = volume["secret"]
        kind = "Secret (a volume populated by a Secret)"
        optional = str(bool(given.get("optional"))).lower()
        return [("Type", kind), ("SecretName", given.get("secretName", "")), ("Optional", optional)]
    if "persistentVolumeClaim" in volume:
        claim = volume["persistentVolumeClaim"]
        kind = (
            "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)"
        )
        read_only = str(bool(claim.get("readOnly"))).lower()
        return [("Type", kind), ("ClaimName", claim["claimName"]), ("ReadOnly", read_only)]
    return [("Type", next((key for key in volume if key != "name"), ""))]


def _tolerations(spec: KubeObject, pad: str) -> str:
    lines = []
    ordered = sorted(spec.get("tolerations", ()), key=lambda item: item.get("key", ""))
    for toleration in ordered:
        text = toleration.get("key", "")
        value, effect = toleration.get("value", ""), toleration.get("effect", "")
        if value:
            text += f"={value}"
        if effect:
            text += f":{effect}"
        if toleration.get("operator") == "Exists" and not value:
            text += " op=Exists" if text else "op=Exists"
        if "tolerationSeconds" in toleration:
            text += f" for {toleration['tolerationSeconds']}s"
        lines.append(text)
    body = f"\n{pad}\t".join(lines or [NONE])
    return f"{pad}Tolerations:\t{body}\n"
