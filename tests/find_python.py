"""Print the first of these Pythons that is on this machine: find_python.py 3.13 3.12."""

import os
import shutil
import subprocess
import sys
from pathlib import Path


def find_python(version: str) -> str | None:
    """Return an interpreter of a version, as uv finds it or as pyenv keeps it out of sight."""
    find = ["python", "find", "--system", "--no-project", "--no-python-downloads", version]
    found = subprocess.run([uv(), *find], capture_output=True, text=True)
    if found.returncode == 0:
        return found.stdout.strip()
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    kept = sorted(pyenv.glob(f"versions/{version}.*/bin/python"))
    return str(kept[-1]) if kept else None


def uv() -> str:
    """Return the uv of this environment."""
    return shutil.which("uv", path=Path(sys.executable).parent) or "uv"


if __name__ == "__main__":
    print(next(filter(None, map(find_python, sys.argv[1:])), sys.executable))
