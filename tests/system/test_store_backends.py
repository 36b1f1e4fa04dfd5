"""One interface, four stores: in memory, on disk, our own etcd face, and a real etcd."""

import asyncio
import threading
import time

import pytest
from etcd_process import ETCD, OPENSSL, certificates, cluster

from pykube_core import Store
from pykube_core.store import (
    CompactedError,
    Compare,
    Delete,
    FutureRevisionError,
    Get,
    KeyValue,
    LeaseNotFoundError,
    Put,
    Puts,
    RequestError,
    StoreError,
    Txn,
    open_store,
    prefix_end,
)

grpc = pytest.importorskip("grpc")

from pykube_core.serve.etcd.server import EtcdServer  # noqa: E402
from pykube_core.store.etcd.remote import Endpoints, EtcdStore, UnknownOutcomeError  # noqa: E402

needs_etcd = pytest.mark.skipif(ETCD is None, reason="etcd is not installed (Debian: etcd-server)")


@pytest.fixture(scope="module")
def real_etcd(tmp_path_factory):
    with cluster(tmp_path_factory.mktemp("etcd"), 1) as (ports, _):
        yield f"etcd://127.0.0.1:{ports[0]}"


@pytest.fixture(scope="module")
def own_face():
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    store = Store()

    async def start():
        server = EtcdServer(store, "127.0.0.1:0")
        await server.start()
        return server

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    yield f"etcd://127.0.0.1:{server.port}"
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    store.close()


@pytest.fixture(params=["memory", "disk", "face", pytest.param("etcd", marks=needs_etcd)])
def store(request, tmp_path):
    where = {"memory": None, "disk": str(tmp_path / "data")}.get(request.param, "")
    if where == "":
        fixture = "real_etcd" if request.param == "etcd" else "own_face"
        where = request.getfixturevalue(fixture)
    opened = open_store(where)
    opened.delete(b"\0", b"\0")
    for lease in opened.leases():
        opened.lease_revoke(lease)
    yield opened
    opened.close()
    opened.close()


def test_put_get_delete(store):
    first = store.revision
    assert store.put(b"a", b"1") == (first + 1, None)
    answer = store.put(b"a", b"2", prev_kv=True)
    assert (answer.revision, answer.prev_kv.value) == (first + 2, b"1")
    assert store.get(b"a") == (b"a", b"2", first + 1, first + 2, 2, 0)
    assert store.get(b"a", revision=first + 1).value == b"1"
    assert store.get(b"b") is None
    assert store.put_many([(b"k%d" % i, b"%d" % i) for i in range(5)]) == first + 7
    found = store.get_many([b"k3", b"zz", b"k1"])
    assert [kv and kv.value for kv in found] == [b"3", None, b"1"]
    page = store.range(b"k", prefix_end(b"k"), limit=2)
    assert [kv.key for kv in page.kvs] == [b"k0", b"k1"]
    assert (page.count, page.more) == (5, True)
    newest = store.query(Get(b"k", b"l", sort_order=2, sort_target=3, limit=1, keys_only=True))
    assert [(kv.key, kv.value) for kv in newest.kvs] == [(b"k4", b"")]
    gone = store.delete(b"k", b"l", prev_kv=True)
    assert (gone.deleted, len(gone.prev_kvs)) == (5, 5)


def test_transactions(store):
    store.put(b"a", b"1")
    answer = store.txn(
        [Compare("value", b"a", "=", b"1"), Compare("version", b"b", "<", 1)],
        [Put(b"b", b"2"), Get(b"a", b"z"), Txn((), (Delete(b"a", prev_kv=True),))],
    )
    assert answer.succeeded
    assert [kv.key for kv in answer.results[1].kvs] == [b"a", b"b"]
    assert answer.results[2].results[0].prev_kvs[0].value == b"1"
    again = store.txn([Compare("mod", b"b", "!=", answer.revision)], [], [Get(b"b")])
    assert not again.succeeded
    assert again.results[0].kvs[0].mod_revision == answer.revision == store.revision


