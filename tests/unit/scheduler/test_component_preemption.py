import pytest

from pykube_core.api.core import NODES, PODS
from tests.unit.scheduler.component_world import World, important, pod, status


@pytest.fixture
def world():
    world = World()
    yield world
    world.close()


def test_victims_make_way_for_a_pod_of_higher_priority(world):
    important(world)
    world.node("n1", cpu="2")
    world.pod("low", cpu="2")
    world.run(1)
    held = world.pod("top", cpu="2", priorityClassName="high").decode()
    world.run(1)
    victim = world.held("low")
    assert victim["metadata"]["deletionTimestamp"]
    condition = world.condition("low", "DisruptionTarget")
    assert (condition["status"], condition["reason"], condition["message"]) == (
        "True",
        "PreemptionByScheduler",
        "default-scheduler: preempting to accommodate a higher priority pod",
    )
    text = f"Preempted by pod {held['metadata']['uid']} on node n1"
    assert ("Normal", "Preempted", "Preempting", text) in world.events("low")
    assert world.held("top")["status"]["nominatedNodeName"] == "n1"
    text = "0/1 nodes are available: 1 Insufficient cpu."
    assert world.condition("top")["message"] == text
    # Nobody of lower priority takes the room, and the preemptor waits for it.
    world.pod("late")
    world.server.delete(PODS, "low", "default", grace_period_seconds=0)
    world.run(3)
    assert world.node_of("top") == "n1"
    assert world.node_of("late") is None


def test_a_more_important_preemptor_takes_a_nomination_away(world):
    important(world)
    world.node("n1", cpu="2")
    world.pod("low", cpu="2")
    world.run(1)
    world.pod("middle", cpu="2", priorityClassName="mid")
    world.run(1)
    assert world.held("middle")["status"]["nominatedNodeName"] == "n1"
    world.server.delete(PODS, "low", "default", grace_period_seconds=0)
    world.pod("other", cpu="1", nodeName="n1")
    world.pod("top", cpu="2", priorityClassName="high")
    world.run(1)
    assert world.held("top")["status"]["nominatedNodeName"] == "n1"
    assert "nominatedNodeName" not in world.held("middle")["status"]


def test_a_nomination_outlives_the_scheduler(world):
    important(world)
    world.node("n1", cpu="2")
    world.pod("low", cpu="2")
    world.run(1)
    world.pod("top", cpu="2", priorityClassName="high")
    world.run(1)
    world.stop()
    world.start()
    world.server.delete(PODS, "low", "default", grace_period_seconds=0)
    world.pod("late")
    world.run(3)
    assert (world.node_of("top"), world.node_of("late")) == ("n1", None)


def test_a_nomination_holds_on_a_node_that_comes_back(world):
    important(world)
    world.node("n1", cpu="2")
    world.pod("low", cpu="2")
    world.run(1)
    world.pod("top", cpu="2", priorityClassName="high")
    world.run(1)
    world.server.delete(NODES, "n1")
    world.run(0)
    world.server.delete(PODS, "low", "default", grace_period_seconds=0)
    world.server.delete(PODS, "top", "default", grace_period_seconds=0)
    nominated = world.server.create(PODS, pod("top", "2", priorityClassName="high"), "default")
    status(world, nominated.name, nominatedNodeName="n1")
    world.pod("late")
    world.run(0)
    world.node("n1", cpu="2")
    world.run(12)
    assert (world.node_of("top"), world.node_of("late")) == ("n1", None)
