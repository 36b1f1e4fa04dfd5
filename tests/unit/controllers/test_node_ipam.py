from functools import partial

import pytest

from pykube_core.api.core import NODES
from pykube_core.controllers import NodeIpamController
from pykube_core.controllers.node_ipam import CidrSet


@pytest.fixture
def world(new_world):
    return new_world(NodeIpamController)


def cidrs(world):
    nodes = [node.decode() for node in world.server.list(NODES).items]
    for node in nodes:
        if "podCIDR" in node["spec"]:
            assert node["spec"]["podCIDRs"] == [node["spec"]["podCIDR"]]
    return {node["metadata"]["name"]: node["spec"].get("podCIDR") for node in nodes}


def test_nodes_get_subnets_in_the_order_in_which_they_come(world, assert_rests):
    world.node("b", taints=[{"key": "k", "effect": "NoSchedule"}])
    world.run()
    world.node("a")
    world.node("c", podCIDR="10.244.2.0/24", podCIDRs=["10.244.2.0/24"])
    world.node("d")
    world.run()
    assert cidrs(world) == {
        "b": "10.244.0.0/24", "a": "10.244.1.0/24", "c": "10.244.2.0/24", "d": "10.244.3.0/24",
    }  # fmt: skip
    held = world.get(NODES, "b", "")
    assert held["spec"]["taints"] == [{"key": "k", "effect": "NoSchedule"}]
    assert held["status"]["conditions"]
    assert_rests(world)


def test_subnet_of_a_node_that_is_gone_is_given_again(world):
    for name in "abc":
        world.node(name)
    world.run()
    world.server.delete(NODES, "b")
    world.run()
    world.node("d")
    world.run()
    assert cidrs(world)["d"] == "10.244.1.0/24"


def test_node_that_finds_no_subnet_is_told_and_waits_for_one(new_world):
    small = partial(NodeIpamController, cluster_cidr="10.0.0.0/24", node_cidr_mask_size=25)
    world = new_world(small)
    for name in "abc":
        world.node(name)
    world.run()
    assert list(cidrs(world).values()) == ["10.0.0.0/25", "10.0.0.128/25", None]
    assert world.messages("CIDRNotAvailable") == ["Node c status is now: CIDRNotAvailable"]
    world.server.delete(NODES, "a")
    world.run()
    assert cidrs(world) == {"b": "10.0.0.128/25", "c": "10.0.0.0/25"}


def test_thousands_of_nodes_go_in_batches(world):
    names = [f"n{index:04}" for index in range(256)]
    world.server.batch.create(NODES, {"metadata": {"name": "n"}}, names=names)
    world.run()
    assert world.failing.write_count == 1
    assert len(set(cidrs(world).values())) == 256


def test_set_knows_networks_of_other_sizes_and_none_outside():
    free = CidrSet("10.0.0.0/22", 24)
    free.occupy("10.0.0.0/23")
    free.occupy("192.168.0.0/16")
    free.occupy("fd00::/64")
    free.occupy("nonsense")
    assert [free.take(), free.take(), free.take()] == ["10.0.2.0/24", "10.0.3.0/24", None]
    free.release("10.0.0.0/23")
    assert free.take() == "10.0.0.0/24"
    six = CidrSet("fd00::/48", 64)
    assert [six.take(), six.take()] == ["fd00::/64", "fd00:0:0:1::/64"]
    with pytest.raises(ValueError, match="no subnets"):
        CidrSet("10.0.0.0/24", 16)


def test_crash_around_any_write_converges_to_the_same_end(assert_crash_safe):
    def script(world):
        for name in "abc":
            world.node(name)
            world.run()
        world.server.delete(NODES, "b")
        world.node("d")
        world.run()

    assert_crash_safe([NodeIpamController], script, cidrs)
