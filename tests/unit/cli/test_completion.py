import json
import os
import shutil
import subprocess
import sys

import pytest

from pykube_core import Cluster
from pykube_core.api.builtin import BUILTIN
from pykube_core.cli import COMMANDS, build_parser
from pykube_core.cli.completion import SHELLS, verbs

DEPLOYMENT = """
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {
  selector: {matchLabels: {app: web}}, template: {
    metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: httpd}]}}}}
"""


@pytest.mark.parametrize("shell", sorted(SHELLS))
def test_every_command_and_option_is_offered(shell):
    found = list(verbs(build_parser()))
    script = SHELLS[shell](found)
    assert [verb.name for verb in found] == [command.name for command in COMMANDS]
    for verb in found:
        assert verb.name in script
        for option in verb.options:
            for flag in option.flags:
                assert flag.lstrip("-") in script


@pytest.mark.parametrize("shell", sorted(SHELLS))
def test_policies_and_choices_are_offered(shell):
    script = SHELLS[shell](list(verbs(build_parser())))
    for word in ("most-allocated", "lexical", "json", "zsh"):
        assert word in script


@pytest.mark.parametrize("shell", sorted(SHELLS))
def test_script_parses(shell):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = SHELLS[shell](list(verbs(build_parser())))
    check = "--no-execute" if shell == "fish" else "-n"
    done = subprocess.run([shell, check], input=script, text=True, capture_output=True)
    assert (done.returncode, done.stderr) == (0, "")


def bash_completes(*words):
    """Return what bash offers after these words, the last of which is under way."""
    script = SHELLS["bash"](list(verbs(build_parser())))
    line = " ".join(f"'{word}'" for word in words)
    ask = f"{script}\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _pykube\n"
    ask += 'printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", ask], text=True, capture_output=True, check=True)
    return done.stdout.split()


def test_bash_completes_commands_options_and_values(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").touch()
    assert bash_completes("pykube", "com") == ["compare", "completion"]
    assert bash_completes("pykube", "compare", "--rep") == ["--replay", "--report"]
    assert bash_completes("pykube", "compare", "--policy", "m") == ["mine.py", "most-allocated"]
    assert bash_completes("pykube", "completion", "f") == ["fish"]


def test_bash_completes_kinds_and_formats(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert bash_completes("pykube", "get", "-o", "wi") == ["wide"]
    assert bash_completes("pykube", "create", "dep") == ["deployment"]
    assert bash_completes("pykube", "delete", "--cascade", "orp") == ["orphan"]


def test_each_kind_is_offered_once():
    asked = subprocess.run(
        [sys.executable, "-m", "pykube_core", "__complete", "get", ""],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert asked == sorted({"all", *(resource.plural for resource in BUILTIN.kept)})
    for verb in verbs(build_parser()):
        assert len(set(verb.choices)) == len(verb.choices)
        if verb.name == "create":
            assert verb.choices == ("deployment", "namespace")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Make a folder with a cluster, a snapshot and a command on the path."""
    path = tmp_path_factory.mktemp("completion")
    with Cluster(nodes=["host1", "host2"], master="ken", store=path / "data") as cluster:
        cluster.apply(DEPLOYMENT)
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}
    node["status"] = {"allocatable": {"cpu": "1", "memory": "1Gi", "pods": "9"}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "db-0", "namespace": "shop"}}
    pod["spec"] = {"containers": [{"name": "c", "image": "c"}]}
    snapshot = {"apiVersion": "v1", "kind": "List", "items": [node, pod]}
    (path / "cluster.json").write_text(json.dumps(snapshot))
    (path / "bin").mkdir()
    command = path / "bin" / "pykube"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m pykube_core "$@"\n')
    command.chmod(0o755)
    return path


LINES = [
    (("get", "depl"), ["deployments"]),
    (("get", "deployments", ""), ["web"]),
    (("get", "deploy", "w"), ["web"]),
    (("describe", "node/h"), ["node/host1", "node/host2"]),
    (("delete", "nodes", "host1", "h"), ["host2"]),
    (("scale", "deployment/"), ["deployment/web"]),
    (("get", "--namespace", "kube-p"), ["kube-public"]),
    (("get", "-n", "none", "deployments", ""), []),
    (("explain", "--snapshot", "cluster.json", ""), ["shop/db-0"]),
    (("get", "nonsense", ""), []),
]


@pytest.mark.parametrize("shell", ["bash", "fish"])
@pytest.mark.parametrize(("words", "expected"), LINES, ids=lambda w: " ".join(w) or "-")
def test_names_of_objects_are_completed(folder, shell, words, expected):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = SHELLS[shell](list(verbs(build_parser())))
    if shell == "bash":
        line = " ".join(f"'{word}'" for word in ("pykube", *words))
        ask = f"{script}\nCOMP_WORDS=({line}); COMP_CWORD={len(words)}; _pykube\n"
        ask += 'printf "%s\\n" "${COMPREPLY[@]}"'
    else:
        ask = f"{script}\ncomplete -C 'pykube {' '.join(words)}' | string split -f1 \\t"
    environment = {
        **os.environ,
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "PYKUBE_DATA_DIR": str(folder / "data"),
        "HOME": str(folder),
    }
    done = subprocess.run(
        [shell, "-c", ask], text=True, capture_output=True, cwd=folder, env=environment, check=False
    )
    assert done.stdout.split() == expected, done.stderr


def test_what_cannot_be_completed_is_silence(tmp_path):
    for words in (["get", "pods", ""], ["explain", "--snapshot", "none.json", ""], []):
        done = subprocess.run(
            [sys.executable, "-m", "pykube_core", "__complete", *words],
            env={**os.environ, "PYKUBE_DATA_DIR": str(tmp_path / "none")},
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert not (tmp_path / "none").exists()


def test_files_are_offered_where_an_option_takes_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "1.json").touch()
    assert bash_completes("pykube", "compare", "--snapshot", "1") == ["1.json"]
    assert bash_completes("pykube", "compare", "--seeds", "1") == []
    assert bash_completes("pykube", "explain", "--policy", "be") == ["best-fit"]
