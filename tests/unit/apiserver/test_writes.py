import json

import pytest

from pykube_core.api.apps import DAEMON_SETS, DEPLOYMENTS, REPLICA_SETS
from pykube_core.api.coordination import LEASES
from pykube_core.api.core import CONFIG_MAPS, EVENTS, NAMESPACES, NODES, PODS
from pykube_core.api.machinery.patch import JSON_PATCH, STRATEGIC_MERGE_PATCH
from pykube_core.api.machinery.status import StatusError
from pykube_core.api.scheduling import PRIORITY_CLASSES
from pykube_core.apiserver import ApiServer, Binding, scale_of
from pykube_core.objects import encode
from pykube_core.objects.encoded import OBJECT_BYTES_MAX
from pykube_core.store import Store


def config_map(name="c", **metadata):
    return {"metadata": {"name": name} | metadata, "data": {"a": "b"}}


def pod(name="p", **spec):
    containers = [{"name": "c", "image": "nginx:1"}]
    return {"metadata": {"name": name}, "spec": {"containers": containers} | spec}


def workload(name="w", **spec):
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": pod()["spec"]}
    return {
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": labels}, "template": template} | spec,
    }


def refused(code, call, *args, **options):
    with pytest.raises(StatusError) as error:
        call(*args, **options)
    assert error.value.code == code, error.value.message
    return error.value


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


def test_restart_repeats_no_uid(store, clock):
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
    shown = scale_of(REPLICA_SETS, scaled.decode())
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


def test_pod_that_never_ran_goes_at_once(server):
    server.create(PODS, pod(), "default")
    assert server.delete(PODS, "p", "default").gone
    refused(404, server.get, PODS, "p", "default")


def test_pod_on_a_node_gets_its_grace_and_only_a_shorter_one_later(server, clock):
    server.create(PODS, pod(terminationGracePeriodSeconds=20), "default")
    server.bind("p", "default", "n1")
    marked = server.delete(PODS, "p", "default")
    metadata = marked.object.decode()["metadata"]
    assert not marked.gone
    assert metadata["deletionGracePeriodSeconds"] == 20
    assert metadata["deletionTimestamp"] == "2026-11-23T04:16:22Z"
    assert metadata["generation"] == 2
    clock.advance(3)
    assert server.delete(PODS, "p", "default").object == marked.object
    assert server.delete(PODS, "p", "default", grace_period_seconds=30).object == marked.object
    sooner = server.delete(PODS, "p", "default", grace_period_seconds=5).object.decode()
    assert sooner["metadata"]["deletionTimestamp"] == "2026-11-23T04:16:07Z"
    assert server.delete(PODS, "p", "default", grace_period_seconds=0).gone


def test_finalizers_hold_an_object_until_the_last_is_gone(server):
    server.create(CONFIG_MAPS, config_map(finalizers=["a.io/x", "a.io/y"]), "default")
    assert not server.delete(CONFIG_MAPS, "c", "default").gone
    held = server.get(CONFIG_MAPS, "c", "default").decode()
    held["metadata"]["finalizers"] = ["a.io/x", "a.io/z"]
    refused(422, server.update, CONFIG_MAPS, held)
    held["metadata"]["finalizers"] = ["a.io/x"]
    server.update(CONFIG_MAPS, held | {"metadata": held["metadata"] | {"resourceVersion": ""}})
    watch = server.watch(CONFIG_MAPS, resource_version=str(server.revision))
    server.patch(CONFIG_MAPS, {"metadata": {"finalizers": None}}, "c", "default")
    refused(404, server.get, CONFIG_MAPS, "c", "default")
    assert [event.type for event in watch.read()] == ["DELETED"]


def test_propagation_is_a_finalizer_for_the_garbage_collector(server):
    for name, propagation in (("o", "Orphan"), ("f", "Foreground")):
        server.create(CONFIG_MAPS, config_map(name), "default")
        server.delete(CONFIG_MAPS, name, "default", propagation=propagation)
    found = {
        name: server.get(CONFIG_MAPS, name, "default").decode()["metadata"]["finalizers"]
        for name in "of"
    }
    assert found == {"o": ["orphan"], "f": ["foregroundDeletion"]}
    server.create(CONFIG_MAPS, config_map("b"), "default")
    assert server.delete(CONFIG_MAPS, "b", "default", propagation="Background").gone


