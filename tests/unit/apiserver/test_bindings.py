import json

import pytest

from pykube_core.api.core import PODS
from pykube_core.api.machinery.status import StatusError
from pykube_core.apiserver import Binding
from tests.unit.apiserver.manifests import is_error, pod, refused, uid_of


def test_bound_pod_has_its_node_and_cannot_be_bound_again(server):
    created = server.create(PODS, pod(), "default")
    uid = created.decode()["metadata"]["uid"]
    refused(409, server.bind, "p", "default", "n1", "other")
    server.bind("p", "default", "n1", uid)
    bound = server.get(PODS, "p", "default").decode()
    assert bound["spec"]["nodeName"] == "n1"
    condition = {
        "type": "PodScheduled",
        "observedGeneration": 1,
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": "2026-11-23T04:16:02Z",
    }
    assert bound["status"]["conditions"] == [condition]
    assert bound["metadata"]["generation"] == 1
    error = refused(409, server.bind, "p", "default", "n2")
    assert error.message == (
        'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n1"'
    )
    server.create(PODS, pod("g", schedulingGates=[{"name": "a.io/g"}]), "default")
    refused(409, server.bind, "g", "default", "n1")


def test_a_gated_pod_says_so_from_the_beginning(server, clock):
    gated = server.create(PODS, pod("g", schedulingGates=[{"name": "a.io/g"}]), "default")
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "lastProbeTime": None,
        "lastTransitionTime": "2026-11-23T04:16:02Z",
        "reason": "SchedulingGated",
        "message": "Scheduling is blocked due to non-empty scheduling gates",
    }
    assert gated.decode()["status"]["conditions"] == [condition]
    assert "conditions" not in server.create(PODS, pod("p"), "default").decode()["status"]


def test_a_binding_replaces_the_condition_in_its_place_and_the_nomination(server, clock):
    created = server.create(PODS, pod(), "default")
    refusal = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    other = {"type": "a.io/x", "status": "True"}
    status = {"phase": "Pending", "nominatedNodeName": "n0", "conditions": [refusal, other]}
    server.batch.patch_status(PODS, [(created, json.dumps(status).encode())])
    clock.now_ns += 5 * 10**9
    server.bind("p", "default", "n1")
    scheduled = {
        "type": "PodScheduled",
        "observedGeneration": 1,
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": "2026-11-23T04:16:07Z",
    }
    bound = server.get(PODS, "p", "default").decode()["status"]
    assert bound == {"phase": "Pending", "conditions": [scheduled, other]}


def test_a_binding_keeps_the_time_of_a_condition_that_was_true(server, clock):
    created = server.create(PODS, pod(), "default")
    held = {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    server.batch.patch_status(PODS, [(created, json.dumps({"conditions": [held]}).encode())])
    server.bind("p", "default", "n1")
    bound = server.get(PODS, "p", "default").decode()["status"]
    assert bound["conditions"] == [held | {"observedGeneration": 1, "lastProbeTime": None}]


def test_a_binding_to_no_node_is_refused(server):
    server.create(PODS, pod(), "default")
    with pytest.raises(StatusError, match=r"^target\.name: Required value$"):
        server.bind("p", "default", "")
    server.bind("p", "default", "n1")
    assert server.get(PODS, "p", "default").decode()["spec"]["nodeName"] == "n1"


def test_a_batch_of_bindings_answers_each(server):
    for index in range(200):
        server.create(PODS, pod(f"p{index:03}"), "default")
    server.bind("p007", "default", "taken")
    names = [f"p{index:03}" for index in range(200)]
    bindings = [Binding("default", name, "n1") for name in (*names, "none", "p000")]
    outcomes = server.batch.bind(bindings)
    failed = {b.name: o.code for b, o in zip(bindings, outcomes, strict=True) if is_error(o)}
    assert failed == {"p007": 409, "none": 404, "p000": 409}
    on_node = server.list(PODS, field_selector="spec.nodeName=n1")
    assert len(on_node.items) == 199
    assert outcomes[0] == server.get(PODS, "p000", "default")


def test_bindings_with_pods_answer_as_those_without(server):
    gate = {"schedulingGates": [{"name": "a.io/g"}]}
    for name in ("same", "labelled", "taken", "gone", "other"):
        server.create(PODS, pod(name), "default")
    server.create(PODS, pod("gated", **gate), "default")
    server.create(PODS, pod("freed", **gate), "default")
    names = [held.name for held in server.list(PODS).items]
    bindings = [
        Binding("default", name, "n1", "?" if name == "other" else uid_of(held), held)
        for name in names
        for held in (server.get(PODS, name, "default"),)
    ]
    server.patch(PODS, {"metadata": {"labels": {"a": "b"}}}, "labelled", "default")
    server.patch(PODS, {"spec": {"schedulingGates": None}}, "freed", "default")
    server.bind("taken", "default", "n2")
    server.delete(PODS, "gone", "default", grace_period_seconds=0)
    outcomes = server.batch.bind([*bindings, bindings[names.index("same")]])
    told = {
        name: outcome.message if is_error(outcome) else outcome.decode()["spec"]["nodeName"]
        for name, outcome in zip([*names, "same again"], outcomes, strict=True)
    }
    conflict = 'Operation cannot be fulfilled on pods/binding "{0}": '
    uid = uid_of(bindings[names.index("other")].pod)
    assert told == {
        "same": "n1",
        "labelled": "n1",
        "freed": "n1",
        "gone": 'pods "gone" not found',
        "taken": conflict.format("taken") + 'pod taken is already assigned to node "n2"',
        "gated": conflict.format("gated") + "pod gated has non-empty .spec.schedulingGates",
        "other": conflict.format("other")
        + f"Precondition failed: UID in precondition: ?, UID in object meta: {uid}",
        "same again": conflict.format("same") + 'pod same is already assigned to node "n1"',
    }
    labelled = server.get(PODS, "labelled", "default")
    assert labelled.decode()["metadata"]["labels"] == {"a": "b"}
    assert labelled == outcomes[names.index("labelled")]