def test_batches_of_puts_with_expected_revisions(store):
    first = store.put(b"b", b"1").revision
    assert store.put_if([(b"a", b"x", 0), (b"b", b"y", first - 1)]) == (first, 1)
    assert store.put_if([(b"b", b"y", first), (b"c", b"x", 3)]) == (first, 1)
    lease = store.lease_grant(100).id
    made = [(b"%03d" % i, b"x" * i, 0) for i in range(127)]
    assert store.put_if([*made, (b"b", b"y", first)], lease=lease) == (first + 1, None)
    assert store.get(b"b") == (b"b", b"y", first, first + 1, 2, lease)
    assert store.range(b"0", b"2").count == 127
    with pytest.raises(RequestError, match="duplicate key"):
        store.put_if([(b"a", b"x", 0), (b"a", b"x", 0)])
    with pytest.raises(RequestError, match="too many operations"):
        store.put_if([*made, (b"b", b"", 0), (b"c", b"", 0)])
    assert store.put_if([]) == (first + 1, None)
    assert store.put_if(Puts.of([b"b", b"d"], [b"1", b"2"], [first, 0])) == (first + 1, 0)
    assert store.put_if(Puts.of([b"b", b"d"], [b"1", b"2"], None)) == (first + 2, None)


def test_batches_of_deletes_with_expected_revisions(store):
    made = [(b"%03d" % i, b"x", 0) for i in range(128)]
    first = store.put_if(made).revision
    assert store.delete_if([(b"000", first), (b"001", first - 1)]) == (first, 1)
    assert store.delete_if([(b"000", first), (b"none", 0)]) == (first + 1, None)
    assert store.delete_if([(b"000", first)]) == (first + 1, 0)
    left = [(key, first) for key, _, _ in made[1:]]
    with pytest.raises(RequestError, match="too many operations"):
        store.delete_if([*left, (b"a", 0), (b"b", 0)])
    assert store.delete_if(left) == (first + 2, None)
    assert store.delete_if([(b"000", 0)]) == (first + 2, None)
    assert store.delete_if([]) == (first + 2, None)
    assert store.range(b"0", b"2").count == 0


def test_errors_are_the_same(store):
    store.put(b"a", b"1")
    now = store.revision
    with pytest.raises(FutureRevisionError):
        store.get(b"a", revision=now + 10)
    with pytest.raises(LeaseNotFoundError):
        store.put(b"a", b"1", lease=99)
    with pytest.raises(RequestError, match="duplicate key"):
        store.txn([], [Put(b"a"), Put(b"a")])
    with pytest.raises(RequestError, match="key is not provided"):
        store.put(b"", b"")
    store.put(b"a", b"2")
    store.compact(now + 1)
    with pytest.raises(CompactedError):
        store.get(b"a", revision=now)
    with pytest.raises(StoreError, match="watcher range is empty"):
        store.watch(b"b", b"a")
    assert store.revision == now + 1


def test_leases(store):
    lease = store.lease_grant(100)
    store.put(b"b", b"", lease=lease.id)
    store.put(b"a", b"", lease=lease.id)
    assert store.leases() == [lease.id]
    found = store.lease_time_to_live(lease.id)
    assert found.granted_ttl == 100
    assert 97 <= found.ttl <= 100
    assert found.keys == [b"a", b"b"]
    assert store.lease_keep_alive(lease.id) == 100
    before = store.revision
    assert store.lease_revoke(lease.id) == before + 1
    assert store.range(b"a", b"z").count == 0
    assert store.lease_time_to_live(lease.id).ttl == -1
    assert store.lease_keep_alive(lease.id) == 0


def collect(watch, count):
    events = []
    until = time.monotonic() + 10
    while len(events) < count and time.monotonic() < until:
        batch = watch.read()
        events += batch.events
        if not batch.events:
            watch.wait(0.1)
    return events


def test_watches(store):
    start = store.put(b"w", b"0").revision
    past = store.watch(b"w", b"x", start_revision=start, prev_kv=True)
    new = store.watch(b"w", b"x", no_delete=True)
    store.put(b"w", b"1")
    store.txn([], [Put(b"wz", b"z"), Put(b"wa", b"a")])
    store.delete(b"w")
    events = collect(past, 5)
    assert [e.kv.key for e in events] == [b"w", b"w", b"wz", b"wa", b"w"]
    assert [e.prev_kv and e.prev_kv.value for e in events] == [None, b"0", None, None, b"1"]
    assert events[-1].deleted
    assert [e.kv.value for e in collect(new, 3)] == [b"1", b"z", b"a"]
    now = store.revision
    store.compact(now)
    old = store.watch(b"w", start_revision=start)
    with pytest.raises(CompactedError) as caught:
        collect(old, 1)
    assert caught.value.compact_revision == now
    for watch in (past, new, old):
        watch.close()


