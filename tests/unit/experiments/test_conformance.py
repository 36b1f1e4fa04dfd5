import gzip
import json

import pytest

from pykube_core.api.machinery.errors import InputError
from pykube_core.experiments.conformance import find_scenarios, read_scenario, run_scenario


def scenario(**changes):
    node = {
        "metadata": {"name": "n1", "labels": {}},
        "status": {"allocatable": {"cpu": "1", "memory": "1Gi", "pods": "10"}},
    }
    pod = {
        "metadata": {"name": "p1", "namespace": "default"},
        "spec": {"containers": [{"resources": {"requests": {"cpu": "500m"}}}]},
    }
    expected = {
        "pod": "default/p1",
        "rejected": {},
        "feasible": ["n1"],
        "scores": None,
        "total": None,
        "candidates": ["n1"],
        "placed": "n1",
        "message": None,
        "preemption": None,
    }
    return {
        "name": "family/case",
        "objects": {"nodes": [node], "pods": []},
        "pending": [pod],
        "expected": [expected | changes],
    }


def written(folder, document, name="case.json"):
    path = folder / name
    path.write_text(json.dumps(document))
    return path


def test_a_decision_agrees_if_every_recorded_field_does(tmp_path):
    report = run_scenario(read_scenario(written(tmp_path, scenario())))
    assert report.agrees
    assert (report.decisions, report.agreed) == (1, 1)
    assert report.family == tmp_path.name


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("placed", "n2"),
        ("total", [100]),
        ("scores", {}),
        ("message", "x"),
        ("feasible", []),
        ("rejected", {"n1": {"plugin": "NodeName", "code": "x", "reasons": []}}),
        ("prefilter", {"plugin": "NodeAffinity", "code": "x", "reasons": []}),
        ("preEnqueue", {"plugin": "SchedulingGates", "code": "x", "reasons": []}),
        ("unknown", 1),
    ],
)
def test_any_field_that_differs_is_told(tmp_path, field, value):
    report = run_scenario(read_scenario(written(tmp_path, scenario(**{field: value}))))
    assert report.agreed == 0
    assert [d.field for d in report.differences] == [field]


def test_fields_that_are_not_recorded_are_not_compared(tmp_path):
    document = scenario()
    document["expected_detail"] = "placements"
    document["expected"] = [{"pod": "default/p1", "placed": "n1"}]
    assert run_scenario(read_scenario(written(tmp_path, document))).agrees


def test_an_error_is_a_difference_of_every_decision_after_it(tmp_path):
    document = scenario()
    document["pending"].append({"metadata": {"name": "p2"}, "spec": {"containers": 7}})
    document["expected"].append({"pod": "default/p2"})
    report = run_scenario(read_scenario(written(tmp_path, document)))
    assert (report.decisions, report.agreed, report.agrees) == (2, 1, False)
    assert [(d.pod, d.field) for d in report.differences] == [("default/p2", "error")]


def test_what_is_no_scenario_is_named(tmp_path):
    for text in ("{", "[]", '{"name": "x"}'):
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(InputError, match=r"bad\.json: not a scenario"):
            read_scenario(tmp_path / "bad.json")
    (tmp_path / "bad.json").write_bytes(gzip.compress(b"{}")[:12])
    with pytest.raises(InputError, match=r"bad\.json: the gzip data ends too early"):
        read_scenario(tmp_path / "bad.json")
    document = scenario()
    document["expected"] = []
    with pytest.raises(InputError, match="differ in length"):
        read_scenario(written(tmp_path, document))


def test_folders_are_searched_and_packed_files_are_read(tmp_path):
    (tmp_path / "a").mkdir()
    packed = tmp_path / "a" / "x.json.gz"
    packed.write_bytes(gzip.compress(json.dumps(scenario()).encode()))
    assert find_scenarios([tmp_path]) == [packed]
    assert run_scenario(read_scenario(packed)).agrees
    with pytest.raises(InputError, match="no such file"):
        find_scenarios([tmp_path / "b"])
    (tmp_path / "c").mkdir()
    with pytest.raises(InputError, match="holds no"):
        find_scenarios([tmp_path / "c"])
