import json
from pathlib import Path

import pytest

from pykube_core.api.builtin import BUILTIN
from pykube_core.api.core import PODS
from pykube_core.api.core.pod.columns import pod_cells
from pykube_core.api.machinery.columns import human_duration
from pykube_core.api.machinery.registry import Registry
from pykube_core.api.machinery.times import parse_time

RECORDED = Path(__file__).parents[2] / "conformance/kubernetes-v1.37.2/columns.jsonl"
LINES = map(json.loads, RECORDED.read_text().splitlines())
COLUMNS = {line["path"]: line["columns"] for line in LINES}
NOW = parse_time("2026-11-23T12:00:00Z")


def url(resource):
    return f"/{'apis' if resource.group else 'api'}/{resource.api_version}/{resource.plural}"


LISTED = [resource for resource in BUILTIN if "list" in resource.verbs]


@pytest.mark.parametrize("resource", LISTED, ids=lambda r: f"{r.api_version}.{r.kind}")
def test_columns_are_those_of_a_real_server(resource):
    assert [list(column) for column in resource.columns] == COLUMNS[url(resource)]


@pytest.mark.parametrize("resource", list(BUILTIN), ids=lambda r: f"{r.api_version}.{r.kind}")
def test_every_name_finds_its_resource(resource):
    names = (resource.plural, resource.kind, resource.qualified, *resource.short_names)
    if resource.group:
        assert BUILTIN.named(f"{resource.plural}.{resource.version}.{resource.group}") is resource
    assert BUILTIN.of_kind(resource.kind, resource.group, resource.version) is resource
    if resource.storage is not None:
        assert BUILTIN.of_key(resource.key("ns", "x")) is resource.storage
        assert resource.split_key(resource.key("ns", "x")) == ("ns", "x")
        return
    assert all(BUILTIN.named(name) is resource for name in names)
    assert BUILTIN.of_kind(resource.kind, resource.group) is resource
    key = resource.key("ns", "x")
    assert BUILTIN.of_key(key) is resource
    assert resource.split_key(key) == ("ns" if resource.namespaced else "", "x")


def test_of_versions_and_groups_with_one_name_the_stored_one_is_meant():
    assert BUILTIN.named("events") is BUILTIN.of_kind("Event")
    assert BUILTIN.named("events.events.k8s.io") is BUILTIN.of_kind("Event", "events.k8s.io")
    assert (
        BUILTIN.named("hpa").version
        == BUILTIN.of_kind("HorizontalPodAutoscaler", "autoscaling").version
        == "v2"
    )
    assert BUILTIN.of_kind("HorizontalPodAutoscaler", "autoscaling", "v1").storage is BUILTIN.named(
        "hpa"
    )
    assert BUILTIN.of_kind("HorizontalPodAutoscaler", "autoscaling", "v3") is None


def test_two_resources_of_one_name_are_refused():
    with pytest.raises(ValueError, match=r"Pod: .* is taken by Pod"):
        Registry((PODS, PODS.__class__(kind="Pod", plural="pods", validate=PODS.validate)))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-2, "<invalid>"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (230, "3m50s"),
        (1200, "20m"),
        (10799, "179m"),
        (10800, "3h"),
        (14640, "4h4m"),
        (28800, "8h"),
        (172799, "47h"),
        (172800, "2d"),
        (180000, "2d2h"),
        (700000, "8d"),
        (2 * 365 * 86400, "2y"),
        (2 * 365 * 86400 + 86400 * 5, "2y5d"),
        (9 * 365 * 86400, "9y"),
    ],
)
def test_duration_reads_as_kubectl_writes_it(seconds, text):
    assert human_duration(seconds) == text


def pod(status, *, containers=1, inits=(), **metadata):
    spec = {
        "containers": [{"name": f"c{index}"} for index in range(containers)],
        "initContainers": list(inits),
        "nodeName": "n1",
    }
    stamp = {"name": "p", "creationTimestamp": "2026-11-23T11:56:10Z"}
    return {"metadata": stamp | metadata, "spec": spec, "status": status}


def container(ready=False, restarts=0, name="c0", **state):
    return {"name": name, "ready": ready, "restartCount": restarts, "state": state}


CRASHED = container(restarts=23, waiting={"reason": "CrashLoopBackOff"}) | {
    "lastState": {"terminated": {"finishedAt": "2026-11-23T11:55:00Z"}}
}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"phase": "Pending"}, ["0/1", "Pending", "0"]),
        ({"phase": "Failed", "reason": "Evicted"}, ["0/1", "Evicted", "0"]),
        ({"containerStatuses": [container(True, running={})]}, ["1/1", "", "0"]),
        ({"containerStatuses": [CRASHED]}, ["0/1", "CrashLoopBackOff", "23 (5m ago)"]),
        (
            {"containerStatuses": [container(terminated={"reason": "Completed"})]},
            ["0/1", "Completed", "0"],
        ),
        (
            {"containerStatuses": [container(terminated={"exitCode": 3})]},
            ["0/1", "ExitCode:3", "0"],
        ),
        ({"containerStatuses": [container(terminated={"signal": 9})]}, ["0/1", "Signal:9", "0"]),
        (
            {"conditions": [{"type": "PodScheduled", "reason": "SchedulingGated"}]},
            ["0/1", "SchedulingGated", "0"],
        ),
    ],
)
def test_status_of_a_pod_is_the_first_thing_out_of_the_ordinary(status, expected):
    assert pod_cells(pod(status), NOW)[1:4] == expected


def test_init_containers_show_how_far_they_are():
    inits = [{"name": "i0"}, {"name": "i1"}]
    done, waits = container(name="i0", terminated={}), container(name="i1", waiting={})
    status = {"phase": "Pending", "initContainerStatuses": [done, waits]}
    assert pod_cells(pod(status, inits=inits), NOW)[2] == "Init:1/2"
    waits["state"] = {"waiting": {"reason": "ErrImagePull"}}
    assert pod_cells(pod(status, inits=inits), NOW)[2] == "Init:ErrImagePull"


def test_pod_that_is_being_deleted_is_terminating_with_its_wide_cells():
    cells = pod_cells(pod({"podIP": "10.244.1.3"}, deletionTimestamp="x"), NOW)
    assert cells == [
        "p", "0/1", "Terminating", "0", "3m50s", "10.244.1.3", "n1", "<none>", "<none>",
    ]  # fmt: skip


@pytest.mark.parametrize("resource", list(BUILTIN), ids=lambda r: f"{r.api_version}.{r.kind}")
def test_a_bare_object_has_a_cell_for_each_column(resource):
    template = {"spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"template": template, "selector": {"matchLabels": {"a": "b"}}}
    obj = {"metadata": {"name": "x"}, "spec": spec}
    assert len(resource.cells(obj, NOW)) == len(resource.columns)
