import json

import pytest

from pykube_core.api.apps import DAEMON_SETS, DEPLOYMENTS, REPLICA_SETS
from pykube_core.api.coordination import LEASES
from pykube_core.api.core import CONFIG_MAPS, EVENTS, NAMESPACES, NODES, PODS
from pykube_core.api.machinery.patch import JSON_PATCH, STRATEGIC_MERGE_PATCH
from pykube_core.api.scheduling import PRIORITY_CLASSES
from pykube_core.apiserver import ApiServer, scale_of
from pykube_core.objects.encoded import OBJECT_BYTES_MAX
from pykube_core.store import Store
from tests.unit.apiserver.manifests import config_map, pod, refused, workload


def test_objects_are_stored_under_the_keys_of_kube_apiserver(server, store):
    server.create(NODES, {"metadata": {"name": "n1"}})
    server.create(PODS, pod(), "default")
    server.create(DEPLOYMENTS, workload(), "default")
    for key in (b"minions/n1", b"pods/default/p", b"deployments/default/w"):
        value = store.get(b"/registry/" + key).value
        assert b"resourceVersion" not in value
        assert json.loads(value)["metadata"]["uid"]


def test_new_node_keeps_its_status_and_is_tainted_until_it_is_ready(server):
    capacity = {"cpu": "8"}
    node = {"metadata": {"name": "n1"}, "status": {"capacity": capacity}}
    created = server.create(NODES, node).decode()
    assert created["status"] == {"capacity": capacity, "allocatable": capacity}
    taint = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
    assert created["spec"]["taints"] == [taint]
    freed = server.patch(NODES, {"spec": {"taints": None}}, "n1").decode()
    assert "taints" not in freed["spec"]


def test_generated_names_come_from_the_seed(clock):
    def names(seed):
        with Store(salt=1) as store:
            server = ApiServer(store, clock=clock, seed=seed)
            server.bootstrap()
            obj = {"metadata": {"generateName": "web-"}}
            made = [server.create(CONFIG_MAPS, obj, "default") for _ in range(3)]
            return [(o.name, o.decode()["metadata"]["uid"]) for o in made], store.hash()

    assert names(1) == names(1)
    assert names(1) != names(2)
    assert all(name.startswith("web-") and len(name) == 9 for name, _ in names(1)[0])


def test_restart_repeats_nouid_of(store, clock):
    first = ApiServer(store, clock=clock)
    first.bootstrap()
    held = first.create(CONFIG_MAPS, config_map("a"), "default").decode()
    again = ApiServer(store, clock=clock)
    again.bootstrap()
    made = again.create(CONFIG_MAPS, config_map("b"), "default").decode()
    assert held["metadata"]["uid"] != made["metadata"]["uid"]


def test_update_with_an_old_version_conflicts_and_without_one_wins(server):
    created = server.create(CONFIG_MAPS, config_map(), "default").decode()
    changed = created | {"data": {"a": "c"}}
    second = server.update(CONFIG_MAPS, changed)
    assert second.decode()["data"] == {"a": "c"}
    refused(409, server.update, CONFIG_MAPS, changed | {"data": {}})
    third = server.update(CONFIG_MAPS, config_map(), namespace="default")
    assert third.decode()["data"] == {"a": "b"}
    assert third.decode()["metadata"]["uid"] == created["metadata"]["uid"]
    stale = {"metadata": {"resourceVersion": created["metadata"]["resourceVersion"]}}
    refused(409, server.patch, CONFIG_MAPS, stale, "c", "default")


def test_lease_needs_a_version_and_an_event_does_not_need_to_exist(server):
    lease = {"metadata": {"name": "n1"}, "spec": {"holderIdentity": "n1"}}
    server.update(LEASES, lease, namespace="kube-node-lease")
    error = refused(422, server.update, LEASES, lease, namespace="kube-node-lease")
    assert error.message.endswith(
        "metadata.resourceVersion: Invalid value: 0x0: must be specified for an update"
    )
    event = {"metadata": {"name": "e"}, "involvedObject": {"namespace": "default"}}
    assert server.update(EVENTS, event, namespace="default").revision


def test_an_update_that_creates_heeds_how_fields_are_checked(server):
    event = {"metadata": {"name": "e"}, "involvedObject": {}, "reason": "x", "new": 1}
    warnings = []
    server.update(EVENTS, event, "e", "default", field_validation="Warn", warnings=warnings)
    assert 'unknown field "new"' in warnings
    assert "new" not in server.get(EVENTS, "e", "default").decode()


def test_uid_and_immutable_metadata_cannot_change(server):
    created = server.create(CONFIG_MAPS, config_map(), "default")
    refused(409, server.update, CONFIG_MAPS, config_map(uid="x"), namespace="default")
    past = config_map(creationTimestamp="2000-01-01T00:00:00Z")
    assert server.update(CONFIG_MAPS, past, namespace="default").data == created.data
    gone = config_map(deletionTimestamp="2000-01-01T00:00:00Z")
    refused(422, server.update, CONFIG_MAPS, gone, namespace="default")


