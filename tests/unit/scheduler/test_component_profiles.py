"""Policies of a user's own in the scheduler component: further filters, several profiles."""

from dataclasses import replace

from pykube_core.api.core import NODES
from pykube_core.scheduler.config import profile_from_dict
from pykube_core.scheduler.policies import policy
from tests.unit.scheduler.test_component import World


def test_devices_of_a_node_may_change_under_its_pods():
    gpus = "alibabacloud.com/gpu-count"
    world = World(policy=policy("default").with_filters(["GpuShare"]))
    world.node("n1")
    allocatable = world.server.get(NODES, "n1").decode()["status"]["allocatable"]
    for count in ("1", "2"):
        patch = {"allocatable": allocatable | {gpus: count}}
        world.server.patch(NODES, {"status": patch}, "n1", subresource="status")
        world.run(0)
        world.pod(f"a{count}", cpu="2")
        world.run(0)
    world.pod("b")
    world.run(0)
    assert [world.node_of(name) for name in ("a1", "a2", "b")] == ["n1", "n1", None]
    world.close()


def test_a_policy_of_several_profiles_serves_the_pods_of_each():
    packing = replace(
        policy("most-allocated"), profile=profile_from_dict({"schedulerName": "packing"})
    )
    world = World(policy=replace(policy("default"), others=(packing,)))
    world.node("n1")
    world.pod("a", schedulerName="packing")
    world.pod("b")
    world.pod("c", schedulerName="nobody")
    world.run()
    assert [world.node_of(name) for name in "abc"] == ["n1", "n1", None]
    world.close()
