import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_stub_of_the_extension_is_what_the_headers_give():
    made = subprocess.run(
        [sys.executable, str(ROOT / "csrc/ffi_stub.py")], capture_output=True, text=True, check=True
    ).stdout
    assert (ROOT / "core/_pykube_hotcore/_ffi.pyi").read_text() == made, (
        "stale: run python csrc/ffi_stub.py --write"
    )
