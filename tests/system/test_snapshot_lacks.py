"""Snapshots as people have them, on the command line."""

import json
from pathlib import Path

import pytest

from pykube_core.workloads.contents import KUBECTL_COMMAND, LACKS

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
AMOUNTS = {"cpu": "4", "memory": "8Gi", "pods": "110"}


def node(name):
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "uid": f"n-{name}"},
        "status": {"capacity": AMOUNTS, "allocatable": AMOUNTS},
    }


def pod(name, node=None, **spec):
    containers = [{"name": "c", "image": "i", "resources": {"requests": {"cpu": "3"}}}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "default",
            "uid": f"u-{name}",
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": {"containers": containers, **spec, **({"nodeName": node} if node else {})},
        "status": {"phase": "Running" if node else "Pending"},
    }


@pytest.fixture
def snapshot(tmp_path):
    def write(*items):
        document = {"apiVersion": "v1", "kind": "List", "items": items}
        (tmp_path / "cluster.json").write_text(json.dumps(document))
        return "cluster.json"

    return write


@pytest.mark.parametrize("command", ["compare", "explain", "generate"])
def test_help_gives_the_whole_kubectl_command(pykube, command):
    assert f"  {KUBECTL_COMMAND}\n" in pykube(command, "--help").stdout


def test_the_demo_gives_the_whole_kubectl_command(pykube):
    assert f"  {KUBECTL_COMMAND}\n" in pykube("demo", "--nodes", 5, "--pods", 9).stderr


def test_the_readme_gives_the_whole_kubectl_command_and_no_other():
    commands = [line for line in README.splitlines() if "kubectl get" in line]
    assert commands == [f"$ {KUBECTL_COMMAND}"]


def test_lacks_are_on_stderr_in_json_and_in_the_report(pykube, snapshot, tmp_path):
    snapshot(node("a"), pod("old", "gone"), pod("p"))
    words = ["--policy", "default", "--output", "json", "--report", "r.html"]
    done = pykube("compare", "--snapshot", "cluster.json", *words)
    warning = "1 pod is on a node that is not in the snapshot: left out (gone)"
    assert f"pykube: warning: {warning}\n" in done.stderr
    assert json.loads(done.stdout)["warnings"] == [warning]
    assert warning in (tmp_path / "r.html").read_text()


@pytest.mark.parametrize("mode", ["--keep-bound", "--replay"])
def test_pods_on_nodes_that_are_gone_end_no_run(pykube, snapshot, mode):
    snapshot(node("a"), pod("old", "gone"), pod("p"))
    words = ["--policy", "default", "--output", "json", mode]
    done = pykube("compare", "--snapshot", "cluster.json", *words)
    assert json.loads(done.stdout)["policies"][0]["metrics"]["placed"] == 1


def test_pods_on_nodes_that_are_gone_alone_are_nothing_to_compare(pykube, snapshot):
    snapshot(node("a"), pod("old", "gone"))
    done = pykube("compare", "--snapshot", "cluster.json", code=2)
    assert done.stderr == (
        "pykube compare: error: cluster.json: no Pod objects but on nodes that are not in the "
        "snapshot\n"
    )


def test_explain_leaves_pods_on_nodes_that_are_gone_out_and_says_so(pykube, snapshot):
    snapshot(node("a"), pod("old", "gone"), pod("p"))
    done = pykube("explain", "p", "--snapshot", "cluster.json", "--output", "json")
    found = json.loads(done.stdout)
    assert found["feasible"] == ["a"]
    assert found["warnings"] == ["1 pod is on a node that is not in the snapshot: left out (gone)"]
    assert "left out (gone)" in done.stderr


def test_a_pod_on_a_node_that_is_gone_is_explained_as_if_it_were_on_none(pykube, snapshot):
    snapshot(node("a"), pod("old", "gone"), pod("p"))
    assert "goes to a" in pykube("explain", "old", "--snapshot", "cluster.json").stdout


def test_a_node_that_is_gone_does_not_disturb_preemption(pykube, snapshot):
    items = [pod("low", "a", priority=1), pod("old", "gone", priority=1), pod("top", priority=9)]
    snapshot(node("a"), *items)
    done = pykube("explain", "top", "--snapshot", "cluster.json", code=1)
    assert "preemption on a would delete default/low" in done.stdout
    assert "no PodDisruptionBudgets: preemption does not know" in done.stderr


def test_explain_says_that_a_claim_is_missing(pykube, snapshot):
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    snapshot(node("a"), pod("db", volumes=volumes))
    done = pykube("explain", "db", "--snapshot", "cluster.json", code=1)
    assert 'persistentvolumeclaim "data" not found' in done.stdout
    assert "1 pod names claims that are not in the snapshot" in done.stderr


@pytest.mark.parametrize("command", ["compare", "explain"])
def test_strict_makes_a_lack_an_error_of_one_line(pykube, snapshot, command):
    snapshot(node("a"), pod("old", "gone"), pod("p"))
    name = ["p"] if command == "explain" else []
    for strict in ("missing-nodes", "missing-claims,missing-nodes", "all"):
        words = [*name, "--snapshot", "cluster.json", "--strict", strict]
        done = pykube(command, *words, code=2)
        assert done.stderr == (
            f"pykube {command}: error: cluster.json: 1 pod is on a node that is not in the "
            "snapshot: left out (gone)\n"
        )
        assert done.stdout == ""
    pykube(command, *name, "--snapshot", "cluster.json", "--strict", "missing-claims")


def test_an_unknown_lack_is_bad_usage_that_names_the_known(pykube):
    done = pykube("compare", "--snapshot", "x", "--strict", "nodes", code=2)
    assert f"'nodes' is none of {', '.join(LACKS)}, all" in done.stderr


def test_explain_takes_the_profile_that_the_pod_names(pykube, snapshot, tmp_path):
    (tmp_path / "two.yaml").write_text(
        "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"
        "profiles:\n- schedulerName: default-scheduler\n"
        "- {schedulerName: mine, plugins: {score: {disabled: [{name: '*'}]}}}\n"
    )
    snapshot(
        node("a"), node("b"), pod("p", schedulerName="mine"), pod("q"), pod("r", schedulerName="x")
    )
    words = ["--snapshot", "cluster.json", "--policy", "two.yaml", "--output", "json"]
    scores = {
        name: json.loads(pykube("explain", name, *words).stdout)["nodes"][0]["scores"]
        for name in "pqr"
    }
    assert [bool(scores[name]) for name in "pqr"] == [False, True, True]
    assert "1 pod names another scheduler (x)" in pykube("explain", "r", *words).stderr
    assert pykube("explain", "p", *words).stderr == ""
