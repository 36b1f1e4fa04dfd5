import json
import os
import signal
import subprocess
import sys
import time

import pytest

from pykube_core import __version__
from pykube_core.cli import COMMANDS

HEAVY = ("numpy", "numba", "msgspec", "yaml", "nanoarrow", "cffi", "_pykube_hotcore")


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    path = tmp_path_factory.mktemp("snapshot") / "cluster.json"
    words = ["generate", "--nodes", "40", "--pods", "300", "--seed", "3", str(path)]
    subprocess.run([sys.executable, "-m", "pykube_core", *words], check=True, capture_output=True)
    return path


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        [],
        ["--version"],
        *([c, "--help"] for c in ("compare", "get", "create", "delete")),
    ],
    ids=" ".join,
)
def test_help_imports_nothing_heavy(words):
    script = (
        "import sys\nfrom pykube_core.cli import main\n"
        f"try: main({words!r})\nexcept SystemExit as done: assert not done.code\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stderr == "[]\n"


def test_help_names_every_command(pykube):
    out = pykube("--help").stdout
    for command in COMMANDS:
        assert command.name in out
        assert command.help in out


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_help_of_a_command_shows_examples(pykube, command):
    assert "examples:" in pykube(command, "--help").stdout


def test_version(pykube):
    assert pykube("--version").stdout == f"pykube-core {__version__}\n"


def test_compare_prints_a_line_per_policy(pykube, snapshot):
    done = pykube("compare", "--snapshot", snapshot, "--policy", "default", "--policy", "best-fit")
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[4:6]] == ["default", "best-fit"]


def test_default_policies_are_those_of_the_help(pykube, snapshot):
    document = json.loads(pykube("compare", "--snapshot", snapshot, "--output", "json").stdout)
    names = ", ".join(policy["policy"] for policy in document["policies"])
    assert names in " ".join(pykube("compare", "--help").stdout.split())


@pytest.mark.parametrize(
    ("mode", "output"),
    [("--arrivals-only", "table"), ("--replay", "json"), ("--shuffle", "csv")],
)
def test_same_seed_same_bytes(pykube, snapshot, mode, output):
    words = ["compare", "--snapshot", snapshot, mode, "--seeds", "2", "--output", output]
    words += ["--policy", "default", "--policy", "random"]
    first = pykube(*words, "--report", "a.html").stdout
    assert pykube(*words, "--report", "a.html", "--jobs", "2").stdout == first
    assert first


def test_reports_and_pictures_of_the_same_seed_are_the_same_bytes(pykube, snapshot, tmp_path):
    for name in "ab":
        words = ["--policy", "default", "--report", f"{name}.html", "--picture", f"{name}.svg"]
        pykube("compare", "--snapshot", snapshot, *words)
    for kind in ("html", "svg"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


def test_csv_has_a_row_per_policy_and_seed(pykube, snapshot):
    words = ["--policy", "default", "--seeds", "3", "--output", "csv"]
    lines = pykube("compare", "--snapshot", snapshot, *words).stdout.splitlines()
    assert lines[0].startswith("policy,seed,placed,unplaced,nodes_used,allocation.cpu")
    assert [line.split(",")[:2] for line in lines[1:]] == [["default", str(n)] for n in range(3)]


def test_nodes_and_pods_may_come_from_two_files(pykube, snapshot, tmp_path):
    items = json.loads(snapshot.read_text())["items"]
    for kind in ("Node", "Pod"):
        chosen = [item for item in items if item["kind"] == kind]
        document = {"apiVersion": "v1", "kind": "List", "items": chosen}
        (tmp_path / f"{kind}.json").write_text(json.dumps(document))
    words = ["--policy", "default", "--output", "csv"]
    both = pykube("compare", "--nodes", "Node.json", "--pods", "Pod.json", *words)
    assert both.stdout == pykube("compare", "--snapshot", snapshot, *words).stdout


def test_several_inputs_of_each_kind_are_read_together(pykube, snapshot, tmp_path):
    items = json.loads(snapshot.read_text())["items"]
    for part in range(4):
        size = len(items) // 3
        text = "".join(json.dumps(item) + "\n" for item in items[part * size : (part + 1) * size])
        (tmp_path / f"{part}.json").write_text(text)
    words = ["--policy", "default", "--tie-break", "lexical", "--output", "csv"]
    parts = [word for part in range(4) for word in ("--snapshot", f"{part}.json")]
    several = pykube("compare", *parts, *words).stdout
    assert several == pykube("compare", "--snapshot", snapshot, *words).stdout
    halves = ["--nodes", "0.json", "--nodes", "1.json", "--pods", "2.json", "--pods", "3.json"]
    assert pykube("compare", *halves, *words).stdout == several
    name = next(item["metadata"] for item in items if item["kind"] == "Pod")
    explain = ["explain", f"{name['namespace']}/{name['name']}", "--output", "json"]
    told = [
        json.loads(pykube(*explain, *given).stdout)["nodes"]
        for given in (parts, ["--snapshot", snapshot])
    ]
    assert sorted(told[0], key=str) == sorted(told[1], key=str)


def test_nodes_come_from_standard_input_too(pykube, snapshot):
    words = ["--policy", "default", "--output", "csv"]
    piped = pykube("compare", "--snapshot", "-", *words, input=snapshot.read_text())
    assert piped.stdout == pykube("compare", "--snapshot", snapshot, *words).stdout


@pytest.mark.parametrize(
    "words",
    [
        ["compare"],
        ["compare", "--snapshot", "a", "--nodes", "b"],
        ["compare", "--snapshot", "a", "--replay", "--arrivals-only"],
        ["compare", "--snapshot", "a", "--replay", "--shuffle"],
        ["compare", "--snapshot", "a", "--seeds", "0"],
        ["compare", "--snapshot", "a", "--output", "xml"],
        ["generate", "--nodes", "0", "x.json"],
        ["completion", "tcsh"],
        ["explode"],
    ],
    ids=" ".join,
)
def test_bad_usage_is_code_2_with_a_hint(pykube, words):
    done = pykube(*words, code=2)
    assert "error:" in done.stderr
    assert "--help" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "No such file"),
        ("{", "cluster.json"),
        ('{"apiVersion": "v1", "kind": "List", "items": []}', "no Node objects"),
        (
            '{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a"}, '
            '"status": {"allocatable": {"cpu": "many"}}}',
            "cpu",
        ),
        (
            '{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a"}, '
            '"status": {"allocatable": {"cpu": "1", "memory": "1Gi", "pods": "9"}}}',
            "no Pod objects",
        ),
    ],
    ids=["missing", "broken", "empty", "quantity", "no pods"],
)
def test_bad_input_is_code_2_and_one_line(pykube, tmp_path, content, expected):
    if content is not None:
        (tmp_path / "cluster.json").write_text(content)
    done = pykube("compare", "--snapshot", "cluster.json", "--policy", "default", code=2)
    assert done.stderr.startswith("pykube compare: error: cluster.json: ")
    assert expected in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_unknown_policy_is_code_2_and_names_the_known(pykube, snapshot):
    done = pykube("compare", "--snapshot", snapshot, "--policy", "bestfit", code=2)
    assert "best-fit" in done.stderr
    assert done.stderr.count("\n") == 1


