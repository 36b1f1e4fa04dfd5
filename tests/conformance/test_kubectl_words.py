"""The commands print what kubectl 1.32.4 printed, byte for byte, and exit as it did."""

import io
import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from pykube_core.api.builtin import BUILTIN
from pykube_core.api.machinery.documents import read_documents
from pykube_core.apiserver import ApiServer
from pykube_core.cli import main
from pykube_core.cluster.settings import Settings, save_settings
from pykube_core.store import Store

RECORDED = Path(__file__).parent / "kubectl-v1.32.4"
NOW_NS = 1_795_407_362 * 10**9
SETTINGS = Settings(
    seed=0,
    master="",
    master_address="",
    cluster_cidr="10.244.0.0/16",
    node_cidr_mask_size=24,
    network="none",
)
CHANGING = ("apply", "create", "run", "scale", "delete")


def recorded(name):
    lines = (RECORDED / f"{name}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Make a folder with the files, and a cluster in it that holds the objects."""
    folder = tmp_path_factory.mktemp("kubectl") / "files"
    shutil.copytree(RECORDED / "files", folder)
    with Store(folder / "data", salt=1) as store:
        server = ApiServer(store, clock=lambda: NOW_NS)
        server.bootstrap()
        data = (folder / "objects.yaml").read_bytes()
        for obj in read_documents("objects.yaml", data):
            group = obj["apiVersion"].rpartition("/")[0]
            server.create(BUILTIN.of_kind(obj["kind"], group), obj)
        save_settings(server, SETTINGS)
    return folder


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    """Make a data directory with objects in many states."""
    path = tmp_path_factory.mktemp("described")
    with Store(path, salt=1) as store:
        for item in recorded("described-objects"):
            value = json.dumps(item["value"], separators=(",", ":"))
            store.put(item["key"].encode(), value.encode())
        save_settings(ApiServer(store, clock=lambda: NOW_NS), SETTINGS)
    return path


@pytest.fixture
def run(folder, monkeypatch, capsys):
    def run(command):
        monkeypatch.chdir(folder)
        monkeypatch.setenv("PYKUBE_DATA_DIR", "data")
        words = command["words"]
        if words[0] in CHANGING:
            at = words.index("--") if "--" in words else len(words)
            words = [*words[:at], "--wait=false", *words[at:]]
        if "stdin" in command:
            content = Path(command["stdin"]).read_bytes()
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        code = main(words)
        captured = capsys.readouterr()
        return {"code": code, "stdout": captured.out, "stderr": captured.err}

    return run


def answer(command):
    return {key: command[key] for key in ("code", "stdout", "stderr")}


def stable(outcome):
    """Drop what differs by nature: uids, versions, times, generated names."""
    text = outcome["stdout"]
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UID", text)
    text = re.sub(r'(resourceVersion"?): "\d+"', r"\1: VERSION", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)
    return outcome | {"stdout": re.sub(r"gen-\w{5}", "gen-SUFFIX", text)}


@pytest.mark.parametrize("command", recorded("reads"), ids=lambda c: " ".join(c["words"]))
def test_reads_print_the_same_bytes(run, command):
    assert stable(run(command)) == stable(answer(command))


def test_a_session_of_writes_prints_the_same(run):
    for command in recorded("writes"):
        assert (command["words"], stable(run(command))) == (
            command["words"],
            stable(answer(command)),
        )


def without_ages(outcome):
    """Drop ages, which kubectl counts by the clock of the machine, and the columns they widen."""
    text = re.sub(r"(\d+[smhd])+( \(x\d+ over (\d+[smhd])+\))?", "AGE", outcome["stdout"])
    text = re.sub("  +", "  ", text)
    return outcome | {"stdout": re.sub("--+", "--", text)}


@pytest.mark.parametrize("command", recorded("describes"), ids=lambda c: " ".join(c["words"]))
def test_descriptions_are_the_same(described, capsys, command):
    code = main([*command["words"], "--data-dir", str(described)])
    captured = capsys.readouterr()
    mine = {"code": code, "stdout": captured.out, "stderr": captured.err}
    theirs = answer(command)
    assert without_ages(mine) == without_ages(theirs)
    if " Age" not in theirs["stdout"]:
        assert mine == theirs