def test_status_and_spec_are_written_apart(server):
    created = server.create(DEPLOYMENTS, workload(replicas=2), "default").decode()
    created["status"] = {"replicas": 2}
    created["spec"]["replicas"] = 5
    status = server.update(DEPLOYMENTS, created, subresource="status").decode()
    assert (status["status"], status["spec"]["replicas"]) == ({"replicas": 2}, 2)
    assert status["metadata"]["generation"] == 1
    status["status"], status["spec"]["replicas"] = {}, 5
    spec = server.update(DEPLOYMENTS, status).decode()
    assert (spec["status"], spec["spec"]["replicas"]) == ({"replicas": 2}, 5)
    assert spec["metadata"]["generation"] == 2
    labelled = server.patch(DEPLOYMENTS, {"metadata": {"labels": {"a": "b"}}}, "w", "default")
    assert labelled.decode()["metadata"]["generation"] == 2
    refused(405, server.update, CONFIG_MAPS, config_map(), subresource="status")


def test_scale_shows_and_writes_replicas(server):
    server.create(REPLICA_SETS, workload(replicas=2), "default")
    patch = {"spec": {"replicas": 3}}
    scaled = server.patch(REPLICA_SETS, patch, "w", "default", subresource="scale")
    shown = scale_of(scaled.decode())
    assert (shown["spec"], shown["status"]) == (
        {"replicas": 3},
        {"replicas": 0, "selector": "app=web"},
    )
    assert scaled.decode()["metadata"]["generation"] == 2
    shown["spec"]["replicas"] = 4
    again = server.update(REPLICA_SETS, shown, subresource="scale")
    assert again.decode()["spec"]["replicas"] == 4
    refused(409, server.update, REPLICA_SETS, shown, subresource="scale")
    bad = {"spec": {"replicas": -1}}
    refused(422, server.patch, REPLICA_SETS, bad, "w", "default", subresource="scale")
    refused(405, server.patch, DAEMON_SETS, patch, "w", "default", subresource="scale")


def test_kubectl_patches_apply(server):
    server.create(DEPLOYMENTS, workload(), "default")
    image = {"containers": [{"name": "c", "image": "nginx:2"}]}
    patched = server.patch(
        DEPLOYMENTS,
        {"spec": {"template": {"spec": image}}},
        "w",
        "default",
        patch_type=STRATEGIC_MERGE_PATCH,
    ).decode()
    container = patched["spec"]["template"]["spec"]["containers"][0]
    assert (container["image"], container["terminationMessagePolicy"]) == ("nginx:2", "File")
    operations = [{"op": "replace", "path": "/spec/replicas", "value": 7}]
    again = server.patch(DEPLOYMENTS, operations, "w", "default", patch_type=JSON_PATCH)
    assert again.decode()["spec"]["replicas"] == 7
    refused(400, server.patch, DEPLOYMENTS, {"metadata": {"name": "x"}}, "w", "default")
    refused(422, server.patch, DEPLOYMENTS, {"spec": {"replicas": -1}}, "w", "default")
    refused(400, server.patch, DEPLOYMENTS, {"spec": {"frob": 1}}, "w", "default")


@pytest.mark.parametrize(
    ("resource", "obj", "patch"),
    [
        (DEPLOYMENTS, workload(), {"spec": {"selector": {"matchLabels": {"app": None, "b": "c"}}}}),
        (PRIORITY_CLASSES, {"metadata": {"name": "p"}, "value": 1}, {"value": 2}),
        (CONFIG_MAPS, config_map() | {"immutable": True}, {"data": {"a": "c"}}),
        (PODS, pod(), {"spec": {"hostNetwork": True}}),
        (PODS, pod(tolerations=[{"operator": "Exists"}]), {"spec": {"tolerations": None}}),
    ],
)
def test_what_may_not_change_is_refused(server, resource, obj, patch):
    namespace = "default" if resource.namespaced else ""
    created = server.create(resource, obj, namespace)
    refused(422, server.patch, resource, patch, created.name, namespace)
    assert server.get(resource, created.name, namespace) == created


def test_image_of_a_pod_may_change(server):
    server.create(PODS, pod(), "default")
    patch = {"spec": {"containers": [{"name": "c", "image": "nginx:2"}]}}
    patched = server.patch(PODS, patch, "p", "default", patch_type=STRATEGIC_MERGE_PATCH)
    assert patched.decode()["spec"]["containers"][0]["image"] == "nginx:2"


def test_priority_comes_from_the_class(server):
    server.create(PRIORITY_CLASSES, {"metadata": {"name": "high"}, "value": 9})
    created = server.create(PODS, pod(priorityClassName="high"), "default").decode()
    assert created["spec"]["priority"] == 9
    error = refused(403, server.create, PODS, pod("q", priorityClassName="none"), "default")
    assert error.message == ('pods "q" is forbidden: no PriorityClass with name none was found')


