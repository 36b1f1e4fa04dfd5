import json

import pytest
from msgspec.structs import replace

from pykube_core.api.core import EVENTS, NODES, PODS
from pykube_core.api.scheduling import PRIORITY_CLASSES
from pykube_core.apiserver import ApiServer
from pykube_core.client.informers import SharedInformer
from pykube_core.cluster import EventLoop, VirtualClock
from pykube_core.scheduler.component.component import SchedulerComponent
from pykube_core.scheduler.component.schedule_loop import ScheduleLoop
from pykube_core.scheduler.config import configuration_from_dict
from pykube_core.store import Store
from tests.unit.failing_client import Crash, FailingClient

START = 1_795_407_362 * 10**9
SECOND = 10**9
READY = [{"type": "Ready", "status": "True"}]


class World:
    def __init__(self, **options):
        self.store = Store(salt=1)
        self.clock = VirtualClock(START)
        self.server = ApiServer(self.store, clock=self.clock, seed=7)
        self.server.bootstrap()
        self.options = options
        self.start()

    def start(self, fatal=-1, after=False):
        self.log = SharedInformer(self.store, self.server.registry)
        self.loop = EventLoop(self.log, self.clock)
        self.failing = FailingClient(self.server, fatal, after)
        self.scheduler = SchedulerComponent(self.failing, self.log, **self.options)
        self.loop.add(self.scheduler)

    def stop(self):
        self.scheduler._scheduler.validate()
        self.scheduler.close()
        self.log.close()

    def run(self, seconds=0):
        self.loop.run(until_ns=self.clock() + seconds * SECOND)

    def node(self, name, cpu="4", taints=(), labels=None):
        self.server.create(NODES, {"metadata": {"name": name, "labels": labels or {}}})
        capacity = {"cpu": cpu, "memory": "32Gi", "pods": "110"}
        patch = {"capacity": capacity, "allocatable": capacity, "conditions": READY}
        self.server.patch(NODES, {"status": patch}, name, subresource="status")
        self.server.patch(NODES, {"spec": {"taints": list(taints)}}, name)

    def pod(self, name, cpu="1", **spec):
        return self.server.create(PODS, pod(name, cpu, **spec), "default")

    def held(self, name):
        return self.server.get(PODS, name, "default").decode()

    def node_of(self, name):
        return self.held(name)["spec"].get("nodeName")

    def condition(self, name, type="PodScheduled"):
        conditions = self.held(name)["status"].get("conditions", [])
        return next((c for c in conditions if c["type"] == type), None)

    def events(self, name):
        found = [event.decode() for event in self.server.list(EVENTS).items]
        return [
            (event["type"], event["reason"], event["action"], event["message"])
            for event in found
            if event["involvedObject"]["name"] == name
        ]

    def close(self):
        self.stop()
        self.store.validate()
        self.store.close()


def pod(name, cpu="1", labels=None, **spec):
    container = {"name": "c", "image": "httpd", "resources": {"requests": {"cpu": cpu}}}
    metadata = {"name": name, "labels": labels or {"app": "web"}}
    return {"metadata": metadata, "spec": {"containers": [container]} | spec}


@pytest.fixture
def world():
    world = World()
    yield world
    world.close()


def status(world, name, **members):
    obj = world.server.get(PODS, name, "default")
    new = obj.decode()["status"] | members
    world.server.batch.patch_status(PODS, [(obj, json.dumps(new).encode())])


def test_pods_are_bound_and_told(world):
    world.node("n1")
    world.pod("a")
    world.pod("b", schedulerName="other")
    world.run()
    assert world.node_of("a") == "n1"
    assert world.node_of("b") is None
    assert world.condition("a")["status"] == "True"
    assert world.events("a") == [
        ("Normal", "Scheduled", "Binding", "Successfully assigned default/a to n1")
    ]


