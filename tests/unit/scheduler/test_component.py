import pytest
from msgspec.structs import replace

from pykube_core.api.core import NODES, PODS
from pykube_core.scheduler.config import configuration_from_dict
from tests.unit.scheduler.component_world import World, pod, status


@pytest.fixture
def world():
    world = World()
    yield world
    world.close()


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
