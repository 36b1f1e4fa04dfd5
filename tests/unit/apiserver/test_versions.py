"""Two versions of a kind, and two groups with one kind, share what is stored."""

import copy

import pytest
from seeds import SEEDS

from pykube_core.api.builtin import BUILTIN
from pykube_core.apiserver import ApiServer
from pykube_core.store import Store

V1 = BUILTIN.of_kind("HorizontalPodAutoscaler", "autoscaling", "v1")
V2 = BUILTIN.of_kind("HorizontalPodAutoscaler", "autoscaling", "v2")
CORE, NEW = BUILTIN.of_kind("Event"), BUILTIN.of_kind("Event", "events.k8s.io")
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}


@pytest.fixture
def server():
    with Store() as store:
        server = ApiServer(store, clock=lambda: 1_700_000_000 * 10**9)
        server.bootstrap()
        yield server


def test_an_autoscaler_of_one_version_is_read_in_the_other(server):
    spec = {"scaleTargetRef": TARGET, "maxReplicas": 5, "targetCPUUtilizationPercentage": 60}
    made = server.create(V1, {"metadata": {"name": "a"}, "spec": spec}).decode()
    assert (made["apiVersion"], made["spec"]) == ("autoscaling/v1", spec | {"minReplicas": 1})
    assert made["status"] == {"currentReplicas": 0, "desiredReplicas": 0}
    held = server.get(V2, "a").decode()
    target = {"type": "Utilization", "averageUtilization": 60}
    assert held["spec"]["metrics"] == [
        {"type": "Resource", "resource": {"name": "cpu", "target": target}}
    ]
    (listed,) = server.list(V1).items
    assert listed.json().startswith(V1.head)
    patched = server.patch(V1, {"spec": {"maxReplicas": 7}}, "a").decode()
    assert patched["spec"]["maxReplicas"] == 7
    assert server.get(V2, "a").decode()["spec"]["maxReplicas"] == 7


def test_an_update_by_the_old_version_keeps_what_only_the_new_one_has(server):
    made = server.create(V2, {"metadata": {"name": "a"}} | SEEDS[V2.kind]).decode()
    old = server.get(V1, "a").decode()
    assert set(old["metadata"]["annotations"]) == {
        "autoscaling.alpha.kubernetes.io/metrics", "autoscaling.alpha.kubernetes.io/behavior",
    }  # fmt: skip
    server.update(V1, old | {"spec": old["spec"] | {"maxReplicas": 9}})
    held = server.get(V2, "a").decode()
    assert held["spec"] == made["spec"] | {"maxReplicas": 9}
    assert "annotations" not in held["metadata"]


def test_every_autoscaler_is_the_same_after_the_way_through_the_old_version():
    seed = {"apiVersion": "autoscaling/v2", "kind": V2.kind, "metadata": {"name": "a"}}
    seed |= copy.deepcopy(SEEDS[V2.kind])
    V2.default(seed)
    V2.prepare(seed)
    assert V1.to_storage(V1.from_storage(seed)) == seed


def test_an_event_of_one_group_is_read_and_watched_in_the_other(server):
    core = {"metadata": {"name": "e"}, "message": "hello", "count": 2, "reason": "R"}
    core["involvedObject"] = {"kind": "Pod", "name": "p", "namespace": "default"}
    core["source"] = {"component": "c"}
    server.create(CORE, core)
    shown = server.get(NEW, "e").decode()
    assert (shown["apiVersion"], shown["note"], shown["deprecatedCount"]) == (
        "events.k8s.io/v1", "hello", 2,
    )  # fmt: skip
    assert shown["regarding"] == core["involvedObject"]
    assert shown["deprecatedSource"] == core["source"]
    chosen = server.list(NEW, field_selector="regarding.name=p,reportingController=").items
    assert [found.name for found in chosen] == ["e"]
    assert NEW.cells(shown, 0) == CORE.cells(server.get(CORE, "e").decode(), 0)
    with server.watch(NEW, "default") as watch:
        (added,) = watch.read()
        assert added.object.decode()["regarding"]["name"] == "p"
        gone = server.delete(NEW, "e", "default")
        (deleted,) = watch.read()
        assert deleted.type == "DELETED"
        assert deleted.object.decode()["note"] == "hello"
    assert gone.object.decode()["apiVersion"] == "events.k8s.io/v1"