def test_an_unknown_propagation_deletes_nothing(server):
    server.create(CONFIG_MAPS, config_map(), "default")
    error = refused(422, server.delete, CONFIG_MAPS, "c", "default", propagation="foreground")
    assert error.message == (
        'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: '
        '"foreground": supported values: "Foreground", "Background", "Orphan", "nil"'
    )
    assert server.get(CONFIG_MAPS, "c", "default")


@pytest.mark.parametrize("name", ["default", "kube-public", "kube-system"])
def test_namespaces_that_a_cluster_is_never_without_stay(server, name):
    for options in ({}, {"dry_run": True}, {"grace_period_seconds": 0}):
        error = refused(403, server.delete, NAMESPACES, name, **options)
        why = "this namespace may not be deleted"
        assert error.message == f'namespaces "{name}" is forbidden: {why}'
    assert server.get(NAMESPACES, name).decode()["status"] == {"phase": "Active"}


def test_namespace_is_terminating_until_it_is_finalized(server):
    server.create(NAMESPACES, {"metadata": {"name": "team"}})
    gone = server.delete(NAMESPACES, "team")
    assert gone.object.decode()["status"] == {"phase": "Terminating"}
    error = refused(403, server.create, CONFIG_MAPS, config_map(), "team")
    assert error.details["causes"][0]["reason"] == "NamespaceTerminating"
    server.patch(NAMESPACES, {"spec": {"finalizers": None}}, "team")
    assert server.get(NAMESPACES, "team").decode()["spec"] == {"finalizers": ["kubernetes"]}
    server.patch(NAMESPACES, {"spec": {"finalizers": None}}, "team", subresource="finalize")
    refused(404, server.get, NAMESPACES, "team")


def test_preconditions_of_a_deletion(server):
    created = server.create(CONFIG_MAPS, config_map(), "default")
    refused(409, server.delete, CONFIG_MAPS, "c", "default", resource_version="1")
    uid = created.decode()["metadata"]["uid"]
    version = str(created.revision)
    assert server.delete(CONFIG_MAPS, "c", "default", uid=uid, resource_version=version).gone


def test_collection_is_deleted_by_selector(server):
    for index in range(5):
        obj = config_map(f"c{index}", labels={"odd": str(index % 2)})
        server.create(CONFIG_MAPS, obj, "default")
    assert len(server.delete_collection(CONFIG_MAPS, "default", label_selector="odd=1")) == 2
    assert [o.name for o in server.list(CONFIG_MAPS).items] == ["c0", "c2", "c4"]


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
    failed = {b.name: o.code for b, o in zip(bindings, outcomes, strict=True) if _is_error(o)}
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
        Binding("default", name, "n1", "?" if name == "other" else _uid(held), held)
        for name in names
        for held in (server.get(PODS, name, "default"),)
    ]
    server.patch(PODS, {"metadata": {"labels": {"a": "b"}}}, "labelled", "default")
    server.patch(PODS, {"spec": {"schedulingGates": None}}, "freed", "default")
    server.bind("taken", "default", "n2")
    server.delete(PODS, "gone", "default", grace_period_seconds=0)
    outcomes = server.batch.bind([*bindings, bindings[names.index("same")]])
    told = {
        name: outcome.message if _is_error(outcome) else outcome.decode()["spec"]["nodeName"]
        for name, outcome in zip([*names, "same again"], outcomes, strict=True)
    }
    conflict = 'Operation cannot be fulfilled on pods/binding "{0}": '
    uid = _uid(bindings[names.index("other")].pod)
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


def _uid(obj):
    return obj.decode()["metadata"]["uid"]


def _is_error(outcome):
    return isinstance(outcome, StatusError)


def test_copies_are_what_single_creations_give(server):
    one = server.create(PODS, pod("one"), "default").decode()
    copies = server.batch.create(PODS, pod("ignored"), "default", names=["two", "one", "BAD"])
    assert [_is_error(copy) and copy.code for copy in copies] == [False, 409, 422]
    two = copies[0].decode()
    assert two == server.get(PODS, "two", "default").decode()
    assert one["metadata"]["uid"] != two["metadata"]["uid"]
    for obj in (one, two):
        for field in ("name", "uid", "resourceVersion"):
            obj["metadata"].pop(field)
    assert one == two