def test_warnings_about_a_configuration_go_to_stderr_and_the_report(pykube, snapshot, tmp_path):
    text = "apiVersion: kubescheduler.config.k8s.io/v1beta3\nkind: KubeSchedulerConfiguration\n"
    (tmp_path / "old.yaml").write_text(text)
    words = ["--policy", "old.yaml", "--output", "csv", "--report", "r.html"]
    done = pykube("compare", "--snapshot", snapshot, *words)
    assert "pykube: warning: old.yaml: " in done.stderr
    assert "warning" not in done.stdout
    assert "v1beta3" in (tmp_path / "r.html").read_text()


def test_a_report_that_has_no_folder_is_refused_before_the_work(pykube, snapshot):
    words = ["--policy", "default", "--report", "no/such/folder.html"]
    done = pykube("compare", "--snapshot", snapshot, *words, code=2)
    assert done.stdout == ""
    assert "No such file" in done.stderr


def test_no_progress_bar_without_a_terminal(pykube, snapshot):
    done = pykube("compare", "--snapshot", snapshot, "--policy", "default")
    assert "\r" not in done.stderr + done.stdout
    assert "━" not in done.stderr


def test_interrupt_is_code_130_without_a_traceback(tmp_path):
    words = ["-m", "pykube_core", "compare", "--snapshot", "-"]
    reading = subprocess.Popen(
        [sys.executable, *words],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Who runs the tests in the background may have it ignored, which is inherited.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    time.sleep(1.5)
    reading.send_signal(signal.SIGINT)
    _, stderr = reading.communicate()
    assert reading.returncode == 130
    assert stderr.strip() == "pykube: interrupted"


def test_a_reader_that_leaves_is_no_error(snapshot):
    words = ["-m", "pykube_core", "compare", "--snapshot", str(snapshot), "--output", "json"]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, *words], stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert done.returncode == 141
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


def test_generate_gives_the_same_bytes_for_the_same_seed(pykube, tmp_path):
    for name in "ab":
        pykube("generate", "--nodes", "5", "--pods", "20", "--seed", "9", f"{name}.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_demo_compares_and_says_what_to_do_next(pykube, tmp_path):
    done = pykube("demo", "--nodes", "40", "--pods", "300")
    assert "gpus_last.py:score" in done.stdout
    assert "pykube compare --snapshot cluster.json" in done.stderr
    assert (tmp_path / "pykube-demo.html").read_text().startswith("<!doctype html>")
