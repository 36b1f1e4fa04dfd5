import numpy as np
import pytest

from pykube_core.experiments.simulate import REQUIRED, SAMPLE_COUNT, arrival_order, reaching
from tests.unit.experiments.cluster import SECOND, node, run, template, workload

TWO = [template("2")]


def waits(outcome, work):
    return ((outcome.placed_ns - work.pods.created_ns) / SECOND).tolist()


def test_arrivals_only_ignores_departures():
    work = workload([node("a")], TWO, [(0, 0, 1), (0, 2, 3), (0, 4, 5)])
    assert run(work).node.tolist() == [0, 0, -1]


def test_replay_frees_what_departed():
    work = workload([node("a")], TWO, [(0, 0, 1), (0, 2, 3), (0, 4, 5)])
    outcome = run(work, replay=True)
    assert outcome.node.tolist() == [0, 0, 0]
    assert waits(outcome, work) == [0, 0, 0]


def test_who_leaves_makes_room_for_who_comes_at_the_same_instant():
    work = workload([node("a", cpu="2")], TWO, [(0, 0, 5), (0, 5, 9)])
    outcome = run(work, replay=True)
    assert waits(outcome, work) == [0, 0]


def test_a_pending_pod_is_placed_when_a_departure_frees_capacity():
    work = workload([node("a", cpu="2")], TWO, [(0, 0, 10), (0, 1, 30)])
    outcome = run(work, replay=True)
    assert outcome.node.tolist() == [0, 0]
    assert waits(outcome, work) == [0, 9]


