"""Random histories of the store, held against the model: restarts, crashes, compaction, leases.

PKC_MODEL_EXAMPLES sets how many histories of 50 steps are tried.
"""

import os
import random
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from store_model import Compare, Model, Refused

from pykube_core import Store
from pykube_core.store import (
    CompactedError,
    Delete,
    Get,
    LeaseNotFoundError,
    Put,
    RangeResult,
    StoreError,
    Txn,
)

EXAMPLES = int(os.environ.get("PKC_MODEL_EXAMPLES", "500"))
SECOND = 10**9


def made(kind, *parts, **fields):
    """Like st.builds, which would also draw the fields of a named tuple that are left out."""
    return st.tuples(st.tuples(*parts), st.fixed_dictionaries(fields)).map(
        lambda drawn: kind(*drawn[0], **drawn[1])
    )


keys = st.sampled_from([b"a", b"b", b"bb", b"c/1", b"c/2", b"c\xff", b"\xff", b"\0"])
ends = st.sampled_from([b"", b"", b"\0", b"b", b"c0", b"\xff\xff", b"a"])
values = st.sampled_from([b"", b"1", b"2", b"x" * 300])
leases = st.sampled_from([0, 0, 0, 5, 6, 7])
small = st.integers(0, 40)
puts = made(Put, keys, values, leases, prev_kv=st.booleans(), ignore_lease=st.just(False)) | made(
    Put, keys, ignore_value=st.just(True), ignore_lease=st.booleans()
)
gets = made(
    Get,
    keys,
    ends,
    limit=st.integers(-1, 4),
    revision=st.one_of(st.just(0), st.integers(-1, 60)),
    sort_order=st.integers(0, 2),
    sort_target=st.integers(0, 4),
    keys_only=st.booleans(),
    count_only=st.sampled_from([False, False, True]),
    min_mod_revision=st.sampled_from([0, 0, 5]),
    max_mod_revision=st.sampled_from([0, 0, 30]),
    min_create_revision=st.sampled_from([0, 0, 3]),
    max_create_revision=st.sampled_from([0, 0, 20]),
)
deletes = made(Delete, keys, ends, st.booleans())
ops = st.lists(puts | gets | deletes, max_size=4).map(tuple)
compares = st.lists(
    made(
        Compare,
        st.sampled_from(["version", "create", "mod", "lease"]),
        keys,
        st.sampled_from(["=", ">", "<", "!="]),
        st.integers(0, 12),
        ends,
    )
    | made(Compare, st.just("value"), keys, st.sampled_from("=<>"), values, ends),
    max_size=2,
).map(tuple)


def plain(result):
    """Results without their header, which the model does not fill inside transactions."""
    if isinstance(result, RangeResult):
        return (result.kvs, result.count, result.more)
    return tuple(result[1:])


