"""The cycle asks volumes, reserves them, and preempts."""

from pykube_core.scheduler.config import profile_from_dict
from pykube_core.scheduler.cycle.cycle import SchedulingCycle
from pykube_core.scheduler.placer.scheduler import Scheduler
from pykube_core.scheduler.policies import Policy
from tests.unit.scheduler.storage_world import HOST, claim, pod, volume, waiting_class


def node(name, cpu="4"):
    return {
        "metadata": {"name": name, "labels": {HOST: name}},
        "status": {"allocatable": {"cpu": cpu, "memory": "8Gi", "pods": "10"}},
    }


def cycle(*names, profile=None, objects=None, **more):
    policy = Policy("default", "", profile_from_dict(profile))
    return SchedulingCycle(Scheduler([node(n) for n in names], policy, objects=objects), **more)


def asking(cpu, name="p", priority=0, **more):
    item = pod(name=name)
    item["spec"] |= {"priority": priority, **more}
    item["spec"]["containers"][0]["resources"] = {"requests": {"cpu": cpu}}
    return item


LOCAL = {
    "persistentVolumeClaims": [claim("c"), claim("d"), claim("e")],
    "persistentVolumes": [volume("v", host="b"), volume("w", host="a")],
    "storageClasses": [waiting_class()],
}


def test_a_placed_pod_takes_its_volume_out_of_the_pool():
    run = cycle("a", "b", objects=LOCAL)
    first, second = run.schedule(pod("c", name="p")), run.schedule(pod("d", name="q"))
    assert {first.placed, second.placed} == {"a", "b"}
    third = run.schedule(pod("e", name="r"))
    assert third.placed is None
    assert third.rejected["a"].plugin == "VolumeBinding"
    assert third.message == (
        "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind. "
        "no new claims to deallocate, preemption: 0/2 nodes are available: "
        "2 Preemption is not helpful for scheduling."
    )


def test_explain_reserves_nothing():
    run = cycle("a", "b", objects=LOCAL)
    for name in ("c", "d", "e"):
        assert run.explain(pod(name)).feasible == ("a", "b")


def test_without_reserve_nothing_is_taken():
    off = {"plugins": {"reserve": {"disabled": [{"name": "VolumeBinding"}]}}}
    run = cycle("a", "b", profile=off, objects=LOCAL)
    placed = [run.schedule(pod(n, name=n)).placed for n in ("c", "d", "e")]
    assert None not in placed


def test_a_refusal_by_pre_filter_ends_the_attempt():
    decision = cycle("a").schedule(pod("gone"))
    assert decision.pre_filter.plugin == "VolumeRestrictions"
    assert decision.message == (
        '0/1 nodes are available: persistentvolumeclaim "gone" not found. not found'
    )


def test_volumes_of_a_driver_fill_a_node():
    drivers = [{"name": "d", "allocatable": {"count": 1}}]
    objects = {
        "persistentVolumeClaims": [claim("c"), claim("e")],
        "storageClasses": [waiting_class(provisioner="d")],
        "csiNodes": [{"metadata": {"name": "a"}, "spec": {"drivers": drivers}}],
    }
    run = cycle("a", objects=objects)
    assert run.schedule(pod("c", name="p")).placed == "a"
    assert run.schedule(pod("c", name="q")).placed == "a"
    assert run.schedule(pod("e", name="r")).rejected["a"].plugin == "NodeVolumeLimits"


def test_victims_go_and_the_pod_follows():
    run = cycle("a", "b")
    for i in range(2):
        assert run.schedule(asking("3", f"low-{i}", 1)).placed
    first = run.schedule(asking("3", "high", 10))
    assert first.placed is None
    assert first.preemption.victims == ("default/low-0",)
    assert first.preemption.tied_nodes == ("a", "b")
    assert run.nominator.nodes == {"default/high": "a"}
    assert run.schedule(asking("3", "low-2", 1)).placed is None
    assert run.schedule(asking("3", "high", 10)).placed == "a"
    assert run.nominator.nodes == {}


def test_nominations_of_lower_priority_give_way_on_the_node_taken():
    run = cycle("a")
    run.schedule(asking("3", "low", 1))
    run.nominator.nominate(asking("1", "waiting", 5), "a")
    run.nominator.nominate(asking("1", "elsewhere", 5), "gone")
    decision = run.schedule(asking("4", "high", 10))
    assert decision.preemption.nominated_node == "a"
    assert run.nominator.nodes == {"default/high": "a", "default/elsewhere": "gone"}


def test_an_attempt_that_may_not_preempt_changes_nothing():
    run = cycle("a")
    run.schedule(asking("3", "low", 1))
    run.nominator.nominate(asking("3", "high", 10), "a")
    decision = run.schedule(asking("3", "high", 10), may_preempt=False)
    assert decision.preemption is None
    assert decision.message == "0/1 nodes are available: 1 Insufficient cpu."
    assert run.nominator.nodes == {"default/high": "a"}


def test_a_pod_that_preemption_cannot_help_loses_its_nomination():
    run = cycle("a")
    run.nominator.nominate(asking("9", "high", 10), "a")
    assert run.schedule(asking("9", "high", 10)).placed is None
    assert run.nominator.nodes == {}


def test_a_pod_that_never_preempts_keeps_its_nomination():
    run = cycle("a")
    item = asking("9", "high", 10, preemptionPolicy="Never")
    run.nominator.nominate(item, "a")
    message = run.schedule(item).message
    assert message.endswith("preemption: not eligible due to preemptionPolicy=Never.")
    assert run.nominator.nodes == {"default/high": "a"}


def test_budgets_steer_the_choice():
    labels = {"app": "web"}
    budget = {
        "metadata": {"name": "b", "namespace": "default"},
        "spec": {"selector": {"matchLabels": labels}},
        "status": {"disruptionsAllowed": 0},
    }
    run = cycle("a", "b", objects={"podDisruptionBudgets": [budget]})
    for i in range(2):
        item = asking("3", f"low-{i}", 1)
        item["metadata"]["labels"] = labels if i == 0 else {}
        run.schedule(item)
    decision = run.schedule(asking("3", "high", 10))
    assert decision.preemption.nominated_node == "b"
    assert decision.preemption.violations == 0
