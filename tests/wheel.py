"""Try the wheel in dist/ on each Python that is on this machine, away from the source tree.

python tests/wheel.py --lock requirements.lock --pythons 3.11 3.12 --tests tests/border
"""

import argparse
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from find_python import find_python, uv

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {"pykube_core", "_pykube_hotcore"}
TEST_TOOLS = ["pytest", "pytest-benchmark", "hypothesis", "packaging"]
# What an abi3 wheel could get wrong shows where C, Numba and the installed data files are used.
TRIAL = """
import pathlib, sys
import pykube_core as pk
assert pathlib.Path(pk.__file__).is_relative_to(sys.prefix), pk.__file__

@pk.policy
def emptiest(node, pod):
    return node.free_cpu / node.allocatable_cpu

workload = pk.synthetic(nodes=20, pods=100, seed=1)
print(pk.compare(workload, ["default", emptiest]))
with pk.Cluster(nodes=2, seed=1) as cluster:
    cluster.run()
    print(len(cluster.list("nodes")), "nodes on Python", sys.version.split()[0])
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lock", type=Path, required=True)
    parser.add_argument("--pythons", nargs="+", required=True)
    parser.add_argument("--tests", nargs="*", default=[])
    options = parser.parse_args()
    (wheel,) = (ROOT / "dist").glob("*.whl")
    check_contents(wheel)
    tried = 0
    for version in options.pythons:
        python = find_python(version)
        if python is None:
            print(f"Python {version} is not on this machine: the wheel is not tried on it")
            continue
        with tempfile.TemporaryDirectory() as folder:
            try_wheel(wheel, python, options.lock.resolve(), Path(folder), options.tests)
        tried += 1
    print(f"{wheel.name}: tried on {tried} of {len(options.pythons)} Pythons")
    return 0 if tried else 1


def check_contents(wheel: Path) -> None:
    """Refuse a wheel for one Python alone, and one that puts more than our packages in place."""
    if "-cp311-abi3-" not in wheel.name:
        raise SystemExit(f"{wheel.name}: not for the stable ABI of Python 3.11")
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    foreign = {top for top in tops - PACKAGES if not top.endswith(".dist-info")}
    if foreign or not tops >= PACKAGES:
        raise SystemExit(f"{wheel.name}: expected {sorted(PACKAGES)}, found {sorted(tops)}")
    modules = [name for name in names if name.endswith(".so")]
    if modules != ["_pykube_hotcore/_ffi.abi3.so"]:
        raise SystemExit(f"{wheel.name}: expected one extension module, found {modules}")


def try_wheel(wheel: Path, python: str, lock: Path, folder: Path, tests: list[str]) -> None:
    """Install the wheel with locked versions into an environment of its own, and use it."""
    environment = folder / "venv"
    run(uv(), "venv", "--quiet", "--python", python, environment)
    install = [uv(), "pip", "install", "--quiet", "--python", environment, "--only-binary", ":all:"]
    run(*install, "--constraint", lock, f"{wheel}[etcd]", *TEST_TOOLS)
    run(environment / "bin/python", "-c", TRIAL, cwd=folder)
    if tests:
        # The command pytest, unlike python -m pytest, does not put the source tree in the way.
        pytest = environment / "bin/pytest"
        run(pytest, "-q", "-p", "no:cacheprovider", *tests, cwd=ROOT)


def run(*command: str | Path, cwd: Path | None = None) -> None:
    print("+", *(str(part).strip().split("\n")[0] for part in command), flush=True)
    if subprocess.run(command, cwd=cwd).returncode:
        raise SystemExit(f"failed: {command[0]}")


if __name__ == "__main__":
    sys.exit(main())
