"""The scheduling queue against plain sums and lists: no pod lost, none twice, order respected."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pykube_core.scheduler.queue.backoff import SECOND_NS
from pykube_core.scheduler.queue.events import (
    ASSIGNED_POD_DELETE,
    NODE_ADD,
    NODE_DELETE,
    WILDCARD,
    ActionType,
    ClusterEvent,
)
from pykube_core.scheduler.queue.hints import QueueingHints, Registration
from pykube_core.scheduler.queue.queue import (
    UNSCHEDULABLE_FLUSH_INTERVAL_NS,
    UNSCHEDULABLE_TIMEOUT_NS,
    Pool,
    QueuedPod,
    SchedulingQueue,
)

PLUGINS = ("Fit", "Affinity", "Gate", "Deaf")
REGISTERED = {
    "Fit": ClusterEvent("Pod", ActionType.DELETE),
    "Affinity": NODE_ADD,
    "Gate": ClusterEvent("Node", ActionType.ADD | ActionType.DELETE),
}
EVENTS = (ASSIGNED_POD_DELETE, NODE_ADD, NODE_DELETE, WILDCARD)
KEYS = st.sampled_from([f"ns/{number}" for number in range(12)])
REJECTORS = st.lists(st.sampled_from(PLUGINS), unique=True, max_size=3)


class QueueMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.closed: set[str] = set()
        self.now = 0
        self.queue = SchedulingQueue(
            {
                "default-scheduler": QueueingHints(
                    Registration(plugin, event) for plugin, event in REGISTERED.items()
                )
            },
            {"default-scheduler": [("Gate", lambda queued: queued.key not in self.closed)]},
        )
        self.alive: dict[str, QueuedPod] = {}
        self.flying: list[tuple[QueuedPod, list[ClusterEvent]]] = []

    # What the rules say of one pod.

    def end_of_backoff(self, queued: QueuedPod) -> int:
        count = queued.consecutive_errors or queued.unschedulable_count
        if count == 0:
            return -1
        end = queued.timestamp_ns + min(2 ** (count - 1), 10) * SECOND_NS
        return end // SECOND_NS * SECOND_NS

    def is_backing_off(self, queued: QueuedPod) -> bool:
        return self.end_of_backoff(queued) >= self.now // SECOND_NS * SECOND_NS

    def is_worth(self, queued: QueuedPod, event: ClusterEvent) -> str:
        rejectors = queued.unschedulable_plugins | queued.pending_plugins
        if event == WILDCARD or not rejectors:
            return "after backoff"
        asked = {
            plugin
            for plugin in rejectors
            if plugin in REGISTERED and REGISTERED[plugin].matches(event)
        }
        if asked & queued.pending_plugins:
            return "now"
        return "after backoff" if asked else "no"

    def expect_moved(self, queued: QueuedPod, worth: str) -> Pool:
        if worth == "no":
            return Pool.UNSCHEDULABLE
        if queued.key in self.closed:
            return Pool.UNSCHEDULABLE
        if worth == "after backoff" and self.is_backing_off(queued):
            if queued.unschedulable_plugins | queued.pending_plugins:
                return Pool.BACKOFF
            return Pool.ERROR_BACKOFF
        return Pool.ACTIVE

    # What happens.

    @rule(keys=st.sets(KEYS, min_size=1, max_size=6), priority=st.integers(-2, 2))
    def add(self, keys: set[str], priority: int) -> None:
        for key in sorted(keys - {queued.key for queued, _ in self.flying}):
            queued = QueuedPod(key, priority, {"name": key})
            self.queue.add(queued, self.now)
            self.alive[key] = queued
            gated = key in self.closed
            assert queued.pool is (Pool.UNSCHEDULABLE if gated else Pool.ACTIVE)

    @rule()
    def pop(self) -> None:
        active = [each for each in self.alive.values() if each.pool is Pool.ACTIVE]
        backoff = [each for each in self.alive.values() if each.pool is Pool.BACKOFF]
        attempts = {each.key: each.attempts for each in self.alive.values()}
        popped = self.queue.pop()
        if not active and not backoff:
            assert popped is None
            return
        assert popped is not None
        order = {
            each.key: (-each.priority, each.timestamp_ns)
            if active
            else (self.end_of_backoff(each), -each.priority, each.timestamp_ns)
            for each in active or backoff
        }
        assert order[popped.key] == min(order.values())
        assert popped.attempts == attempts[popped.key] + 1
        del self.alive[popped.key]
        self.flying.append((popped, []))

    @rule()
    def pop_all(self) -> None:
        pool = Pool.ACTIVE if self.queue.counts()[Pool.ACTIVE] else Pool.BACKOFF
        expected = self.queue.pods(pool)
        assert self.queue.pop_all() == expected
        for popped in expected:
            del self.alive[popped.key]
            self.flying.append((popped, []))

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def take_turn(self, data: st.DataObject) -> None:
        flight = data.draw(st.sampled_from(range(len(self.flying))))
        queued, _ = self.flying[flight]
        self.queue.take_turn(queued)
        self.flying[flight] = queued, []

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def bind(self, data: st.DataObject) -> None:
        flight = data.draw(st.sampled_from(range(len(self.flying))))
        queued, _ = self.flying.pop(flight)
        self.queue.done(queued)
        assert queued.pool is Pool.NONE

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), unschedulable=REJECTORS, pending=REJECTORS)
    def fail(self, data: st.DataObject, unschedulable: list[str], pending: list[str]) -> None:
        flight = data.draw(st.sampled_from(range(len(self.flying))))
        queued, events = self.flying.pop(flight)
        rejected = bool(unschedulable or pending)
        counts = (queued.unschedulable_count, queued.consecutive_errors)
        counts = (counts[0] + 1, 0) if rejected else (counts[0], counts[1] + 1)
        assert self.queue.add_unschedulable(queued, self.now, unschedulable, pending)
        assert (queued.unschedulable_count, queued.consecutive_errors) == counts
        self.alive[queued.key] = queued
        # A gate that closed meanwhile adds itself to the plugins; the rules ask those given.
        asked = QueuedPod(queued.key)
        asked.unschedulable_plugins = frozenset(unschedulable)
        asked.pending_plugins = frozenset(pending)
        asked.timestamp_ns = self.now
        asked.unschedulable_count = queued.unschedulable_count
        asked.consecutive_errors = queued.consecutive_errors
        answers = {self.is_worth(asked, event) for event in events}
        if not unschedulable and not pending:
            answers = {"after backoff"}
        worth = next((each for each in ("now", "after backoff") if each in answers), "no")
        assert queued.pool is self.expect_moved(asked, worth)

    @rule(event=st.sampled_from(EVENTS))
    def event(self, event: ClusterEvent) -> None:
        before = {key: each.pool for key, each in self.alive.items()}
        expected = {
            key: self.expect_moved(each, self.is_worth(each, event))
            for key, each in self.alive.items()
            if each.pool is Pool.UNSCHEDULABLE
            and not (each.gated and not REGISTERED["Gate"].matches(event))
        }
        moved = self.queue.move_all(event, None, None, self.now)
        for key, each in self.alive.items():
            assert each.pool is expected.get(key, before[key])
        assert moved == sum(pool is not Pool.UNSCHEDULABLE for pool in expected.values())
        for _, events in self.flying:
            events.append(event)

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        self.queue.delete(key)
        queued = self.alive.pop(key, None)
        if queued is not None:
            assert queued.pool is Pool.NONE

    @rule(keys=st.sets(KEYS, max_size=4))
    def close_gates(self, keys: set[str]) -> None:
        self.closed = keys

    @rule(passed=st.sampled_from([0, 1, SECOND_NS // 2, SECOND_NS, 7 * SECOND_NS, 200 * SECOND_NS]))
    def let_time_pass(self, passed: int) -> None:
        wakeup = self.queue.next_wakeup_ns()
        then, self.now = self.now, self.now + passed
        before = {key: each.pool for key, each in self.alive.items()}
        expected = dict(before)
        flush = (
            then // UNSCHEDULABLE_FLUSH_INTERVAL_NS < self.now // UNSCHEDULABLE_FLUSH_INTERVAL_NS
        )
        left_over = False
        for key, each in self.alive.items():
            if each.pool in (Pool.BACKOFF, Pool.ERROR_BACKOFF) and not self.is_backing_off(each):
                expected[key] = Pool.ACTIVE
            waited = self.now - each.timestamp_ns
            if each.pool is Pool.UNSCHEDULABLE and flush and not each.gated:
                if waited > UNSCHEDULABLE_TIMEOUT_NS:
                    expected[key] = self.expect_moved(each, "after backoff")
                    left_over = True
        self.queue.tick(self.now)
        assert {key: each.pool for key, each in self.alive.items()} == expected
        if wakeup is None or wakeup > self.now:
            assert expected == before
        if left_over:
            for _, events in self.flying:
                events.append(WILDCARD)
        following = self.queue.next_wakeup_ns()
        assert following is None or following > self.now

    # What always holds.

    @invariant()
    def every_pod_is_in_one_place(self) -> None:
        counts = self.queue.counts()
        assert len(self.queue) == len(self.alive)
        assert counts[Pool.IN_FLIGHT] == len(self.flying)
        listed = []
        for pool in (Pool.ACTIVE, Pool.BACKOFF, Pool.ERROR_BACKOFF, Pool.UNSCHEDULABLE):
            pods = self.queue.pods(pool)
            assert len(pods) == counts[pool]
            assert all(each.pool is pool for each in pods)
            listed += [each.key for each in pods]
        assert sorted(listed) == sorted(self.alive)
        assert all(self.queue.get(key) is each for key, each in self.alive.items())
        assert all(each.pool is Pool.IN_FLIGHT for each, _ in self.flying)


QueueMachine.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
test_queue_keeps_every_pod_once_and_in_order = QueueMachine.TestCase
