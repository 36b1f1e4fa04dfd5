"""An object at rest: whatever it holds, its parts are its bytes again, and copies share a body."""

import weakref

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pykube_core.api.coordination import LEASES
from pykube_core.api.core import CONFIG_MAPS, NODES, PODS
from pykube_core.apiserver.registry.filling import ENCODED_STATUS
from pykube_core.objects import ApiObject, Body, encode
from pykube_core.store import Form, Puts

# Texts that look like the marks between the parts.
ODD = ["", "x", '},"spec":{"nodeName":"', '","uid":"', ',"status":{"phase":"Failed"}}', '\\",é\n']
texts = st.sampled_from(ODD)
labels = st.dictionaries(st.sampled_from(["a", "spec", "uid", "status"]), texts)
nodes = st.sampled_from(["", "n1", "a-longer-name"])
specs = st.fixed_dictionaries(
    {"containers": st.just([{"name": "c"}])},
    optional={"nodeName": nodes.filter(bool), "hostname": texts, "status": st.just({"phase": "x"})},
)
statuses = st.one_of(st.none(), st.fixed_dictionaries({"phase": texts, "spec": texts}))


def pod(name, spec, status=None, revision=1, **metadata):
    whole = {"metadata": {"name": name, "uid": f"uid-{name}"} | metadata, "spec": spec}
    data = encode(PODS, whole | ({} if status is None else {"status": status}))
    return ApiObject.parse(PODS, PODS.key("default", name), data, revision), data


def written(obj):
    """Return what C writes of an object."""
    own = [*obj.own_fields(), obj.own_tail]
    (put,) = Puts.filled(Form(b"\1"), [obj.body.form(ENCODED_STATUS)], own, [0])
    return put[:2]


@given(labels, specs, statuses, nodes)
def test_parts_are_the_bytes_again_and_what_c_writes_is_the_same(labels, spec, status, node):
    obj, data = pod("web", spec, status, annotations=labels)
    whole = msgspec.json.decode(data)
    assert (obj.data, obj.size, obj.uid) == (data, len(data), "uid-web")
    assert msgspec.json.decode(obj.status) == (status or {})
    assert written(obj) == (obj.key, data)
    assert msgspec.json.decode(obj.json())["metadata"]["resourceVersion"] == "1"
    assert obj.view(dict) == whole
    assert obj.body.view(dict)["spec"] == {**spec, **({"nodeName": ""} if obj.bound_to else {})}
    if node and not spec.get("nodeName"):
        bound = ApiObject(PODS, obj.key, obj.uid, obj.body.bound, node, obj.own_tail, 2)
        assert msgspec.json.decode(bound.data) == whole | {"spec": {"nodeName": node} | spec}
        again = ApiObject.parse(PODS, obj.key, bound.data, 2)
        assert (again.body, again.bound_to, again.own_tail) == (
            bound.body, node, obj.own_tail,
        )  # fmt: skip
        assert again.body.unbound is obj.body
        assert written(bound) == (obj.key, bound.data)


@given(specs, specs, labels, labels)
def test_pods_share_a_body_just_when_nothing_but_their_own_parts_differs(one, two, a, b):
    first, second = pod("web", one, {"phase": "x"}, labels=a), pod("db", two, {}, labels=b)
    shown = [
        (list(held.items()), [(k, v) for k, v in spec.items() if k != "nodeName" or k != first_of])
        for held, spec in ((a, one), (b, two))
        for first_of in [next(iter(spec))]
    ]
    same = shown[0] == shown[1] and first[0].body.is_bound == second[0].body.is_bound
    assert (first[0].body is second[0].body) == same


def test_a_body_is_decoded_once_for_a_structure_and_all_copies():
    class View(msgspec.Struct):
        spec: dict

    (one, _), (two, _) = (pod(name, {"containers": [], "priority": 7}) for name in ("a", "b"))
    assert one.body.view(View) is two.body.view(View)
    assert one.body.view(View).spec["priority"] == 7


