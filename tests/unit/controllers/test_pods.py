import pytest

from pykube_core.api.core import PODS
from pykube_core.apiserver import ApiObject
from pykube_core.controllers.pods import PodReader
from pykube_core.objects import encode


def pod(name, spec, *, revision=1, status=None, **metadata):
    metadata = {"name": name, "uid": f"uid-{name}", "namespace": "default"} | metadata
    status = status or {"phase": "Pending"}
    data = encode(PODS, {"metadata": metadata, "spec": spec, "status": status})
    return ApiObject.parse(PODS, PODS.key("default", name), data, revision)


@pytest.mark.parametrize(
    "spec",
    [{"nodeName": "n1", "priority": 0}, {"priority": 0, "nodeName": "n1"}, {"nodeName": "n1"}],
)
def test_node_of_a_copy_is_its_own_wherever_it_stands(spec):
    reader = PodReader()
    for name, node in (("a", "n1"), ("b", "n2"), ("c-longer", "n1"), ("d", "n22")):
        read = reader.read(pod(name, spec | {"nodeName": node}))
        assert (read.uid, read.node) == (f"uid-{name}", node)
    assert reader.read(pod("e", {"priority": 0})).node == ""


def test_labels_that_are_called_as_members_are_told_apart():
    reader = PodReader()
    for name, other in (("a", "x"), ("b", "y"), ("c", "x")):
        labels = {"app": "web", "spec": "nodeName", "z": other}
        assert reader.read(pod(name, {"nodeName": "n"}, labels=labels)).labels == labels


def test_states_that_show_the_same_are_one_object():
    reader = PodReader()
    first = reader.read(pod("a", {"nodeName": "n"}))
    assert reader.read(pod("a", {"nodeName": "n"}, revision=2)) is first
    ran = reader.read(pod("a", {"nodeName": "n"}, revision=3, status={"phase": "Succeeded"}))
    assert (first.active, ran.active, ran.uid) == (True, False, "uid-a")


def test_of_copies_that_differ_behind_their_conditions_two_are_decoded(monkeypatch):
    reader, decoded = PodReader(), []
    read_status = PodReader._read_status
    monkeypatch.setattr(
        PodReader, "_read_status", lambda self, obj: (decoded.append(obj), read_status(self, obj))
    )
    since = "1970-01-01T00:00:03Z"
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": since}
    for name in "abc":
        status = {"phase": "Running", "conditions": [ready], "podIP": f"10.0.0.{ord(name)}"}
        read = reader.read(pod(name, {"nodeName": "n"}, status=status))
        assert (read.phase, read.ready_ns) == ("Running", 3 * 10**9)
    assert len(decoded) == 2


def test_a_reason_is_why_a_pod_has_ended():
    reader = PodReader()
    for phase, reason in (("Running", ""), ("Failed", "Evicted"), ("Failed", "NodeLost")):
        status = {"phase": phase, "conditions": [{"type": "Ready"}], "reason": reason or "Odd"}
        assert reader.read(pod(f"{phase}-{reason}", {}, status=status)).reason == reason
