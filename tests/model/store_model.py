"""etcd's rules in plain Python, without any index: what the store is held against."""

from dataclasses import dataclass, field

from pykube_core.store import (
    Compare,
    Delete,
    DeleteResult,
    Event,
    Get,
    KeyValue,
    Put,
    PutResult,
    RangeResult,
    Txn,
    TxnResult,
)


class Refused(Exception):
    """The model refuses a request; its text is the name of the rule."""


def within(key, first, end):
    if not end:
        return key == first
    return key >= first and (end == b"\0" or key < end)


@dataclass
class Model:
    revision: int = 1
    compacted: int = 0
    versions: dict = field(default_factory=dict)  # key -> [KeyValue], oldest first
    log: list = field(default_factory=list)  # KeyValue, in order of (revision, operation)
    leases: dict = field(default_factory=dict)  # id -> [ttl, deadline_ns]

    def at(self, key, revision):
        found = None
        for kv in self.versions.get(key, ()):
            if kv.mod_revision <= revision:
                found = kv
        return found if found is not None and found.create_revision else None

    def live(self, first, end, revision):
        keys = sorted(key for key in self.versions if within(key, first, end))
        return [kv for key in keys if (kv := self.at(key, revision)) is not None]

    def range(self, op, now=None):
        now = self.revision if now is None else now
        if op.revision > now:
            raise Refused("FutureRevisionError")
        if 0 < op.revision < self.compacted:
            raise Refused("CompactedError")
        kvs = self.live(op.key, op.end, op.revision if op.revision > 0 else now)
        count = len(kvs)
        if op.count_only:
            return RangeResult(0, [], count, False)
        filters = (op.min_mod_revision, op.max_mod_revision)
        filters += (op.min_create_revision, op.max_create_revision)
        if op.limit > 0 and op.sort_order == 0 and not any(filters):
            kvs = kvs[: op.limit + 1]
        for low, high, name in (
            (op.min_mod_revision, op.max_mod_revision, "mod_revision"),
            (op.min_create_revision, op.max_create_revision, "create_revision"),
        ):
            kvs = [
                kv
                for kv in kvs
                if (not low or getattr(kv, name) >= low) and (not high or getattr(kv, name) <= high)
            ]
        if op.sort_order or op.sort_target:
            field_name = ("key", "version", "create_revision", "mod_revision", "value")
            kvs.sort(
                key=lambda kv: getattr(kv, field_name[op.sort_target]), reverse=op.sort_order == 2
            )
        more = 0 < op.limit < len(kvs)
        kvs = kvs[: op.limit] if more else kvs
        if op.keys_only:
            kvs = [kv._replace(value=b"") for kv in kvs]
        return RangeResult(0, kvs, count, more)

    def compare(self, c):
        kvs = self.live(c.key, c.end, self.revision)
        if not kvs:
            if c.target == "value":
                return False
            kvs = [KeyValue(c.key, b"", 0, 0, 0, 0)]
        names = {"create": "create_revision", "mod": "mod_revision"}
        for kv in kvs:
            a, b = getattr(kv, names.get(c.target, c.target)), c.operand
            if not {"=": a == b, ">": a > b, "<": a < b, "!=": a != b}[c.result]:
                return False
        return True

    def _check(self, ops):
        """Refuse puts that overlap with others; one level."""
        for i, op in enumerate(ops):
            if isinstance(op, Put):
                for j, other in enumerate(ops):
                    twice = isinstance(other, Put) and i != j and other.key == op.key
                    deleted = isinstance(other, Delete) and within(op.key, other.key, other.end)
                    if twice or deleted:
                        raise Refused("RequestError")

    def _append(self, kv):
        self.versions.setdefault(kv.key, []).append(kv)
        self.log.append(kv)

    def _run(self, op, revision):
        if isinstance(op, Get):
            return self.range(op, revision if op.revision <= 0 else self.revision)
        if isinstance(op, Put):
            last = self.at(op.key, revision)
            value = last.value if op.ignore_value else op.value
            lease = last.lease if op.ignore_lease else op.lease
            create = last.create_revision if last else revision
            version = last.version + 1 if last else 1
            self._append(KeyValue(op.key, value, create, revision, version, lease))
            return PutResult(0, last if op.prev_kv else None)
        kvs = self.live(op.key, op.end, revision)
        for kv in kvs:
            self._append(KeyValue(kv.key, b"", 0, revision, 0, 0))
        return DeleteResult(0, len(kvs), kvs if op.prev_kv else [])

    def txn(self, txn):
        self._check(txn.success)
        self._check(txn.failure)
        held = all(self.compare(c) for c in txn.compares)
        ops = txn.success if held else txn.failure
        for op in ops:
            if isinstance(op, Put):
                missing = self.at(op.key, self.revision) is None
                if (op.ignore_value or op.ignore_lease) and missing:
                    raise Refused("RequestError")
                if op.lease and op.lease not in self.leases:
                    raise Refused("LeaseNotFoundError")
        for op in ops:
            if isinstance(op, Get):
                self.range(op)
        before = len(self.log)
        results = [self._run(op, self.revision + 1) for op in ops]
        self.revision += len(self.log) > before
        return TxnResult(self.revision, held, results)

    def compact(self, revision):
        if revision <= self.compacted:
            raise Refused("CompactedError")
        if revision > self.revision:
            raise Refused("FutureRevisionError")
        self.compacted = revision
        for key, kvs in list(self.versions.items()):
            old = [kv for kv in kvs if kv.mod_revision <= revision]
            keep = [kv for kv in kvs if kv.mod_revision > revision]
            if old and (old[-1].create_revision or old[-1].mod_revision == revision):
                keep.insert(0, old[-1])
            self.versions[key] = keep
            if not keep:
                del self.versions[key]
        self.log = [kv for kv in self.log if kv.mod_revision >= revision]

    def end_lease(self, lease):
        del self.leases[lease]
        kvs = [kv for kv in self.live(b"\0", b"\0", self.revision) if kv.lease == lease]
        self.revision += bool(kvs)
        for kv in kvs:
            self._append(KeyValue(kv.key, b"", 0, self.revision, 0, 0))

    def attached(self, lease):
        return [kv.key for kv in self.live(b"\0", b"\0", self.revision) if kv.lease == lease]

    def prev(self, kv):
        """The previous version that a watch shows with an event."""
        if kv.create_revision == kv.mod_revision or kv.mod_revision - 1 < self.compacted:
            return None
        return self.at(kv.key, kv.mod_revision - 1)

    def events(self, first, end, start):
        return [
            Event(kv, self.prev(kv))
            for kv in self.log
            if kv.mod_revision >= start and within(kv.key, first, end)
        ]


__all__ = ["Compare", "Model", "Refused", "Txn", "within"]
