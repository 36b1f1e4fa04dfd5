"""The fixtures that the package gives to pytest."""

import json
import time
import urllib.request

import pytest

from pykube_core.api.core import CONFIG_MAPS
from pykube_core.cluster.cluster import Cluster

POD = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}


def test_a_cluster_is_fresh(pykube_cluster):
    assert pykube_cluster.list("pods", "default") == []
    pykube_cluster.apply({"apiVersion": "v1", "kind": "Pod"} | POD)
    pykube_cluster.run()
    (pod,) = pykube_cluster.list("pods", "default")
    assert pod["status"]["phase"] == "Running"


@pytest.mark.pykube(nodes=3)
def test_a_marker_has_its_options(pykube_cluster):
    assert len(pykube_cluster.list("node")) == 3


def test_a_cluster_is_there_at_once():
    Cluster(1).close()
    begun = time.perf_counter()
    Cluster(1).close()
    assert time.perf_counter() - begun < 0.05


@pytest.mark.parametrize("turn", [1, 2])
def test_a_served_cluster_is_fresh_too(pykube_server, turn):
    pytest.importorskip("uvicorn")
    path = f"{pykube_server.url}/api/v1/namespaces/default/pods"
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(path, json.dumps(POD).encode(), headers, method="POST")
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 201
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with urllib.request.urlopen(f"{path}/p", timeout=20) as answer:
            phase = json.load(answer)["status"]["phase"]
        if phase == "Running":
            return
        time.sleep(0.01)
    raise AssertionError(phase)


def test_a_served_cluster_is_at_hand(pykube_server):
    assert pykube_server.url in pykube_server.kubeconfig.read_text()
    obj = {"metadata": {"name": "c"}}
    pykube_server.call(lambda cluster: cluster.server.create(CONFIG_MAPS, obj, "default"))
    url = f"{pykube_server.url}/api/v1/namespaces/default/configmaps/c"
    with urllib.request.urlopen(url, timeout=20) as answer:
        assert json.load(answer)["metadata"]["name"] == "c"
    with pytest.raises(Exception, match="not found"):
        pykube_server.call(lambda cluster: cluster.server.get(CONFIG_MAPS, "x", "default"))
