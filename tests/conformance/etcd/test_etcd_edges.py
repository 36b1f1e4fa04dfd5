"""A hundred requests at the edges of etcd's protocol, and what etcd 3.5.1 answered to them.

``answers-3.5.1.txt`` has one line for each answer. Hashes, sizes, versions and lease ids that the
server chooses differ by nature, and watches of one stream hear of a revision in any order.
"""

import asyncio
import queue
import re
import threading
from pathlib import Path

import pytest

grpc = pytest.importorskip("grpc")

from pykube_core import Store  # noqa: E402
from pykube_core.serve.etcd.server import EtcdServer  # noqa: E402
from pykube_core.store.etcd import wire  # noqa: E402
from pykube_core.store.etcd.client import connect  # noqa: E402

ANSWERS = Path(__file__).with_name("answers-3.5.1.txt")
R, P, D = wire.RangeRequest, wire.PutRequest, wire.DeleteRangeRequest
VALUES = ("version", "create_revision", "mod_revision", "value", "lease")


class Running:
    """A server on its own loop in a thread."""

    def __init__(self, store):
        self.loop = asyncio.new_event_loop()
        self.server = None
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        asyncio.run_coroutine_threadsafe(self.start(store), self.loop).result(10)
        self.address = f"127.0.0.1:{self.server.port}"

    async def start(self, store):
        self.server = EtcdServer(store, "127.0.0.1:0")
        await self.server.start()

    def stop(self):
        asyncio.run_coroutine_threadsafe(self.server.stop(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)


def compare(key, target, result, value, end=b""):
    message = wire.Compare(key=key, target=target, result=result, range_end=end)
    setattr(message, VALUES[target], value)
    return message


def op(**kind):
    return wire.RequestOp(**kind)


def put(key, value=b"1"):
    return op(request_put=P(key=key, value=value))


def delete(key, end=b""):
    return op(request_delete_range=D(key=key, range_end=end))


def get(**fields):
    return op(request_range=R(**fields))


class Session:
    def __init__(self, channel):
        self.call = connect(channel)
        self.lines = []

    def note(self, name, ask):
        try:
            text = str(ask()).replace("\n", " ")
        except grpc.RpcError as error:
            text = f"ERR {error.code()} {error.details()}"
        text = re.sub(r"cluster_id: \d+\s+member_id: \d+\s+", "", text)
        text = re.sub(r"raft_term: \d+\s*", "", text)
        self.lines.append(f"{name:<34} {text[:420]}")

    def revision(self):
        return self.call("KV", "Range", R(key=b"x")).header.revision

    def put(self, name, **fields):
        self.note(name, lambda: self.call("KV", "Put", P(**fields)))

    def range(self, name, **fields):
        self.note(name, lambda: self.call("KV", "Range", R(**fields)))

    def txn(self, name, *success, compares=()):
        request = wire.TxnRequest(compare=compares, success=success)
        self.note(name, lambda: self.call("KV", "Txn", request))

    def ask(self, name, service, method, request):
        self.note(name, lambda: self.call(service, method, request))


def puts_and_ranges(s):
    k_to_l = {"key": b"k", "range_end": b"l"}
    s.put("put empty key", key=b"", value=b"1")
    s.put("put a", key=b"a", value=b"1")
    s.put("put a prev_kv", key=b"a", value=b"2", prev_kv=True)
    s.put("put ignore_value missing", key=b"zz", ignore_value=True)
    s.put("put ignore_value+value", key=b"a", value=b"x", ignore_value=True)
    s.put("put bad lease", key=b"a", value=b"1", lease=12345)
    s.ask("delete missing (no bump)", "KV", "DeleteRange", D(key=b"nope"))
    s.range("range missing", key=b"nope")
    for key in (b"k1", b"k2", b"k3"):
        s.call("KV", "Put", P(key=key, value=b"v" + key))
    s.range("range limit2", **k_to_l, limit=2, keys_only=True)
    s.range("count_only", **k_to_l, count_only=True)
    s.range("count_only+limit", **k_to_l, count_only=True, limit=1)
    s.range("min_mod filter count", **k_to_l, min_mod_revision=10**9)
    s.range("range_end<key", key=b"l", range_end=b"k")
    s.range("range_end==key", key=b"k1", range_end=b"k1")
    s.range("key \\0 end \\0 count", key=b"\0", range_end=b"\0", count_only=True)
    s.range("empty key range", key=b"", range_end=b"\0", count_only=True)
    s.range("bad sort", **k_to_l, sort_order=7)
    s.range("negative limit", **k_to_l, limit=-1, keys_only=True)
    s.range("negative rev", key=b"k1", revision=-5, keys_only=True)
    s.range(
        "sort desc default target ver",
        **k_to_l,
        sort_order=2,
        sort_target=3,
        limit=1,
        keys_only=True,
    )


def transactions(s):
    s.txn("txn dup put", put(b"d"), put(b"d", b"2"))
    s.txn("txn put+del same", put(b"d"), delete(b"d"))
    s.txn("txn put+delrange overlap", put(b"d"), delete(b"c", b"e"))
    s.txn("txn del,del same", delete(b"k3"), delete(b"k3"))
    s.txn("txn put,get", put(b"q"), get(key=b"q"), put(b"q2"))
    s.txn("txn empty")
    s.txn("txn read only", get(key=b"q", keys_only=True))
    s.txn("txn del missing only (no bump)", delete(b"nope"))
    s.txn("cmp value missing key EQ", compares=[compare(b"nope", 3, 0, b"")])
    s.txn("cmp value missing NEQ", compares=[compare(b"nope", 3, 3, b"x")])
    s.txn("cmp version missing =0", compares=[compare(b"nope", 0, 0, 0)])
    s.txn("cmp mod range all >0", compares=[compare(b"k", 2, 1, 0, b"l")])
    s.txn("cmp range no keys version>0", compares=[compare(b"n", 0, 1, 0, b"o")])
    s.txn("txn 129 ops", *[put(b"m%d" % i, b"") for i in range(129)])
    s.txn("txn nested", op(request_txn=wire.TxnRequest(success=[put(b"n1")])))
    s.put("big value 1.5M+", key=b"big", value=b"x" * (1572864 + 10))
    s.put("big value 2.2M", key=b"big", value=b"x" * 2300000)
    s.txn("txn range future rev", put(b"fr"), get(key=b"q", revision=10**9))


def compaction(s):
    current = s.revision()
    s.lines.append(f"cur {current}")
    for name, revision in (
        ("compact future", current + 10),
        ("compact cur-2", current - 2),
        ("compact again same", current - 2),
        ("compact 0", 0),
    ):
        s.ask(name, "KV", "Compact", wire.CompactionRequest(revision=revision))
    s.range("range at compact rev", key=b"k1", revision=current - 2, keys_only=True)
    s.range("range at compact-1", key=b"k1", revision=current - 3, keys_only=True)
    s.ask("hashkv", "Maintenance", "HashKV", wire.HashKVRequest(revision=0))


def leases(s):
    grant, ttl = wire.LeaseGrantRequest, wire.LeaseTimeToLiveRequest
    s.ask("lease ttl1", "Lease", "LeaseGrant", grant(TTL=1, ID=77))
    s.ask("lease dup id", "Lease", "LeaseGrant", grant(TTL=1, ID=77))
    s.ask("lease ttl0", "Lease", "LeaseGrant", grant(TTL=0))
    s.ask("lease ttl too big", "Lease", "LeaseGrant", grant(TTL=9000000001))
    s.put("lease put", key=b"le", value=b"1", lease=77)
    s.ask("lease ttl keys", "Lease", "LeaseTimeToLive", ttl(ID=77, keys=True))
    s.ask("lease ttl missing", "Lease", "LeaseTimeToLive", ttl(ID=78))
    s.ask("revoke missing", "Lease", "LeaseRevoke", wire.LeaseRevokeRequest(ID=78))
    alive = wire.LeaseKeepAliveRequest(ID=78)
    s.note("keepalive missing", lambda: next(s.call("Lease", "LeaseKeepAlive", iter([alive]))))
    s.put("put w/o lease detaches", key=b"le", value=b"2")
    s.ask("ttl after detach", "Lease", "LeaseTimeToLive", ttl(ID=77, keys=True))
    s.put("lease put2", key=b"le2", value=b"1", lease=77)
    s.put("lease put3", key=b"le3", value=b"1", lease=77)
    before = s.revision()
    s.ask("revoke", "Lease", "LeaseRevoke", wire.LeaseRevokeRequest(ID=77))
    s.lines.append(f"rev bump by revoke of 2 keys: {s.revision() - before}")


class Stream:
    def __init__(self, session):
        self.session = session
        self.requests = queue.Queue()
        self.found = queue.Queue()
        self.answers = session.call("Watch", "Watch", iter(self.requests.get, None))
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        try:
            for answer in self.answers:
                self.found.put(answer)
        except grpc.RpcError:
            return

    def send(self, **request):
        self.requests.put(wire.WatchRequest(**request))

    def create(self, **fields):
        self.send(create_request=wire.WatchCreateRequest(**fields))

    def show(self, name, count=3):
        for _ in range(count):
            try:
                answer = self.found.get(timeout=0.5)
            except queue.Empty:
                self.session.lines.append(f"  {name:<30} (nothing)")
                return
            self.session.note("  " + name, lambda answer=answer: answer)


def watches(s):
    w, current = Stream(s), s.revision()
    for name, count, fields in (
        ("create now", 1, {"key": b"k1"}),
        ("second watch id", 1, {"key": b"k1", "watch_id": 0}),
        ("watch_id=7", 1, {"key": b"k1", "watch_id": 7}),
        ("watch_id=7 dup", 2, {"key": b"k1", "watch_id": 7}),
        ("empty key", 2, {"key": b"", "range_end": b""}),
        ("end<key", 2, {"key": b"z", "range_end": b"a"}),
        ("compacted start", 3, {"key": b"k1", "start_revision": 1}),
        ("future start", 1, {"key": b"k1", "start_revision": current + 3}),
        ("negative start", 1, {"key": b"k1", "start_revision": -1}),
    ):
        w.create(**fields)
        w.show(name, count)
    w.send(progress_request=wire.WatchProgressRequest())
    w.show("progress req", 2)
    w.send(cancel_request=wire.WatchCancelRequest(watch_id=7))
    w.show("cancel 7", 1)
    w.send(cancel_request=wire.WatchCancelRequest(watch_id=999))
    w.show("cancel unknown", 1)
    for value in (b"A", b"B", None, b"C"):
        if value is None:
            s.call("KV", "DeleteRange", D(key=b"k1"))
        else:
            s.call("KV", "Put", P(key=b"k1", value=value))
    w.show("events", 8)
    w2 = Stream(s)
    w2.create(key=b"k1", start_revision=current + 1, prev_kv=True, filters=[0])
    w2.show("NOPUT prev_kv from cur+1", 3)
    w3 = Stream(s)
    w3.create(key=b"t", range_end=b"u")
    w3.show("w3", 1)
    s.call("KV", "Txn", wire.TxnRequest(success=[put(b"t3"), put(b"t1"), put(b"t2")]))
    w3.show("txn events order", 2)
    w4 = Stream(s)
    w4.create(key=b"t", range_end=b"u", start_revision=s.revision())
    w4.show("txn events replay order", 3)
    s.call("KV", "DeleteRange", D(key=b"t", range_end=b"u"))
    w3.show("delrange events", 2)
    s.ask("status", "Maintenance", "Status", wire.StatusRequest())
    s.ask("hash", "Maintenance", "Hash", wire.HashRequest())
    for stream in (w, w2, w3, w4):
        stream.requests.put(None)


def settle(lines):
    """Blank what differs by nature."""
    out = []
    for line in lines:
        line = re.sub(r"\bhash: \d+", "hash: H", line)
        line = re.sub(r"version: \"[\d.]+\"", "version: V", line)
        line = re.sub(r"(dbSize|dbSizeInUse|leader|raft\w+): \d+", r"\1: N", line)
        line = re.sub(r"ID: \d{12,}", "ID: RANDOM", line)
        if line.startswith("  events "):
            # Of the last revision, whichever watch came first is shown.
            line = re.sub(r"(revision: 18   \}) watch_id: \d", r"\1", line)
        out.append(line.rstrip())
    events = [i for i, line in enumerate(out) if line.startswith("  events ")]
    ordered = sorted(out[i] for i in events)
    for i, line in zip(events, ordered, strict=True):
        out[i] = line
    return out


def test_answers_at_the_edges_are_etcds(tmp_path):
    with Store(tmp_path / "data") as store:
        running = Running(store)
        with grpc.insecure_channel(running.address) as channel:
            session = Session(channel)
            session.lines.append(f"base {session.revision()}")
            for part in (puts_and_ranges, transactions, compaction, leases, watches):
                part(session)
        running.stop()
    assert settle(session.lines) == settle(ANSWERS.read_text().splitlines())


def test_unknown_methods_are_unimplemented():
    with Store() as store:
        running = Running(store)
        with grpc.insecure_channel(running.address) as channel:
            for method in ("Auth/AuthEnable", "Maintenance/MoveLeader", "Cluster/MemberAdd"):
                unknown = channel.unary_unary(f"/etcdserverpb.{method}")
                with pytest.raises(grpc.RpcError) as caught:
                    unknown(b"")
                assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
        running.stop()
