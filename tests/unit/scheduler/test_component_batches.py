import pytest

from pykube_core.api.core import EVENTS, PODS
from pykube_core.scheduler.component.schedule_loop import ScheduleLoop
from tests.unit.failing_client import Crash
from tests.unit.scheduler.component_world import World, important

NODE_COUNT = 10


def mixed(world):
    """Pods that fit, that do not, that preempt and that are pinned, on nodes half full."""
    important(world)
    for index in range(NODE_COUNT):
        world.node(f"n{index}", labels={"zone": f"z{index % 2}"})
        if index % 3:
            world.pod(f"old{index}", cpu="3", nodeName=f"n{index}")
    world.run(1)
    term = {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "zone"}
    apart = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    kinds = [
        {},
        {"cpu": "9"},
        {"cpu": "3", "priorityClassName": "high"},
        {"nodeSelector": {"zone": "z1"}},
        {"affinity": apart, "priorityClassName": "mid"},
        {"cpu": "2", "priorityClassName": "mid"},
    ]
    for index in range(40):
        world.pod(f"p{index:02}", **kinds[index * 7 % 11 % len(kinds)])


def told(world):
    return [
        (pod.name, decoded["spec"].get("nodeName"), decoded["status"])
        for pod in world.server.list(PODS).items
        for decoded in (pod.decode(),)
    ], [
        (e["involvedObject"]["name"], e["reason"], e["message"])
        for e in (event.decode() for event in world.server.list(EVENTS).items)
    ]


@pytest.mark.parametrize("seed", range(3))
def test_a_batch_ends_as_one_pod_after_the_other(monkeypatch, seed):
    outcomes = []
    for alone in (False, True):
        if alone:
            monkeypatch.setattr(
                ScheduleLoop, "_end_of_run", lambda self, pods, classes, begin: begin
            )
        world = World(seed=seed)
        mixed(world)
        world.run(0)
        places, events = told(world)
        outcomes.append((places, sorted(events)))
        assert len({node for _, node, _ in places}) > 3
        assert {reason for _, reason, _ in events} == {"FailedScheduling", "Preempted", "Scheduled"}
        world.close()
    assert outcomes[0] == outcomes[1]


def settled(world):
    """Let the nodes delete what is marked, and the scheduler place what it can."""
    for _ in range(3):
        world.run(12)
        for pod in world.server.list(PODS).items:
            if b"deletionTimestamp" in pod.data:
                world.server.delete(PODS, pod.name, "default", grace_period_seconds=0)
    world.run(12)
    return {pod.name: pod.decode()["spec"].get("nodeName") for pod in world.server.list(PODS).items}


@pytest.mark.parametrize("after", [False, True])
def test_a_scheduler_that_dies_at_any_write_is_made_anew_from_the_log(after):
    for fatal in range(1, 8):
        world = World()
        mixed(world)
        world.stop()
        world.start(fatal, after)
        with pytest.raises(Crash):
            world.run(1)
        world.stop()
        world.start()
        found = settled(world)
        # Every pod of high priority has a place, and every node is accounted for right.
        for name in found:
            if world.held(name)["spec"].get("priority") == 1000:
                assert found[name]
        world.stop()
        world.start()
        world.run(0)
        revision = world.store.revision
        counts = [sum(node == f"n{i}" for node in found.values()) for i in range(NODE_COUNT)]
        assert world.scheduler._scheduler.pod_count().tolist() == counts
        world.log.pull()
        world.scheduler.step(world.clock())
        assert world.store.revision == revision
        world.close()
