from types import SimpleNamespace

import numpy as np
import pytest

from _pykube_hotcore.program import Code
from pykube_core.api.machinery.errors import InputError
from pykube_core.scheduler.config import DefaultPreemptionArgs
from pykube_core.scheduler.cycle.disruption import read_budgets
from pykube_core.scheduler.cycle.preemption import (
    NEVER,
    NO_VICTIMS,
    NOT_HELPFUL,
    STILL_TERMINATING,
    DefaultPreemption,
    FailedAttempt,
    Victims,
    is_being_preempted,
    run_post_filter,
)
from pykube_core.scheduler.tables.pod_table import NOT_STARTED, PodTable, start_time_ns

UNSCHEDULABLE, UNRESOLVABLE = Code.UNSCHEDULABLE, Code.UNRESOLVABLE


def pod(name="p", priority=100, start=None, **more):
    status = more.pop("status", {})
    if start is not None:
        status = status | {"startTime": f"2025-01-01T00:00:{start:02}Z"}
    metadata = {"name": name, "namespace": "default"} | more.pop("metadata", {})
    return {"metadata": metadata, "spec": {"priority": priority} | more, "status": status}


class Engine:
    """Dry runs with answers given by row: a list of slots, or (code, detail)."""

    def __init__(self, answers, violations=None):
        self.answers = answers
        self.violations = violations or {}
        self.rows = []

    def dry_run(self, class_index, rows, budgets=(), exempt=()):
        self.rows += rows.tolist()
        found = [self.answers[row] for row in rows.tolist()]
        victims = [answer if isinstance(answer, list) else [] for answer in found]
        refused = [(Code.FITS, 0) if isinstance(a, list) else a for a in found]
        return SimpleNamespace(
            code=np.array([code for code, _ in refused], np.uint8),
            plugin=np.zeros(len(rows), np.uint8),
            detail=np.array([detail for _, detail in refused], np.uint64),
            violations=np.array([self.violations.get(row, 0) for row in rows.tolist()], np.int32),
            offsets=np.cumsum([0, *map(len, victims)]).astype(np.int32),
            pods=np.array([slot for v in victims for slot in v], np.int32),
        )


def attempt(codes, item=None, nominated_row=-1):
    return FailedAttempt(item or pod(), 0, np.array(codes, np.uint8), nominated_row)


def world(*victims):
    """Pods of rising slots, each (row, priority, start)."""
    table = PodTable()
    for slot, (row, priority, start) in enumerate(victims):
        table.add(slot, row, f"default/v{slot}", pod(f"v{slot}", priority, start))
    return table


class Preempting(DefaultPreemption):
    """Always the same arguments."""

    def __init__(self, engine, pods, draw, args):
        names = [f"node-{row}" for row in range(400)]
        reasons = lambda row, plugin, detail: [f"reason {detail}"]  # noqa: E731
        super().__init__(engine, pods, names, reasons, draw)
        self.args = args

    def run(self, failed, node_count):
        return super().run(failed, node_count, self.args)


def preemption(engine, pods=None, draw=None, percentage=100, absolute=0):
    args = DefaultPreemptionArgs(percentage, absolute)
    return Preempting(engine, pods or PodTable(), draw, args)


def pick(victims, answers, violations=None, **more):
    """Return row and ties among rows that are all unschedulable."""
    engine = Engine(answers, violations)
    found = preemption(engine, world(*victims), **more).run(
        attempt([UNSCHEDULABLE] * len(answers)), len(answers)
    )
    return found.row, found.tied_rows


def test_fewest_violations_go_before_all_else():
    pods = [(0, 9, 0), (1, 1, 0)]
    assert pick(pods, [[0], [1]], {1: 1}) == (0, (0,))


def test_lowest_top_priority_comes_second():
    pods = [(0, 5, 0), (1, 4, 0), (1, 4, 0), (1, 4, 0)]
    assert pick(pods, [[0], [1, 2, 3]]) == (1, (1,))


def test_smallest_sum_counts_negative_priorities_as_pods():
    pods = [(0, -5, 0), (0, -9, 0), (1, -5, 0)]
    assert pick(pods, [[0, 1], [2]]) == (1, (1,))


