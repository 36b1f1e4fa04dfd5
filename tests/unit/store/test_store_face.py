import asyncio
import subprocess
import sys
import threading
from multiprocessing import get_context

import pytest

from pykube_core import Store
from pykube_core.store import (
    FROM_KEY,
    ClosedError,
    CompactedError,
    Compare,
    CorruptError,
    Delete,
    FailedError,
    ForeignError,
    Get,
    KeyValue,
    LeaseNotFoundError,
    LockedError,
    NewerFormatError,
    Put,
    RequestError,
    StoreError,
    prefix_end,
    restore_backup,
)


@pytest.fixture
def store():
    with Store() as opened:
        yield opened


@pytest.mark.parametrize(
    ("prefix", "end"),
    [(b"a", b"b"), (b"a\xff", b"b"), (b"\xff\xff", b"\0"), (b"", b"\0"), (b"/p/", b"/p0")],
)
def test_prefix_end_carries_over_bytes_of_ff(prefix, end):
    assert prefix_end(prefix) == end


def test_import_of_the_package_does_not_load_the_store():
    code = "import sys, pykube_core; print('pykube_core.store' in sys.modules)"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "False"


def test_nested_transactions_answer_as_a_tree(store):
    from pykube_core.store import Txn

    inner = Txn((Compare("version", b"a", "=", 0),), (Put(b"b", b"1"), Get(b"b")), ())
    answer = store.txn([], [Put(b"a", b"1"), inner, Delete(b"zz", FROM_KEY)])
    assert answer.revision == 2
    put, nested, deleted = answer.results
    assert put.prev_kv is None
    assert nested.succeeded  # compares look at what was before the transaction
    assert nested.results[1].kvs[0].value == b"1"
    assert deleted.deleted == 0


@pytest.mark.parametrize("start", [0, 1, 2])
def test_a_later_of_transactions_side_by_side_deletes_what_another_put(tmp_path, start):
    """etcd takes it: a key then has two events at one revision, see its checkIntervals."""
    from pykube_core.store import Txn

    def events(store, end, at, limit):
        with store.watch(b"a", end, start_revision=at, prev_kv=True) as watch:
            found = watch.read(limit).events
            return [(e.kv.value, e.kv.mod_revision, e.prev_kv and e.prev_kv.value) for e in found]

    with Store(tmp_path / "data") as store:
        for _ in range(start):
            store.put(b"a", b"old")
        put, delete = (Txn((), (op,), ()) for op in (Put(b"a", b"new"), Delete(b"a")))
        both = store.txn([], [put, delete]).revision
        store.put(b"z", b"")
        store.validate()
        before = b"old" if start else None
        shown = [(b"new", both, before), (b"", both, before)]
        for end in (b"", b"b"):
            for limit in (1, 2, 10):
                assert events(store, end, both, limit) == shown
        store.snapshot()
    with Store(tmp_path / "data") as store:
        store.validate()
        assert store.get(b"a") is None
        assert events(store, b"", both, 1) == shown
        store.compact(both)
        store.validate()
        shown = [(value, revision, None) for value, revision, _ in shown]
        assert events(store, b"", both, 1) == events(store, b"b", both, 1) == shown
        store.snapshot()
    with Store(tmp_path / "data") as store:
        store.validate()
        assert events(store, b"b", both, 1) == shown
        store.compact(both + 1)
        store.validate()
        assert store.get(b"a") is None
        store.snapshot()
    with Store(tmp_path / "data") as store:
        store.validate()
        assert store.put(b"a", b"again").revision == both + 2


def test_compare_with_the_wrong_kind_of_operand_is_a_type_error(store):
    with pytest.raises(TypeError, match="operand is bytes for value"):
        store.txn([Compare("value", b"a", "=", 1)])
    with pytest.raises(TypeError, match="operand is bytes for value"):
        store.txn([Compare("mod", b"a", "=", b"1")], [Put(b"a")])
    with pytest.raises(ValueError, match="unknown target"):
        store.txn([Compare("size", b"a", "=", 1)])


def test_range_view_shows_the_memory_of_the_store_and_pins_it(store):
    store.put_many([(b"k%d" % i, b"v" * 2000) for i in range(300)])
    with store.range_view(b"k", b"l") as view:
        assert len(view) == view.count == 300
        value = view.value(299)
        assert value.readonly
        store.delete(b"k", b"l")
        store.compact(store.revision)
        assert value == b"v" * 2000
        assert bytes(view.key(0)) == b"k0"
        with pytest.raises(IndexError):
            view.key(300)
    with pytest.raises(ValueError, match="released"):
        value[0]
    view.close()
    assert len(view) == 0