@pytest.mark.parametrize(
    ("resource", "obj"),
    [
        (CONFIG_MAPS, {"data": {"status": ',"status":{}', "spec": '},"spec":{'}}),
        (NODES, {"spec": {"taints": []}, "status": {"phase": "x"}}),
        (LEASES, {"spec": {"renewTime": "now"}}),
    ],
)
def test_members_are_replaced_and_the_others_stay(resource, obj):
    whole = {"metadata": {"name": "x", "uid": "u", "labels": {"a": "b"}}} | obj
    data = encode(resource, whole)
    held = ApiObject.parse(resource, resource.key("default", "x"), data, 3)
    head = {"kind": resource.kind, "apiVersion": resource.api_version}
    metadata = {"name": "x", "uid": "u", "annotations": {"c": "d"}}
    changed = held.with_members(metadata=metadata)
    assert msgspec.json.decode(changed.data) == head | whole | {"metadata": metadata}
    if "spec" in obj:
        changed = held.with_members(spec={"new": 1})
        assert msgspec.json.decode(changed.data) == head | whole | {"spec": {"new": 1}}
    assert held.changed_to(whole).data == data


def test_members_are_replaced_in_what_others_wrote_in_another_order():
    data = LEASES.head + b'"name":"x","uid":"u"}, "other": 1, "spec" : {"a": 1}}'
    held = ApiObject.parse(LEASES, LEASES.key("default", "x"), data, 3)
    changed = msgspec.json.decode(held.with_members(spec={"new": 1}).data)
    assert (changed["spec"], changed["other"]) == ({"new": 1}, 1)


def test_a_status_is_added_where_there_was_none():
    obj, data = pod("web", {"containers": []})
    assert obj.with_status(b'{"phase":"x"}').data == data[:-1] + b',"status":{"phase":"x"}}'
    node = ApiObject.parse(NODES, NODES.key("", "n"), encode(NODES, {"metadata": {
        "name": "n", "uid": "u"}}), 1)  # fmt: skip
    assert msgspec.json.decode(node.with_status(b"{}").data)["status"] == {}


TIMES = ["2026-11-23T04:16:02.000000Z", ',"renewTime":"x', "\\", "}}", ""]
leases = st.fixed_dictionaries(
    {},
    optional={
        "holderIdentity": texts,
        "renewTime": st.sampled_from(TIMES),
        "leaseTransitions": st.integers(0, 9),
        "strategy": texts,
    },
)


def lease(spec, like=None, **metadata):
    whole = {"metadata": {"name": "n1", "uid": "u"} | metadata, "spec": spec}
    data = encode(LEASES, whole)
    return ApiObject.parse(LEASES, LEASES.key("default", "n1"), data, 1, like), data


@given(leases, leases, labels, st.permutations(["holderIdentity", "renewTime", "strategy"]))
def test_states_of_a_lease_share_a_body_just_when_nothing_but_the_last_time_differs(
    one, two, annotations, order
):
    one, two = ({key: s[key] for key in (*order, *s) if key in s} for s in (one, two))
    first, data = lease(one, renewTime="x", annotations=annotations)
    second, other = lease(two, first.body, renewTime="x", annotations=annotations)
    for obj, whole in ((first, data), (second, other), (first.written_as(other, 2), other)):
        assert (obj.data, obj.size, written(obj)) == (whole, len(whole), (obj.key, whole))
    last = [
        len(spec) > 1 and next(reversed(spec)) == "renewTime" and '"' not in spec["renewTime"]
        for spec in (one, two)
    ]
    kept = [list(s.items())[: len(s) - end] for s, end in zip((one, two), last, strict=True)]
    assert (first.body is second.body) == (kept[0] == kept[1] and last[0] == last[1])
    assert second.has_body_of(first) == (first.body is second.body and last[0])
    if last[0]:
        assert first.body.view(dict)["spec"] == one | {"renewTime": ""}
        renewed = first.with_tail(b'now"}')
        assert msgspec.json.decode(renewed.data)["spec"] == one | {"renewTime": "now"}


def test_a_body_nobody_holds_is_forgotten():
    front = b'","only":"here"},"spec":{"containers":[]}}'
    kept = weakref.ref(Body.of(PODS, front, b""))
    assert kept() is None
    held = Body.of(PODS, front, b"")
    assert Body.of(PODS, front, b"") is held
