"""The fixtures for tests of others: a cluster in this process, and one behind a port."""

import json
import time
import urllib.request

import pytest

from pykube_core.api.core import CONFIG_MAPS
from pykube_core.cluster.cluster import Cluster

POD = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: i}]}}"


def test_a_cluster_is_fresh_and_runs(pykube_cluster):
    pykube_cluster.apply(POD)
    assert pykube_cluster.run()
    assert pykube_cluster.get("pod", "p")["status"]["phase"] == "Running"


@pytest.mark.pykube(nodes=3)
def test_a_marker_has_its_options(pykube_cluster):
    assert len(pykube_cluster.list("node")) == 3
    assert pykube_cluster.list("pod") == []


def test_a_cluster_is_there_at_once(pykube_cluster):
    begun = time.perf_counter()
    Cluster(1).close()
    assert time.perf_counter() - begun < 0.05


def test_a_cluster_behind_a_port_answers_and_is_at_hand(pykube_server):
    pytest.importorskip("uvicorn")
    pykube_server.call(lambda cluster: cluster.apply(POD))
    url = f"{pykube_server.url}/api/v1/namespaces/default/pods/p"
    for _ in range(200):
        with urllib.request.urlopen(url, timeout=10) as answer:
            if json.load(answer)["status"].get("phase") == "Running":
                break
        time.sleep(0.01)
    else:
        pytest.fail("the pod does not run")
    assert pykube_server.url in pykube_server.kubeconfig.read_text()
    with pytest.raises(Exception, match="not found"):
        pykube_server.call(lambda cluster: cluster.server.get(CONFIG_MAPS, "x", "default"))
