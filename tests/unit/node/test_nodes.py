"""The network, heartbeats, static pods, and kubelets that stop."""

import json

import pytest

from pykube_core.api.coordination import LEASES
from pykube_core.api.core import NODES, PODS
from pykube_core.node import Behavior, PodNetwork
from pykube_core.node.network import NetworkError
from tests.unit.node.node_world import World

AGENT = {"app": "flannel"}
CNI = (
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
    "message:Network plugin returns error: cni plugin not initialized"
)
ETCD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "etcd", "namespace": "kube-system", "labels": {"tier": "control-plane"}},
    "spec": {
        "hostNetwork": True,
        "priorityClassName": "system-node-critical",
        "containers": [{"name": "etcd", "image": "etcd:3"}],
    },
}


def node_status(world, name="n1"):
    return world.server.get(NODES, name).decode()["status"]


def condition(world, type="Ready", name="n1"):
    return {c["type"]: c for c in node_status(world, name)["conditions"]}[type]


def lease(world, name="n1"):
    return world.server.get(LEASES, name, "kube-node-lease").decode()


def quick(world, image="httpd", **behavior):
    world.behaviors[image] = Behavior(pull_seconds=0, start_seconds=0, **behavior)
    world.runtime.set(image, world.behaviors[image])


def test_addresses_go_round_and_come_back():
    network = PodNetwork()
    cidr = "10.0.0.0/29"
    assert [network.reserve(cidr) for _ in range(5)] == [f"10.0.0.{i}" for i in range(2, 7)]
    text = "no IP addresses available in range set: 10.0.0.1-10.0.0.6"
    with pytest.raises(NetworkError, match=text):
        network.reserve(cidr)
    network.release(cidr, "10.0.0.3")
    network.release(cidr, "10.0.0.5")
    assert [network.reserve(cidr) for _ in range(2)] == ["10.0.0.3", "10.0.0.5"]
    anew = PodNetwork()
    anew.hold(cidr, "10.0.0.4", 2)
    anew.hold(cidr, "10.0.0.2", 1)
    anew.hold(cidr, "192.168.0.1", 3)
    assert [anew.reserve(cidr) for _ in range(3)] == ["10.0.0.5", "10.0.0.6", "10.0.0.3"]


def test_pod_waits_for_a_free_address(world):
    quick(world)
    world.node(cidr="10.0.0.0/30")
    world.pod("first")
    world.pod("second")
    world.run(5)
    assert world.status("first")["podIP"] == "10.0.0.2"
    assert "podIP" not in world.status("second")
    (event,) = world.events("second")
    assert event[1] == "FailedCreatePodSandBox"
    assert event[2].startswith(
        "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network "
        'for sandbox "'
    )
    assert event[2].endswith(
        '": plugin type="bridge" failed (add): failed to allocate for range 0: no IP addresses '
        "available in range set: 10.0.0.1-10.0.0.2"
    )
    world.server.delete(PODS, "first", "default")
    world.run(10)
    assert world.status("second")["podIP"] == "10.0.0.2"


def test_node_is_ready_when_the_agent_of_its_network_runs():
    world = World(agent=AGENT)
    quick(world)
    world.node()
    world.pod()
    world.pod("host", hostNetwork=True)
    world.run(5)
    ready = condition(world)
    assert (ready["status"], ready["reason"], ready["message"]) == ("False", "KubeletNotReady", CNI)
    assert world.status()["containerStatuses"][0]["state"]["waiting"]["reason"] == (
        "ContainerCreating"
    )
    assert ("Warning", "NetworkNotReady", f"network is not ready: {CNI}", 1) in world.events()
    assert world.status("host")["podIP"] == "172.20.10.7"
    world.pod("flannel", namespace="kube-system", labels=AGENT, hostNetwork=True)
    world.run(5)
    assert condition(world)["status"] == "True"
    assert world.status()["phase"] == "Running"
    assert world.status()["podIP"] == "10.244.1.2"
    assert [reason for _, reason, _, _ in world.events("n1")] == [
        "Starting", "NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID",
        "NodeReady",
    ]  # fmt: skip
    world.close()


def test_node_waits_for_its_subnet(world):
    quick(world)
    world.node(cidr="")
    world.pod()
    world.run(1)
    assert condition(world)["status"] == "False"
    world.server.patch(NODES, {"spec": {"podCIDR": "10.244.9.0/24"}}, "n1")
    world.run(1)
    assert condition(world)["status"] == "True"
    assert world.status()["podIP"] == "10.244.9.2"


