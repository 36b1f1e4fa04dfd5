import subprocess
import sys

import pytest

import pykube_core as pk


def test_every_public_name_loads_and_is_listed():
    for name in pk.__all__:
        assert getattr(pk, name) is not None
        assert name in dir(pk)


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="placeholder"):
        _ = pk.placeholder


def test_importing_the_package_loads_nothing_heavy():
    script = "import sys, pykube_core; print({'numpy', 'numba', 'msgspec'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "set()\n"
