"""A full disk, a closed pipe, a folder that lets nobody write, signals: one line, an exit code."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pykube_core import files
from pykube_core.__main__ import ENDED_BY

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
LINE = "No space left on device"

READING = [
    ["--help"],
    ["--version"],
    ["compare", "--help"],
    ["completion", "bash"],
    ["get", "nodes", "-A"],
    ["get", "pods", "-A", "-o", "yaml"],
    ["describe", "nodes"],
    ["timeline", "node/host1"],
    ["compare", "--snapshot", "cluster.json", "--policy", "default", "--output", "csv"],
    ["compare", "--snapshot", "cluster.json", "--policy", "default"],
    ["explain", "web", "--snapshot", "cluster.json"],
    ["generate", "--nodes", "5", "--pods", "9", "/dev/stdout"],
    ["store", "dump", "data"],
    ["store", "check", "data"],
    ["demo", "walkthrough"],
]
WORDS = " ".join


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Make a folder with a snapshot and a cluster in it."""
    folder = tmp_path_factory.mktemp("faults")
    (folder / "cluster.json").write_text(
        '{"apiVersion": "v1", "kind": "List", "items": ['
        '{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a"},'
        ' "status": {"allocatable": {"cpu": "8", "memory": "8Gi", "pods": "9"}}},'
        '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},'
        ' "spec": {"containers": [{"name": "c", "image": "c"}]}}]}'
    )
    assert pykube(folder, ["init"]).returncode == 0
    return folder


def pykube(folder, words, **options):
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
    return subprocess.run(
        [sys.executable, "-m", "pykube_core", *map(str, words)],
        cwd=folder,
        env={**os.environ, "PYKUBE_DATA_DIR": str(folder / "data")},
        check=False,
        **given,
    )


def assert_one_line(done, code, text):
    assert done.returncode == code, done.stderr
    lines = [line for line in done.stderr.splitlines() if line and "scheduling cycle" not in line]
    assert len(lines) == 1, done.stderr
    assert text in lines[0]


@needs_full
@pytest.mark.parametrize("words", READING, ids=WORDS)
def test_a_full_disk_under_standard_output_is_one_line_and_code_2(place, words):
    with FULL.open("w") as full:
        assert_one_line(pykube(place, words, stdout=full), 2, LINE)


@pytest.mark.parametrize("words", READING, ids=WORDS)
def test_a_pipe_that_nobody_reads_ends_a_command_in_silence_with_code_141(place, words):
    reader, writer = os.pipe()
    os.close(reader)
    done = pykube(place, words, stdout=writer)
    os.close(writer)
    assert done.returncode == 141
    assert "Traceback" not in done.stderr
    assert "Broken pipe" not in done.stderr


@needs_full
@pytest.mark.parametrize(
    "words",
    [
        ["compare", "--snapshot", "cluster.json", "--policy", "default", "--report", FULL],
        ["compare", "--snapshot", "cluster.json", "--policy", "default", "--picture", FULL],
        ["generate", "--nodes", "5", "--pods", "9", FULL],
        ["store", "snapshot", "data", FULL],
    ],
    ids=lambda words: WORDS(map(str, words[:1] + words[-2:])),
)
def test_a_full_disk_under_a_file_is_one_line_that_names_it(place, words):
    assert_one_line(pykube(place, words), 2, f"/dev/full: {LINE}")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a disk of 64 KiB")