def test_a_packed_read_is_a_read_in_two_arrays(store):
    start = store.revision + 1
    options = {"start_revision": start, "prev_kv": True}
    watches = [store.watch(b"w", b"x", **options) for _ in range(2)]
    assert len(store.watch(b"w", b"x").read_packed()) == 0
    for i in range(9):
        store.put(b"w%d" % (i % 3), b"v" * i)
    store.delete(b"w0")
    events, seen = collect(watches[0], 10), []
    while len(seen) < 10:
        packed = watches[1].read_packed(4)
        if not packed:
            watches[1].wait(0.1)
            continue
        keys, values = packed.split()
        pairs = list(zip(keys, values, strict=True))
        assert packed.data.tobytes() == b"".join(part for pair in pairs for part in pair)
        numbers = packed.rows[["create_revision", "mod_revision", "version", "lease"]].tolist()
        kvs = [KeyValue(*pair, *row) for pair, row in zip(pairs, numbers, strict=True)]
        prevs = packed.rows["prev"][: len(packed)]
        seen += [(kvs[i], kvs[prev] if prev >= 0 else None) for i, prev in enumerate(prevs)]
        assert watches[1].revision == packed.revision >= kvs[len(packed) - 1].mod_revision
    assert seen == events
    for watch in watches:
        watch.close()


def test_a_watch_leaves_out_prefixes(store):
    watch = store.watch(b"w", b"x")
    watch.exclude([b"w/a", b"w/b"])
    for key in (b"w/", b"w/a", b"w/a/1", b"w/b1", b"w/c"):
        store.put(key, b"1")
    assert [event.kv.key for event in collect(watch, 2)] == [b"w/", b"w/c"]
    watch.exclude([])
    store.put(b"w/a", b"2")
    assert [event.kv.key for event in collect(watch, 1)] == [b"w/a"]
    watch.close()


def test_async_iteration(store):
    async def main():
        watch = store.watch(b"w", b"x")
        seen = []

        async def follow():
            async for batch in watch:
                seen.extend(batch.events)

        task = asyncio.create_task(follow())
        for i in range(20):
            await asyncio.to_thread(store.put, b"w%d" % i, b"")
        until = time.monotonic() + 10
        while len(seen) < 20 and time.monotonic() < until:
            await asyncio.sleep(0.01)
        watch.close()
        await asyncio.wait_for(task, 10)
        assert [e.kv.key for e in seen] == [b"w%d" % i for i in range(20)]

    asyncio.run(main())


def test_urls_name_members_and_files():
    parsed = Endpoints.parse("etcd://a:1,b:2?ca=/x/ca.pem")
    assert parsed.hosts == ("a:1", "b:2")
    assert str(parsed.ca) == "/x/ca.pem"
    for bad in ("http://a:1", "etcd://", "etcd://a:1?user=x"):
        with pytest.raises(ValueError, match="not etcd://"):
            Endpoints.parse(bad)


@needs_etcd
@pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed")
def test_cluster_behind_tls_takes_whom_its_authority_signed(tmp_path):
    tls, other = tmp_path / "tls", tmp_path / "other"
    certificates(tls)
    certificates(other)
    with cluster(tmp_path / "etcd", 1, tls) as (ports, _):

        def url(authority, signed):
            files = f"cert={signed}/client.pem&key={signed}/client.key"
            return f"etcd://127.0.0.1:{ports[0]}?ca={authority}/ca.pem&{files}"

        with open_store(url(tls, tls)) as store:
            watch = store.watch(b"k")
            assert store.put_if([(b"k", b"1", 0)]).failed is None
            assert store.get(b"k").value == b"1"
            assert [event.kv.value for event in collect(watch, 1)] == [b"1"]
        for strange in (url(other, tls), url(tls, other), f"etcd://127.0.0.1:{ports[0]}"):
            with EtcdStore(strange, timeout=1) as store, pytest.raises(StoreError):
                store.get(b"k")


@needs_etcd
def test_cluster_that_loses_a_member_loses_nothing(tmp_path):
    with cluster(tmp_path, 3) as (ports, processes):
        url = "etcd://" + ",".join(f"127.0.0.1:{port}" for port in ports)
        acknowledged, unknown = [], []
        with EtcdStore(url, timeout=20) as store:
            watch = store.watch(b"k", b"l")
            for i in range(150):
                if i == 60:
                    processes[0].kill()
                try:
                    store.put(b"k%03d" % i, b"%d" % i)
                except UnknownOutcomeError:
                    unknown.append(i)
                else:
                    acknowledged.append(i)
            assert len(acknowledged) >= 140
            kept = {int(kv.value) for kv in store.range(b"k", b"l").kvs}
            assert set(acknowledged) <= kept <= set(acknowledged) | set(unknown)
            events = collect(watch, len(kept))
            assert {int(e.kv.value) for e in events} == kept
            assert len(events) == len(kept)
