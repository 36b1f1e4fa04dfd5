"""What the README shows, run as it stands, at smoke size."""

import re
import shlex
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
FULL, SMOKE = "nodes=5000, pods=20000", "nodes=100, pods=500"


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_python_blocks_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code = "\n".join(blocks("python"))
    assert FULL in code
    exec(compile(code.replace(FULL, SMOKE), "README.md", "exec"), {})
    printed = capsys.readouterr().out
    for name in ("most-allocated", "gpus_last"):
        assert name in printed


@pytest.mark.parametrize(
    "command",
    re.findall(r"^\$ pykube (compare .*)$", "\n".join(blocks("console")), re.MULTILINE),
)
def test_commands_run(pykube, command):
    pykube("generate", "--nodes", "20", "--pods", "100", "cluster.json")
    assert "most-allocated" in pykube(*shlex.split(command)).stdout


def test_the_commands_on_a_cluster_run(pykube, tmp_path, monkeypatch):
    monkeypatch.setenv("PYKUBE_DATA_DIR", str(tmp_path / "data"))
    shown = re.search(r"## A cluster without machines\n\n```console\n(.*?)```", README, re.DOTALL)
    out = [pykube(*shlex.split(line)[2:]).stdout for line in shown[1].splitlines()]
    assert "httpd" in out[1]
    assert "4 desired" in out[3]
    assert "spec.replicas 2 -> 4" in out[4]