def test_put_many_is_all_or_none(store):
    with pytest.raises(RequestError, match="key is not provided"):
        store.put_many([(b"a", b"1"), (b"", b"2")])
    assert store.revision == 1
    assert store.put_many([(b"a", b"1"), (b"a", b"2")]) == 3
    assert store.get_many([b"a", b"b", b"a"])[1] is None


def test_batch_of_puts_names_the_first_key_at_another_revision_and_puts_nothing(store):
    store.put(b"b", b"1")
    assert store.put_if([(b"a", b"x", 0), (b"b", b"x", 0), (b"c", b"x", 7)]) == (2, 1)
    assert store.put_if([(b"b", b"x", 2), (b"c", b"x", 7)]) == (2, 1)
    assert store.revision == 2
    assert store.put_if([(b"a", b"x", 0), (b"b", b"", 2)]) == (3, None)
    assert store.get(b"b") == (b"b", b"", 2, 3, 2, 0)
    assert store.put_if([]) == (3, None)
    for items in ([(b"a", b"", 3), (b"a", b"", 3)], [(b"", b"", 0)], [(b"k", b"", 0)] * 129):
        with pytest.raises(RequestError):
            store.put_if(items)
    with pytest.raises(LeaseNotFoundError):
        store.put_if([(b"d", b"", 0)], lease=9)
    assert store.revision == 3


def test_batch_of_deletes_names_the_first_key_at_another_revision_and_deletes_nothing(store):
    store.put_many([(b"a", b"1"), (b"b", b"1")])
    assert store.delete_if([(b"a", 2), (b"b", 2), (b"c", 7)]) == (3, 1)
    assert store.delete_if([(b"a", 2), (b"c", 7)]) == (3, 1)
    assert store.delete_if([(b"c", 0)]) == (3, None)
    assert store.delete_if([(b"a", 2), (b"b", 3), (b"c", 0)]) == (4, None)
    assert store.get_many([b"a", b"b"]) == [None, None]
    assert store.delete_if([]) == (4, None)
    for items in ([(b"", 0)], [(b"k", 0)] * 129):
        with pytest.raises(RequestError):
            store.delete_if(items)
    assert store.revision == 4


