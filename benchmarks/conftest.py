"""Sizes by mode, and what every benchmark records."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


def pytest_generate_tests(metafunc):
    """Small in the test run, whole with --benchmark-enable."""
    if "node_count" in metafunc.fixturenames:
        option = metafunc.config.getoption
        smoke = option("benchmark_disable") and not option("benchmark_enable")
        sizes = metafunc.module.NODE_COUNTS
        metafunc.parametrize("node_count", sizes[:1] if smoke else sizes)


@pytest.fixture
def report(benchmark, capsys):
    """Record facts and, when measuring, print a line."""

    def write(text: str, **facts) -> None:
        benchmark.extra_info.update(facts)
        if benchmark.enabled:
            with capsys.disabled():
                print(f"\n    {text}", end="")

    return write
