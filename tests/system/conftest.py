import os
import subprocess
import sys

import pytest


@pytest.fixture
def pykube(tmp_path):
    """Run the command line as a user does, in a folder of its own."""

    def run(*words, code=0, **options):
        done = subprocess.run(
            [sys.executable, "-m", "pykube_core", *map(str, words)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "100"},
            check=False,
            **options,
        )
        assert done.returncode == code, done.stderr
        return done

    return run
