import pytest

from pykube_core.api.core import CONFIG_MAPS, NODES
from pykube_core.apiserver import ApiServer
from pykube_core.client.informers import (
    Created,
    Deleted,
    Housekeeping,
    SharedInformer,
    Updated,
)
from pykube_core.cluster import EventLoop, VirtualClock, WallClock
from pykube_core.store import Store

START = 1_795_407_362 * 10**9


def config_map(name, **data):
    return {"metadata": {"name": name}, "data": data}


class World:
    def __init__(self, clock=None):
        self.store = Store(salt=1)
        self.clock = clock or VirtualClock(START)
        self.server = ApiServer(self.store, clock=self.clock)
        self.server.bootstrap()
        self.log = SharedInformer(self.store, self.server.registry)
        self.loop = EventLoop(self.log, self.clock)
        self.trace = []


@pytest.fixture
def world():
    world = World()
    yield world
    world.log.close()
    world.store.close()


class Recorder:
    """Notes when it steps and what it reads; comes back after ``period_ns``."""

    def __init__(self, world, name, period_ns=None):
        self.name = name
        self.cursor = world.log.cursor(CONFIG_MAPS)
        self._world = world
        self._period_ns = period_ns

    def step(self, now_ns):
        read = [change.object.name for change in self.cursor.read()]
        self._world.trace.append((now_ns - START, self.name, read))
        return None if self._period_ns is None else now_ns + self._period_ns


def test_equal_times_go_by_priority_and_then_by_place(world):
    for name, priority in (("a", 1), ("b", 0), ("c", 0)):
        world.loop.add(Recorder(world, name), priority)
    assert world.loop.run()
    assert [name for _, name, _ in world.trace] == ["b", "c", "a"]


def test_time_passes_only_when_nobody_has_anything_to_do(world):
    world.loop.add(Recorder(world, "slow", 5))
    world.loop.add(Recorder(world, "fast", 2))
    assert world.loop.run(until_ns=START + 5)
    assert [(at, name) for at, name, _ in world.trace] == [
        (0, "slow"), (0, "fast"), (2, "fast"), (4, "fast"), (5, "slow"),
    ]  # fmt: skip
    assert world.clock() == START + 5


def test_news_wakes_its_readers_alone(world):
    world.loop.add(Recorder(world, "a"))
    world.loop.run()
    world.server.create(NODES, {"metadata": {"name": "n"}})
    world.loop.run()
    assert world.trace == [(0, "a", [])]
    world.server.create(CONFIG_MAPS, config_map("c"), "default")
    world.server.create(CONFIG_MAPS, config_map("d"), "default")
    world.loop.run()
    assert world.trace[1:] == [(0, "a", ["c", "d"])]


def test_who_is_removed_steps_no_more_and_collects_nothing(world):
    gone, kept = Recorder(world, "gone", 5), Recorder(world, "kept")
    world.loop.add(gone)
    world.loop.add(kept)
    world.loop.run(until_ns=START)
    world.loop.remove(gone)
    world.server.create(CONFIG_MAPS, config_map("c"), "default")
    assert world.loop.run()
    assert world.trace == [(0, "gone", []), (0, "kept", []), (0, "kept", ["c"])]
    assert not gone.cursor.has_news
    with pytest.raises(ValueError, match="gone is not in the loop"):
        world.loop.remove(gone)


def test_a_run_ends_at_its_condition_or_its_limit(world):
    world.loop.add(Recorder(world, "a", 10))
    assert world.loop.run(condition=lambda: len(world.trace) == 3)
    assert not world.loop.run(condition=lambda: False, until_ns=START + 100)
    assert not world.loop.run(step_count_max=2)
    assert world.loop.step_count == len(world.trace) == 13


def test_cursor_begins_with_all_that_is_there_and_sees_before_and_after(world):
    created = world.server.create(CONFIG_MAPS, config_map("c"), "default")
    world.log.pull()
    cursor = world.log.cursor(CONFIG_MAPS)
    assert cursor.read() == [Created(created)]
    changed = world.server.update(CONFIG_MAPS, config_map("c", a="b"), namespace="default")
    world.server.delete(CONFIG_MAPS, "c", "default")
    assert not cursor.has_news
    assert world.log.pull() == 2
    assert world.log.revision == world.server.revision
    assert cursor.read() == [Updated(created, changed), Deleted(changed)]
    assert world.log.get(CONFIG_MAPS, "c", "default") is None
    assert world.log.count(CONFIG_MAPS) == 0


def test_wall_clock_waits_for_the_next_write_or_its_time():
    world = World(WallClock())
    world.loop.add(Recorder(world, "a"))
    before = world.clock()
    world.server.create(CONFIG_MAPS, config_map("c"), "default")
    assert world.loop.run(until_ns=before + 50_000_000)
    assert world.clock() >= before + 50_000_000
    assert [read for _, _, read in world.trace if read] == [["c"]]
    world.log.close()
    world.store.close()


class Beating(Recorder):
    """Comes back for housekeeping, and for work while there is some."""

    def __init__(self, world, name, work):
        super().__init__(world, name)
        self._work = work

    def step(self, now_ns):
        super().step(now_ns)
        self._work -= 1
        return now_ns + 10 if self._work > 0 else Housekeeping(now_ns + 10)


def test_a_cluster_is_quiescent_when_nothing_but_upkeep_is_waiting(world):
    world.loop.add(Beating(world, "a", 3))
    world.loop.add(Recorder(world, "b"))
    assert world.loop.run(quiescent=True)
    assert [at for at, name, _ in world.trace if name == "a"] == [0, 10, 20]
    assert world.loop.run(quiescent=True)
    assert world.clock() == START + 20
    world.loop.run(until_ns=START + 35)
    assert world.clock() == START + 35
    assert len(world.trace) == 5


def test_news_is_work_until_it_is_read(world):
    world.loop.add(Beating(world, "a", 0))
    assert world.loop.run(quiescent=True)
    world.server.create(CONFIG_MAPS, config_map("c"), "default")
    assert world.loop.run(quiescent=True)
    assert world.trace[-1] == (0, "a", ["c"])
    assert world.loop.working == []


def test_work_that_goes_on_past_the_time_is_not_quiescent(world):
    world.loop.add(Beating(world, "a", 10))
    assert not world.loop.run(quiescent=True, until_ns=START + 25)
    assert world.loop.working == ["a"]


def test_news_is_work_also_when_upkeep_let_time_pass(world):
    world.loop.add(Beating(world, "a", 0))
    world.loop.run(until_ns=START + 10)
    world.server.create(CONFIG_MAPS, config_map("c"), "default")
    assert world.loop.run(quiescent=True)
    assert world.trace[-1] == (10, "a", ["c"])
