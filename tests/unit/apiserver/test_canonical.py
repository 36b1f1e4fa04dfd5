"""Equal things written differently are stored alike, and change nothing."""

import pytest

from pykube_core.api.apps import DAEMON_SETS, DEPLOYMENTS
from pykube_core.api.coordination import LEASES
from pykube_core.api.core import CONFIG_MAPS, EVENTS, NODES, PODS
from pykube_core.api.machinery.patch import JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH
from pykube_core.api.machinery.status import StatusError
from pykube_core.controllers.template_hash import canonical, hash_of

ODD = {"cpu": "1000m", "memory": "1024Mi", "example.com/gpu": "2000m"}
EVEN = {"cpu": "1", "memory": "1Gi", "example.com/gpu": "2"}


def spec(amounts, size):
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    divisor = {"resource": "limits.cpu", "divisor": amounts["cpu"]}
    return {
        "containers": [
            {
                "name": "c",
                "image": "i",
                "resources": {"requests": dict(amounts), "limits": dict(amounts)},
                "env": [{"name": "CPU", "valueFrom": {"resourceFieldRef": divisor}}],
            }
        ],
        "initContainers": [{"name": "i", "image": "i", "resources": {"requests": {"cpu": "0.5"}}}],
        "overhead": {"cpu": amounts["cpu"]},
        "volumes": [
            {"name": "e", "emptyDir": {"sizeLimit": size}},
            {"name": "v", "ephemeral": {"volumeClaimTemplate": {"spec": claim}}},
        ],
    }


def workload(amounts, size):
    template = {"metadata": {"labels": {"a": "b"}}, "spec": spec(amounts, size)}
    return {
        "metadata": {"name": "w"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template},
    }


