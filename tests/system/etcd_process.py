"""Real etcd servers for tests."""

import contextlib
import shutil
import socket
import subprocess
import time

ETCD = shutil.which("etcd")


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def wait_for_port(port, seconds=30):
    until = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


@contextlib.contextmanager
def cluster(folder, size):
    """Yield (client ports, processes) of a cluster of ``size`` members."""
    clients, peers = free_ports(size), free_ports(size)
    names = [f"m{i}" for i in range(size)]
    members = ",".join(
        f"{name}=http://127.0.0.1:{port}" for name, port in zip(names, peers, strict=True)
    )
    processes = []
    for name, client, peer in zip(names, clients, peers, strict=True):
        url, peer_url = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
        command = [ETCD, "--name", name, "--data-dir", str(folder / name)]
        command += ["--listen-client-urls", url, "--advertise-client-urls", url]
        command += ["--listen-peer-urls", peer_url, "--initial-advertise-peer-urls", peer_url]
        command += ["--initial-cluster", members, "--initial-cluster-state", "new"]
        processes.append(
            subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )
    try:
        for port in clients:
            wait_for_port(port)
        yield clients, processes
    finally:
        for process in processes:
            process.kill()
            process.wait()
