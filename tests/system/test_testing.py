"""The fixtures that the package gives to pytest."""

import json
import time
import urllib.request

import pytest

POD = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}


def test_a_cluster_is_fresh(pykube_cluster):
    assert pykube_cluster.list("pods", "default") == []
    pykube_cluster.apply({"apiVersion": "v1", "kind": "Pod"} | POD)
    pykube_cluster.run()
    (pod,) = pykube_cluster.list("pods", "default")
    assert pod["status"]["phase"] == "Running"


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
