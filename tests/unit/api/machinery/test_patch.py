import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pykube_core.api.machinery.patch import (
    PatchTestError,
    json_patch,
    merge_patch,
)
from pykube_core.api.machinery.strategic_merge import PatchError, strategic_merge_patch

values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=1), inner),
    max_leaves=8,
)

DEPLOYMENT = "apps.v1.Deployment"


@given(values, values)
def test_merge_patch_is_idempotent_and_changes_no_input(target, patch):
    before = copy.deepcopy((target, patch))
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once
    assert (target, patch) == before


def deployment(*containers, **spec):
    return {"spec": {"template": {"spec": {"containers": list(containers)}}} | spec}


def test_items_are_merged_by_their_key():
    old = deployment({"name": "a", "image": "x", "tty": True}, {"name": "b"})
    new = strategic_merge_patch(DEPLOYMENT, old, deployment({"name": "a", "image": "y"}))
    assert new == deployment({"name": "a", "image": "y", "tty": True}, {"name": "b"})


def test_items_are_deleted_replaced_and_ordered_by_directive():
    old = deployment({"name": "a"}, {"name": "b"}, {"name": "c"})
    gone = strategic_merge_patch(DEPLOYMENT, old, deployment({"name": "b", "$patch": "delete"}))
    assert gone == deployment({"name": "a"}, {"name": "c"})
    one = strategic_merge_patch(DEPLOYMENT, old, deployment({"$patch": "replace"}, {"name": "z"}))
    assert one == deployment({"name": "z"})
    patch = deployment({"name": "d"})
    order = [{"name": name} for name in "dca"]
    patch["spec"]["template"]["spec"]["$setElementOrder/containers"] = order
    ordered = strategic_merge_patch(DEPLOYMENT, old, patch)
    names = [item["name"] for item in ordered["spec"]["template"]["spec"]["containers"]]
    assert names == ["d", "b", "c", "a"]


def test_lists_without_a_key_are_replaced_and_plain_ones_joined():
    node = {"metadata": {"finalizers": ["a"]}, "spec": {"taints": [{"key": "k"}]}}
    patch = {"metadata": {"finalizers": ["b", "a"]}, "spec": {"taints": [{"key": "l"}]}}
    merged = strategic_merge_patch("core.v1.Node", node, patch)
    assert merged == {"metadata": {"finalizers": ["b", "a"]}, "spec": {"taints": [{"key": "l"}]}}
    drop = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}
    assert strategic_merge_patch("core.v1.Node", merged, drop)["metadata"]["finalizers"] == ["b"]
    assert strategic_merge_patch("core.v1.Node", node, {"spec": {"taints": None}})["spec"] == {}


def test_map_directives():
    old = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    kept = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    merged = strategic_merge_patch(DEPLOYMENT, old, kept)
    assert merged == {"spec": {"strategy": {"type": "Recreate"}}}
    replaced = {"spec": {"strategy": {"$patch": "replace", "type": "Recreate"}}}
    assert strategic_merge_patch(DEPLOYMENT, old, replaced) == merged


@pytest.mark.parametrize(
    "patch", [[], deployment({"image": "x"}), {"spec": {"$patch": "frob"}}, deployment(7)]
)
def test_strategic_patch_that_cannot_be_read_is_refused(patch):
    with pytest.raises(PatchError):
        strategic_merge_patch(DEPLOYMENT, deployment({"name": "a"}), patch)


def operation(op, path, **more):
    return {"op": op, "path": path} | more


def test_json_patch_changes_all_or_nothing():
    old = {"a": [1, 2], "b/c": {"d~": 3}}
    patch = [
        operation("test", "/a/0", value=1),
        operation("add", "/a/1", value=9),
        operation("add", "/a/-", value=10),
        operation("replace", "/b~1c/d~0", value=4),
        operation("copy", "/e", **{"from": "/a"}),
        operation("remove", "/a/0"),
        operation("move", "/f", **{"from": "/b~1c"}),
    ]
    assert json_patch(old, patch) == {"a": [9, 2, 10], "e": [1, 9, 2, 10], "f": {"d~": 4}}
    assert old == {"a": [1, 2], "b/c": {"d~": 3}}


@pytest.mark.parametrize(
    "bad",
    [
        operation("test", "/a", value=2),
        operation("remove", "/x"),
        operation("replace", "/l/1", value=0),
        operation("add", "/l/2", value=0),
        operation("add", "/a/b", value=0),
    ],
)
def test_operation_that_does_not_apply_is_refused(bad):
    with pytest.raises(PatchTestError):
        json_patch({"a": 1, "l": [0]}, [bad])


@pytest.mark.parametrize(
    "bad", [{}, [1], [operation("frob", "/a")], [operation("add", "a", value=1)]]
)
def test_json_patch_that_is_none_is_refused(bad):
    with pytest.raises(PatchError):
        json_patch({"a": 1}, bad)


def test_items_that_share_a_key_all_stay_and_the_first_is_changed():
    ports = [
        {"containerPort": 53, "protocol": "UDP"},
        {"containerPort": 53, "protocol": "TCP"},
    ]
    pod = {"spec": {"containers": [{"name": "a", "ports": ports}]}}
    change = [{"containerPort": 53, "name": "dns"}, {"containerPort": 80}]
    patch = {"spec": {"containers": [{"name": "a", "ports": change}]}}
    (container,) = strategic_merge_patch("core.v1.Pod", pod, patch)["spec"]["containers"]
    assert container["ports"] == [ports[0] | {"name": "dns"}, ports[1], {"containerPort": 80}]
