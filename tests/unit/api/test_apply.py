import pytest

from pykube_core.api.machinery.apply import FieldManager, FieldSet, Typed, built_in, reset_fields
from pykube_core.api.machinery.apply.atoms import atom_of_schema
from pykube_core.api.machinery.apply.typed import DEPTH_MAX
from pykube_core.api.machinery.status import StatusError
from pykube_core.api.machinery.three_way import LAST_APPLIED

NOW = "2026-11-23T05:16:02Z"
LATER = "2026-11-23T05:17:00Z"


def manager(kind="ConfigMap", group="", version="v1", subresource=""):
    typed = built_in(group, version, kind)
    return FieldManager(typed, group, version, kind, subresource)


def config_map(data, uid="u", entries=None, **metadata):
    metadata = {"name": "a", "uid": uid} | metadata
    if entries is not None:
        metadata["managedFields"] = entries
    return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata, "data": data}


def applied(data, **metadata):
    metadata = {"name": "a"} | metadata
    return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata, "data": data}


def entries(obj):
    return obj["metadata"].get("managedFields", [])


def fields(*paths):
    return FieldSet.of(*(tuple(f"f:{name}" for name in path.split(".")) for path in paths))


def test_sets_of_fields_are_written_and_read_in_upstreams_order():
    written = {
        "f:a": {},
        "f:b": {".": {}, 'k:{"n":1,"p":"x"}': {".": {}, "f:n": {}}, 'k:{"n":10,"p":"x"}': {}},
        "f:c": {'v:"x"': {}, "v:1": {}},
    }
    read = FieldSet.from_json(written)
    assert read.to_json() == written
    assert list(read.to_json()["f:c"]) == ["v:1", 'v:"x"']
    assert FieldSet.from_json({'k:{"b":1, "a":2}': {}, "x:unknown": {}}).to_json() == {
        'k:{"a":2,"b":1}': {}
    }


@pytest.mark.parametrize("bad", [[], {"f": {}}, {"fa": {}}, {"k:[]": {}}, {"v:{": {}}, {"i:x": {}}])
def test_what_is_no_set_of_fields_is_refused(bad):
    with pytest.raises(ValueError, match=r"."):
        FieldSet.from_json(bad)


def test_the_algebra_of_sets():
    a, b = fields("x", "y.z", "y.w.v"), fields("y", "y.z", "q")
    assert a | b == fields("x", "y", "y.z", "y.w.v", "q")
    assert a & b == fields("y.z")
    assert a - b == fields("x", "y.w.v")
    assert a.without(b) == fields("x")
    assert ("f:y", "f:z") in a
    assert ("f:y",) not in a
    assert not fields("x") - fields("x")


def test_a_created_object_belongs_to_its_creator_without_what_the_server_sets():
    pod = {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {"name": "p", "namespace": "d", "uid": "u", "labels": {"a": "b"}},
        "spec": {"containers": [{"name": "c", "image": "x", "ports": [{"containerPort": 80}]}]},
        "status": {"phase": "Pending"},
    }
    (entry,) = entries(manager("Pod").update(None, pod, "", NOW))
    ports = {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}}
    container = {".": {}, "f:image": {}, "f:name": {}, "f:ports": {".": {}} | ports}
    assert entry == {
        "manager": "unknown",
        "operation": "Update",
        "apiVersion": "v1",
        "time": NOW,
        "fieldsType": "FieldsV1",
        "fieldsV1": {
            "f:metadata": {"f:labels": {".": {}, "f:a": {}}},
            "f:spec": {"f:containers": {'k:{"name":"c"}': container | {"f:resources": {}}}},
        },
    }


def test_an_update_takes_fields_from_others_and_joins_ones_own():
    keeper = manager()
    one = keeper.update(None, config_map({"x": "1", "y": "1"}), "one", NOW)
    two = keeper.update(one, config_map({"x": "2", "y": "1"}), "two", LATER)
    assert [(e["manager"], e["time"], e["fieldsV1"]) for e in entries(two)] == [
        ("one", NOW, {"f:data": {".": {}, "f:y": {}}}),
        ("two", LATER, {"f:data": {"f:x": {}}}),
    ]
    same = keeper.update(two, config_map({"x": "2", "y": "1"}), "three", LATER)
    assert entries(same) == entries(two)
    gone = keeper.update(two, config_map({"y": "1"}), "three", LATER)
    assert [e["manager"] for e in entries(gone)] == ["one"]


