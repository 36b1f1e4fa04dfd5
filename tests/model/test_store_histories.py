"""Recorded histories of concurrent clients: linearizable, and seen in full by every watch."""

import random
import threading
import time

import pytest
from store_model import Model, Txn, within

from pykube_core import Store
from pykube_core.store import CompactedError, Compare, Delete, Get, Put

CLIENTS = 16
OPERATIONS = 60
KEYS = [b"a", b"b", b"c/1", b"c/2", b"d"]


def one_client(store, seed, history):
    draw = random.Random(seed)
    for _ in range(OPERATIONS):
        key, value = draw.choice(KEYS), b"%d" % draw.randrange(10**9)
        kind = draw.randrange(10)
        compares, success, failure = (), (Put(key, value, prev_kv=True),), ()
        if kind < 3:
            success = (Get(key, draw.choice([b"", b"\0"])),)
        elif kind < 5:
            success = (Delete(key, draw.choice([b"", b"c0"]), prev_kv=True),)
        elif kind < 7:
            compares = (Compare("version", key, "=", draw.randrange(4)),)
            success, failure = (Put(key, value), Get(b"a", b"\0")), (Get(key), Delete(b"d"))
        began = time.perf_counter_ns()
        answer = store.txn(compares, success, failure)
        ended = time.perf_counter_ns()
        history.append((began, ended, Txn(compares, success, failure), answer))


def one_watcher(watch, batches, stop):
    while True:
        done = stop.is_set()
        batch = watch.read(5)
        batches.append(batch)
        if done and not batch.events:
            return
        if not batch.events:
            watch.wait(0.01)


def record(store, watch_specs):
    histories = [[] for _ in range(CLIENTS)]
    watched = [(spec, []) for spec in watch_specs]
    # Opened before the first write: a start of 0 means from then on.
    open_watches = [
        store.watch(key, end, start_revision=start, prev_kv=True) for key, end, start in watch_specs
    ]
    stop = threading.Event()
    clients = [
        threading.Thread(target=one_client, args=(store, seed, histories[seed]))
        for seed in range(CLIENTS)
    ]
    watchers = [
        threading.Thread(target=one_watcher, args=(watch, batches, stop))
        for watch, (_, batches) in zip(open_watches, watched, strict=True)
    ]
    for thread in clients + watchers:
        thread.start()
    for thread in clients:
        thread.join()
    stop.set()
    for thread in watchers:
        thread.join()
    return [step for history in histories for step in history], watched


def is_write(step):
    return any(
        (isinstance(op, Put)) or (isinstance(op, Delete) and result.deleted)
        for op, result in zip(
            step[2].success if step[3].succeeded else step[2].failure,
            step[3].results,
            strict=True,
        )
    )


def check_linearizable(steps):
    """Writes are ordered by their revision; the model replays them, and reads between them."""
    writes = sorted((s for s in steps if is_write(s)), key=lambda s: s[3].revision)
    reads = [s for s in steps if not is_write(s)]
    revisions = [s[3].revision for s in writes]
    assert revisions == list(range(2, 2 + len(writes))), "each write has a revision of its own"
    ordered = sorted(steps, key=lambda s: (s[3].revision, not is_write(s)))
    model = Model()
    for _, _, txn, answer in ordered:
        expected = model.txn(txn)
        assert answer.revision == expected.revision == model.revision
        assert answer.succeeded == expected.succeeded
        for got, want in zip(answer.results, expected.results, strict=True):
            assert getattr(got, "kvs", None) == getattr(want, "kvs", None)
            assert getattr(got, "prev_kv", None) == getattr(want, "prev_kv", None)
            assert getattr(got, "prev_kvs", None) == getattr(want, "prev_kvs", None)
    # Real time: what ended before a step began has no later revision, and a write an earlier one.
    by_end = sorted(steps, key=lambda s: s[1])
    newest, i = 0, 0
    for step in sorted(steps, key=lambda s: s[0]):
        while by_end[i][1] < step[0]:
            newest = max(newest, by_end[i][3].revision)
            i += 1
        assert step[3].revision >= newest + is_write(step)
    assert len(reads) > 100
    return model


