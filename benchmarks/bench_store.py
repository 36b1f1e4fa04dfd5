"""The store beside SQLite (WAL, synchronous FULL), LMDB and a real etcd, in one run.

Values are 1.5 KB; keys are those of 5,000 pods, written again in a fixed random order. `make bench`
runs it at full size; the test command runs each body once, small. ``python
benchmarks/bench_store.py`` prints ratios.
"""

import contextlib
import hashlib
import itertools
import platform
import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from pykube_core import Store
from pykube_core.store import Put

VALUE = b"v" * 1500
BATCH = 100
PEERS = ("store", "store put_many", "sqlite", "lmdb", "etcd")


KEYS = 5000


def key_of(i):
    """Return the key of pod ``i``."""
    return b"/registry/pods/default/pod-%08d" % i


@contextlib.contextmanager
def store_peer(folder, *, many):
    """Yield functions that write a batch of keys and list 1,000; so do the other peers."""
    with Store(folder / "store") as store:

        def write(keys):
            if many:
                store.put_many([(key, VALUE) for key in keys])
            else:
                store.txn([], [Put(key, VALUE) for key in keys])

        def read():
            return [(kv.key, kv.value) for kv in store.range(key_of(0), key_of(1000)).kvs]

        yield write, read


@contextlib.contextmanager
def sqlite_peer(folder):
    """SQLite."""
    connection = sqlite3.connect(folder / "sqlite.db", isolation_level=None)
    connection.execute("pragma journal_mode=wal")
    connection.execute("pragma synchronous=full")
    connection.execute("create table kv (key blob primary key, value blob) without rowid")

    def write(keys):
        connection.execute("begin")
        connection.executemany(
            "insert or replace into kv values (?, ?)",
            [(key, VALUE) for key in keys],
        )
        connection.execute("commit")

    def read():
        return connection.execute(
            "select key, value from kv where key >= ? and key < ? order by key",
            (key_of(0), key_of(1000)),
        ).fetchall()

    yield write, read
    connection.close()


@contextlib.contextmanager
def lmdb_peer(folder):
    """LMDB."""
    lmdb = pytest.importorskip("lmdb")
    environment = lmdb.open(str(folder / "lmdb"), map_size=4 << 30)

    def write(keys):
        with environment.begin(write=True) as txn:
            for key in keys:
                txn.put(key, VALUE)

    def read():
        out = []
        with environment.begin() as txn:
            cursor = txn.cursor()
            cursor.set_range(key_of(0))
            for key, value in cursor:
                if key >= key_of(1000):
                    break
                out.append((key, value))
        return out

    yield write, read
    environment.close()


@contextlib.contextmanager
def etcd_peer(folder):
    """Run a real etcd of one node."""
    pytest.importorskip("grpc")
    if shutil.which("etcd") is None:
        pytest.skip("etcd is not installed (Debian: etcd-server)")
    from pykube_core.store.etcd.remote import EtcdStore

    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{one.getsockname()[1]}"
        peer = f"http://127.0.0.1:{other.getsockname()[1]}"
    command = ["etcd", "--data-dir", str(folder / "etcd"), "--listen-peer-urls", peer]
    command += ["--listen-client-urls", f"http://{address}"]
    command += ["--advertise-client-urls", f"http://{address}"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with EtcdStore(f"etcd://{address}") as store:

            def write(keys):
                store.txn([], [Put(key, VALUE) for key in keys])

            def read():
                return [(kv.key, kv.value) for kv in store.range(key_of(0), key_of(1000)).kvs]

            yield write, read
    finally:
        server.kill()
        server.wait()


@contextlib.contextmanager
def peer(name, folder):
    """Open a peer by name."""
    opened = {
        "store": lambda: store_peer(folder, many=False),
        "store put_many": lambda: store_peer(folder, many=True),
        "sqlite": lambda: sqlite_peer(folder),
        "lmdb": lambda: lmdb_peer(folder),
        "etcd": lambda: etcd_peer(folder),
    }[name]()
    with opened as functions:
        yield functions


def batches(count):
    """Return batches of keys: all of them in order, then ``count`` at random."""
    draw = random.Random(1)
    ordered = [key_of(i) for i in range(KEYS)]
    first = [ordered[at : at + BATCH] for at in range(0, KEYS, BATCH)]
    return first, [draw.sample(ordered, BATCH) for _ in range(count)]


def expected_digest():
    """Return the hash of what a list of 1,000 keys must give."""
    return hashlib.sha256(b"".join(key_of(i) + VALUE for i in range(1000))).hexdigest()


def rounds_of(benchmark):
    """Return how often to repeat: once in the test command."""
    return 50 if benchmark.enabled else 1


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.benchmark(group="100 puts of 1.5 KB, one synced transaction")
def bench_put_100_synced(benchmark, name, tmp_path):
    """One transaction of 100 puts, durable when it returns."""
    with peer(name, tmp_path) as (write, _):
        first, later = batches(50)
        for keys in first if benchmark.enabled else first[:1]:
            write(keys)
        turn = itertools.cycle(later)
        benchmark.pedantic(write, setup=lambda: ((next(turn),), {}), rounds=rounds_of(benchmark))


@pytest.mark.parametrize("name", ["store", "sqlite", "lmdb", "etcd"])
@pytest.mark.benchmark(group="list of 1,000 keys of 1.5 KB")
def bench_list_1000(benchmark, name, tmp_path):
    """Keys and values as bytes objects."""
    with peer(name, tmp_path) as (write, read):
        for keys in batches(0)[0][: 1000 // BATCH]:
            write(keys)
        found = benchmark.pedantic(read, rounds=rounds_of(benchmark))
        digest = hashlib.sha256(b"".join(key + value for key, value in found)).hexdigest()
        assert digest == expected_digest()


@pytest.mark.parametrize("watches", [0, 10_000])
@pytest.mark.benchmark(group="1,000 puts in memory beside watches of their key")
def bench_put_beside_watches(benchmark, watches):
    """Watches cost a put nothing."""
    with Store() as store:
        opened = [store.watch(key_of(1)) for _ in range(watches)]

        def write():
            for _ in range(1000):
                store.put(key_of(1), VALUE)

        benchmark.pedantic(write, rounds=rounds_of(benchmark))
        for watch in opened:
            watch.close()


def main():
    """Print each peer's rate of synced puts, and the store's ratio to it.

    The peers take turns with every batch, so that all of them see the same disk, in an order that
    is drawn anew each time: work that a peer leaves to the disk behind its answer delays the next.
    """
    print(platform.platform(), platform.processor(), sys.version.split()[0])
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        writers, seconds = {}, {}
        for name in PEERS:
            own = folder / name.replace(" ", "-")
            own.mkdir()
            try:
                writers[name], _ = stack.enter_context(peer(name, own))
            except pytest.skip.Exception as reason:
                print(f"{name:16} skipped: {reason}")
        first, later = batches(100)
        for name, write in writers.items():
            seconds[name] = 0.0
            for keys in first:
                write(keys)
        names, draw = list(writers), random.Random(2)
        for keys in later:
            draw.shuffle(names)
            for name in names:
                began = time.perf_counter()
                writers[name](keys)
                seconds[name] += time.perf_counter() - began
        for name, took in seconds.items():
            rate, ratio = len(later) * BATCH / took, took / seconds["store"]
            print(f"{name:16} {rate:10,.0f} puts/s   store is {ratio:5.2f} times")


if __name__ == "__main__":
    main()