def test_latest_start_among_the_top_victims_comes_last():
    pods = [(0, 5, 9), (0, 1, 0), (1, 5, 8), (1, 1, 9)]
    assert pick(pods, [[0, 1], [2, 3]]) == (0, (0,))


def test_a_victim_that_never_started_is_the_latest():
    assert pick([(0, 5, 9), (1, 5, None)], [[0], [1]]) == (1, (1,))


def test_equals_are_all_named_and_chance_decides():
    pods = [(0, 5, 1), (1, 5, 1), (2, 6, 1)]
    assert pick(pods, [[0], [1], [2]]) == (0, (0, 1))
    assert pick(pods, [[0], [1], [2]], draw=lambda n: n - 1) == (1, (0, 1))


def test_only_unschedulable_nodes_are_tried():
    engine = Engine({1: [0]})
    found = preemption(engine, world((1, 5, 0))).run(
        attempt([UNRESOLVABLE, UNSCHEDULABLE, Code.NO_NODE]), 2
    )
    assert engine.rows == [1]
    assert found == Victims(row=1, victims=(0,), tied_rows=(1,))


def test_without_candidates_the_message_counts_reasons_by_node():
    engine = Engine({0: (UNSCHEDULABLE, 1), 1: (Code.NOT_EVALUATED, 0), 2: (UNRESOLVABLE, 1)})
    codes = [UNSCHEDULABLE, UNSCHEDULABLE, UNSCHEDULABLE, UNRESOLVABLE]
    found = preemption(engine).run(attempt(codes), 4)
    assert not found.keeps_nomination
    assert found.message == (
        f"0/4 nodes are available: 1 {NO_VICTIMS}, 1 {NOT_HELPFUL}, 2 reason 1."
    )


def test_no_node_to_try_is_not_helpful():
    found = preemption(Engine({})).run(attempt([UNRESOLVABLE, UNRESOLVABLE]), 2)
    assert found.message == f"0/2 nodes are available: 2 {NOT_HELPFUL}."


def test_a_node_that_fits_without_victims_is_an_error():
    found = preemption(Engine([[]])).run(attempt([UNSCHEDULABLE]), 1)
    assert found.message == 'expected at least one victim pod on node "node-0"'
    assert found.keeps_nomination


def test_candidates_enough_end_the_search_once_one_is_clean():
    answers = [[0]] * 400
    engine = Engine(answers, dict.fromkeys(range(150), 1))
    table = world(*[(0, 5, 0)])
    found = preemption(engine, table, percentage=10, absolute=100).run(
        attempt([UNSCHEDULABLE] * 400), 400
    )
    # 100 candidates are wanted, but the first 150 all violate a budget.
    assert len(engine.rows) == 200
    assert found.tied_rows == (150,)


def test_the_search_starts_where_chance_says():
    engine = Engine([[0]] * 300)
    preemption(
        engine, world((0, 5, 0)), draw=lambda n: min(7, n - 1), absolute=1, percentage=0
    ).run(attempt([UNSCHEDULABLE] * 300), 300)
    assert engine.rows[0] == 7


def test_pods_that_never_preempt_keep_their_nomination():
    item = pod(preemptionPolicy="Never")
    found = preemption(Engine({})).run(attempt([UNSCHEDULABLE], item), 1)
    assert found == Victims(message=NEVER, keeps_nomination=True)