def test_lease_is_renewed_each_ten_seconds_and_the_status_each_five_minutes(world):
    held = world.node().decode()
    world.run(0)
    first = lease(world)
    assert first["spec"] == {
        "holderIdentity": "n1", "leaseDurationSeconds": 40,
        "renewTime": "2026-11-23T04:16:02.000000Z",
    }  # fmt: skip
    assert first["metadata"]["ownerReferences"] == [
        {"apiVersion": "v1", "kind": "Node", "name": "n1", "uid": held["metadata"]["uid"]}
    ]
    reported = world.server.get(NODES, "n1").revision
    world.run(299)
    assert lease(world)["spec"]["renewTime"] == "2026-11-23T04:20:52.000000Z"
    assert world.server.get(NODES, "n1").revision == reported
    world.run(1)
    ready = condition(world)
    assert ready["lastHeartbeatTime"] == "2026-11-23T04:21:02Z"
    assert ready["lastTransitionTime"] == "2026-11-23T04:16:02Z"


def test_status_that_did_not_change_is_posted_with_a_new_time_alone(world):
    world.node()
    world.run(300)
    before = node_status(world)
    world.run(300)
    for held in before["conditions"]:
        held["lastHeartbeatTime"] = "2026-11-23T04:26:02Z"
    assert node_status(world) == before


def test_condition_of_somebody_else_keeps_its_time(world):
    world.node()
    world.run(1)
    foreign = {
        "type": "KernelDeadlock", "status": "False",
        "lastHeartbeatTime": "2026-11-23T04:21:02Z", "lastTransitionTime": "2026-11-23T04:16:02Z",
        "reason": "KernelHasNoDeadlock", "message": "fine",
    }  # fmt: skip
    conditions = [*node_status(world)["conditions"], foreign]
    world.server.patch(NODES, {"status": {"conditions": conditions}}, "n1", subresource="status")
    world.run(299)
    assert condition(world)["lastHeartbeatTime"] == foreign["lastHeartbeatTime"]
    world.run(300)
    assert condition(world)["lastHeartbeatTime"] == "2026-11-23T04:26:02Z"
    assert condition(world, "KernelDeadlock") == foreign
    world.run(300)
    assert condition(world)["lastHeartbeatTime"] == "2026-11-23T04:31:02Z"
    assert condition(world, "KernelDeadlock") == foreign


def test_lease_that_somebody_else_wrote_is_taken_over(world):
    world.node()
    world.run(0)
    world.server.patch(LEASES, {"spec": {"holderIdentity": "x"}}, "n1", "kube-node-lease")
    world.run(20)
    spec = lease(world)["spec"]
    assert (spec["holderIdentity"], spec["renewTime"]) == ("n1", "2026-11-23T04:16:22.000000Z")
    world.server.delete(LEASES, "n1", "kube-node-lease")
    world.run(20)
    assert lease(world)["spec"]["renewTime"] == "2026-11-23T04:16:42.000000Z"


def test_readiness_that_somebody_else_denied_is_restored(world):
    world.node()
    world.run(1)
    unknown = [c | {"status": "Unknown"} for c in node_status(world)["conditions"]]
    world.server.patch(NODES, {"status": {"conditions": unknown}}, "n1", subresource="status")
    world.run(1)
    assert condition(world)["status"] == "True"
    assert condition(world, "MemoryPressure")["status"] == "False"


def test_images_are_listed_in_the_status(world):
    quick(world, size_bytes=5)
    world.node()
    world.run(0)
    world.pod()
    world.run(9)
    assert "images" not in node_status(world)
    world.run(2)
    (image,) = node_status(world)["images"]
    assert image["sizeBytes"] == 5
    assert image["names"][1] == "docker.io/library/httpd:latest"


def test_image_that_a_node_lists_is_not_pulled(world):
    quick(world)
    obj = world.node().decode()
    obj["status"]["images"] = [{"names": ["httpd:latest"], "sizeBytes": 7}]
    world.server.update(NODES, obj, subresource="status")
    world.pod(container={"imagePullPolicy": "IfNotPresent"})
    world.run(20)
    assert world.events()[0][2] == 'Container image "httpd" already present on machine'
    assert node_status(world)["images"] == [{"names": ["httpd:latest"], "sizeBytes": 7}]


