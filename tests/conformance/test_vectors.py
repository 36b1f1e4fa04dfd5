"""Every recorded decision of kube-scheduler, through the engine that users run and its twin."""

from pathlib import Path

import pytest

from _pykube_hotcore.native import Engine
from _pykube_hotcore.slow import SlowEngine
from pykube_core.experiments.conformance import find_scenarios, read_scenario, run_scenario

FOLDER = Path(__file__).parent / "kube-scheduler-v1.34.1"
PATHS = find_scenarios([FOLDER])
# The twin computes everything from scratch; `pykube conformance --engine twin` runs the rest.
SMALL = [path for path in PATHS if path.parent.name not in ("large", "mixed")]


def name_of(path):
    return f"{path.parent.name}/{path.name.split('.')[0]}"


def check(path, engine):
    report = run_scenario(read_scenario(path), engine)
    assert report.differences == []
    assert report.agreed == report.decisions > 0


@pytest.mark.parametrize("path", PATHS, ids=name_of)
def test_every_decision_agrees(path):
    check(path, Engine)


@pytest.mark.parametrize("path", SMALL, ids=name_of)
def test_every_decision_of_the_twin_agrees(path):
    check(path, SlowEngine)


def test_all_vectors_are_here():
    assert len(PATHS) == 227
    assert sum(len(read_scenario(path).pending) for path in PATHS) == 7704