def test_an_object_that_nobody_manages_stays_so_until_it_is_applied_to():
    keeper = manager()
    live = config_map({"x": "1"})
    assert entries(keeper.update(live, config_map({"x": "2"}), "one", NOW)) == []
    after = keeper.apply(live, applied({"x": "1"}), "one", NOW)
    assert [e["manager"] for e in entries(after)] == ["one", "before-first-apply"]


def test_managed_fields_may_be_set_and_reset_by_an_update_but_not_of_a_subresource():
    keeper = manager()
    one = keeper.update(None, config_map({"x": "1"}), "one", NOW)
    reset = keeper.update(one, config_map({"x": "1"}, entries=[{}]), "two", NOW)
    assert entries(reset) == []
    own = [entries(one)[0] | {"manager": "other"}]
    assert entries(keeper.update(one, config_map({"x": "1"}, entries=own), "two", NOW)) == own
    status = FieldManager(built_in("", "v1", "Node"), "", "v1", "Node", "status")
    node = {"kind": "Node", "apiVersion": "v1", "metadata": {"name": "n", "uid": "u"}}
    held = node | {"metadata": node["metadata"] | {"managedFields": own}}
    sent = node | {"metadata": node["metadata"] | {"managedFields": [{}]}}
    assert entries(status.update(held, sent, "x", NOW)) == own


def test_the_oldest_of_many_updaters_become_ancient_changes():
    keeper = manager()
    obj = None
    for at in range(13):
        data = {f"k{i}": "v" for i in range(at + 1)}
        obj = keeper.update(obj, config_map(data), f"m{at}", f"2026-11-23T05:16:{at:02}Z")
    names = [entry["manager"] for entry in entries(obj)]
    assert names == ["ancient-changes", *(f"m{at}" for at in range(4, 13))]
    ancient = entries(obj)[0]
    assert ancient["time"] == "2026-11-23T05:16:03Z"
    assert ancient["fieldsV1"]["f:data"].keys() == {".", "f:k0", "f:k1", "f:k2", "f:k3"}


def test_kubectl_takes_over_what_it_applied_on_the_client_and_keeps_its_annotation():
    keeper = manager()
    last = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"x":"1"}}\n'
    obj = config_map({"x": "1", "y": "1"}, annotations={LAST_APPLIED: last})
    live = keeper.update(None, obj, "kubectl-client-side-apply", NOW)
    after = keeper.apply(live, applied({"x": "2"}), "kubectl", LATER)
    assert '"x":"2"' in after["metadata"]["annotations"][LAST_APPLIED]
    with pytest.raises(StatusError) as error:
        keeper.apply(live, applied({"y": "2"}), "kubectl", LATER)
    assert error.value.details["causes"][0]["field"] == ".data.y"
    with pytest.raises(StatusError):
        keeper.apply(live, applied({"x": "2"}), "other", LATER)


def test_many_conflicts_are_told_by_manager():
    keeper = manager()
    live = keeper.update(None, config_map({"x": "1", "y": "1"}), "b", NOW)
    live = keeper.update(live, config_map({"x": "1", "y": "1", "z": "1"}), "a", NOW)
    with pytest.raises(StatusError) as error:
        keeper.apply(live, applied({"x": "2", "y": "2", "z": "2"}), "c", LATER)
    assert error.value.message == (
        'Apply failed with 3 conflicts: conflicts with "a" using v1:\n- .data.z\n'
        'conflicts with "b" using v1:\n- .data.x\n- .data.y'
    )


def test_entries_of_another_group_go():
    entry = {"manager": "x", "operation": "Update", "fieldsType": "FieldsV1", "fieldsV1": {}}
    entry |= {"apiVersion": "other.example.com/v1", "fieldsV1": {"f:data": {"f:x": {}}}}
    live = config_map({"x": "1"}, entries=[entry])
    after = manager().apply(live, applied({"y": "1"}), "one", NOW)
    assert [each["manager"] for each in entries(after)] == ["one"]


def test_entries_that_cannot_be_read_are_dropped_by_updates_and_refused_by_applies():
    bad = [{"manager": "x", "operation": "Look", "apiVersion": "v1", "fieldsType": "FieldsV1"}]
    live = config_map({"x": "1"}, entries=bad)
    assert entries(manager().update(live, config_map({"x": "2"}), "one", NOW)) == []
    with pytest.raises(StatusError, match="operation must be `Apply` or `Update`"):
        manager().apply(live, applied({}), "one", NOW)


