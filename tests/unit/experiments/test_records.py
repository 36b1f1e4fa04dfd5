import gzip
import json

import pytest

from pykube_core.api.machinery.errors import InputError
from pykube_core.cli import main
from pykube_core.experiments.records import is_record, play, read_record
from pykube_core.experiments.records.command import read_tables
from pykube_core.experiments.records.comparing import difference, text_agrees
from pykube_core.experiments.records.history import changes, writer

MAPS = "/api/v1/namespaces/demo/configmaps"
OWNED = [
    {
        "manager": "unknown",
        "operation": "Update",
        "apiVersion": "v1",
        "time": "<time>",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:data": {".": {}, "f:a": {}}, "f:metadata": {"f:generateName": {}}},
    }
]


def config_map(version="#1"):
    return {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": {
            "name": "c-<r1>",
            "generateName": "c-",
            "namespace": "demo",
            "uid": "<uid:ConfigMap/c-<r1>>",
            "resourceVersion": f"<rv:ConfigMap/c-<r1>{version}>",
            "creationTimestamp": "<time>",
        },
        "data": {"a": "b"},
    }


def managed(obj):
    return obj | {"metadata": obj["metadata"] | {"managedFields": OWNED}}


def record(**fields):
    post = {
        "op": "request",
        "n": 1,
        "method": "POST",
        "path": MAPS,
        "body": {"metadata": {"generateName": "c-"}, "data": {"a": "b"}},
        "status": 201,
        "resp_headers": {"content-type": "application/json"},
        "resp": managed(config_map()),
    }
    get = {
        "op": "request",
        "n": 2,
        "method": "GET",
        "path": f"{MAPS}/c-<r1>",
        "status": 200,
        "resp_headers": {"content-type": "application/json"},
        "resp": managed(config_map()),
    }
    added = {
        "step": 1,
        "type": "ADDED",
        "kind": "ConfigMap",
        "name": "c-<r1>",
        "object": config_map(),
        "writer": "unknown:Update",
    }
    return {
        "format": "record-cp/1",
        "family": "api",
        "name": "small",
        "namespace": "demo",
        "steps": [post, {"op": "settle", "n": 2}, get],
        "stream": [added],
        "final": {"ConfigMap/c-<r1>": managed(config_map())},
    } | fields


def written(folder, document, name="small.json"):
    path = folder / name
    data = json.dumps(document).encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def test_a_record_agrees_if_answers_objects_and_changes_do(tmp_path):
    path = written(tmp_path, record(), "small.json.gz")
    report = play(read_record(path))
    assert report.disagreements == []
    assert report.agrees
    counts = {"requests": [2, 2], "kubectl": [0, 0], "finals": [1, 1], "events": [0, 0]}
    assert report.counts == counts | {"streams": [1, 1]}


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("status", 200, "requests"),
        ("resp", managed(config_map("#2")), "requests"),
        ("resp_headers", {"content-type": "text/plain"}, "requests"),
    ],
)
def test_an_answer_that_differs_is_told(tmp_path, field, value, kind):
    changed = record()
    changed["steps"][0][field] = value
    report = play(read_record(written(tmp_path, changed)))
    assert [each.kind for each in report.disagreements] == [kind]


def test_finals_events_and_streams_are_told_apart(tmp_path):
    event = {"type": "Normal", "reason": "R", "message": "m", "involvedObject": {}}
    changed = record(stream=[], events=[event], final={"ConfigMap/x": {}})
    report = play(read_record(written(tmp_path, changed)))
    assert [each.kind for each in report.disagreements] == ["finals", "events", "streams"]


def test_one_of_several_recorded_sequences_is_enough(tmp_path):
    runs = {"run1": ["ADDED", {"data.a": "c"}], "run2": ["ADDED"]}
    streams = {"ConfigMap/c-<r1>": runs}
    report = play(read_record(written(tmp_path, record(stream=[], variable_streams=streams))))
    assert report.agrees


def test_a_command_without_kubectl_does_not_agree(tmp_path):
    step = {"op": "kubectl", "n": 3, "args": ["get", "cm"], "rc": 0, "stderr": "", "stdout": None}
    changed = record()
    changed["steps"].append(step)
    report = play(read_record(written(tmp_path, changed)))
    assert [each.what for each in report.disagreements] == ["3 kubectl get cm"]


def test_the_command_line_counts_records(tmp_path, capsys):
    written(tmp_path, record())
    assert main(["conformance", str(tmp_path)]) == 0
    assert capsys.readouterr().out.endswith("\nrecords: 1 of 1 agree\n")
    changed = record(final={"ConfigMap/x": {}})
    written(tmp_path, changed, "other.json")
    assert main(["conformance", "--json", str(tmp_path)]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["difference_count"] == 1
    assert captured.err == "records: 1 of 2 agree\n"


def test_what_is_no_record_is_refused(tmp_path):
    path = written(tmp_path, {"name": "x"})
    assert not is_record(path)
    with pytest.raises(InputError, match="no record of a control plane"):
        read_record(path)


def test_open_names_stand_for_any_text():
    assert text_agrees("uid <uid-1>, and", "uid <uid>, and")
    assert not text_agrees("uid <uid-1>, and", "uid x or")
    assert difference({"a": [1, {"<truncated>": 20}]}, {"a": [1, {"b": 2}]}) is None
    assert difference({"a": [1]}, {"a": [1, 2]}).path == "a[1]"
    assert difference(True, 1) is not None


def test_changes_tell_conditions_apart_by_type():
    before = {"status": {"conditions": [{"type": "A", "status": "False"}]}, "x": [1]}
    after = {
        "status": {"conditions": [{"type": "B"}, {"type": "A", "status": "True"}]},
        "x": [2],
    }
    assert changes(before, after) == {
        "status.conditions[A].status": "True",
        "status.conditions[B]": {"type": "B"},
        "x": [2],
    }
    assert changes({"a": {"b": 1}}, {"a": {}}) == {"a.b": "<removed>"}


def test_writers_are_the_entries_that_are_new():
    one = {"manager": "m", "operation": "Update", "subresource": "status"}
    two = {"manager": "n", "operation": "Apply"}
    obj = {"metadata": {"managedFields": [one, two]}}
    assert writer(None, obj) == "m:Update:status n:Apply"
    assert writer({"metadata": {"managedFields": [one]}}, obj) == "n:Apply"
    assert writer(obj, obj) is None


def test_tables_are_read_by_their_columns():
    text = "NAME   READY   NODE\na      1/1     <none>\n\nNAME   AGE\nb      1s\n"
    assert read_tables(text) == [
        {"columns": ["NAME", "READY", "NODE"], "rows": [["a", "1/1", "<none>"]]},
        {"columns": ["NAME", "AGE"], "rows": [["b", "1s"]]},
    ]
