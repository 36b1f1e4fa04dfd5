"""Random states of deployments and daemon sets, and what upstream's controllers made of them."""

import gzip
import json
from pathlib import Path

import pytest

from pykube_core.api.apps import DAEMON_SETS, DEPLOYMENTS, REPLICA_SETS
from pykube_core.api.core import EVENTS, NODES, PODS
from pykube_core.apiserver import ApiObject
from pykube_core.controllers import DaemonSetController, DeploymentController
from pykube_core.controllers.template_hash import canonical, hash_of
from pykube_core.objects import encode

RECORDED = Path(__file__).parents[2] / "conformance" / "kube-controller-manager-v1.34.1"
CHUNKS = 10


def recorded(name, chunk):
    with gzip.open(RECORDED / name, "rt") as file:
        return [json.loads(line) for line in file][chunk::CHUNKS]


def write(world, *groups):
    """Write objects as they are, however odd."""
    objects = []
    for resource, items in groups:
        for item in items:
            namespace = "default" if resource.namespaced else ""
            key = resource.key(namespace, item["metadata"]["name"])
            objects.append(ApiObject.parse(resource, key, encode(resource, item), 0))
    world.server.batch.put(objects)


def shown(status):
    return {key: value for key, value in status.items() if value or key == "terminatingReplicas"}


def deployment_outcome(world, names):
    held = world.get(DEPLOYMENTS, "web")
    status = shown(held["status"])
    status.pop("observedGeneration", None)
    fields = ("type", "status", "reason", "message")
    conditions = [{field: c[field] for field in fields} for c in status.get("conditions", [])]
    found = [item.decode() for item in world.server.list(REPLICA_SETS, "default").items]
    made = [r["metadata"]["name"] for r in found if r["metadata"]["name"] not in names]

    def renamed(text):
        return text.replace(made[0], "new") if made else text

    for condition in conditions:
        condition["message"] = renamed(condition["message"])
    sets = [
        {
            "name": renamed(r["metadata"]["name"]),
            "replicas": r["spec"]["replicas"],
            "annotations": r["metadata"].get("annotations", {}),
        }
        for r in found
    ]
    events = [event.decode() for event in world.server.list(EVENTS, "default").items]
    return {
        "status": status | {"conditions": sorted(conditions, key=lambda c: c["type"])},
        "replicaSets": sorted(sets, key=lambda item: item["name"]),
        "annotations": held["metadata"].get("annotations", {}),
        "image": held["spec"]["template"]["spec"]["containers"][0]["image"],
        "events": sorted(renamed(f"{e['type']} {e['reason']} {e['message']}") for e in events),
    }


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_deployments_come_to_what_upstream_makes_of_them(new_world, chunk):
    for case in recorded("deployments.jsonl.gz", chunk):
        world = new_world(DeploymentController)
        replica_sets = case["replicaSets"]
        write(
            world,
            (REPLICA_SETS, replica_sets),
            (PODS, case["pods"]),
            (DEPLOYMENTS, [case["deployment"]]),
        )
        world.run(0.02)
        want = case["want"]
        want["status"] = shown(want["status"])
        conditions = want["status"].get("conditions", [])
        want["status"]["conditions"] = sorted(conditions, key=lambda c: c["type"])
        want["events"].sort()
        names = {r["metadata"]["name"] for r in replica_sets}
        assert deployment_outcome(world, names) == want


def agrees(found, want):
    """Say whether what one run chose is what some run of upstream could have chosen."""
    chosen = set(found)
    return len(found) == len(chosen) == want["count"] and set(want["always"]) <= chosen <= set(
        want["ever"]
    )


def daemon_outcome(world, before):
    """Return the nodes that got pods, and the names of pods that go."""
    after = {pod.name: pod.decode() for pod in world.pods()}
    created = []
    for name in after.keys() - before.keys():
        affinity = after[name]["spec"]["affinity"]["nodeAffinity"]
        (term,) = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
        created += term["matchFields"][0]["values"]
    deleted = [
        name
        for name, pod in before.items()
        if name not in after
        or "deletionTimestamp" in after[name]["metadata"].keys() - pod["metadata"].keys()
    ]
    return created, deleted


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_daemon_sets_create_and_delete_what_upstream_does(new_world, chunk):
    for case in recorded("daemon-sets.jsonl.gz", chunk):
        world = new_world(DaemonSetController)
        template = json.dumps(case["daemonSet"]["spec"]["template"]).encode()
        digest = hash_of(canonical(template), None)
        for pod in case["pods"]:
            labels = pod["metadata"]["labels"]
            if labels["controller-revision-hash"] == "NEW":
                labels["controller-revision-hash"] = digest
        write(
            world, (DAEMON_SETS, [case["daemonSet"]]), (NODES, case["nodes"]), (PODS, case["pods"])
        )
        world.log.pull()
        world.controllers[0].step(world.clock())
        before = {pod["metadata"]["name"]: pod for pod in case["pods"]}
        created, deleted = daemon_outcome(world, before)
        want = case["want"]
        assert agrees(created, want["created"])
        assert agrees(deleted, want["deleted"])
        assert shown(world.get(DAEMON_SETS, "a")["status"]) == shown(want["status"])