def test_room_is_what_the_policys_filter_looks_for(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(
        "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nprofiles:\n"
        "- pluginConfig:\n"
        "  - {name: NodeResourcesFit, args: {ignoredResources: [example.com/x]}}\n"
    )
    templates = [template("2"), template("2", **{"example.com/x": "1"})]
    work = workload([node("a", cpu="2")], templates, [(0, 0, 10), (1, 1, 30)])
    assert run(work, str(path), replay=True).node.tolist() == [0, 0]
    assert run(work, replay=True).node.tolist() == [0, -1]


def test_a_pod_that_waits_past_its_deletion_is_never_placed():
    work = workload([node("a", cpu="2")], TWO, [(0, 0, 10), (0, 1, 5), (0, 2, 20)])
    outcome = run(work, replay=True)
    assert outcome.node.tolist() == [0, -1, 0]
    assert outcome.placed_ns.tolist() == [0, -1, 10 * SECOND]


def test_pending_pods_are_retried_by_priority_and_then_by_age():
    templates = [template("2"), template("2", priority=5)]
    pods = [(0, 0, 10), (0, 1, None), (0, 2, None), (1, 3, 20)]
    work = workload([node("a", cpu="2")], templates, pods)
    outcome = run(work, replay=True)
    assert outcome.placed_ns.tolist() == [0, 20 * SECOND, -1, 10 * SECOND]


def test_a_small_pod_passes_a_large_one_that_does_not_fit():
    templates = [template("1"), template("4")]
    work = workload([node("a")], templates, [(0, 0, 9), (0, 0, None), (1, 1, None), (0, 2, None)])
    outcome = run(work, replay=True)
    assert outcome.node.tolist() == [0, 0, -1, 0]


def test_a_pod_of_no_life_comes_and_goes():
    work = workload([node("a", cpu="2")], TWO, [(0, 3, 3), (0, 4, None)])
    outcome = run(work, replay=True)
    assert outcome.node.tolist() == [0, 0]


def test_pinned_pods_stay_and_bound_pods_are_placed_anew():
    nodes = [node("a"), node("b")]
    pods = [(0, 0, None, 1, False), (0, 0, None, 1, True)]
    work = workload(nodes, TWO, pods)
    outcome = run(work)
    assert outcome.bound.tolist() == [False, True]
    assert outcome.node.tolist() == [0, 1]


@pytest.mark.parametrize("replay", [False, True])
def test_keep_bound_leaves_bound_pods_where_they_are(replay):
    nodes = [node("a"), node("b")]
    pods = [(0, 0, None), (0, 0, None, 1, False), (0, 1, None), (0, 1, None), (0, 1, None)]
    outcome = run(workload(nodes, TWO, pods), keep_bound=True, replay=replay)
    assert outcome.bound.tolist() == [False, True, False, False, False]
    assert outcome.node[1] == 1
    assert sorted(outcome.node.tolist()) == [-1, 0, 0, 1, 1]


def test_order_is_creation_then_priority_then_input():
    templates = [template("1"), template("1", priority=9)]
    work = workload(
        [node("a")], templates, [(0, 5, None), (0, 1, None), (0, 1, None), (1, 1, None)]
    )
    assert arrival_order(work.pods, 0).tolist() == [3, 1, 2, 0]


def test_seeds_shuffle_equals_only():
    work = workload([node("a")], TWO, [(0, second, None) for second in [0] * 50 + [1] * 50])
    orders = {tuple(arrival_order(work.pods, seed).tolist()) for seed in (1, 2, 3)}
    assert len(orders) == 3
    assert all(max(order[:50]) == 49 for order in orders)
    assert arrival_order(work.pods, 0).tolist() == list(range(100))


def test_shuffle_draws_the_whole_order_for_seed_0_too():
    work = workload([node("a")], TWO, [(0, second, None) for second in range(100)])
    order = arrival_order(work.pods, 0, shuffle=True)
    assert order.tolist() != list(range(100))
    assert sorted(order.tolist()) == list(range(100))


@pytest.mark.parametrize("replay", [False, True])
def test_samples_are_few_and_in_order(replay):
    moments = []
    work = workload([node("a")], TWO, [(0, second, second + 1) for second in range(1000)])
    run(work, replay=replay, observe=lambda moment: moments.append(moment.position))
    assert 100 <= len(moments) <= SAMPLE_COUNT + 2
    assert moments == sorted(moments)
    assert moments[-1] == (999 * SECOND if replay else 1000)


@pytest.mark.parametrize("replay", [False, True])
def test_no_pods_are_no_trouble(replay):
    outcome = run(workload([node("a")], TWO, []), replay=replay)
    assert outcome.node.tolist() == []


def test_spread_and_affinity_reach_other_nodes():
    plain, spread, near, apart = (template("1") for _ in range(4))
    spread["spec"]["topologySpreadConstraints"] = [{"maxSkew": 1}]
    near["spec"]["affinity"] = {"podAffinity": {REQUIRED: [{}]}}
    apart["spec"]["affinity"] = {"podAntiAffinity": {REQUIRED: [{}]}}
    three = workload([node("a")], [plain, spread, near], [])
    assert reaching(three.pods).tolist() == [False, True, True]
    four = workload([node("a")], [plain, spread, near, apart], [])
    assert reaching(four.pods).all()


def reference_replay(work):
    """Place every event by itself, trying all pending pods after each departure, one node."""
    pods = work.pods
    cpu = [int(t["spec"]["containers"][0]["resources"]["requests"]["cpu"]) for t in pods.templates]
    need = [cpu[t] for t in pods.template]
    free = {0: 8, 1: 6}
    where, when, pending = {}, {}, []
    events = [(int(pods.created_ns[i]), 1, i) for i in range(len(pods))]
    events += [(int(pods.deleted_ns[i]), 0, i) for i in range(len(pods)) if pods.deleted_ns[i] >= 0]

    def attempt(i, now):
        for n in free:
            if free[n] >= need[i]:
                free[n] -= need[i]
                where[i], when[i] = n, now
                return True
        return False

    instants = sorted({now for now, _, _ in events})
    for now in instants:
        for _, _, i in sorted(event for event in events if event[0] == now and event[1] == 0):
            if i in where:
                free[where[i]] += need[i]
            else:
                pending.remove(i)
        pending = [i for i in pending if not attempt(i, now)]
        pending += [
            i
            for _, _, i in sorted(e for e in events if e[0] == now and e[1] == 1)
            if not attempt(i, now)
        ]
    count = len(pods)
    return [where.get(i, -1) for i in range(count)], [when.get(i, -1) for i in range(count)]


@pytest.mark.parametrize("seed", range(20))
def test_replay_equals_one_event_at_a_time(seed):
    rng = np.random.default_rng(seed)
    pods = []
    for created in np.sort(rng.integers(0, 60, size=80)).tolist():
        life = int(rng.integers(1, 30))
        pods.append((int(rng.integers(4)), created, None if rng.random() < 0.1 else created + life))
    templates = [template(str(cpu)) for cpu in (1, 2, 3, 5)]
    work = workload([node("a", cpu="8"), node("b", cpu="6")], templates, pods)
    outcome = run(work, "first-fit", replay=True)
    node_of, placed = reference_replay(work)
    assert outcome.node.tolist() == node_of
    assert outcome.placed_ns.tolist() == placed


@pytest.mark.parametrize("replay", [False, True])
def test_gated_pods_are_never_placed(replay):
    held = template("1")
    held["spec"]["schedulingGates"] = [{"name": "wait"}]
    work = workload([node("a")], [template("1"), held], [(0, 0, None), (1, 1, None), (0, 2, None)])
    assert run(work, replay=replay).node.tolist() == [0, -1, 0]