OBJECTS = {
    "pod": (PODS, lambda a, s: {"metadata": {"name": "w"}, "spec": spec(a, s)}),
    "pod level": (
        PODS,
        lambda a, s: {
            "metadata": {"name": "w"},
            "spec": {
                "containers": [{"name": "c", "image": "i"}],
                "resources": {"limits": {"cpu": a["cpu"], "memory": a["memory"]}},
            },
        },
    ),
    "deployment": (DEPLOYMENTS, workload),
    "daemon set": (DAEMON_SETS, workload),
    "node": (
        NODES,
        lambda a, s: {
            "metadata": {"name": "w"},
            "spec": {"taints": [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]},
            "status": {"capacity": dict(a), "allocatable": dict(a)},
        },
    ),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_equal_amounts_are_stored_alike_and_change_nothing(server, name):
    resource, make = OBJECTS[name]
    odd, even = make(ODD, "2048Mi"), make(EVEN, "2Gi")
    namespace = "default" if resource.namespaced else ""
    written = server.create(resource, odd, namespace)
    other = server.create(resource, even | {"metadata": {"name": "other"}}, namespace)
    assert written.decode().get("spec") == other.decode().get("spec")
    assert written.decode().get("status") == other.decode().get("status")
    again = server.update(resource, even, "w", namespace)
    assert again.revision == written.revision
    for patch_type in (MERGE_PATCH, STRATEGIC_MERGE_PATCH):
        patch = {key: value for key, value in even.items() if key != "metadata"}
        patched = server.patch(resource, patch, "w", namespace, patch_type=patch_type)
        assert patched.revision == written.revision


def test_a_patch_of_one_amount_in_another_notation_changes_nothing(server):
    held = server.create(DEPLOYMENTS, workload(EVEN, "1Gi"), "default")
    path = "/spec/template/spec/containers/0/resources/requests/cpu"
    operations = [{"op": "replace", "path": path, "value": "1000000u"}]
    patched = server.patch(DEPLOYMENTS, operations, "w", "default", patch_type=JSON_PATCH)
    assert patched.revision == held.revision


def test_a_node_status_in_another_notation_changes_nothing(server):
    held = server.create(NODES, OBJECTS["node"][1](EVEN, ""))
    status = {"status": {"capacity": ODD, "allocatable": ODD}}
    patched = server.patch(NODES, status, "w", subresource="status")
    assert patched.revision == held.revision
    half = {"status": {"capacity": {"cpu": "0.00001"}}}
    rounded = server.patch(NODES, half, "w", subresource="status").decode()
    assert rounded["status"]["capacity"]["cpu"] == "1m"


def test_amounts_of_another_family_are_kept_as_written_and_make_no_generation(server):
    held = server.create(DEPLOYMENTS, workload(EVEN | {"memory": "1Gi"}, "1Gi"), "default")
    other = workload(EVEN | {"memory": "1073741824"}, "1Gi")
    changed = server.update(DEPLOYMENTS, other, "w", "default").decode()
    assert changed["metadata"]["generation"] == 1
    container = changed["spec"]["template"]["spec"]["containers"][0]
    assert container["resources"]["requests"]["memory"] == "1073741824"
    more = workload(EVEN | {"memory": "1073741825"}, "1Gi")
    assert server.update(DEPLOYMENTS, more, "w", "default").decode()["metadata"]["generation"] == 2
    assert held.revision


def test_templates_that_differ_in_notation_alone_have_one_hash():
    texts = (b'{"spec":{"overhead":{"memory":"%s"}}}' % size for size in (b"1Gi", b"1073741824"))
    one, other = (hash_of(canonical(text), None) for text in texts)
    assert one == other
    more = canonical(b'{"spec":{"overhead":{"memory":"1073741825"}}}')
    assert hash_of(more, None) != one


def test_what_is_empty_is_left_out_and_changes_nothing(server):
    bare = {"metadata": {"name": "w"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    held = server.create(PODS, bare, "default")
    full = {
        "metadata": {"name": "w", "labels": {}, "annotations": {}, "finalizers": []},
        "spec": {
            "containers": [
                {"name": "c", "image": "i", "env": [], "args": [], "workingDir": "", "tty": False}
            ],
            "volumes": [],
            "nodeSelector": {},
            "hostNetwork": False,
            "hostname": "",
        },
    }
    assert server.update(PODS, full, "w", "default").revision == held.revision
    zero = {"spec": {"containers": bare["spec"]["containers"], "terminationGracePeriodSeconds": 0}}
    pod = server.create(PODS, zero | {"metadata": {"name": "z"}}, "default").decode()
    assert pod["spec"]["terminationGracePeriodSeconds"] == 0


def test_times_are_stored_in_utc_and_in_their_own_precision(server):
    node = {"metadata": {"name": "n"}, "spec": {"taints": [{"key": "k", "effect": "NoExecute"}]}}
    node["spec"]["taints"][0]["timeAdded"] = "2026-11-23T05:16:02.75+01:00"
    (taint, _) = server.create(NODES, node).decode()["spec"]["taints"]
    assert taint["timeAdded"] == "2026-11-23T04:16:02Z"
    lease = {"metadata": {"name": "l"}, "spec": {"renewTime": "2026-11-23T05:16:02.750000+01:00"}}
    stored = server.create(LEASES, lease, "default").decode()
    assert stored["spec"]["renewTime"] == "2026-11-23T04:16:02.750000Z"
    for text in ("2026-11-23T04:16:02Z", "2026-13-23T04:16:02.000000Z"):
        lease = {"metadata": {"name": "m"}, "spec": {"renewTime": text}}
        with pytest.raises(StatusError, match="parsing time"):
            server.create(LEASES, lease, "default")
    event = {"metadata": {"name": "e"}, "involvedObject": {"namespace": "default"}}
    event["lastTimestamp"] = "2026-11-23t04:16:02Z"
    with pytest.raises(StatusError, match="parsing time"):
        server.create(EVENTS, event, "default")


def test_bytes_are_stored_as_base64_without_line_breaks(server):
    data = {"metadata": {"name": "c"}, "binaryData": {"a": "aGVs\nbG8=\n"}}
    held = server.create(CONFIG_MAPS, data, "default")
    assert held.decode()["binaryData"] == {"a": "aGVsbG8="}
    bad = {"metadata": {"name": "d"}, "binaryData": {"a": "aGV*"}}
    with pytest.raises(StatusError, match="illegal base64 data at input byte 3"):
        server.create(CONFIG_MAPS, bad, "default")


def test_two_names_of_one_field_say_the_same(server):
    pod = {"containers": [{"name": "c", "image": "i"}], "serviceAccount": "robot"}
    stored = server.create(PODS, {"metadata": {"name": "p"}, "spec": pod}, "default").decode()
    assert stored["spec"]["serviceAccountName"] == "robot"
    node = {"metadata": {"name": "n"}, "spec": {"podCIDR": "10.0.0.0/24"}}
    assert server.create(NODES, node).decode()["spec"]["podCIDRs"] == ["10.0.0.0/24"]