def test_dry_runs_write_nothing(server):
    server.create(CONFIG_MAPS, config_map(), "default")
    before = server.revision
    patched = server.patch(CONFIG_MAPS, {"data": {"a": "z"}}, "c", "default", dry_run=True)
    assert patched.decode()["data"] == {"a": "z"}
    updated = config_map() | {"data": {}}
    server.update(CONFIG_MAPS, updated, namespace="default", dry_run=True)
    assert server.delete(CONFIG_MAPS, "c", "default", dry_run=True).gone
    refused(409, server.create, CONFIG_MAPS, config_map(), "default", dry_run=True)
    assert server.revision == before


@pytest.mark.parametrize(
    ("resource", "obj", "code"),
    [
        (CONFIG_MAPS, [], 400),
        (CONFIG_MAPS, "x", 400),
        (CONFIG_MAPS, {"kind": "Secret", "apiVersion": "v1"}, 400),
        (CONFIG_MAPS, {"metadata": []}, 400),
        (CONFIG_MAPS, {"metadata": {"name": "../x"}}, 422),
        (CONFIG_MAPS, {"metadata": {"name": "a\0b"}}, 422),
        (CONFIG_MAPS, {"metadata": {"name": "\ud800"}}, 422),
        (CONFIG_MAPS, {"metadata": {}}, 422),
        (CONFIG_MAPS, {"metadata": {"name": "x"}, "data": {"a": "\ud800"}}, 400),
        (CONFIG_MAPS, {"metadata": {"name": "x"}, "data": {"a": "x" * (2 << 20)}}, 422),
        (CONFIG_MAPS, {"metadata": {"name": "x"}, "data": {"a b": "x"}}, 422),
        (CONFIG_MAPS, {"metadata": {"name": "x", "labels": {"a": "b c"}}}, 422),
        (EVENTS, {"metadata": {"name": "e"}, "message": "x" * (2 << 20)}, 500),
        (
            PODS,
            pod(containers=[{"name": "c", "image": "i", "resources": {"limits": {"cpu": "x"}}}]),
            400,
        ),
        (DEPLOYMENTS, workload(replicas=-1), 422),
        (DEPLOYMENTS, workload(selector={}), 422),
        (DEPLOYMENTS, workload(selector={"matchLabels": {"app": "other"}}), 422),
        (DEPLOYMENTS, workload(template={"spec": {}}), 422),
        (DEPLOYMENTS, workload(replicas=2**40), 400),
        (DAEMON_SETS, workload(updateStrategy={"type": "Frob"}), 422),
        (NAMESPACES, {"metadata": {"name": "a.b"}}, 422),
        (NODES, {"metadata": {"name": "N"}}, 422),
        (LEASES, {"metadata": {"name": "l"}, "spec": {"leaseDurationSeconds": 0}}, 422),
    ],
)
def test_bad_object_leaves_no_trace(server, resource, obj, code):
    before = server.revision
    error = refused(code, server.create, resource, obj, "default" if resource.namespaced else "")
    assert json.loads(json.dumps(error.status()))["status"] == "Failure"
    assert server.revision == before


def test_strange_names_are_not_found(server):
    for name in ("", "../x", "a/b", "\0", "\ud800", "x" * 10_000):
        refused(404, server.get, CONFIG_MAPS, name, "default")
        refused(404, server.delete, NODES, name)
        assert server.list(CONFIG_MAPS, name or "x").items == []


def test_encoded_objects_that_would_not_decode_again_are_refused_alone(server):
    made = server.batch.create(CONFIG_MAPS, {"metadata": {}}, "default", names=["a", "b"])
    wrong = made[0].changed_to(made[0].decode() | {"data": {"a": 1}})
    refusal, done = server.batch.put([wrong, made[1]])
    assert (refusal.code, refusal.reason) == (500, "InternalError")
    assert done.revision == server.revision
    assert server.get(CONFIG_MAPS, "a", "default").revision == made[0].revision


def test_objects_that_others_write_have_no_owner(server):
    held = server.create(CONFIG_MAPS, {"metadata": {"name": "a"}}, "default")
    before = server.revision
    with pytest.raises(ValueError, match=r"configmaps: others may write them"):
        server.batch.put_owned(CONFIG_MAPS, [held])
    assert server.revision == before


@pytest.mark.parametrize("over", [-1, 0, 1])
def test_largest_object_is_stored_and_a_byte_more_is_not(server, over):
    event = {"metadata": {"name": "e" * 253}, "involvedObject": {"namespace": "default"}}
    short = server.create(EVENTS, event | {"message": "x"}, "default", dry_run=True)
    fill = "x" * (OBJECT_BYTES_MAX - len(short.data) + 1 + over)
    if over <= 0:
        created = server.create(EVENTS, event | {"message": fill}, "default")
        assert len(created.data) == OBJECT_BYTES_MAX + over
    else:
        refused(500, server.create, EVENTS, event | {"message": fill}, "default")
