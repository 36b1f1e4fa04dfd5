from pathlib import Path

import pytest

from _pykube_hotcore.slow import SlowEngine
from pykube_core.experiments.conformance import find_scenarios, read_scenario, run_scenario

RECORDED = Path(__file__).parents[1] / "conformance"
SLOW = ("large", "mixed")


def is_quick_scenario(path):
    is_scheduler = any(part.startswith("kube-scheduler") for part in path.parts)
    return is_scheduler and path.parent.name not in SLOW


@pytest.mark.parametrize(
    "path",
    [path for path in find_scenarios([RECORDED]) if is_quick_scenario(path)],
    ids=lambda path: f"{path.parent.name}-{path.name.split('.')[0]}",
)
def test_the_twin_takes_the_recorded_decisions_too(path):
    report = run_scenario(read_scenario(path), SlowEngine)
    assert report.agreed == report.decisions, report.differences