PREEMPTED = {
    "metadata": {"deletionTimestamp": "2025-01-01T00:00:00Z"},
    "status": {
        "conditions": [
            {"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}
        ]
    },
}


@pytest.mark.parametrize(
    ("code", "priority", "waits"),
    [(UNSCHEDULABLE, 5, True), (UNRESOLVABLE, 5, False), (UNSCHEDULABLE, 100, False)],
)
def test_a_nominated_pod_waits_for_its_victims(code, priority, waits):
    table = PodTable()
    table.add(0, 0, "default/v", pod("v", priority, 0, **PREEMPTED))
    engine = Engine({0: (Code.NOT_EVALUATED, 0)})
    found = preemption(engine, table).run(attempt([code], nominated_row=0), 1)
    assert (found.message == STILL_TERMINATING) == waits
    assert found.keeps_nomination == waits


def test_only_a_victim_of_the_scheduler_is_being_preempted():
    assert is_being_preempted(pod(**PREEMPTED))
    assert not is_being_preempted(pod(status=PREEMPTED["status"]))
    assert not is_being_preempted(pod(metadata=PREEMPTED["metadata"]))
    other = {"conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "Eviction"}]}
    assert not is_being_preempted(pod(metadata=PREEMPTED["metadata"], status=other))


# -- PostFilter -----------------------------------------------------------------------------

ALL = ("DynamicResources", "DefaultPreemption")


def test_post_filter_joins_what_plugins_say():
    found = run_post_filter(ALL, True, lambda: Victims(message="no."))
    assert found.message == "no new claims to deallocate, preemption: no."
    assert found.preemption.message == "no."


def test_post_filter_says_nothing_once_a_node_is_nominated():
    assert run_post_filter(ALL, True, lambda: Victims(row=3)).message == ""


def test_post_filter_ends_where_dynamic_resources_has_no_state():
    def never():
        raise AssertionError

    assert run_post_filter(ALL, False, never) == ("not found", None)
    assert run_post_filter(ALL[::-1], False, lambda: Victims(message="no.")) == ("not found", None)


def test_post_filter_of_a_profile_without_plugins_is_silent():
    assert run_post_filter((), True, Victims) == ("", None)


# -- budgets and pods -----------------------------------------------------------------------


class Matchers:
    """Numbers selectors in their order."""

    def __init__(self):
        self.seen = []

    def index(self, match):
        self.seen.append(match)
        return len(self.seen) - 1


def budget(selector, allowed=0, disrupted=(), namespace="default"):
    status = {"disruptionsAllowed": allowed, "disruptedPods": dict.fromkeys(disrupted, "now")}
    spec = {} if selector is None else {"selector": selector}
    return {"metadata": {"name": "b", "namespace": namespace}, "spec": spec, "status": status}


def test_budgets_that_mean_no_pod_are_left_out():
    broken = {"matchExpressions": [{"key": "a", "operator": "Near"}]}
    labels = {"matchLabels": {"app": "web"}}
    items = [budget(None), budget({}), budget(broken), budget(labels, 2)]
    matchers = Matchers()
    found = read_budgets(items, matchers, lambda namespace, name: None)
    assert found.budgets == ((0, 2),)
    assert matchers.seen[0].namespaces == {"default"}


def test_pods_that_a_budget_has_counted_are_exempt():
    table = PodTable()
    table.add(7, 0, "default/counted", pod("counted"))
    labels = {"matchLabels": {"app": "web"}}
    items = [budget(labels), budget(labels, 1, ["counted", "gone"])]
    found = read_budgets(items, Matchers(), table.slot_of)
    assert found.exempt == {(1, 7)}


def test_pod_table_knows_pods_by_slot_row_and_name():
    table = world((0, 5, 3), (1, 5, None), (0, 5, 1))
    assert sorted(table.slots_on(0)) == [0, 2]
    assert table.slot_of("default", "v1") == 1
    assert table.start_ns(0) - table.start_ns(2) == 2 * 10**9
    assert table.start_ns(1) == NOT_STARTED
    assert table.pod(0)["metadata"]["name"] == "v0"
    table.remove(0)
    assert table.take_fresh() == ([1, 2], [NOT_STARTED, table.start_ns(2)])
    assert table.take_fresh() == ([], [])
    assert sorted(table.slots_on(0)) == [2]
    assert table.slot_of("default", "v0") is None
    assert len(table) == 2


def test_start_times_are_read_exactly_or_refused_by_name():
    assert start_time_ns(pod(status={"startTime": "1970-01-01T01:00:01.5+01:00"})) == 1_500_000_000
    for text in ("soon", "2025-01-01T00:00:00"):
        with pytest.raises(InputError, match=r"Pod default/p: status\.startTime"):
            start_time_ns(pod(status={"startTime": text}))
