import pytest

from pykube_core.api.core import CONFIG_MAPS
from pykube_core.apiserver import ApiServer
from pykube_core.client.informers import SharedInformer
from pykube_core.cluster import EventLoop, VirtualClock
from pykube_core.cluster.history import history_hash, last_time_ns
from pykube_core.cluster.housekeeping import Compactor, LeaseExpiry
from pykube_core.store import CompactedError, Store

NANO = 10**9
START = 1_795_407_362 * NANO


class World:
    def __init__(self):
        self.clock = VirtualClock(START)
        self.store = Store(clock=self.clock)
        self.server = ApiServer(self.store, clock=self.clock)
        self.server.bootstrap()
        self.log = SharedInformer(self.store, self.server.registry)
        self.loop = EventLoop(self.log, self.clock)

    def write(self, value):
        obj = {"metadata": {"name": "c"}, "data": {"k": value}}
        return self.server.update(CONFIG_MAPS, obj, namespace="default").revision

    def run(self, seconds):
        self.loop.run(until_ns=self.clock() + seconds * NANO)


@pytest.fixture
def world():
    world = World()
    world.server.create(CONFIG_MAPS, {"metadata": {"name": "c"}}, "default")
    yield world
    world.log.close()
    world.store.close()


def test_history_of_the_last_five_minutes_is_kept(world):
    world.loop.add(Compactor(world.store, world.log))
    world.run(1)
    first = world.write("a")
    world.run(298)
    assert world.store.range(b"/", revision=first).revision
    world.run(2)  # compacts to what was there at the start
    second = world.write("b")
    world.run(300)
    world.store.range(b"/", revision=second)
    with pytest.raises(CompactedError):
        world.store.range(b"/", revision=first - 1)


def test_a_store_that_nobody_writes_to_is_compacted_once(world):
    world.loop.add(Compactor(world.store, world.log))
    world.run(3600)
    assert world.store.status().compact_revision == world.store.revision


def test_leases_end_in_time_and_take_their_keys_along(world):
    world.loop.add(LeaseExpiry(world.store, world.log))
    lease = world.store.lease_grant(60).id
    world.store.put(b"/k", b"v", lease=lease)
    world.run(59)
    assert world.store.get(b"/k") is not None
    world.run(12)
    assert world.store.get(b"/k") is None


def test_hashes_tell_histories_apart_also_behind_a_compaction(world):
    before = history_hash(world.store)
    world.write("a")
    changed = history_hash(world.store)
    assert changed != before
    world.write("b")
    world.store.compact(world.store.revision)
    assert history_hash(world.store) not in (before, changed)
    assert history_hash(world.store) == history_hash(world.store)


def test_no_object_is_younger_than_the_last_time(world):
    assert last_time_ns(world.store) == START + NANO
    world.run(100)
    world.server.create(CONFIG_MAPS, {"metadata": {"name": "d"}}, "default")
    assert last_time_ns(world.store) == START + 101 * NANO
    with Store() as empty:
        assert last_time_ns(empty) == 0
