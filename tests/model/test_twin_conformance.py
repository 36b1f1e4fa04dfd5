from pathlib import Path

import pytest

from _pykube_hotcore.slow import SlowEngine
from pykube_core.experiments.conformance import find_scenarios, read_scenario, run_scenario

RECORDED = Path(__file__).parents[1] / "conformance"
SLOW = ("large", "mixed")


@pytest.mark.parametrize(
    "path",
    [p for p in find_scenarios([RECORDED]) if p.parent.name not in SLOW],
    ids=lambda path: f"{path.parent.name}-{path.name.split('.')[0]}",
)
def test_the_twin_takes_the_recorded_decisions_too(path):
    report = run_scenario(read_scenario(path), SlowEngine)
    assert report.agreed == report.decisions, report.differences