# The nine guarantees, by the names that etcd's robustness tests give them.


def check_filter(spec, events, model):
    assert all(within(e.kv.key, spec[0], spec[1]) for e in events)


def check_ordered(spec, events, model):
    revisions = [e.kv.mod_revision for e in events]
    assert revisions == sorted(revisions)


def check_unique(spec, events, model):
    seen = [(e.kv.key, e.kv.mod_revision) for e in events]
    assert len(seen) == len(set(seen))


def check_reliable(spec, events, model):
    expected = model.events(spec[0], spec[1], max(spec[2], 1))
    if spec[2] == 0:
        expected = [e for e in expected if e.kv.mod_revision >= events[0].kv.mod_revision]
    assert [e.kv for e in events] == [e.kv for e in expected]


def check_is_create(spec, events, model):
    for e in events:
        if not e.deleted:
            assert (e.kv.create_revision == e.kv.mod_revision) == (e.kv.version == 1)


def check_prev_kv(spec, events, model):
    for e in events:
        assert e.prev_kv == model.prev(e.kv)


def check_atomic(spec, batches):
    last = 0
    for batch in batches:
        if batch.events:
            assert batch.events[0].kv.mod_revision > last
            last = batch.events[-1].kv.mod_revision


def check_bookmarkable(spec, batches):
    progress = 0
    for batch in batches:
        assert all(e.kv.mod_revision > progress for e in batch.events)
        assert batch.revision >= progress or progress < spec[2]
        progress = max(progress, batch.revision)


def check_resumable(store, spec, batches, events):
    middle = batches[len(batches) // 2].revision
    again = store.watch(spec[0], spec[1], start_revision=middle + 1, prev_kv=True).read(10**9)
    assert again.events == [e for e in events if e.kv.mod_revision > middle]


SPECS = [
    (b"a", b"", 1),
    (b"a", b"\0", 1),
    (b"c/", b"c0", 2),
    (b"b", b"d", 0),
    (b"\0", b"\0", 100),
    (b"d", b"", 300),
]


@pytest.mark.parametrize("where", ["memory", "disk"])
def test_sixteen_clients_are_linearizable_and_watches_miss_nothing(where, tmp_path):
    store = Store(None if where == "memory" else tmp_path / "data", segment_bytes=20000)
    with store:
        steps, watched = record(store, SPECS)
        model = check_linearizable(steps)
        for spec, batches in watched:
            events = [event for batch in batches for event in batch.events]
            assert events
            for check in (
                check_filter,
                check_ordered,
                check_unique,
                check_reliable,
                check_is_create,
                check_prev_kv,
            ):
                check(spec, events, model)
            check_atomic(spec, batches)
            check_bookmarkable(spec, batches)
            check_resumable(store, spec, batches, events)
        store.validate()


def test_watch_beside_compaction_sees_all_or_is_told():
    with Store() as store:
        stop = threading.Event()

        def compact():
            while not stop.is_set():
                status = store.status()
                if status.revision > status.compact_revision + 30:
                    store.compact(status.revision - 20)

        compactor = threading.Thread(target=compact)
        compactor.start()
        watch = store.watch(b"k", b"l")
        seen, told = 0, 0
        for i in range(3000):
            store.put(b"k%d" % (i % 7), b"%d" % i)
            if i % 25 == 24:
                try:
                    batch = watch.read()
                except CompactedError as error:
                    told += 1
                    watch.close()
                    seen = error.compact_revision - 1
                    watch = store.watch(b"k", b"l", start_revision=seen + 1)
                    continue
                for event in batch.events:
                    assert event.kv.mod_revision == seen + 1 or seen == 0
                    seen = event.kv.mod_revision
        stop.set()
        compactor.join()
        store.validate()
        assert seen > 2000
