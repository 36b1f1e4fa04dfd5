"""Real etcd servers for tests."""

import contextlib
import shutil
import socket
import subprocess
import time

ETCD = shutil.which("etcd")
OPENSSL = shutil.which("openssl")


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


def certificates(folder):
    """Make a certificate authority, and certificates of ``server`` and ``client`` signed by it."""
    folder.mkdir()
    command = [OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "1"]

    def make(name, *options):
        files = ["-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem")]
        made = [*command, "-subj", f"/CN={name}", *files, *options]
        subprocess.run(made, check=True, capture_output=True)

    signed = ["-CA", str(folder / "ca.pem"), "-CAkey", str(folder / "ca.key")]
    usage = ["-addext", "extendedKeyUsage=serverAuth,clientAuth"]
    leaf = [*signed, *usage, "-addext", "basicConstraints=critical,CA:false"]
    make("ca")
    make("server", *leaf, "-addext", "subjectAltName=IP:127.0.0.1")
    make("client", *leaf)


@contextlib.contextmanager
def cluster(folder, size, tls=None):
    """Yield (client ports, processes) of a cluster of ``size`` members.

    ``tls`` is a folder of `certificates`: who has none signed by its authority is refused.
    """
    scheme, secure = "http", []
    if tls is not None:
        scheme, secure = "https", ["--client-cert-auth", "--trusted-ca-file", str(tls / "ca.pem")]
        secure += ["--cert-file", str(tls / "server.pem"), "--key-file", str(tls / "server.key")]
    clients, peers = free_ports(size), free_ports(size)
    names = [f"m{i}" for i in range(size)]
    members = ",".join(
        f"{name}=http://127.0.0.1:{port}" for name, port in zip(names, peers, strict=True)
    )
    processes = []
    for name, client, peer in zip(names, clients, peers, strict=True):
        url, peer_url = f"{scheme}://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
        command = [ETCD, *secure, "--name", name, "--data-dir", str(folder / name)]
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
