"""Server-side apply merges, refuses and keeps managed fields as kube-apiserver 1.37 does."""

import gzip
import json
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from pykube_core.api.machinery.apply import (
    FieldManager,
    Typed,
    built_in,
    scale_entries,
    with_scale_entries,
)
from pykube_core.api.machinery.decoding import decode
from pykube_core.api.machinery.schema import kind_struct
from pykube_core.api.machinery.status import StatusError
from pykube_core.api.machinery.written import as_written

RECORDED = Path(__file__).parent / "kubernetes-v1.37.2"
NOW = "<time>"
DEPLOYMENT = ("apps", "v1", "Deployment")


def lines(name):
    return map(json.loads, gzip.decompress((RECORDED / name).read_bytes()).splitlines())


@pytest.fixture(scope="module")
def steps():
    return {step["n"]: step for step in lines("apply.jsonl.gz")}


def attempt(manager, live, step):
    query = dict(parse_qsl(urlsplit(step["path"]).query))
    force = query.get("force") in ("true", "maybe")
    try:
        return manager.apply(live, step["body"], query["fieldManager"], NOW, force=force)
    except StatusError as error:
        return error.status()


def entries(obj):
    return obj["metadata"].get("managedFields")


def test_config_maps_that_are_applied_one_after_the_other(steps):
    manager = FieldManager(built_in("", "v1", "ConfigMap"), "", "v1", "ConfigMap")
    held = {}
    for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 14, 15, 16, 18, 19):
        step = steps[number]
        name = re.search(r"configmaps/(\w+)", step["path"])[1]
        got = attempt(manager, held.get(name), step)
        if step["status"] >= 300:
            assert got == step["resp"], number
            continue
        # The order of fields is upstream's, too.
        assert json.dumps(entries(got)) == json.dumps(entries(step["resp"])), number
        assert got["data"] == step["resp"]["data"], number
        held[name] = step["resp"]


def test_a_deployment_whose_replicas_another_manager_scales(steps):
    manager = FieldManager(built_in(*DEPLOYMENT), *DEPLOYMENT)
    assert entries(attempt(manager, None, steps[22])) == entries(steps[22]["resp"])
    live = steps[27]["resp"]
    assert attempt(manager, live, steps[26]) == steps[26]["resp"]
    assert attempt(manager, live, steps[29]) == steps[29]["resp"]
    assert entries(attempt(manager, live, steps[27])) == entries(live)

    before = entries(steps[22]["resp"])
    scale = {"kind": "Scale", "apiVersion": "autoscaling/v1", "spec": {"replicas": 0}}
    scale |= {"metadata": {"uid": "u", "managedFields": scale_entries(before, "apps/v1")}}
    scales = FieldManager(
        built_in("autoscaling", "v1", "Scale"), "autoscaling", "v1", "Scale", "scale"
    )
    scaled = scales.update(scale, scale | {"spec": {"replicas": 1}}, "hpa", NOW)
    after = with_scale_entries(before, entries(scaled), "apps/v1")
    assert after[1:] == entries(live)[1:2]
    assert "f:replicas" not in after[0]["fieldsV1"]["f:spec"]


def without_times(obj):
    metadata = obj["metadata"]
    held = [{k: v for k, v in each.items() if k != "time"} for each in entries(obj) or []]
    held.sort(key=lambda each: json.dumps(each, sort_keys=True))
    return obj | {"metadata": {k: v for k, v in metadata.items() if k != "managedFields"}}, held


def done(manager, live, op, now):
    if op["op"] == "update":
        return manager.update(live, op["obj"], op["manager"], now)
    try:
        return manager.apply(live, op["obj"], op["manager"], now, force=op["force"])
    except StatusError as error:
        return error


def test_random_objects_of_several_managers():
    count = 0
    for case in lines("managed-fields.jsonl.gz"):
        of = case["group"], case["version"], case["kind"]
        typed = Typed(built_in(*of).atom, lambda obj: obj)
        manager = FieldManager(typed, *of, keeps=lambda fields: fields)
        live = None
        for at, (op, expected) in enumerate(zip(case["ops"], case["results"], strict=True)):
            now = f"2026-01-01T00:00:{at:02}Z"
            count += 1
            got = done(manager, live, op, now)
            if isinstance(got, StatusError):
                assert got.message.split("\n")[0] == expected["error"].split("\n")[0]
                if got.code == 409:
                    causes = expected["status"]["causes"]
                    assert sorted(got.details["causes"], key=str) == sorted(causes, key=str)
                continue
            if "error" in expected:
                assert op["op"] == "update"
                continue
            assert without_times(got) == without_times(expected)
            live = expected
    assert count > 1000


def test_objects_of_every_kind_are_written_as_go_writes_them():
    for line in lines("protobuf.jsonl.gz"):
        obj = line[1]
        group, _, version = obj["apiVersion"].rpartition("/")
        struct = kind_struct(group, version, obj["kind"])
        assert as_written(struct, obj) == obj
        if obj["kind"] != "SelfSubjectReview":  # A null list in a map is an empty one here.
            assert as_written(struct, decode(struct, obj)) == obj