def test_what_fits_nowhere_says_so_and_waits_for_a_node(world):
    world.node("n1", cpu="1")
    world.pod("a", cpu="2")
    world.run(2)
    text = (
        "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, "
        "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    )
    condition = world.condition("a")
    assert (condition["status"], condition["reason"]) == ("False", "Unschedulable")
    assert condition["message"] == text
    assert world.events("a") == [("Warning", "FailedScheduling", "Scheduling", text)]
    before = world.store.revision
    world.run(3)
    assert world.store.revision == before
    world.node("n2", cpu="2")
    world.run(2)
    assert world.node_of("a") == "n2"


def test_nodes_come_change_and_go(world):
    world.node("n1", taints=[{"key": "k", "effect": "NoSchedule"}])
    world.pod("a")
    world.run(1)
    assert "untolerated taint {k: }" in world.condition("a")["message"]
    world.server.patch(NODES, {"spec": {"taints": None}}, "n1")
    world.run(2)
    assert world.node_of("a") == "n1"
    world.server.delete(NODES, "n1")
    world.node("n2", cpu="1")
    world.pod("b")
    world.pod("c")
    world.run(2)
    assert [world.node_of(name) for name in "abc"] == ["n1", "n2", None]
    # A node of that name comes back, with the pod that was on it.
    world.node("n1", cpu="2")
    world.pod("d")
    world.run(2)
    assert {world.node_of("c"), world.node_of("d")} == {"n1", None}


def test_heartbeats_of_nodes_are_no_news(world):
    world.node("n1", cpu="1")
    world.pod("a", cpu="1500m")
    world.run(1)
    beat = {"type": "Ready", "status": "True", "lastHeartbeatTime": "2026-11-23T05:00:00Z"}
    world.server.patch(NODES, {"status": {"conditions": [beat]}}, "n1", subresource="status")
    world.log.pull()
    world.scheduler._scheduler.update_nodes = None
    world.scheduler.step(world.clock())
    assert len(world.events("a")) == 1


def test_pods_of_others_take_room_until_they_end(world):
    world.node("n1", cpu="2")
    world.pod("static", nodeName="n1", schedulerName="nobody")
    world.pod("lost", nodeName="n9")
    world.pod("a", cpu="2")
    world.run(1)
    assert world.node_of("a") is None
    status(world, "static", phase="Succeeded")
    world.run(2)
    assert world.node_of("a") == "n1"
    world.pod("b")
    world.run(1)
    assert world.node_of("b") is None
    world.server.delete(PODS, "a", "default", grace_period_seconds=0)
    world.run(2)
    assert world.node_of("b") == "n1"


def test_labels_of_pods_on_nodes_are_followed(world):
    world.node("n1", labels={"zone": "a"})
    world.pod("a", nodeName="n1")
    term = {"labelSelector": {"matchLabels": {"app": "db"}}, "topologyKey": "zone"}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": [term]}
    world.pod("b", affinity={"podAffinity": required})
    world.run(1)
    assert "didn't match pod affinity rules" in world.condition("b")["message"]
    world.server.patch(PODS, {"metadata": {"labels": {"app": "db"}}}, "a", "default")
    world.run(2)
    assert world.node_of("b") == "n1"


def test_gated_pods_wait_for_their_gates(world):
    world.node("n1")
    world.pod("a", schedulingGates=[{"name": "g"}])
    before = world.store.revision
    world.run(1)
    assert world.store.revision == before
    world.server.patch(PODS, {"spec": {"schedulingGates": []}}, "a", "default")
    world.run(1)
    assert world.node_of("a") == "n1"


def test_pods_that_are_being_deleted_are_left_out(world):
    world.pod("a")
    patch = {"metadata": {"finalizers": ["example.com/hold"]}}
    world.server.patch(PODS, patch, "a", "default")
    world.server.delete(PODS, "a", "default")
    world.node("n1")
    world.run(0)
    text = "skip schedule deleting pod: default/a"
    assert world.events("a") == [("Warning", "FailedScheduling", "Scheduling", text)]
    world.server.patch(PODS, {"metadata": {"labels": {"x": "y"}}}, "a", "default")
    world.run(0)
    assert world.node_of("a") is None
    world.server.patch(PODS, {"metadata": {"finalizers": None}}, "a", "default")
    world.pod("b")
    world.run(0)
    assert world.node_of("b") == "n1"


def test_without_nodes_pods_are_tried_again(world):
    world.pod("a")
    world.run(1)
    assert world.condition("a")["message"] == "no nodes available to schedule pods"
    world.node("n1")
    world.run(11)
    assert world.node_of("a") == "n1"


PRIORITY = {"high": 1000, "mid": 500}


def important(world):
    for name, value in PRIORITY.items():
        world.server.create(PRIORITY_CLASSES, {"metadata": {"name": name}, "value": value})


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


def test_a_refused_binding_gives_the_room_back(world):
    world.node("n1", cpu="1")
    world.pod("a")
    real = world.server.batch.bind
    refusals = []

    def bind(bindings):
        if not refusals:
            refusals.append(real([replace(b, uid="other") for b in bindings]))
            return refusals[0]
        return real(bindings)

    world.server.batch.bind = bind
    world.run()
    (_, reason, _, text), *_ = world.events("a")
    assert reason == "FailedScheduling"
    assert text.startswith('running Bind plugin "DefaultBinder": Operation cannot be fulfilled on')
    assert world.condition("a")["reason"] == "SchedulerError"
    assert world.scheduler._scheduler.pod_count().tolist() == [0]
    world.run(3)
    assert world.node_of("a") == "n1"


def test_a_pod_that_somebody_else_bound_meanwhile_is_not_said_to_fail(world):
    world.node("n1")
    world.node("n2")
    world.pod("a")
    world.log.pull()
    world.server.bind("a", "default", "n2")
    world.scheduler.step(world.clock())
    assert world.condition("a")["status"] == "True"
    world.run(3)
    assert world.node_of("a") == "n2"
    assert sum(world.scheduler._scheduler.pod_count()) == 1


def test_a_pod_that_changes_while_it_is_bound_counts_as_it_is(world, monkeypatch):
    world.node("n1", labels={"zone": "a"})
    world.pod("a")
    bind = world.server.batch.bind

    def bind_changed(bindings):
        for binding in bindings:
            patch = {"metadata": {"labels": {"app": "db"}}}
            world.server.patch(PODS, patch, binding.name, "default")
        return bind(bindings)

    monkeypatch.setattr(world.server.batch, "bind", bind_changed)
    world.run()
    monkeypatch.undo()
    assert world.node_of("a") == "n1"
    for app, node in (("db", None), ("web", "n1")):
        term = {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": "zone"}
        rules = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
        world.server.create(PODS, pod(app, labels={"x": "y"}, affinity=rules), "default")
        world.run()
        assert world.node_of(app) == node


def test_profiles_share_the_nodes():
    configuration = configuration_from_dict(
        {
            "apiVersion": "kubescheduler.config.k8s.io/v1",
            "kind": "KubeSchedulerConfiguration",
            "profiles": [
                {"schedulerName": "default-scheduler"},
                {
                    "schedulerName": "blind",
                    "plugins": {"filter": {"disabled": [{"name": "TaintToleration"}]}},
                },
            ],
        }
    )
    world = World(configuration=configuration)
    world.node("n1", cpu="2", taints=[{"key": "k", "effect": "NoSchedule"}])
    world.pod("a")
    world.pod("b", schedulerName="blind")
    world.pod("c", cpu="2", schedulerName="blind")
    world.run(1)
    assert [world.node_of(name) for name in "abc"] == [None, "n1", None]
    assert "Insufficient cpu" in world.condition("c")["message"]
    world.close()


def test_like_pods_that_fit_nowhere_are_evaluated_once(world):
    world.node("n1", cpu="1")
    for index in range(20):
        world.pod(f"a{index:02}", cpu="2")
    evaluated = []
    schedule = world.scheduler._cycle.schedule
    world.scheduler._cycle.schedule = lambda pod: evaluated.append(pod) or schedule(pod)
    world.run(1)
    assert len(evaluated) == 1
    assert world.condition("a00")["message"] == world.condition("a19")["message"]


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