def test_copies_with_generated_names_are_distinct(server):
    template = {"metadata": {"generateName": "web-"}} | {"spec": pod()["spec"]}
    copies = server.batch.create(PODS, template, "default", count=300)
    assert len({copy.name for copy in copies}) == 300
    assert len({copy.decode()["metadata"]["uid"] for copy in copies}) == 300
    assert len(server.list(PODS).items) == 300
    refused(422, server.batch.create, PODS, pod(), "default", count=2)


def test_copies_of_what_depends_on_its_name_are_made_one_by_one(server):
    made = server.batch.create(NAMESPACES, {"metadata": {}}, names=["a1", "b2"])
    labels = [obj.decode()["metadata"]["labels"] for obj in made]
    assert labels == [{"kubernetes.io/metadata.name": name} for name in ("a1", "b2")]


def test_statuses_are_replaced_in_bulk_where_nothing_came_between(server):
    objs = server.batch.create(PODS, pod(), "default", names=["a", "b", "c"])
    server.patch(PODS, {"metadata": {"labels": {"x": "y"}}}, "b", "default")
    status = b'{"phase":"Running"}'
    outcomes = server.batch.patch_status(PODS, [(obj, status) for obj in objs])
    assert [_is_error(outcome) for outcome in outcomes] == [False, True, False]
    assert outcomes[0] == server.get(PODS, "a", "default")
    assert outcomes[0].decode()["status"] == {"phase": "Running"}
    before = server.revision
    again = server.batch.patch_status(PODS, [(outcomes[0], status)])
    assert again == [outcomes[0]]
    assert server.revision == before


def test_many_are_deleted_at_once_but_for_those_that_are_held(server):
    for name, finalizers in (("a", []), ("b", ["example.com/x"]), ("c", [])):
        obj = {"metadata": {"name": name, "finalizers": finalizers}}
        server.create(CONFIG_MAPS, obj, "default")
    targets = [("default", name, "") for name in ("a", "b", "missing", "a")]
    targets.append(("default", "c", "another-uid"))
    before = server.revision
    gone, held, missing, twice, other = server.batch.delete(
        CONFIG_MAPS, targets, grace_period_seconds=0
    )
    assert (gone.gone, gone.object.revision) == (True, before + 1)
    assert not held.gone
    assert [outcome.code for outcome in (missing, twice, other)] == [404, 404, 409]
    assert [obj.name for obj in server.list(CONFIG_MAPS, "default").items] == ["b", "c"]


class Interrupted:
    """A store in which somebody else writes before the first call of one method."""

    def __init__(self, store, method, write):
        self._store, self._method, self._write = store, method, write

    def __getattr__(self, name):
        if name == self._method and self._write is not None:
            write, self._write = self._write, None
            write()
        return getattr(self._store, name)


def test_a_member_of_a_batch_that_was_written_meanwhile_goes_too(server, store, clock):
    server.batch.create(CONFIG_MAPS, {"metadata": {}}, "default", names=["a", "b", "c"])

    def write():
        server.patch(CONFIG_MAPS, {"data": {"x": "y"}}, "b", "default")

    other = ApiServer(Interrupted(store, "delete_if", write), clock=clock)
    targets = [("default", name, "") for name in ("a", "b", "c")]
    before = server.revision
    a, b, c = other.batch.delete(CONFIG_MAPS, targets, grace_period_seconds=0)
    assert [outcome.object.revision - before for outcome in (a, b, c)] == [2, 4, 3]
    assert b.object.decode()["data"] == {"x": "y"}
    assert server.list(CONFIG_MAPS, "default").items == []


def bound_pods(server, *names):
    server.batch.create(PODS, pod(), "default", names=names)
    server.batch.bind([Binding("default", name, "n") for name in names])


def test_pods_that_get_time_to_end_are_marked_in_one_transaction(server, clock):
    server.create(PODS, pod("waiting"), "default")
    bound_pods(server, "a", "b", "c")
    server.delete(PODS, "c", "default")
    before = server.revision
    targets = [("default", name, "") for name in ("a", "waiting", "b", "missing", "c")]
    a, waiting, b, missing, c = server.batch.delete(PODS, targets)
    assert [outcome.gone for outcome in (a, waiting, b, c)] == [False, True, False, False]
    assert missing.code == 404
    assert server.revision == before + 2  # The one that goes, and those that are marked.
    assert a.object.revision == b.object.revision
    assert c.object.revision <= before  # It is marked already: nothing is written.
    assert a.object == server.get(PODS, "a", "default")
    metadata = a.object.decode()["metadata"]
    assert metadata["deletionTimestamp"] == "2026-11-23T04:16:32Z"
    assert metadata["deletionGracePeriodSeconds"] == 30
    assert metadata["generation"] == 2
    clock.advance(60)
    (again,) = server.batch.delete(PODS, [("default", "a", "")])
    assert not again.gone
    assert server.get(PODS, "a", "default") == a.object


