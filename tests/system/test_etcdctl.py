"""Debian's etcdctl against ``pykube etcd``."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip("grpc")
if shutil.which("etcdctl") is None:
    pytest.skip("etcdctl is not installed (Debian: etcd-client)", allow_module_level=True)


PYKUBE = [sys.executable, "-c", "import sys; from pykube_core.cli import main; sys.exit(main())"]


@contextlib.contextmanager
def serving(data_dir=None):
    command = [*PYKUBE, "etcd", "--listen", "127.0.0.1:0"]
    command += [] if data_dir is None else ["--data-dir", str(data_dir)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    line = server.stdout.readline()
    try:
        yield line.split(" on ")[1].split(",")[0]
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("etcd") / "data") as running:
        yield running


@pytest.fixture
def etcdctl(address):
    def run(*args, stdin=None, code=0):
        made = subprocess.run(
            ["etcdctl", "--endpoints", address, *args],
            env={**os.environ, "ETCDCTL_API": "3"},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert made.returncode == code, made.stderr
        return made.stdout + (made.stderr if code else "")

    run("del", "", "--prefix")
    run.address = address
    return run


def start(address, *args):
    return subprocess.Popen(
        ["etcdctl", "--endpoints", address, *args],
        env={**os.environ, "ETCDCTL_API": "3"},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_put_get_and_del_with_their_flags(etcdctl):
    assert etcdctl("put", "a", "1") == "OK\n"
    assert etcdctl("put", "a", "2", "--prev-kv") == "OK\na\n1\n"
    assert etcdctl("put", "a", "--ignore-value") == "OK\n"
    for i in range(3):
        etcdctl("put", f"k{i}", f"v{i}")
    assert etcdctl("get", "k", "--prefix") == "k0\nv0\nk1\nv1\nk2\nv2\n"
    assert etcdctl("get", "k", "--prefix", "--keys-only").split() == ["k0", "k1", "k2"]
    assert etcdctl("get", "k", "--prefix", "--limit", "1", "--print-value-only") == "v0\n"
    assert etcdctl("get", "k1", "--from-key").split() == ["k1", "v1", "k2", "v2"]
    assert etcdctl("get", "k0", "k2").split() == ["k0", "v0", "k1", "v1"]
    descending = ("--order", "DESCEND", "--sort-by", "MODIFY")
    assert etcdctl("get", "k", "--prefix", *descending).split()[:2] == ["k2", "v2"]
    answer = json.loads(etcdctl("get", "a", "-w", "json"))
    assert answer["kvs"][0]["version"] == 3
    revision = answer["header"]["revision"]
    etcdctl("put", "a", "later")
    assert etcdctl("get", "a", "--rev", str(revision), "--print-value-only") == "2\n"
    assert "Count" in etcdctl("get", "k", "--prefix", "--write-out", "fields")
    assert etcdctl("get", "a", "--consistency", "s", "--hex").startswith("\\x61")
    assert etcdctl("del", "k0", "k2", "--prev-kv") == "2\nk0\nv0\nk1\nv1\n"
    assert etcdctl("del", "nothing") == "0\n"


def test_txn_takes_the_branch_of_its_compares(etcdctl):
    etcdctl("put", "flag", "1")
    request = 'value("flag") = "1"\n\nput flag 2\nget flag\n\nget flag\n\n'
    assert etcdctl("txn", stdin=request).split() == ["SUCCESS", "OK", "flag", "2"]
    assert etcdctl("txn", stdin=request).split() == ["FAILURE", "flag", "2"]


def test_watch_delivers_history_and_what_comes(etcdctl):
    etcdctl("put", "w", "1")
    revision = json.loads(etcdctl("get", "w", "-w", "json"))["header"]["revision"]
    watch = start(etcdctl.address, "watch", "w", "--prefix", "--prev-kv", "--rev", str(revision))
    try:
        assert [watch.stdout.readline() for _ in range(3)] == ["PUT\n", "w\n", "1\n"]
        etcdctl("put", "w2", "x")
        etcdctl("del", "w")
        lines = [watch.stdout.readline().strip() for _ in range(8)]
        assert lines == ["PUT", "w2", "x", "DELETE", "w", "1", "w", ""]
    finally:
        watch.kill()
        watch.wait()


def test_lease_lives_and_ends(etcdctl):
    lease = etcdctl("lease", "grant", "100").split()[1]
    etcdctl("put", "leased", "1", "--lease", lease)
    assert "attached keys([leased])" in etcdctl("lease", "timetolive", lease, "--keys")
    assert lease in etcdctl("lease", "list")
    assert "keepalived" in etcdctl("lease", "keep-alive", "--once", lease)
    assert "revoked" in etcdctl("lease", "revoke", lease)
    assert etcdctl("get", "leased") == ""
    short = etcdctl("lease", "grant", "1").split()[1]
    etcdctl("put", "short", "1", "--lease", short)
    until = time.monotonic() + 10
    while etcdctl("get", "short") and time.monotonic() < until:
        time.sleep(0.2)
    assert etcdctl("get", "short") == ""


def test_compaction_forgets(etcdctl):
    for i in range(5):
        etcdctl("put", "c", str(i))
    revision = json.loads(etcdctl("get", "c", "-w", "json"))["header"]["revision"]
    assert "compacted revision" in etcdctl("compaction", str(revision))
    assert "compacted" in etcdctl("get", "c", "--rev", str(revision - 1), code=1)
    assert "compacted" in etcdctl("compaction", str(revision), code=1)


def test_endpoint_member_and_defrag_answer(etcdctl):
    etcdctl("endpoint", "health")  # its exit code says it
    status = json.loads(etcdctl("endpoint", "status", "-w", "json"))[0]["Status"]
    assert status["version"].startswith("3.5.")
    assert status["leader"] == status["header"]["member_id"]
    assert json.loads(etcdctl("endpoint", "hashkv", "-w", "json"))[0]["HashKV"]["hash"] > 0
    assert etcdctl.address in etcdctl("member", "list")
    assert "Finished defragmenting" in etcdctl("defrag")
    assert etcdctl("alarm", "list") == ""


def test_lock_and_elect_take_turns(etcdctl):
    assert etcdctl("lock", "door", "echo", "inside") == "inside\n"
    first = start(etcdctl.address, "elect", "post", "one")
    assert first.stdout.readline().startswith("post/")
    assert first.stdout.readline() == "one\n"
    second = start(etcdctl.address, "elect", "post", "two")
    time.sleep(0.3)
    first.send_signal(signal.SIGINT)
    first.wait(10)
    assert second.stdout.readline().startswith("post/")
    assert second.stdout.readline() == "two\n"
    second.send_signal(signal.SIGINT)
    second.wait(10)


@pytest.mark.parametrize("durable", [True, False])
def test_snapshot_save_is_what_restore_takes(tmp_path, durable):
    with serving(tmp_path / "data" if durable else None) as address:
        for words in (["put", "kept", "yes"], ["snapshot", "save", str(tmp_path / "backup.db")]):
            subprocess.run(
                ["etcdctl", "--endpoints", address, *words],
                env={**os.environ, "ETCDCTL_API": "3"},
                check=True,
                timeout=30,
            )
    restored = tmp_path / "restored"
    command = [*PYKUBE, "store"]
    subprocess.run([*command, "restore", str(tmp_path / "backup.db"), str(restored)], check=True)
    dump = subprocess.run(
        [*command, "dump", str(restored)], check=True, capture_output=True, text=True
    ).stdout
    assert [json.loads(line)["value"] for line in dump.splitlines()] == ["yes"]
    with serving(restored) as address:
        found = subprocess.run(
            ["etcdctl", "--endpoints", address, "get", "kept", "--print-value-only"],
            env={**os.environ, "ETCDCTL_API": "3"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert found.stdout == "yes\n"