def test_kubelet_that_is_stopped_tells_nothing_and_goes_on_later(world):
    quick(world)
    world.node()
    world.pod()
    world.run(1)
    world.kubelet.stop("n1")
    world.pod("late")
    world.server.delete(PODS, "web", "default")
    world.run(100)
    assert lease(world)["spec"]["renewTime"] == "2026-11-23T04:16:02.000000Z"
    assert world.is_there()
    assert world.status("late") == {"phase": "Pending", "qosClass": "BestEffort"}
    world.kubelet.start("n1")
    world.run(1)
    assert not world.is_there()
    assert world.status("late")["phase"] == "Running"
    assert lease(world)["spec"]["renewTime"] == "2026-11-23T04:17:43.000000Z"


@pytest.fixture
def master():
    world = World(static_pods={"ken": [ETCD]})
    quick(world, "etcd:3")
    world.node("ken", address="172.20.10.2")
    yield world
    world.close()


def etcd(world):
    return world.get("etcd-ken", "kube-system")


def test_static_pod_runs_and_is_mirrored(master):
    master.run(1)
    pod = etcd(master)
    annotations = pod["metadata"]["annotations"]
    digest = annotations["kubernetes.io/config.hash"]
    assert annotations["kubernetes.io/config.mirror"] == digest
    assert annotations["kubernetes.io/config.source"] == "file"
    assert annotations["kubernetes.io/config.seen"] == "2026-11-23T04:16:02.000000000Z"
    (owner,) = pod["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["controller"]) == ("Node", "ken", True)
    assert pod["spec"]["nodeName"] == "ken"
    assert pod["spec"]["priority"] == 2_000_001_000
    assert {"operator": "Exists", "effect": "NoExecute"} in pod["spec"]["tolerations"]
    assert (pod["status"]["phase"], pod["status"]["podIP"]) == ("Running", "172.20.10.2")


def test_mirror_that_is_deleted_comes_back_and_the_pod_runs_on(master):
    master.run(1)
    before = etcd(master)
    for grace in (None, 0):
        master.server.delete(PODS, "etcd-ken", "kube-system", grace_period_seconds=grace)
        master.run(1)
        after = etcd(master)
        assert after["metadata"]["uid"] != before["metadata"]["uid"]
        assert after["status"]["containerStatuses"] == before["status"]["containerStatuses"]
        before = after


def test_static_pod_outlives_its_kubelet(master):
    master.run(1)
    before = etcd(master)
    revision = master.store.revision
    master.restart()
    master.run(1)
    assert etcd(master) == before
    assert master.store.revision == revision


def test_mirror_of_another_manifest_is_replaced_and_one_of_none_deleted(master):
    master.run(1)
    first = etcd(master)["metadata"]["uid"]
    labels = {"tier": "other"}
    master.static_pods = {"ken": [ETCD | {"metadata": ETCD["metadata"] | {"labels": labels}}]}
    master.restart()
    master.run(1)
    assert etcd(master)["metadata"]["labels"] == labels
    assert etcd(master)["metadata"]["uid"] != first
    assert etcd(master)["status"]["phase"] == "Running"
    master.static_pods = {}
    master.restart()
    master.run(1)
    assert not master.is_there("etcd-ken", "kube-system")


def test_static_pod_crashes_like_any_other(master):
    master.run(1)
    master.runtime.crash("kube-system", "etcd-ken", "etcd", 2)
    master.run(1)
    (container,) = etcd(master)["status"]["containerStatuses"]
    assert container["restartCount"] == 1


@pytest.mark.parametrize("address", ["\0", 'a"b', "a\1b", "fe80::1%\0", "host1"])
def test_an_address_that_is_none_is_not_shown_by_pods(world, address):
    world.node(address=address)
    world.pod("own")
    world.pod("host", hostNetwork=True)
    world.run(5)
    for name in ("own", "host"):
        status = world.status(name)
        assert (status["phase"], "hostIP" in status) == ("Running", False)


@pytest.mark.parametrize("address", ["\0", 'a"b', "\n1.2.3.4"])
def test_an_address_that_others_wrote_into_a_status_is_replaced_if_it_is_none(world, address):
    world.node()
    world.pod()
    world.run(5)
    held = world.server.get(PODS, "web", "default")
    status = held.decode()["status"] | {"podIP": address, "podIPs": [{"ip": address}]}
    world.server.batch.patch_status(PODS, [(held, json.dumps(status).encode())])
    world.restart()
    world.run(5)
    assert world.status()["podIP"] == "10.244.1.2"