def test_a_pod_that_was_written_before_its_batch_is_marked_as_it_is_now(server, store, clock):
    bound_pods(server, "a", "b", "c")

    def write():
        server.patch(PODS, {"metadata": {"labels": {"x": "y"}}}, "b", "default")
        server.delete(PODS, "c", "default", grace_period_seconds=0)

    other = ApiServer(Interrupted(store, "put_if", write), clock=clock)
    targets = [("default", name, "") for name in ("a", "b", "c", "a")]
    a, b, c, twice = other.batch.delete(PODS, targets)
    assert b.object.decode()["metadata"]["labels"] == {"x": "y"}
    assert c.code == 404
    assert (a.object, b.object) == (twice.object, server.get(PODS, "b", "default"))
    assert all("deletionTimestamp" in o.object.decode()["metadata"] for o in (a, b))


def test_a_batch_of_deletions_says_what_becomes_of_dependents(server):
    server.batch.create(CONFIG_MAPS, {"metadata": {}}, "default", names=["a", "b"])
    targets = [("default", name, "") for name in ("a", "b")]
    for outcome in server.batch.delete(CONFIG_MAPS, targets, propagation="Foreground"):
        assert outcome.object.decode()["metadata"]["finalizers"] == ["foregroundDeletion"]
    refused(422, server.batch.delete, CONFIG_MAPS, targets, propagation="Sideways")
    assert all(o.gone for o in server.batch.delete(CONFIG_MAPS, targets, propagation="Background"))


@pytest.mark.parametrize("grace", [None, 0, 5])
def test_an_object_marked_by_splice_is_encoded_as_any_other(server, grace):
    metadata = {"finalizers": ["example.com/x"], "annotations": {"a": '"}é'}}
    for resource, obj in (
        (PODS, pod() | {"metadata": metadata | {"name": "p"}}),
        (CONFIG_MAPS, {"metadata": metadata | {"name": "c"}, "data": {"metadata": "{}"}}),
        (NAMESPACES, {"metadata": metadata | {"name": "n"}}),
    ):
        server.create(resource, obj, "" if resource is NAMESPACES else "default")
        name = obj["metadata"]["name"]
        held = server.delete(resource, name, "default", grace_period_seconds=grace).object
        assert held.data == encode(resource, json.loads(held.data))
        assert held.decode()["metadata"]["finalizers"] == ["example.com/x"]


def test_encoded_objects_are_written_at_their_revision_alone(server):
    first = server.create(CONFIG_MAPS, {"metadata": {"name": "a"}}, "default")
    (done,) = server.batch.put([first])
    assert done.revision == first.revision + 1
    stale, taken = server.batch.put([first]) + server.batch.put([first.at(0)])
    assert (stale.reason, taken.reason) == ("Conflict", "AlreadyExists")


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


def test_a_name_given_twice_is_taken_the_second_time(server):
    outcomes = server.batch.create(PODS, pod(), "default", names=["a", "b", "a"])
    assert [_is_error(o) and o.code for o in outcomes] == [False, False, 409]
    statuses = [(outcomes[0], b'{"phase":"Running"}'), (outcomes[0], b'{"phase":"Failed"}')]
    assert [_is_error(o) for o in server.batch.patch_status(PODS, statuses)] == [False, True]
    huge = b'{"message":"%b"}' % (b"x" * OBJECT_BYTES_MAX)
    (outcome,) = server.batch.patch_status(PODS, [(outcomes[1], huge)])
    assert outcome.code == 500


def test_a_batch_larger_than_a_request_is_split(server):
    big = {"metadata": {"generateName": "big-"}, "data": {"a": "x" * 100_000}}
    copies = server.batch.create(CONFIG_MAPS, big, "default", count=40)
    assert all(copy.revision for copy in copies)
    assert len(server.list(CONFIG_MAPS).items) == 40


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