def test_a_full_disk_under_a_cluster_is_one_line_and_leaves_a_cluster_that_goes_on(tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("nothing may be mounted here")
    try:
        done = pykube(tmp_path, ["init", "--data-dir", small / "data"])
        assert_one_line(done, 2, "no space left")
        assert "host1" in pykube(tmp_path, ["get", "nodes", "--data-dir", small / "data"]).stdout
        backup = tmp_path / "backup.db"
        assert pykube(tmp_path, ["init", "--data-dir", tmp_path / "large"]).returncode == 0
        pykube(tmp_path, ["store", "snapshot", tmp_path / "large", backup])
        done = pykube(tmp_path, ["store", "restore", backup, small / "again"])
        assert_one_line(done, 2, LINE)
        assert not (small / "again").exists()
    finally:
        subprocess.run(["umount", small], check=True)


@pytest.mark.parametrize("option", ["--report", "--picture"])
def test_a_folder_that_lets_nobody_write_is_said_before_the_work(place, option, monkeypatch):
    from pykube_core import cli

    monkeypatch.chdir(place)
    monkeypatch.setattr(files.os, "access", lambda path, mode: False)
    words = ["compare", "--snapshot", "none.json", option, "r"]
    with pytest.MonkeyPatch.context() as patch:
        said = []
        patch.setattr(cli, "_say", said.append)
        assert cli.main(words) == 2
    assert said == ["pykube compare: error: r: Permission denied"]


@pytest.mark.parametrize(
    ("path", "reason"),
    [("no/such/r.html", "No such file"), ("cluster.json/r.html", "Not a directory"), (".", "Is a")],
)
def test_a_place_that_cannot_be_written_is_named(place, path, reason):
    for words in (["generate", path], ["compare", "--snapshot", "x", "--report", path]):
        assert_one_line(pykube(place, words), 2, f"{path}: {reason}")


SIGNALLED = """
import os, signal, sys
class Finder:
    def find_spec(name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), {number})
sys.meta_path.insert(0, Finder)
signal.signal(signal.SIGINT, signal.default_int_handler)
from pykube_core.__main__ import run
sys.argv = ["pykube", *{words!r}]
sys.exit(run())
"""


@pytest.mark.parametrize("number", ENDED_BY, ids=lambda number: number.name)
@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("argparse", ["--version"]),
        ("pykube_core.workloads.read", ["compare", "--snapshot", "cluster.json"]),
        ("numba", ["compare", "--snapshot", "cluster.json", "--policy", "own.py:score"]),
        ("pykube_core.cluster.cluster", ["create", "namespace", "x"]),
        ("pykube_core.reports.page", ["compare", "--snapshot", "cluster.json", "--report", "r"]),
    ],
)
def test_a_signal_ends_a_command_with_its_code_wherever_it_is(place, number, module, words):
    (place / "own.py").write_text("def score(node, pod):\n    return 1\n")
    script = SIGNALLED.format(module=module, words=words, number=int(number))
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=place,
        env={**os.environ, "PYKUBE_DATA_DIR": str(place / "data")},
        check=False,
    )
    assert done.returncode == 128 + number
    assert done.stderr.splitlines()[-1] == f"pykube: {ENDED_BY[number]}"
    assert "Traceback" not in done.stderr
    assert not (place / "r").exists()


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_signal_ends_runs_in_threads_too(place, jobs):
    (place / "slow.py").write_text(
        "import os, signal, time\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
        "time.sleep(600)\n"
        "def score(node, pod):\n    return 1\n"
    )
    words = ["compare", "--snapshot", "cluster.json", "--policy", "slow.py:score", "--jobs", jobs]
    done = pykube(
        place, words, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL), timeout=120
    )
    assert (done.returncode, done.stderr) == (130, "pykube: interrupted\n")


ENDLESS = """
import os, signal, sys, threading, time

def interrupt():
    last, times = None, 0
    while times < 40:  # until nothing moves any more: the main thread is in the engine
        time.sleep(0.05)
        frame = sys._current_frames()[threading.main_thread().ident]
        times = times + 1 if (frame, frame.f_lasti) == last else 0
        last = frame, frame.f_lasti
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=interrupt, daemon=True).start()

def score(node, pod):
    i = 0
    while i >= 0:
        i = (i + 1) % 1000
    return i
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_signal_ends_a_policy_that_never_returns(place, jobs):
    (place / "endless.py").write_text(ENDLESS)
    words = ["compare", "--snapshot", "cluster.json", "--policy", "endless.py:score"]
    done = pykube(
        place,
        [*words, "--jobs", jobs],
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (130, "pykube: interrupted\n")


def test_a_signal_that_is_ignored_stays_ignored(place):
    script = SIGNALLED.format(module="argparse", words=["--version"], number=int(signal.SIGINT))
    script = script.replace("signal.default_int_handler", "signal.SIG_IGN")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_unfinished_file_goes_with_the_signal(place):
    script = (
        "import os, signal\n"
        "signal.signal(signal.SIGTERM, signal.SIG_DFL)\n"
        "from pykube_core import __main__, files\n"
        "signal.signal(signal.SIGTERM, __main__._end)\n"
        "def pieces():\n"
        "    yield b'half'\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "files.write_file('kept', pieces())\n"
    )
    (place / "kept").write_text("old")
    before = sorted(os.listdir(place))
    done = subprocess.run([sys.executable, "-c", script], cwd=place, check=False)
    assert done.returncode == 143
    assert sorted(os.listdir(place)) == before
    assert (place / "kept").read_text() == "old"


def test_closed_standard_streams_are_no_error(place):
    for streams in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
        words = f"{sys.executable} -m pykube_core get nodes --data-dir data {streams}"
        done = subprocess.run(["sh", "-c", words], cwd=place, check=False, capture_output=True)
        assert (done.returncode, done.stderr) == (0, b"")


def test_a_terminal_that_lacks_a_character_is_no_error(place):
    words = ["compare", "--snapshot", "cluster.json", "--policy", "default"]
    done = subprocess.run(
        [sys.executable, "-m", "pykube_core", *words],
        cwd=place,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "default" in done.stdout


def test_errors_that_are_no_fault_of_a_disk_are_not_hidden(monkeypatch):
    from pykube_core import cli

    def fail(arguments):
        raise OSError(errno.ECONNREFUSED, "Connection refused")

    monkeypatch.setattr(cli, "_run", fail)
    with pytest.raises(ConnectionRefusedError):
        cli.main(["get"])
