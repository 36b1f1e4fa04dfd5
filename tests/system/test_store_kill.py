"""A writer killed with SIGKILL at random moments: what it had acknowledged is there.

PKC_KILLS sets how often (default 25).
"""

import os
import random
import signal
import subprocess
import sys
import time

from pykube_core import Store

WRITER = """
import os, sys, threading
from pykube_core import Store
from pykube_core.store import CompactedError
store = Store(sys.argv[1], segment_bytes=200_000)
lock = threading.Lock()
def write(name):
    n = int((store.get(name) or (0, b"-1"))[1]) + 1
    while True:
        revision = store.put(name, b"%d" % n).revision
        with lock:
            os.write(1, b"%s %d %d\\n" % (name, n, revision))
        if n % 97 == 0:
            try:
                store.compact(revision - 10)
            except CompactedError:
                pass
        if n % 301 == 0:
            store.snapshot()
        n += 1
for i in range(4):
    threading.Thread(target=write, args=(b"w%d" % i,)).start()
"""


def test_killed_writer_loses_nothing_that_it_acknowledged(tmp_path):
    kills = int(os.environ.get("PKC_KILLS", "25"))
    draw = random.Random(1)
    path = tmp_path / "data"
    acknowledged = {}
    last_revision = 1
    for _ in range(kills):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, bufsize=0
        )
        first = writer.stdout.readline()
        time.sleep(draw.random() * 0.1)
        writer.send_signal(signal.SIGKILL)
        lines = first + writer.stdout.read()
        writer.wait()
        for line in lines.split(b"\n")[:-1]:
            name, n, revision = line.split()
            acknowledged[name] = int(n)
            last_revision = max(last_revision, int(revision))
        with Store(path) as store:
            store.validate()
            assert store.revision >= last_revision
            for name in (b"w0", b"w1", b"w2", b"w3"):
                found = store.get(name)
                n = -1 if found is None else int(found.value)
                assert acknowledged.get(name, -1) <= n <= acknowledged.get(name, -1) + 1
                acknowledged[name] = n  # the next writer goes on from here
            last_revision = store.revision
    print(f"{kills} kills, {sum(acknowledged.values())} acknowledged writes, 0 lost")
    assert last_revision > kills