@pytest.mark.parametrize("patch", [None, [], "x", {"kind": []}, {"apiVersion": 1, "kind": 2}])
def test_what_is_no_object_of_the_resource_is_refused(patch):
    with pytest.raises(StatusError) as error:
        manager().apply(None, patch, "one", NOW)
    assert error.value.code == 400


@pytest.mark.parametrize("depth", [DEPTH_MAX, 100_000])
def test_a_patch_that_nests_without_end_is_refused(depth):
    deep = {}
    for _ in range(depth):
        deep = {"a": deep}
    crd = manager("CustomResourceDefinition", "apiextensions.k8s.io")
    patch = {"kind": "CustomResourceDefinition", "apiVersion": "apiextensions.k8s.io/v1"}
    patch["spec"] = {"versions": [{"schema": {"openAPIV3Schema": {"default": deep}}}]}
    with pytest.raises(StatusError, match="nested too deep"):
        crd.apply(None, patch, "one", NOW)


def test_a_patch_may_nest_as_deep_as_is_said():
    deep = {}
    for _ in range(DEPTH_MAX - 1):
        deep = {"a": deep}
    revision = manager("ControllerRevision", "apps")
    patch = {"kind": "ControllerRevision", "apiVersion": "apps/v1", "data": deep}
    live = revision.apply(None, patch, "one", NOW)
    assert revision.update(live, live | {"data": {"a": 1}}, "two", NOW)["data"] == {"a": 1}
    assert live["data"] == deep


def test_what_a_request_cannot_write_is_nobodys():
    both = fields("spec.a", "status.b", "metadata.labels.c")
    assert reset_fields("apps.v1.Deployment", "")(both) == fields("spec.a", "metadata.labels.c")
    assert reset_fields("apps.v1.Deployment", "status")(both) == fields("status.b")
    assert reset_fields("core.v1.ConfigMap", "")(both) == both
    assert reset_fields("storage.v1.CSINode", "status")(both) == fields("status.b")
    resources = ("f:spec", "f:containers", 'k:{"name":"c"}', "f:resources", "f:limits")
    resized = FieldSet.of(resources, ("f:spec", "f:hostname"))
    assert reset_fields("core.v1.Pod", "resize")(resized) == FieldSet.of(resources)


def test_custom_resources_merge_by_their_schemas():
    schema = {
        "type": "object",
        "properties": {
            "metadata": {"type": "object"},
            "spec": {
                "type": "object",
                "properties": {
                    "ports": {
                        "type": "array",
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["port", "protocol"],
                        "items": {
                            "type": "object",
                            "properties": {
                                "port": {"type": "integer"},
                                "protocol": {"type": "string", "default": "TCP"},
                                "note": {"x-kubernetes-preserve-unknown-fields": True},
                            },
                        },
                    },
                    "tags": {
                        "type": "array",
                        "x-kubernetes-list-type": "set",
                        "items": {"type": "string"},
                    },
                    "plain": {"type": "array", "items": {"type": "string"}},
                    "whole": {
                        "type": "object",
                        "x-kubernetes-map-type": "atomic",
                        "additionalProperties": {"type": "string"},
                    },
                },
            },
            "kind": {"type": "string"},
            "apiVersion": {"type": "string"},
        },
    }
    typed = Typed(atom_of_schema(schema), lambda obj: obj)
    keeper = FieldManager(typed, "example.com", "v1", "Foo", keeps=lambda f: f)
    head = {"kind": "Foo", "apiVersion": "example.com/v1", "metadata": {"name": "a"}}
    spec = {"ports": [{"port": 1}], "tags": ["a"], "plain": ["p"], "whole": {"a": "b"}}
    live = keeper.apply(None, head | {"spec": spec}, "one", NOW)
    more = {"ports": [{"port": 2, "note": {"x": 1}}], "tags": ["b"]}
    both = keeper.apply(live, head | {"spec": more}, "two", NOW)
    assert both["spec"] == spec | {
        "ports": [{"port": 1}, {"port": 2, "note": {"x": 1}}],
        "tags": ["a", "b"],
    }
    with pytest.raises(StatusError, match=r"\.spec\.plain"):
        keeper.apply(both, head | {"spec": {"plain": ["q"]}}, "two", NOW)
    bad = {"tags": [1], "other": 1}
    with pytest.raises(StatusError, match=r"expected string, got &value.valueUnstructured"):
        keeper.apply(both, head | {"spec": bad}, "two", NOW)
