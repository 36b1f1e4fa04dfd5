"""Reading a snapshot of kubectl: JSON beside a decoder that keeps nothing, YAML beside JSON.

python -m pytest benchmarks/bench_read.py --benchmark-enable --benchmark-only

Pods are those of replica sets, forty to a node, with all that a cluster puts into them: annotations
of its network, mounts of service accounts, statuses of containers; fields of one pod alone differ.
All ways of reading take turns in one run, and what counts is their CPU time beside each other.
"""

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from measure import digest, machine
from yaml import CSafeDumper, dump

from pykube_core.workloads.model import Workload
from pykube_core.workloads.read import read_workload

NODE_COUNTS = (50, 5_000)
PODS_PER_NODE = 40
SETS = 400
ROUNDS = 3
HASHES = {
    50: "0cec3ca2b50cddc7 3232c1b20075313f 400",
    5_000: "c8e804ec55bbe38a bdc796a68baea8aa 400",
}
MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
CONDITIONS = (
    "PodReadyToStartContainers",
    "Initialized",
    "Ready",
    "ContainersReady",
    "PodScheduled",
)


class _Anything(msgspec.Struct):
    """Decoding into it looks at the syntax and keeps nothing."""


class _Dumper(CSafeDumper):
    """Writes strings that Kubernetes would read as numbers in quotes, and no anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _string(dumper: _Dumper, text: str) -> object:
    quoted = text[:1].isdigit() and not any(letter in text for letter in "GghijklmnpqrstuvwyzT:")
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if quoted else None)


_Dumper.add_representer(str, _string)


def node(index: int) -> dict:
    """Return a node."""
    name = f"ip-10-{index // 250}-{index % 250}-17.eu-west-1.compute.internal"
    metadata = {
        "labels": {"kubernetes.io/hostname": name},
        "name": name,
        "uid": _uid("node", index),
    }
    resources = {"cpu": "7910m", "memory": "31Gi", "pods": "110"}
    status = {"allocatable": resources, "capacity": resources}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "status": status}


def _uid(kind: str, index: int) -> str:
    text = hashlib.md5(f"{kind}{index}".encode(), usedforsecurity=False).hexdigest()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def pod(index: int, node_name: str) -> dict:
    """Return a running pod of a replica set."""
    app = index * 7919 % SETS
    template_hash, own = _uid("set", app)[:8] + "-", _uid("pod", index)
    owner = f"app-{app}-{template_hash}x"
    since = f"2026-01-{1 + index % 28:02}T{index % 24:02}:{index % 60:02}:00Z"
    labels = {"app.kubernetes.io/name": f"app-{app}", "pod-template-hash": f"{template_hash}x"}
    metadata = {
        "annotations": {"cni.projectcalico.org/podIP": f"10.{index % 200}.{index % 250}.9/32"},
        "creationTimestamp": since,
        "generateName": f"{owner}-",
        "labels": labels,
        "name": f"{owner}-{own[:5]}{index}",
        "namespace": f"team-{app % 17}",
        "ownerReferences": [
            {"apiVersion": "apps/v1", "blockOwnerDeletion": True, "controller": True}
            | {"kind": "ReplicaSet", "name": owner, "uid": _uid("owner", app)}
        ],
        "resourceVersion": str(1000 + index),
        "uid": own,
    }
    spec, status = _spec(app, f"kube-api-access-{own[:5]}", node_name), _status(app, own, since)
    head = {"apiVersion": "v1", "kind": "Pod"}
    return head | {"metadata": metadata, "spec": spec, "status": status}


def _spec(app: int, volume: str, node_name: str) -> dict:
    field = {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}
    probe = {"failureThreshold": 3, "httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"}}
    container = {
        "args": ["--port=8080", "--log-level=info"],
        "env": [{"name": "POD", "valueFrom": field}, {"name": "OPTS", "value": "-Xmx200m -XX:+A"}],
        "image": f"registry.example.com/app-{app}:1.{app}",
        "imagePullPolicy": "IfNotPresent",
        "livenessProbe": probe | {"periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1},
        "name": "main",
        "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
        "resources": {"requests": {"cpu": f"{100 + app % 9 * 50}m", "memory": "256Mi"}},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "volumeMounts": [{"mountPath": MOUNT, "name": volume, "readOnly": True}],
    }
    tolerations = [
        {"effect": "NoExecute", "key": f"node.kubernetes.io/{what}", "operator": "Exists"}
        | {"tolerationSeconds": 300}
        for what in ("not-ready", "unreachable")
    ]
    sources = [{"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}]
    return {
        "containers": [container],
        "dnsPolicy": "ClusterFirst",
        "nodeName": node_name,
        "preemptionPolicy": "PreemptLowerPriority",
        "priority": 0,
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "serviceAccountName": "default",
        "tolerations": tolerations,
        "volumes": [{"name": volume, "projected": {"defaultMode": 420, "sources": sources}}],
    }


def _status(app: int, own: str, since: str) -> dict:
    state = {"running": {"startedAt": since}}
    image = f"registry.example.com/app-{app}"
    container = {"containerID": f"containerd://{own * 2}", "image": f"{image}:1.{app}"}
    container |= {"imageID": f"{image}@sha256:{own * 2}", "lastState": {}, "name": "main"}
    conditions = [
        {"lastProbeTime": None, "lastTransitionTime": since, "status": "True", "type": kind}
        for kind in CONDITIONS
    ]
    return {
        "conditions": conditions,
        "containerStatuses": [container | {"ready": True, "restartCount": 0, "state": state}],
        "hostIP": "10.0.0.1",
        "phase": "Running",
        "podIP": "10.1.2.3",
        "qosClass": "Burstable",
        "startTime": since,
    }


def write(folder: Path, node_count: int) -> tuple[Path, Path]:
    """Write one snapshot as JSON and as YAML, an item at a time."""
    json_path, yaml_path = folder / "cluster.json", folder / "cluster.yaml"
    nodes = [node(index) for index in range(node_count)]
    names = [one["metadata"]["name"] for one in nodes]
    pods = (pod(index, names[index % node_count]) for index in range(node_count * PODS_PER_NODE))
    with json_path.open("w") as as_json, yaml_path.open("w") as as_yaml:
        as_json.write('{"apiVersion": "v1", "items": [')
        as_yaml.write("apiVersion: v1\nitems:\n")
        for index, item in enumerate((*nodes, *pods)):
            as_json.write(f"{', ' if index else ''}{json.dumps(item)}")
            as_yaml.write(dump([item], Dumper=_Dumper, width=9999))
        as_json.write('], "kind": "List", "metadata": {"resourceVersion": ""}}\n')
        as_yaml.write('kind: List\nmetadata:\n  resourceVersion: ""\n')
    return json_path, yaml_path


def result_hash(workload: Workload) -> str:
    """Return a hash of what was read."""
    pods = workload.pods
    names = hashlib.blake2b("\n".join(pods.names).encode(), digest_size=8).hexdigest()
    columns = np.concatenate([pods.template, pods.node, pods.created_ns // 10**9])
    return f"{names} {digest(columns)} {len(pods.templates)}"


def cpu_time(function: Callable[[], object]) -> float:
    """Return the CPU time that a call takes."""
    began = time.process_time()
    function()
    return time.process_time() - began


@pytest.mark.benchmark(group="read")
def bench_read_snapshot(benchmark, report, tmp_path, node_count):
    """Check that JSON and YAML give the same, and measure them beside each other."""
    json_path, yaml_path = write(tmp_path, node_count)
    from_json, from_yaml = read_workload(json_path), read_workload(yaml_path)
    assert result_hash(from_json) == result_hash(from_yaml) == HASHES[node_count]
    assert list(from_json.pods.templates) == list(from_yaml.pods.templates)
    nothing = msgspec.json.Decoder(_Anything)
    ways = {
        "baseline": lambda: nothing.decode(json_path.read_bytes()),
        "json": lambda: read_workload(json_path),
        "yaml": lambda: read_workload(yaml_path),
    }
    rounds = ROUNDS if benchmark.enabled else 1
    turns = [{name: cpu_time(way) for name, way in ways.items()} for _ in range(rounds)]
    best = {name: min(turn[name] for turn in turns) for name in ways}
    benchmark.pedantic(ways["json"], rounds=1)
    report(
        f"{len(from_json.pods)} pods, {json_path.stat().st_size / 1e6:.0f} MB of JSON in "
        f"{best['json']:.2f} s of CPU, {best['json'] / best['baseline']:.1f} times what a decoder "
        f"takes that keeps nothing; YAML {best['yaml'] / best['json']:.2f} times as long",
        machine=machine(),
        seconds=best,
    )
