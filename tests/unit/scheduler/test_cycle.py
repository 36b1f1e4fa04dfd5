"""What the cycle adds to the engine: order, messages, nominations, rows of zeros."""

import pytest

from pykube_core.scheduler.config import profile_from_dict
from pykube_core.scheduler.cycle.cycle import SchedulingCycle
from pykube_core.scheduler.cycle.decision import fit_error
from pykube_core.scheduler.placer.scheduler import Scheduler
from pykube_core.scheduler.policies import Policy

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
EXISTS = {"key": "zone", "operator": "Exists"}


def node(name, cpu="4", **labels):
    allocatable = {"cpu": cpu, "memory": "8Gi", "pods": "10"}
    return {"metadata": {"name": name, "labels": labels}, "status": {"allocatable": allocatable}}


def pod(name="p", cpu="1", **spec):
    containers = [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]
    if cpu is None:
        containers = [{"name": "c"}]
    return {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"containers": containers, **spec},
    }


def pinned(*names):
    terms = [
        {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [name]}]}
        for name in names
    ]
    return {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": terms}}}


@pytest.fixture
def cycle():
    made = []

    def make(nodes, plugins=None):
        profile = profile_from_dict({"plugins": plugins or {}})
        made.append(Scheduler(nodes, Policy("x", "x", profile)))
        return SchedulingCycle(made[-1])

    yield make
    for scheduler in made:
        scheduler.close()


def test_reasons_are_sorted_as_text_with_their_count():
    reasons = ["b"] * 2 + ["a"] * 10
    assert fit_error(12, reasons) == "0/12 nodes are available: 10 a, 2 b."
    assert fit_error(0, [], "x") == "0/0 nodes are available: x"


def test_no_nodes_have_a_message_of_their_own(cycle):
    assert cycle([]).schedule(pod()).message == "no nodes available to schedule pods"


def test_a_gated_pod_goes_no_further(cycle):
    decision = cycle([node("n")]).schedule(pod(schedulingGates=[{"name": "a"}, {"name": "b"}]))
    assert decision.pre_enqueue.reasons == ("waiting for scheduling gates: [a b]",)
    assert (decision.placed, decision.message, decision.feasible) == (None, None, ())


def test_gates_do_not_count_where_the_plugin_is_off(cycle):
    plugins = {"preEnqueue": {"disabled": [{"name": "SchedulingGates"}]}}
    decision = cycle([node("n")], plugins).schedule(pod(schedulingGates=[{"name": "a"}]))
    assert decision.placed == "n"


def test_names_that_conflict_end_pre_filter_before_dynamic_resources(cycle):
    terms = pinned("n")
    fields = terms["nodeAffinity"][REQUIRED]["nodeSelectorTerms"][0]["matchFields"]
    fields.append({"key": "metadata.name", "operator": "In", "values": ["other"]})
    decision = cycle([node("n")]).schedule(pod(affinity=terms))
    assert decision.pre_filter.plugin == "NodeAffinity"
    assert decision.message == "0/1 nodes are available: pod affinity terms conflict. not found"


def test_nodes_outside_the_named_ones_are_rejected_by_no_plugin(cycle):
    decision = cycle([node("a"), node("b"), node("c")]).schedule(pod(affinity=pinned("b", "x")))
    assert decision.placed == "b"
    assert {r.plugin for r in decision.rejected.values()} == {""}
    assert decision.rejected["a"].reasons == ("node(s) didn't satisfy plugin(s) [NodeAffinity]",)


def test_names_do_not_narrow_where_pre_filter_is_off(cycle):
    plugins = {"preFilter": {"disabled": [{"name": "NodeAffinity"}]}}
    decision = cycle([node("a"), node("b")], plugins).schedule(pod(affinity=pinned("b")))
    assert decision.rejected["a"].plugin == "NodeAffinity"


def test_a_nominated_node_that_fits_is_the_only_one_looked_at(cycle):
    here = cycle([node("a"), node("b"), node("c")])
    here.nominator.nominate(pod(), "b")
    decision = here.schedule(pod())
    assert (decision.placed, decision.feasible, decision.rejected) == ("b", ("b",), {})
    assert (decision.scores, here.nominator.nodes) == (None, {})


def test_a_nominated_node_that_does_not_fit_is_forgotten_for_the_cycle(cycle):
    here = cycle([node("a"), node("b")])
    here.add_bound([pod("big", cpu="4", nodeName="b")])
    here.nominator.nominate(pod(), "b")
    assert here.schedule(pod()).placed == "a"


def test_room_of_a_nominated_pod_is_kept_from_lower_priorities(cycle):
    here = cycle([node("a", cpu="1")])
    here.nominator.nominate(pod("first", priority=5), "a")
    assert here.explain(pod("low", priority=4)).rejected["a"].plugin == "NodeResourcesFit"
    assert here.explain(pod("high", priority=6)).feasible == ("a",)


def test_explaining_changes_nothing(cycle):
    here = cycle([node("a"), node("b")])
    assert here.explain(pod()) == here.explain(pod())
    assert len(here.pods) == 0


def test_nothing_scored_makes_every_feasible_node_a_candidate(cycle):
    everything = {"disabled": [{"name": "*"}]}
    decision = cycle(
        [node("a"), node("b")], {"preScore": everything, "score": everything}
    ).schedule(pod())
    assert (decision.scores, decision.total) == (None, None)
    assert (decision.candidates, decision.placed) == (("a", "b"), "a")


def test_balanced_allocation_without_pre_score_gives_zeros(cycle):
    off = {"preScore": {"disabled": [{"name": "NodeResourcesBalancedAllocation"}]}}
    nodes = [node("a"), node("b")]
    name = "NodeResourcesBalancedAllocation"
    assert name not in cycle(nodes).explain(pod(cpu=None)).scores
    assert cycle(nodes, off).explain(pod(cpu=None)).scores[name].raw == (0, 0)
    assert cycle(nodes, off).explain(pod()).scores[name].raw != (0, 0)


def test_pods_that_are_done_or_on_unknown_nodes_are_not_there(cycle):
    here = cycle([node("a", cpu="1")])
    done = pod("done", nodeName="a") | {"status": {"phase": "Succeeded"}}
    here.add_bound([done, pod("lost", nodeName="x")])
    assert len(here.pods) == 0
    assert here.schedule(pod()).placed == "a"


def test_a_negative_weight_turns_a_preference_round_and_totals_may_be_negative(cycle):
    enabled = {"disabled": [{"name": "*"}], "enabled": [{"name": "NodeAffinity", "weight": -3}]}
    preferred = [{"weight": 1, "preference": {"matchExpressions": [EXISTS]}}]
    wish = {"preferredDuringSchedulingIgnoredDuringExecution": preferred}
    nodes = [node("a", zone="1"), node("b"), node("c", zone="1")]
    found = cycle(nodes, {"score": enabled}).schedule(pod(affinity={"nodeAffinity": wish}))
    assert found.total == (-300, 0, -300)
    assert (found.candidates, found.placed) == (("b",), "b")
    only = cycle([node("a", zone="1"), node("c", zone="1")], {"score": enabled})
    decision = only.schedule(pod(affinity={"nodeAffinity": wish}))
    assert decision.total == (-300, -300)
    assert decision.placed == "a"


def test_spread_over_nodes_that_are_not_there_is_no_error(cycle):
    constraint = {
        "maxSkew": 1,
        "topologyKey": "zone",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app": "web"}},
    }
    with Scheduler([], Policy("x", "x", profile_from_dict(None))) as scheduler:
        classes = scheduler.compile([pod(topologySpreadConstraints=[constraint])])
        nodes, _ = scheduler.place(classes)
    assert nodes.tolist() == [-1]