class StoreMachine(RuleBasedStateMachine):
    durable = False

    def __init__(self):
        super().__init__()
        self.model = Model()
        self.now = 0
        self.watches = []
        self.folder = Path(tempfile.mkdtemp()) if self.durable else None
        self.generation = 0
        self.store = self.open()

    def open(self):
        path = None if self.folder is None else self.folder / f"data-{self.generation}"
        return Store(path, clock=lambda: self.now, salt=77, segment_bytes=8192)

    def both(self, ask, model):
        """Ask store and model; the same error or the same answer."""
        try:
            expected = model()
        except Refused as refused:
            reason = str(refused)
        else:
            return ask(), expected
        with pytest.raises(StoreError) as caught:
            ask()
        assert type(caught.value).__name__ == reason
        return None

    @rule(op=puts)
    def put(self, op):
        got = self.both(
            lambda: self.store.put(
                op.key,
                op.value,
                lease=op.lease,
                prev_kv=op.prev_kv,
                ignore_value=op.ignore_value,
                ignore_lease=op.ignore_lease,
            ),
            lambda: self.model.txn(Txn((), (op,))),
        )
        if got:
            assert got[0].revision == got[1].revision
            assert got[0].prev_kv == got[1].results[0].prev_kv

    @rule(op=gets)
    def query(self, op):
        got = self.both(lambda: self.store.query(op), lambda: self.model.range(op))
        if got:
            assert plain(got[0]) == plain(got[1])
            assert got[0].revision == self.model.revision

    @rule(op=deletes)
    def delete(self, op):
        got = self.both(
            lambda: self.store.delete(op.key, op.end, prev_kv=op.prev_kv),
            lambda: self.model.txn(Txn((), (op,))),
        )
        if got:
            assert plain(got[0]) == plain(got[1].results[0])
            assert got[0].revision == self.model.revision

    @rule(compares=compares, success=ops, failure=ops)
    def txn(self, compares, success, failure):
        txn = Txn(compares, success, failure)
        got = self.both(
            lambda: self.store.txn(compares, success, failure), lambda: self.model.txn(txn)
        )
        if got:
            assert got[0].revision == got[1].revision
            assert got[0].succeeded == got[1].succeeded
            assert list(map(plain, got[0].results)) == list(map(plain, got[1].results))

    @rule(items=st.lists(st.tuples(keys, values), max_size=5), lease=leases)
    def put_many(self, items, lease):
        if lease and lease not in self.model.leases and items:
            with pytest.raises(LeaseNotFoundError):
                self.store.put_many(items, lease=lease)
            return
        last = self.store.put_many(items, lease=lease)
        for key, value in items:
            self.model.txn(Txn((), (Put(key, value, lease),)))
        assert last == self.model.revision
        found = self.store.get_many([key for key, _ in items])
        assert found == [self.model.at(key, last) for key, _ in items]

    @rule(back=st.integers(-1, 12))
    def compact(self, back):
        revision = self.model.revision - back
        got = self.both(lambda: self.store.compact(revision), lambda: self.model.compact(revision))
        if got:
            assert got[0] == self.model.revision

    @rule(
        chosen=st.lists(keys, unique=True, max_size=6),
        value=values,
        lease=leases,
        off=st.sampled_from([0, 0, 0, 1]),
    )
    def put_if(self, chosen, value, lease, off):
        at = {kv.key: kv.mod_revision for kv in self.model.range(Get(b"\0", b"\0")).kvs}
        items = [(key, value, at.get(key, 0)) for key in chosen]
        items[-1:] = [(key, value, mod + off) for key, value, mod in items[-1:]]
        puts = tuple(Put(key, value, lease) for key in chosen)
        txn = Txn(tuple(Compare("mod", key, "=", mod) for key, _, mod in items), puts)
        got = self.both(lambda: self.store.put_if(items, lease=lease), lambda: self.model.txn(txn))
        if got:
            assert got[0].revision == got[1].revision
            assert got[0].failed == (None if got[1].succeeded else len(items) - 1)

    @rule(chosen=st.lists(keys, unique=True, max_size=6), off=st.sampled_from([0, 0, 0, 1]))
    def delete_if(self, chosen, off):
        at = {kv.key: kv.mod_revision for kv in self.model.range(Get(b"\0", b"\0")).kvs}
        items = [(key, at.get(key, 0)) for key in chosen]
        items[-1:] = [(key, mod + off) for key, mod in items[-1:]]
        deletes = tuple(Delete(key) for key in chosen)
        txn = Txn(tuple(Compare("mod", key, "=", mod) for key, mod in items), deletes)
        got = self.both(lambda: self.store.delete_if(items), lambda: self.model.txn(txn))
        if got:
            assert got[0].revision == got[1].revision
            assert got[0].failed == (None if got[1].succeeded else len(items) - 1)

    @rule(lease=st.sampled_from([5, 6, 7]), ttl=st.integers(-1, 5))
    def grant(self, lease, ttl):
        if lease in self.model.leases:
            with pytest.raises(StoreError, match="lease already exists"):
                self.store.lease_grant(ttl, lease)
            return
        granted = self.store.lease_grant(ttl, lease).ttl
        assert granted == max(ttl, 2)
        self.model.leases[lease] = [granted, self.now + granted * SECOND]

    @rule(lease=st.sampled_from([5, 6, 7]))
    def revoke(self, lease):
        if lease not in self.model.leases:
            with pytest.raises(LeaseNotFoundError):
                self.store.lease_revoke(lease)
            return
        self.model.end_lease(lease)
        assert self.store.lease_revoke(lease) == self.model.revision

    @rule(lease=st.sampled_from([5, 6, 7]))
    def keep_alive(self, lease):
        ttl, deadline = self.model.leases.get(lease, (0, 0))
        alive = deadline > self.now
        assert self.store.lease_keep_alive(lease) == (ttl if alive else 0)
        if alive:
            self.model.leases[lease][1] = self.now + ttl * SECOND

    @rule(seconds=st.integers(0, 3))
    def pass_time(self, seconds):
        self.now += seconds * SECOND
        due = [(d, i) for i, (_, d) in self.model.leases.items() if d <= self.now]
        before = self.model.revision
        attached = {i: self.model.attached(i) for _, i in due}
        assert self.store.expire_leases() == len(due)
        if len({d for d, _ in due}) == len(due) or sum(map(bool, attached.values())) < 2:
            for _, lease in sorted(due):
                self.model.end_lease(lease)
            return
        # Leases that end at the same time end in any order: take the store's.
        ended = self.store.watch(b"\0", b"\0", start_revision=before + 1).read()
        order = []
        for event in ended.events:
            lease = next(i for i, names in attached.items() if event.kv.key in names)
            if lease not in order:
                order.append(lease)
        for lease in order + [i for _, i in due if i not in order]:
            self.model.end_lease(lease)

    @rule(key=keys, end=ends, start=st.integers(0, 50))
    def watch(self, key, end, start):
        if end and end != b"\0" and end <= key:
            with pytest.raises(StoreError, match="watcher range is empty"):
                self.store.watch(key, end)
            return
        watch = self.store.watch(key, end, start_revision=start, prev_kv=True)
        first = start or self.model.revision + 1
        if 0 < start < self.model.compacted:
            with pytest.raises(CompactedError) as caught:
                watch.read()
            assert caught.value.compact_revision == self.model.compacted
            return
        self.watches.append([watch, key, end, first])

    @rule(most=st.integers(1, 6), data=st.data())
    def read_watch(self, most, data):
        if not self.watches:
            return
        entry = data.draw(st.sampled_from(self.watches))
        watch, key, end, first = entry
        try:
            batch = watch.read(most)
        except CompactedError:
            assert first <= self.model.compacted
            self.watches.remove(entry)
            return
        expected = self.model.events(key, end, first)
        assert batch.events == expected[: len(batch.events)]
        if len(batch.events) < len(expected):
            # As many as asked for, and the last revision whole.
            assert len(batch.events) >= most
            last = batch.events[-1].kv.mod_revision
            assert expected[len(batch.events)].kv.mod_revision > last
        else:
            assert batch.revision >= min(self.model.revision, max(first, batch.revision))
        entry[3] = max(first, batch.revision + 1)

    def resume(self):
        """Open every watch again where it stood, after the store was opened anew."""
        for watch in [entry[0] for entry in self.watches]:
            watch.close()
        keep = [entry for entry in self.watches if entry[3] >= self.model.compacted]
        for entry in keep:
            entry[0] = self.store.watch(entry[1], entry[2], start_revision=entry[3], prev_kv=True)
        self.watches = keep
        for lease in self.model.leases.values():
            lease[1] = self.now + lease[0] * SECOND

    @invariant()
    def figures_agree(self):
        status = self.store.status()
        assert status.revision == self.model.revision
        assert status.compact_revision == self.model.compacted
        assert status.version_count == sum(map(len, self.model.versions.values()))
        assert self.store.leases() == sorted(self.model.leases)
        self.store.validate()

    def teardown(self):
        for lease in self.model.leases:
            assert self.store.lease_time_to_live(lease).keys == self.model.attached(lease)
        everything = self.store.range(b"\0", b"\0").kvs
        assert everything == self.model.live(b"\0", b"\0", self.model.revision)
        for entry in self.watches:
            entry[0].close()
        self.store.close()
        if self.folder is not None:
            shutil.rmtree(self.folder)


