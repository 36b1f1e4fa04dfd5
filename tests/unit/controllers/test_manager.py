import pytest

from pykube_core.api.apps import DAEMON_SETS, DEPLOYMENTS, REPLICA_SETS
from pykube_core.api.coordination import LEASES
from pykube_core.api.core import NAMESPACES, NODES, PODS
from pykube_core.cluster import Component
from pykube_core.controllers import controller_manager


@pytest.fixture
def world(new_world):
    return new_world(controller_manager)


def template(app, version="1"):
    containers = [{"name": "c", "image": f"{app}:{version}"}]
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": containers}}


def workload(world, resource, app, namespace="default", **spec):
    spec |= {"selector": {"matchLabels": {"app": app}}, "template": template(app)}
    world.server.create(resource, {"metadata": {"name": app}, "spec": spec}, namespace)


def place(world):
    """Do what a scheduler and kubelets do: bind, run, end."""
    nodes = [node.name for node in world.server.list(NODES).items]
    for index, pod in enumerate(world.server.list(PODS).items):
        obj = pod.decode()
        if "nodeName" not in obj["spec"]:
            affinity = obj["spec"].get("affinity", {}).get("nodeAffinity")
            terms = (affinity or {}).get("requiredDuringSchedulingIgnoredDuringExecution", {})
            fields = terms.get("nodeSelectorTerms", [{}])[0].get("matchFields")
            node = fields[0]["values"][0] if fields else nodes[index % len(nodes)]
            world.server.bind(pod.name, pod.namespace, node)
        if "deletionTimestamp" in obj["metadata"]:
            world.server.delete(PODS, pod.name, pod.namespace, grace_period_seconds=0)
    world.set_running(world.server.list(PODS).items)


def live(world, *nodes, seconds=10):
    """Let nodes report, pods run, and time pass."""
    for name in nodes:
        world.set_ready(name, "True")
    for _ in range(4):
        world.run(seconds / 4)
        place(world)


def script(world):
    for name in ("n1", "n2", "n3"):
        world.server.create(NODES, {"metadata": {"name": name}})
    live(world, "n1", "n2", "n3")
    workload(world, DEPLOYMENTS, "web", replicas=3)
    workload(world, DAEMON_SETS, "proxy", "kube-system")
    world.server.create(NAMESPACES, {"metadata": {"name": "deleting"}})
    workload(world, DEPLOYMENTS, "gone", "deleting", replicas=2)
    live(world, "n1", "n2", "n3")
    world.server.patch(DEPLOYMENTS, {"spec": {"template": template("web", "2")}}, "web", "default")
    world.server.delete(NAMESPACES, "deleting")
    for _ in range(6):
        live(world, "n1", "n2", "n3")
    world.server.delete(NODES, "n3")
    for _ in range(20):  # A crash begins pod GC's quarantine anew.
        live(world, "n1", "n2")


def end_state(world):
    nodes = [node.decode() for node in world.server.list(NODES).items]
    pods = [pod.decode() for pod in world.server.list(PODS).items]
    deployment = world.get(DEPLOYMENTS, "web")["status"]
    conditions = [(c["type"], c["status"], c["reason"]) for c in deployment.pop("conditions")]
    daemons = world.get(DAEMON_SETS, "proxy", "kube-system")["status"]
    sets = [item.decode()["spec"]["replicas"] for item in world.server.list(REPLICA_SETS).items]
    return (
        [(n["metadata"]["name"], n["spec"]["podCIDR"], n["spec"].get("taints")) for n in nodes],
        sorted((p["metadata"]["namespace"], p["metadata"]["labels"]["app"]) for p in pods),
        sorted(conditions),
        deployment,
        daemons,
        sorted(sets),
        [item.name for item in world.server.list(NAMESPACES).items],
    )


def test_all_controllers_together_reach_the_wanted_state_and_rest(world, assert_rests):
    script(world)
    nodes, pods, conditions, deployment, daemons, sets, namespaces = end_state(world)
    assert nodes == [("n1", "10.244.0.0/24", None), ("n2", "10.244.1.0/24", None)]
    assert pods == [("default", "web")] * 3 + [("kube-system", "proxy")] * 2
    assert ("Progressing", "True", "NewReplicaSetAvailable") in conditions
    assert deployment["availableReplicas"] == 3
    assert (daemons["desiredNumberScheduled"], daemons["numberAvailable"]) == (2, 2)
    assert sets == [0, 3]
    assert "deleting" not in namespaces
    assert_rests(world)


def test_every_controller_is_a_component_with_a_name_of_its_own(world):
    components: list[Component] = world.controllers
    names = [component.name for component in components]
    assert len(set(names)) == len(names) == 9


BAD_STATUSES = [
    b'{"conditions":[{"type":"Progressing"},{"type":"ReplicaFailure"},{}]}',
    b'{"conditions":[{"type":"Ready","status":"True","lastTransitionTime":"x"}]}',
    b'{"conditions":"none","phase":7}',
    b"[]",
]


@pytest.mark.parametrize("status", BAD_STATUSES)
def test_objects_that_cannot_be_read_stop_nobody(world, status):
    for name in ("n1", "n2", "n3"):
        world.server.create(NODES, {"metadata": {"name": name}})
    for app in ("bad", "gone"):
        workload(world, DEPLOYMENTS, app, replicas=1)
        workload(world, DAEMON_SETS, app, "kube-system")
    live(world, "n1", "n2", "n3")
    for resource in (NODES, PODS, REPLICA_SETS, DEPLOYMENTS, DAEMON_SETS):
        item = world.server.list(resource).items[0]
        world.server.batch.patch_status(resource, [(item, status)])
    lease = {"metadata": {"name": "n1"}, "spec": {"holderIdentity": "x"}}
    world.server.create(LEASES, lease, "kube-node-lease")
    world.run(30)
    workload(world, DEPLOYMENTS, "web", replicas=2)
    for _ in range(8):
        world.set_ready("n2", "True")
        world.set_ready("n3", "True")
        world.run(10)
    names = [pod.name for pod in world.pods()]
    assert len([name for name in names if name.startswith("web-")]) == 2
    (condition,) = world.get(NODES, "n3", "")["status"]["conditions"]
    assert condition["status"] == "True"


def test_one_seed_is_one_history_in_memory_and_on_disk(new_world, tmp_path):
    def history(path=None):
        world = new_world(controller_manager, path=path)
        script(world)
        return world.store.hash()

    assert history() == history() == history(tmp_path / "store")


def test_crash_around_a_write_converges_to_the_same_end(assert_crash_safe):
    assert_crash_safe([controller_manager], script, end_state, every=9)
