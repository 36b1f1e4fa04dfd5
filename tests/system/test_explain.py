import json

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: big}
spec:
  containers:
  - {name: c, image: app, resources: {requests: {cpu: "500"}}}
"""


def test_explains_a_pod_of_a_snapshot(pykube, tmp_path):
    pykube("generate", "--nodes", 5, "--pods", 20, "cluster.json")
    items = json.loads((tmp_path / "cluster.json").read_text())["items"]
    name = next(item["metadata"]["name"] for item in items if item["kind"] == "Pod")
    done = pykube("explain", name, "--snapshot", "cluster.json", "--show", 2)
    assert "the best of 5 nodes that fit" in done.stdout or "equally good" in done.stdout
    assert "nodes that fit (2 of 5)" in done.stdout


def test_a_pod_that_fits_nowhere_fails_and_says_what_would_help(pykube, tmp_path):
    pykube("generate", "--nodes", 5, "--pods", 20, "cluster.json")
    (tmp_path / "pod.yaml").write_text(POD)
    done = pykube("explain", "-f", "pod.yaml", "--snapshot", "cluster.json", code=1)
    assert "0/5 nodes are available: 5 Insufficient cpu." in done.stdout
    assert "more cpu (asks for 500, the whole node has" in done.stdout
    done = pykube(
        *("explain", "-f", "pod.yaml", "--snapshot", "cluster.json", "--output", "json"), code=1
    )
    found = json.loads(done.stdout)
    assert len(found["nodes"]) == len(found["nearest"]) == 5
    assert found["nodes"][0]["changes"][0]["resource"] == "cpu"


def test_an_unknown_pod_is_bad_input(pykube):
    pykube("generate", "--nodes", 1, "--pods", 1, "cluster.json")
    assert "no such pod" in pykube("explain", "x", "--snapshot", "cluster.json", code=2).stderr
    assert "name a POD" in pykube("explain", "--snapshot", "cluster.json", code=2).stderr
