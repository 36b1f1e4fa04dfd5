"""Answers that save a second question: hints, names, suffixes, words that count."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pykube_core as pk
from pykube_core.api.machinery.errors import InputError
from pykube_core.reports.comparison import compare

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def node(name="n"):
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name},
        "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "9"}},
    }


def pod(name, created=None, **spec):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, **({"creationTimestamp": created} if created else {})},
        "spec": {"containers": [{"name": "c", "image": "c"}], **spec},
    }


@pytest.fixture
def read(tmp_path):
    def of(*objects):
        path = tmp_path / "cluster.json"
        items = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        path.write_text(json.dumps(items))
        return pk.read_workload(path)

    return of


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["comapre"], "unknown command 'comapre'; did you mean \"compare\"?"),
        (["xyz"], "unknown command 'xyz' (choose from init, get,"),
        (
            ["compare", "--snapshto", "x"],
            'arguments: --snapshto x; did you mean "--snapshot"?',
        ),
        (["compare", "--snapshot", "x", "--output", "jsn"], 'did you mean "json"?'),
        (["create", "deploymnt", "x"], 'did you mean "deployment"?'),
        (["store", "snapshoot", "x"], 'did you mean "snapshot"?'),
        (["completion", "bsh"], 'did you mean "bash"?'),
        (["get", "pods", "--all-namespace=x"], "--all-namespace"),
    ],
)
def test_what_is_misspelt_is_answered_with_what_was_meant(pykube, words, hint):
    done = pykube(*words, code=2)
    assert hint in done.stderr
    assert "Traceback" not in done.stderr


def test_a_misspelt_policy_is_answered_with_what_was_meant(pykube):
    pykube("generate", "--nodes", 2, "--pods", 2, "c.json")
    done = pykube("compare", "--snapshot", "c.json", "--policy", "bestfit", code=2)
    assert 'did you mean "best-fit"?' in done.stderr


@pytest.mark.parametrize(
    ("option", "name", "suffixes"),
    [
        ("--report", "x.pdf", ".html or .htm"),
        ("--picture", "x.pdf", ".svg"),
        ("--picture", "x.PNG", ".svg"),
    ],
)
@pytest.mark.parametrize("command", [["compare", "--snapshot", "none.json"], ["demo"]])
def test_a_format_that_is_not_written_is_refused_before_the_work(
    pykube, tmp_path, command, option, name, suffixes
):
    done = pykube(*command, option, name, code=2)
    assert done.stderr.endswith(f" is not written as {name[1:].lower()}, only as {suffixes}\n")
    assert list(tmp_path.iterdir()) == []


def test_workload_and_comparison_have_a_repr_of_one_short_line():
    work = pk.synthetic(nodes=3, pods=1)
    result = compare(work, ["default"])
    explanation = pk.explain(work, work.pods.names[0])
    for thing in (work, work.pods, result, explanation):
        assert len(repr(thing)) < 200
        assert "\n" not in repr(thing)
    assert "3 nodes, 1 pod" in repr(work)
    assert "1 policy x 1 seed" in repr(result)
    assert result._repr_html_().startswith("<table")


def test_pandas_takes_a_comparison_as_it_is():
    result = compare(pk.synthetic(nodes=5, pods=20), ["default", "best-fit"], seeds=2)
    # What pandas asks of an object that is none it knows: its items, each a row.
    assert list(result) == list(result.frame()) == result.rows()
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    for given in (result, result.frame()):
        frame = pandas.DataFrame(given)
        assert frame.to_dict("records") == result.rows()


def test_what_the_readme_uses_of_python_is_public():
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL))
    used = {
        node.attr
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "pk"
    }
    assert used <= set(pk.__all__)
    assert {"Behavior", "StatusError", "explain", "Explanation"} <= set(pk.__all__)


def test_an_extra_that_is_missing_is_installed_by_a_command_that_works(tmp_path):
    (tmp_path / "grpc.py").write_text("raise ImportError('No module named grpc')")
    for code in (
        "from pykube_core.cli import main; main(['etcd'])",
        "from pykube_core.store import open_store; open_store('etcd://127.0.0.1:1')",
    ):
        script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        assert done.returncode
        assert "pip install '.[etcd]'" in done.stderr.splitlines()[-1 if "open" in code else 0]


def test_the_headline_says_which_pods_it_counts(read):
    mirror = pod("b", nodeName="n")
    mirror["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}
    work = read(node(), pod("a"), mirror, pod("c", nodeName="n"))
    text = str(compare(work, ["default"]))
    assert "1 node · 3 pods: 2 to place, 1 stays on its node · arrivals only" in text
    text = str(compare(work, ["default"], keep_bound=True))
    assert "3 pods: 1 to place, 2 stay on their nodes" in text
    assert "3 nodes" not in text
    assert "bound)" not in text


EARLY, LATE = "2025-05-01T00:00:00Z", "2025-05-02T00:00:00Z"


@pytest.mark.parametrize(
    ("pods", "reason"),
    [
        ([pod("a"), pod("b")], "2 pods without a creation time"),
        ([pod("a")], "1 pod without a creation time"),
        ([pod("a"), pod("b", EARLY), pod("c", LATE)], "1 pod of 3 without a creation time"),
    ],
)
def test_replay_of_a_list_without_times_is_refused(read, pods, reason):
    work = read(node(), *pods)
    with pytest.raises(InputError) as caught:
        compare(work, ["default"], replay=True)
    assert reason in str(caught.value)
    assert "without --replay" in str(caught.value)
    assert compare(work, ["default"]).runs


def test_replay_of_a_list_with_times_runs(read, pykube, tmp_path):
    work = read(node(), pod("a", EARLY), pod("b", LATE))
    assert compare(work, ["default"], replay=True).runs
    assert compare(read(node(), pod("a", EARLY)), ["default"], replay=True).runs
    read(node(), pod("a"))
    words = ["compare", "--snapshot", "cluster.json", "--replay"]
    assert pykube(*words, code=2).stderr.count("\n") == 1


def test_one_thing_is_one_thing_in_every_line(pykube):
    done = pykube("generate", "--nodes", 1, "--pods", 1, "c.json")
    assert done.stderr == "c.json: 1 node, 1 pod\n"
    done = pykube("compare", "--snapshot", "c.json", "--policy", "default", "--report", "r.html")
    assert "1 node · 1 pod · " in done.stdout
    assert "1 scheduling cycle in" in done.stderr
    for text in (done.stdout, done.stderr):
        assert not re.search(r"\b1 (nodes|pods|seeds|cycles|scheduling cycles)\b", text)


def test_explain_reads_what_a_file_has(pykube, tmp_path):
    pykube("generate", "--nodes", 3, "--pods", 1, "c.json")
    (tmp_path / "config.yaml").write_text("{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}")
    done = pykube("explain", "-f", "config.yaml", "--snapshot", "c.json", code=2)
    assert "config.yaml: no pod in it, only ConfigMap: give a Pod, or a workload" in done.stderr
    template = {"spec": {"containers": [{"name": "c", "image": "c"}]}}
    jobs = [
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": name},
            "spec": {"template": template},
        }
        for name in ("one", "two")
    ]
    (tmp_path / "jobs.yaml").write_text("\n---\n".join(map(json.dumps, jobs)))
    out = pykube("explain", "-f", "jobs.yaml", "--snapshot", "c.json").stdout
    assert "pod default/one (of Job default/one)" in out
    assert "pod default/two (of Job default/two)" in out
    words = ["explain", "two", "-f", "jobs.yaml", "--snapshot", "c.json", "--output", "json"]
    (line,) = pykube(*words).stdout.splitlines()
    assert json.loads(line)["origin"] == "Job default/two"
    assert len(json.loads(line)["nodes"]) == 3
    done = pykube("explain", "three", "-f", "jobs.yaml", "--snapshot", "c.json", code=2)
    assert "no such pod; it has default/one, default/two" in done.stderr
