"""A cluster killed with SIGKILL between two writes of any component: it goes on, to the same end.

What is compared at the end: every object of the API but events, and of each all but uids, versions,
times, addresses, container ids, restart counts, the random part of a name, and which node a pod
went to among equals. PYKUBE_KILLS sets how often (default 5).
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
from pathlib import Path

import manifests

LIFE = """
import os, pathlib, signal, sys
from manifests import deployment
from pykube_core import Cluster
from pykube_core.store import Store

path, last = sys.argv[1], int(sys.argv[2])
writes = 0

def counted(function):
    def write(*args, **kwargs):
        global writes
        done = function(*args, **kwargs)
        writes += 1
        if writes == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return done
    return write

for name in ("put", "put_many", "put_if", "delete_if", "txn", "delete", "compact"):
    setattr(Store, name, counted(getattr(Store, name)))

def delete_api(cluster):
    if any(obj["metadata"]["name"] == "api" for obj in cluster.list("deployments", "default")):
        cluster.delete("deployment", "api")

DEEDS = [
    lambda cluster: cluster.apply([deployment("web", 6, "web:1"), deployment("api", 3, "api")]),
    lambda cluster: cluster.apply(deployment("web", 4, "web:2")),
    delete_api,
]

# A client knows which of its requests were answered; it sends the others again.
answered = pathlib.Path(path + ".answered")
count = int(answered.read_text()) if answered.exists() else 0
with Cluster(["host1", "host2"], master="ken", store=path) as cluster:
    cluster.run()
    for deed in DEEDS[count:]:
        deed(cluster)
        count += 1
        answered.write_text(str(count))
        cluster.run()
    cluster.run(seconds=60)
    cluster.run()
    print(writes)
"""

LEFT_OUT = re.compile(
    "uid|resourceVersion|.*Time|.*Timestamp|.*At|podIPs?|hostIPs?|containerID|restartCount|lastState|"
    "nodeName|kubernetes.io/config.seen|images|observedGeneration|generation|"
    "deployment.kubernetes.io/revision|collisionCount"
)


def live(path, last):
    return subprocess.run(
        [sys.executable, "-c", LIFE, str(path), str(last)],
        capture_output=True,
        env=os.environ | {"PYTHONPATH": str(Path(manifests.__file__).parent)},
        text=True,
    )


def end_state(path):
    from pykube_core import Cluster

    out = []
    with Cluster(store=path) as cluster:
        for resource in cluster.server.registry:
            if resource.kind == "Event":
                continue
            out += [
                json.dumps(bare(obj), sort_keys=True) for obj in cluster.list(resource.qualified)
            ]
    return sorted(out)


def bare(value, key=""):
    if isinstance(value, dict):
        out = {k: bare(v, k) for k, v in value.items() if not LEFT_OUT.fullmatch(k)}
        if "generateName" in value:
            out["name"] = value["generateName"]
        return out
    if isinstance(value, list):
        items = [bare(item, key) for item in value]
        return sorted(items, key=str) if key == "conditions" else items
    return value


def test_a_cluster_that_is_killed_ends_as_one_that_is_not(tmp_path):
    undisturbed = live(tmp_path / "undisturbed", 0)
    assert undisturbed.returncode == 0, undisturbed.stderr
    write_count = int(undisturbed.stdout)
    expected = end_state(tmp_path / "undisturbed")
    draw = random.Random(1)
    for at in range(int(os.environ.get("PYKUBE_KILLS", "5"))):
        path = tmp_path / f"killed-{at}"
        last = draw.randrange(1, write_count)
        assert live(path, last).returncode == -signal.SIGKILL
        again = live(path, 0)
        assert again.returncode == 0, again.stderr
        assert end_state(path) == expected, f"killed behind write {last}"