def files_of(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("batch", ["put_if", "txn"])
def test_batch_of_puts_leaves_the_log_of_the_transaction_that_it_stands_for(tmp_path, batch):
    histories = []
    for name in (batch, "any"):
        with Store(tmp_path / name, salt=1) as store:
            watch = store.watch(b"k", b"l", prev_kv=True)
            lease = store.lease_grant(10, 5).id
            outcomes = []
            for expected in (0, 2, 0):  # the third time they are at 3
                items = [(b"k%d" % i, b"v" * i, expected) for i in range(100)]
                compares = [Compare("mod", key, "=", revision) for key, _, revision in items]
                puts = [Put(key, value, lease) for key, value, _ in items]
                if name == "put_if":
                    revision, failed = store.put_if(items, lease=lease)
                    outcomes.append((revision, failed is None))
                else:
                    # A read among them: encoded operation by operation.
                    reads = [Get(b"k0")] if name == "any" else []
                    answer = store.txn(compares, [*puts, *reads])
                    assert len(answer.results) == (len(puts) + len(reads)) * answer.succeeded
                    assert answer.results[:1] == [(answer.revision, None)] * answer.succeeded
                    outcomes.append((answer.revision, answer.succeeded))
            assert outcomes == [(2, True), (3, True), (3, False)]
            events = watch.read().events
        histories.append((events, files_of(tmp_path / name)))
    assert histories[0] == histories[1]


def test_batch_of_deletes_leaves_the_log_of_the_transaction_that_it_stands_for(tmp_path):
    histories = []
    for name in ("batch", "txn"):
        with Store(tmp_path / name, salt=1) as store:
            watch = store.watch(b"k", b"l", prev_kv=True)
            store.put_if([(b"k%d" % i, b"v" * i, 0) for i in range(100)])
            outcomes = []
            for expected in (2, 0, 2):  # after the first time they are at 0
                items = [(b"k%d" % i, expected) for i in range(100)]
                compares = [Compare("mod", key, "=", revision) for key, revision in items]
                if name == "batch":
                    revision, failed = store.delete_if(items)
                    outcomes.append((revision, failed is None))
                else:
                    answer = store.txn(compares, [Delete(key) for key, _ in items])
                    outcomes.append((answer.revision, answer.succeeded))
            assert outcomes == [(3, True), (3, True), (3, False)]
            events = watch.read().events
        histories.append((events, files_of(tmp_path / name)))
    assert histories[0] == histories[1]


def test_bad_input_gets_etcds_words_and_changes_nothing(store):
    store.put(b"a", b"1")
    big = b"x" * 1572865
    refused = {
        "key is not provided": lambda: store.put(b"", b"1"),
        "request is too large": lambda: store.put(b"k", big),
        "too many operations": lambda: store.txn([], [Put(b"k%d" % i) for i in range(129)]),
        "duplicate key": lambda: store.txn([], [Put(b"k"), Put(b"k")]),
        "future revision": lambda: store.get(b"a", revision=99),
        "has been compacted": lambda: store.compact(0),
        "lease not found": lambda: store.put(b"a", b"1", lease=9),
        "value is provided": lambda: store.put(b"a", b"1", ignore_value=True),
        "key not found": lambda: store.put(b"b", b"", ignore_value=True),
        "too large lease TTL": lambda: store.lease_grant(9000000001, 1),
        "watcher range is empty": lambda: store.watch(b"b", b"a"),
    }
    for words, call in refused.items():
        with pytest.raises(StoreError, match=words):
            call()
    assert store.revision == 2
    assert store.status().version_count == 1


def entries_of(packed):
    """Return the rows of packed events as records."""
    numbers = packed.rows[["create_revision", "mod_revision", "version", "lease"]].tolist()
    return [KeyValue(*pair, *row) for *pair, row in zip(*packed.split(), numbers, strict=True)]


@pytest.mark.parametrize("prev_kv", [False, True])
@pytest.mark.parametrize("count_max", [1, 5, 6, 1000])
def test_packed_events_are_those_of_a_plain_read_and_outlive_the_store(prev_kv, count_max):
    store = Store()
    plain, watch = (store.watch(b"k", b"l", prev_kv=prev_kv) for _ in range(2))
    assert len(watch.read_packed()) == 0
    for i in range(20):
        store.put(b"k%d" % (i % 4), b"%d" % i * i)
    store.delete(b"k", b"l")
    read, kept = [], []
    while packed := watch.read_packed(count_max):
        kept.append(packed)
        read.append(plain.read(count_max))
    store.close()
    assert [packed.revision for packed in kept] == [batch.revision for batch in read]
    for packed, batch in zip(kept, read, strict=True):
        kvs = entries_of(packed)
        assert kvs[: len(packed)] == [event.kv for event in batch.events]
        prevs = [kvs[i] if i >= 0 else None for i in packed.rows["prev"][: len(packed)]]
        assert prevs == [event.prev_kv for event in batch.events]
        assert packed.data.tobytes() == b"".join(kv.key + kv.value for kv in kvs)
        assert not packed.rows.flags.writeable
    assert sum(map(len, kept)) == 24
    with pytest.raises(ClosedError):
        watch.read_packed()


def test_watch_iterates_until_the_store_is_closed():
    async def main():
        store = Store()
        watch = store.watch(b"k", prefix_end(b"k"), prev_kv=True)
        seen = []

        async def follow():
            async for batch in watch:
                seen.extend(batch.events)

        task = asyncio.create_task(follow())
        for i in range(50):
            store.put(b"k%d" % (i % 3), b"%d" % i)
            if i % 10 == 0:
                await asyncio.sleep(0.001)
        while len(seen) < 50:
            await asyncio.sleep(0.001)
        store.close()
        await asyncio.wait_for(task, 5)
        assert [event.kv.value for event in seen] == [b"%d" % i for i in range(50)]
        assert seen[-1].prev_kv.value == b"46"

    asyncio.run(main())


def test_watch_waits_in_a_thread(store):
    watch = store.watch(b"k")
    assert watch.read().events == []
    assert not watch.wait(0.01)
    threading.Timer(0.05, lambda: store.put(b"k", b"1")).start()
    assert watch.wait(5)
    assert watch.read().events[0].kv.value == b"1"
    watch.close()
    watch.close()
    with pytest.raises(ClosedError):
        watch.read()


def test_closing_a_watch_ends_its_iteration(store):
    async def main():
        watch = store.watch(b"k")
        task = asyncio.create_task(anext(watch))
        await asyncio.sleep(0.01)
        watch.close()
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(task, 5)

    asyncio.run(main())


def test_watch_that_falls_behind_is_cancelled_with_the_compact_revision(store):
    watch = store.watch(b"k")
    for i in range(5):
        store.put(b"k", b"%d" % i)
    store.compact(4)
    with pytest.raises(CompactedError) as caught:
        watch.read()
    assert caught.value.compact_revision == 4


def test_leases_live_on_the_clock_that_was_given():
    now = 0
    with Store(clock=lambda: now) as store:
        lease = store.lease_grant(10)
        store.put(b"a", b"1", lease=lease.id)
        now = 9_999_999_999
        assert store.expire_leases() == 0
        assert store.lease_time_to_live(lease.id) == (lease.id, 0, 10, [b"a"])
        now += 1
        assert store.lease_deadline() == now
        assert store.expire_leases() == 1
        assert store.get(b"a") is None
        assert store.lease_keep_alive(lease.id) == 0
        assert store.lease_time_to_live(lease.id).ttl == -1


def test_same_history_chooses_the_same_lease_ids():
    def ids():
        with Store(salt=1) as store:
            return [store.lease_grant(5).id for _ in range(3)]

    assert ids() == ids()


def test_directory_keeps_everything_and_is_locked(tmp_path):
    path = tmp_path / "deep" / "data"
    with Store(path) as store:
        store.put_many([(b"k%d" % i, b"%d" % i) for i in range(100)])
        store.lease_grant(60, 7)
        store.put(b"leased", b"1", lease=7)
        store.compact(50)
        store.snapshot()
        store.delete(b"k1")
        with pytest.raises(LockedError, match="in use"):
            Store(path)
        before = store.hash()
    with Store(path) as store:
        assert store.hash() == before
        assert store.leases() == [7]
        with pytest.raises(CompactedError):
            store.get(b"k0", revision=49)
        assert store.get(b"k1") is None


@pytest.mark.parametrize("durable", [False, True])
def test_backup_restores_what_was_there_and_leaves_the_store_as_it_was(tmp_path, durable):
    where = tmp_path / "data" if durable else None
    with Store(where, salt=7) as store:
        lease = store.lease_grant(100, 5).id
        store.put_many([(b"k%d" % (i % 50), b"%d" % i) for i in range(2000)], lease=lease)
        store.delete(b"k1", b"k2")
        store.compact(1500)
        store.put(b"last", b"x" * 70_000)
        files = files_of(where) if durable else {}
        data = store.backup()
        assert (files_of(where) if durable else {}) == files
        assert restore_backup(data, tmp_path / "again") == store.revision
        with Store(tmp_path / "again") as again:
            assert again.hash() == store.hash()
            assert again.leases() == [lease]
            assert again.lease_time_to_live(lease).keys == store.lease_time_to_live(lease).keys
            assert again.put(b"more", b"").revision == store.revision + 1
    with pytest.raises(ClosedError):
        store.backup()


def test_foreign_damaged_and_newer_directories_are_refused(tmp_path):
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "notes.txt").write_text("mine")
    with pytest.raises(ForeignError, match=r"notes\.txt"):
        Store(foreign)
    assert (foreign / "notes.txt").read_text() == "mine"
    assert list(foreign.iterdir()) == [foreign / "notes.txt"]
    path = tmp_path / "data"
    with Store(path) as store:
        store.put_many([(b"k%d" % i, b"v" * 100) for i in range(10)])
    log = next(path.glob("log-*.wal"))
    good = log.read_bytes()
    log.write_bytes(good[:200] + bytes([good[200] ^ 1]) + good[201:])
    with pytest.raises(CorruptError) as caught:
        Store(path)
    assert caught.value.path == log.name
    assert 64 <= caught.value.offset <= 200
    log.write_bytes(good[:7] + b"\x02" + good[8:])
    with pytest.raises(NewerFormatError):
        Store(path)
    log.write_bytes(good)
    with Store(path, read_only=True) as store:
        assert store.status().key_count == 10
        with pytest.raises(FailedError, match="read-only"):
            store.put(b"k", b"v")
        with pytest.raises(FailedError, match="read-only"):
            store.snapshot()
    assert log.read_bytes() == good


def test_interval_store_survives_a_kill_and_syncs_on_request(tmp_path):
    with Store(tmp_path / "data", sync="interval") as store:
        store.put(b"a", b"1")
        before = store.status().sync_count
        store.put(b"a", b"2")
        assert store.status().sync_count == before
        store.sync()
        assert store.status().sync_count == before + 1
    with pytest.raises(ValueError, match="sync is one of"):
        Store(sync="never")


def _write_in_child(store, out):
    try:
        store.put(b"child", b"1")
    except StoreError as error:
        out.put(str(error))
    else:
        out.put("written")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_forked_child_never_touches_the_log(tmp_path):
    context = get_context("fork")
    with Store(tmp_path / "data") as store:
        store.put(b"a", b"1")
        out = context.SimpleQueue()
        child = context.Process(target=_write_in_child, args=(store, out))
        child.start()
        child.join(20)
        assert "read-only" in out.get()
        store.put(b"a", b"2")
    with Store(tmp_path / "data") as store:
        assert store.get(b"child") is None
        assert store.get(b"a").value == b"2"
