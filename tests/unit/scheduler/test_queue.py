import pytest

from pykube_core.scheduler.config import (
    configuration_from_dict,
    default_configuration,
    profile_from_dict,
)
from pykube_core.scheduler.queue.backoff import SECOND_NS
from pykube_core.scheduler.queue.build import build_queue
from pykube_core.scheduler.queue.events import (
    ASSIGNED_POD_ADD,
    ASSIGNED_POD_DELETE,
    NODE_ADD,
    WILDCARD,
    ActionType,
    ClusterEvent,
)
from pykube_core.scheduler.queue.hints import QueueingHints, Registration, queueing_hints
from pykube_core.scheduler.queue.queue import Pool, QueuedPod, SchedulingQueue

FIT = "NodeResourcesFit"
AFFINITY = "NodeAffinity"
DELETE = ClusterEvent("Pod", ActionType.DELETE)


def make_queue(hints=None, **options) -> SchedulingQueue:
    if hints is None:
        hints = QueueingHints(
            [
                Registration(FIT, DELETE),
                Registration(AFFINITY, ClusterEvent("Node", ActionType.ADD)),
            ]
        )
    return SchedulingQueue({"default-scheduler": hints}, **options)


def at(seconds: float) -> int:
    return int(seconds * SECOND_NS)


def reject(queue, now_s, *plugins, pending=()) -> QueuedPod:
    queued = queue.pop()
    queue.add_unschedulable(queued, at(now_s), plugins, pending)
    return queued


def make_pod(name, **spec):
    return {"metadata": {"namespace": "default", "name": name, "uid": f"uid-{name}"}, "spec": spec}


def test_pods_leave_by_priority_then_by_time_then_by_order():
    queue = make_queue()
    for key, priority, seconds in [
        ("a/late", 0, 2),
        ("a/first", 0, 1),
        ("a/second", 0, 1),
        ("a/high", 9, 3),
        ("a/low", -5, 0),
    ]:
        queue.add(QueuedPod(key, priority), at(seconds))
    popped = [queue.pop() for _ in range(5)]
    assert [queued.key for queued in popped] == ["a/high", "a/first", "a/second", "a/late", "a/low"]
    assert [queued.attempts for queued in popped] == [1] * 5
    assert queue.pop() is None
    assert queue.counts()[Pool.IN_FLIGHT] == 5


def test_unschedulable_pod_waits_for_an_event_of_a_plugin_that_rejected_it():
    queue = make_queue()
    queue.add(QueuedPod("a/1"), at(0))
    queued = reject(queue, 0, FIT)
    assert queued.pool is Pool.UNSCHEDULABLE
    assert queue.move_all(NODE_ADD, None, {}, at(5)) == 0
    assert queue.pop() is None
    assert queue.move_all(ASSIGNED_POD_DELETE, {}, None, at(5)) == 1
    assert queued.pool is Pool.ACTIVE
    assert queue.pop() is queued


def test_pod_that_is_still_backing_off_goes_to_backoff_and_returns_when_it_ends():
    queue = make_queue()
    queue.add(QueuedPod("a/1"), at(10))
    queued = reject(queue, 10.5, FIT)
    queue.add(QueuedPod("a/2"), at(10.5))
    queue.move_all(ASSIGNED_POD_DELETE, {}, None, at(10.6))
    assert queued.pool is Pool.BACKOFF
    # Backoff to 11.5, which is in the second that begins at 11 and ends at 12.
    assert queue.next_wakeup_ns() == at(12)
    queue.tick(at(11.9))
    assert queued.pool is Pool.BACKOFF
    queue.tick(at(12))
    assert queued.pool is Pool.ACTIVE
    assert queue.next_wakeup_ns() is None