class DurableMachine(StoreMachine):
    durable = True

    @rule()
    def snapshot(self):
        self.store.snapshot()

    @rule()
    def restart(self):
        self.store.close()
        self.store = self.open()
        self.resume()

    @rule(seed=st.integers(0, 1000), torn=st.booleans())
    def crash(self, seed, torn):
        """Go on from a copy of the files as a killed process leaves them, or with a torn tail."""
        old = self.folder / f"data-{self.generation}"
        self.generation += 1
        new = self.folder / f"data-{self.generation}"
        shutil.copytree(old, new)
        if torn:
            log = max(new.glob("log-*.wal"))
            data = log.read_bytes()
            end = len(data.rstrip(b"\0"))
            end += -end % 8 + 16
            noise = random.Random(seed).randbytes(400)
            log.write_bytes(data[:end] + noise + data[end + 400 :])
        for entry in self.watches:
            entry[0].close()
        self.store.close()
        shutil.rmtree(old)
        self.store = self.open()
        self.resume()

    @initialize()
    def begin(self):
        assert self.store.status().durable


machine = settings(
    max_examples=EXAMPLES,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestStoreInMemory = StoreMachine.TestCase
TestStoreInMemory.settings = machine
TestStoreOnDisk = DurableMachine.TestCase
TestStoreOnDisk.settings = machine
