"""Files of several documents, JSON and YAML, as ``-f`` takes them."""

import json

import pytest

from pykube_core import Cluster
from pykube_core.cli import main


def config_map(name):
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name},
        "data": {"k": name},
    }


A, B = config_map("a"), config_map("b")
HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata"
STREAMS = {
    "concatenated": json.dumps(A) + json.dumps(B),
    "lines": f"{json.dumps(A)}\n{json.dumps(B)}\n",
    "indented": f"{json.dumps(A, indent=2)}\n{json.dumps(B, indent=2)}\n",
    "json and yaml": f"{json.dumps(A)}\n---\n{HEAD}: {{name: b}}\n",
    "yaml and json": f"{HEAD}: {{name: a}}\n---\n{json.dumps(B)}",
    "crlf": f"{json.dumps(A, indent=2)}\n---\n{json.dumps(B, indent=2)}\n".replace("\n", "\r\n"),
}


@pytest.fixture
def run(tmp_path, capsys):
    def run(*words):
        code = main([*map(str, words), "--data-dir", str(tmp_path / "data")])
        return code, capsys.readouterr()

    return run


@pytest.mark.parametrize("text", STREAMS.values(), ids=STREAMS)
def test_create_apply_and_delete_take_every_document(run, tmp_path, text):
    path = tmp_path / "stream"
    path.write_bytes(text.encode())
    for verb, expected in (
        ("create", "configmap/a created\nconfigmap/b created\n"),
        ("delete", 'configmap "a" deleted\nconfigmap "b" deleted\n'),
        ("apply", "configmap/a created\nconfigmap/b created\n"),
    ):
        code, out = run(verb, "-f", path)
        assert code == 0, out.err
        assert out.out.replace(" from default namespace", "") == expected


@pytest.mark.parametrize("text", STREAMS.values(), ids=STREAMS)
def test_a_cluster_applies_every_document(text):
    with Cluster(nodes=1, seed=1) as cluster:
        applied = cluster.apply(text)
        assert [outcome.object.name for outcome in applied] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'{json.dumps(A)}\n{{"b":', "parsing {}: line 2: the JSON text ends too early"),
        (f"{json.dumps(A)}\n---\nb: [\n", "{}: error converting YAML to JSON: yaml: line 2: "),
        (f"{HEAD}: {{name: a}}\n--- b\n", "parsing {}: invalid Yaml document separator: b"),
        ("kind: 1.0\napiVersion: v1\n", "error: unable to decode"),
    ],
)  # fmt: skip
def test_what_is_no_document_is_told_in_one_line(run, tmp_path, text, words):
    path = tmp_path / "stream"
    path.write_text(text)
    code, out = run("apply", "-f", path)
    assert code == 1
    assert words.format(path) in out.err
    assert "Traceback" not in out.err


def test_scalars_reach_the_server_as_kubernetes_takes_them(run, tmp_path):
    path = tmp_path / "stream"
    path.write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
        "data: {time: 1:30, day: 2026-01-01, '08': x, text: '1e3'}\n"
    )
    assert run("apply", "-f", path)[0] == 0
    data = json.loads(run("get", "configmap", "a", "-o", "json")[1].out)["data"]
    assert data == {"time": "1:30", "day": "2026-01-01", "08": "x", "text": "1e3"}
    path.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {number: 1e3}\n")
    code, out = run("apply", "-f", path)
    assert code == 1
    assert "number" in out.err