def test_backoff_doubles_up_to_the_maximum():
    queue = make_queue(initial_backoff_ns=at(1), max_backoff_ns=at(10))
    queue.add(QueuedPod("a/1"), 0)
    waits, now_s = [], 0
    for _ in range(6):
        reject(queue, now_s, FIT)
        queue.move_all(ASSIGNED_POD_DELETE, {}, None, at(now_s))
        waits.append((queue.next_wakeup_ns() - at(now_s)) // SECOND_NS - 1)
        now_s += 20
        queue.tick(at(now_s))
    assert waits == [1, 2, 4, 8, 10, 10]


def test_maximum_backoff_of_zero_turns_backoff_off():
    queue = make_queue(max_backoff_ns=0)
    queue.add(QueuedPod("a/1"), 0)
    queued = reject(queue, 0, FIT)
    queue.move_all(ASSIGNED_POD_DELETE, {}, None, 0)
    assert queued.pool is Pool.ACTIVE


def test_pop_takes_from_backoff_by_end_and_priority_when_active_is_empty():
    queue = make_queue()
    for key, priority in (("a/low", 0), ("a/high", 5)):
        queue.add(QueuedPod(key, priority), at(0))
    first, second = queue.pop(), queue.pop()
    queue.add_unschedulable(second, at(0.1), [FIT])
    queue.add_unschedulable(first, at(0.2), [FIT])
    queue.move_all(ASSIGNED_POD_DELETE, {}, None, at(0.3))
    assert [queued.key for queued in queue.pods(Pool.BACKOFF)] == ["a/high", "a/low"]
    queue.add(QueuedPod("a/active", -1), at(0.4))
    assert [queue.pop().key for _ in range(3)] == ["a/active", "a/high", "a/low"]


def test_pod_that_failed_with_an_error_waits_for_its_backoff():
    queue = make_queue()
    queue.add(QueuedPod("a/1"), at(0))
    queued = reject(queue, 0)
    assert queued.pool is Pool.ERROR_BACKOFF
    assert (queued.consecutive_errors, queued.unschedulable_count) == (1, 0)
    assert queue.pop() is None
    queue.tick(queue.next_wakeup_ns())
    assert queue.pop() is queued


def test_unschedulable_pod_is_tried_again_after_five_minutes():
    queue = make_queue()
    queue.tick(0)
    queue.add(QueuedPod("a/1"), at(7))
    queued = reject(queue, 10, FIT)
    assert queue.next_wakeup_ns() == at(330)
    queue.tick(at(310))
    assert queued.pool is Pool.UNSCHEDULABLE
    queue.tick(at(330))
    assert queued.pool is Pool.ACTIVE


def test_pod_that_waited_exactly_five_minutes_waits_for_the_next_flush():
    queue = make_queue()
    queue.add(QueuedPod("a/1"), at(0))
    queued = reject(queue, 0, FIT)
    queue.tick(at(300))
    assert queued.pool is Pool.UNSCHEDULABLE
    assert queue.next_wakeup_ns() == at(330)


def test_event_while_in_flight_is_asked_about_when_the_pod_comes_back():
    queue = make_queue()
    for key in ("a/1", "a/2", "a/3"):
        queue.add(QueuedPod(key), at(0))
    before, during, after = queue.pop(), queue.pop(), None
    queue.move_all(ASSIGNED_POD_DELETE, {}, None, at(1))
    after = queue.pop()
    for queued in (before, during, after):
        queue.add_unschedulable(queued, at(1), [FIT])
    assert [queued.pool for queued in (before, during, after)] == [
        Pool.BACKOFF,
        Pool.BACKOFF,
        Pool.UNSCHEDULABLE,
    ]


def test_event_in_flight_of_no_interest_to_the_rejecting_plugin_is_skipped():
    queue = make_queue()
    queue.add(QueuedPod("a/1"), at(0))
    queued = queue.pop()
    queue.move_all(NODE_ADD, None, {}, at(1))
    queue.add_unschedulable(queued, at(1), [FIT])
    assert queued.pool is Pool.UNSCHEDULABLE


def test_events_are_dropped_when_the_oldest_flight_that_needs_them_ends():
    queue = make_queue()
    for number in range(3):
        queue.add(QueuedPod(f"a/{number}"), 0)
    first = queue.pop()
    queue.move_all(ASSIGNED_POD_DELETE, {}, None, 0)
    second = queue.pop()
    queue.move_all(ASSIGNED_POD_DELETE, {}, None, 0)
    flying = queue._in_flight
    assert len(flying._events) == 2
    queue.done(first)
    assert len(flying._events) == 1
    queue.done(second)
    assert len(flying._events) == 0
    queue.move_all(ASSIGNED_POD_DELETE, {}, None, 0)
    assert len(flying._events) == 0


def test_pending_plugin_brings_a_pod_back_without_backoff():
    queue = make_queue()
    queue.add(QueuedPod("a/1"), at(0))
    queued = reject(queue, 0, FIT, pending=[AFFINITY])
    queue.move_all(ASSIGNED_POD_DELETE, {}, None, at(0))
    assert queued.pool is Pool.BACKOFF
    queued = reject(queue, 0, FIT, pending=[AFFINITY])
    queue.move_all(NODE_ADD, None, {}, at(0))
    assert queued.pool is Pool.ACTIVE


def test_hint_decides_with_pod_and_objects():
    seen = []

    def hint(pod, old, new):
        seen.append((pod, old, new))
        return new["ok"]

    event = ClusterEvent("Node", ActionType.ADD)
    queue = make_queue(QueueingHints([Registration(FIT, event, hint)]))
    pod = make_pod("1")
    queue.add(QueuedPod.of(pod), 0)
    queued = reject(queue, 0, FIT)
    queue.move_all(NODE_ADD, None, {"ok": False}, at(20))
    assert queued.pool is Pool.UNSCHEDULABLE
    queue.move_all(NODE_ADD, None, {"ok": True}, at(20))
    assert queued.pool is Pool.ACTIVE
    assert seen == [(pod, None, {"ok": False}), (pod, None, {"ok": True})]


def test_gated_pod_enters_only_when_its_gates_are_gone():
    queue = build_queue(default_configuration())
    gated = make_pod("1", schedulingGates=[{"name": "wait"}])
    queue.add(QueuedPod.of(gated), at(0))
    queued = queue.get("default/1")
    assert queued.gated
    assert queued.pool is Pool.UNSCHEDULABLE
    assert queue.next_wakeup_ns() is None
    queue.tick(at(1000))
    queue.move_all(WILDCARD, None, None, at(1000))
    queue.move_all(ASSIGNED_POD_DELETE, make_pod("2", nodeName="n"), None, at(1000))
    assert queued.pool is Pool.UNSCHEDULABLE
    queue.update(gated, make_pod("1"), at(1001))
    assert queued.pool is Pool.ACTIVE
    assert queued.initial_attempt_ns == at(1001)
    assert not queue.pop().gated


def test_update_of_an_unschedulable_pod_moves_it_only_if_it_may_help():
    queue = make_queue(queueing_hints(profile_from_dict(None)))
    old = make_pod("1", tolerations=[])
    queue.add(QueuedPod.of(old), at(0))
    queued = reject(queue, 0, "TaintToleration")
    labelled = make_pod("1", tolerations=[])
    labelled["metadata"]["labels"] = {"a": "b"}
    queue.update(old, labelled, at(20))
    assert queued.pool is Pool.UNSCHEDULABLE
    assert queued.pod is labelled
    new = make_pod("1", tolerations=[{"operator": "Exists"}])
    queue.update(labelled, new, at(20))
    assert queued.pool is Pool.ACTIVE


def test_update_in_flight_is_asked_about_when_the_pod_comes_back():
    queue = make_queue(queueing_hints(profile_from_dict(None)))
    old, new = make_pod("1", tolerations=[]), make_pod("1", tolerations=[{"operator": "Exists"}])
    queue.add(QueuedPod.of(old), at(0))
    queued = queue.pop()
    queue.update(old, new, at(0))
    assert len(queue) == 0
    queue.add_unschedulable(queued, at(0), ["TaintToleration"])
    assert queued.pool is Pool.BACKOFF
    assert queued.pod is new


def test_update_of_an_unknown_pod_adds_it_and_of_a_known_one_keeps_its_place():
    queue = make_queue()
    queue.update(make_pod("1"), make_pod("1"), at(0))
    queue.add(QueuedPod("default/2"), at(0))
    queue.update(make_pod("1"), make_pod("1"), at(1))
    assert [queued.key for queued in queue.pods(Pool.ACTIVE)] == ["default/1", "default/2"]
    queue.update(make_pod("2"), make_pod("2", priority=7), at(1))
    assert [queued.key for queued in queue.pods(Pool.ACTIVE)] == ["default/2", "default/1"]


def test_pods_moved_by_one_event_keep_the_order_in_which_they_came_back():
    queue = make_queue(max_backoff_ns=0)
    plugins = [[FIT], [FIT, AFFINITY], ["Other", FIT], [FIT], [AFFINITY, FIT]]
    for number in range(len(plugins)):
        queue.add(QueuedPod(f"a/{number}"), at(0))
    for queued, rejectors in zip([queue.pop() for _ in plugins], plugins, strict=True):
        queue.add_unschedulable(queued, at(1), rejectors)
    queue.move_all(ASSIGNED_POD_DELETE, {}, None, at(1))
    assert [queue.pop().key for _ in plugins] == [f"a/{number}" for number in range(len(plugins))]


def test_delete_removes_a_pod_from_every_pool():
    queue = make_queue()
    for number in range(4):
        queue.add(QueuedPod(f"a/{number}"), at(0))
    reject(queue, 0, FIT)
    queue.move_all(ASSIGNED_POD_DELETE, {}, None, at(0))
    reject(queue, 0, FIT)
    reject(queue, 0)
    assert sorted(count for count in queue.counts().values()) == [0, 1, 1, 1, 1]
    for number in range(4):
        queue.delete(f"a/{number}")
    assert len(queue) == 0
    assert set(queue.counts().values()) == {0}
    assert queue.pop() is None
    assert queue.next_wakeup_ns() is None


def test_pod_of_the_same_name_added_in_flight_takes_the_place():
    queue = make_queue()
    queue.add(QueuedPod("a/1", uid="old"), at(0))
    old = queue.pop()
    queue.add(QueuedPod("a/1", uid="new"), at(1))
    assert queue.add_unschedulable(old, at(1), [FIT]) is False
    assert old.pool is Pool.NONE
    assert queue.pop().uid == "new"
    assert queue.pop() is None


def test_wrong_calls_are_refused():
    queue = make_queue()
    queued = QueuedPod("a/1")
    queue.add(queued, 0)
    with pytest.raises(ValueError, match="in the pool active"):
        queue.add(queued, 0)
    with pytest.raises(ValueError, match="not in flight"):
        queue.add_unschedulable(queued, 0, [FIT])
    with pytest.raises(ValueError, match="no profile"):
        queue.add(QueuedPod("a/2", scheduler_name="other"), 0)


def test_event_of_no_interest_is_not_kept_for_pods_in_flight():
    queue = make_queue()
    queue.add(QueuedPod("a/1"), 0)
    queue.pop()
    queue.move_all(ASSIGNED_POD_ADD, None, {}, 0)
    assert len(queue._in_flight._events) == 0


def test_queue_of_a_configuration_has_its_profiles_backoff_and_gates():
    configuration = configuration_from_dict(
        {
            "apiVersion": "kubescheduler.config.k8s.io/v1",
            "kind": "KubeSchedulerConfiguration",
            "podInitialBackoffSeconds": 5,
            "profiles": [
                {"schedulerName": "a"},
                {
                    "schedulerName": "b",
                    "plugins": {"preEnqueue": {"disabled": [{"name": "SchedulingGates"}]}},
                },
            ],
        }
    )
    held = set()
    queue = build_queue(
        configuration, pre_enqueue={"DefaultPreemption": lambda queued: "a/hold" not in held}
    )
    gates = [{"name": "g"}]
    for name in ("a", "b"):
        pod = make_pod(name, schedulerName=name, schedulingGates=gates)
        queue.add(QueuedPod.of(pod), at(0))
    assert queue.get("default/a").gating_plugin == "SchedulingGates"
    assert queue.get("default/b").pool is Pool.ACTIVE
    queued = reject(queue, 0, FIT)
    held.add("a/hold")
    queue.move_all(WILDCARD, None, None, at(0))
    assert queued.gating_plugin == "DefaultPreemption"
    held.clear()
    queue.add(QueuedPod.of(make_pod("c", schedulerName="b")), at(0))
    reject(queue, 0)
    assert queue.next_wakeup_ns() == at(6)
