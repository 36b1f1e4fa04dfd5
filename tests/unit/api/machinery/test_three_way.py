import pytest

from pykube_core.api.machinery.strategic_merge import strategic_merge_patch
from pykube_core.api.machinery.three_way import last_applied, three_way_patch, with_last_applied


def pod(*containers, **metadata):
    return {"metadata": {"name": "p", **metadata}, "spec": {"containers": list(containers)}}


def container(name, **fields):
    return {"name": name, "image": "i", **fields}


def test_what_was_not_changed_makes_no_patch():
    applied = pod(container("a"))
    current = pod(container("a", imagePullPolicy="Always"), uid="u")
    assert three_way_patch("core.v1.Pod", applied, applied, current) == {}


def test_fields_of_others_stay_and_fields_no_longer_in_the_file_go():
    original = pod(container("a"), labels={"mine": "1", "old": "1"})
    modified = pod(container("a"), labels={"mine": "2"})
    current = pod(container("a"), labels={"mine": "1", "old": "1", "theirs": "1"})
    patch = three_way_patch("core.v1.Pod", original, modified, current)
    assert patch == {"metadata": {"labels": {"mine": "2", "old": None}}}


def test_items_merge_by_their_key_and_keep_the_order_of_the_file():
    original = pod(container("a"), container("b"))
    modified = pod(container("c"), container("a", image="j"))
    current = pod(container("a"), container("b"), container("theirs"))
    patch = three_way_patch("core.v1.Pod", original, modified, current)
    assert patch == {
        "spec": {
            "$setElementOrder/containers": [{"name": "c"}, {"name": "a"}],
            "containers": [
                container("c"),
                {"name": "a", "image": "j"},
                {"$patch": "delete", "name": "b"},
            ],
        }
    }
    merged = strategic_merge_patch("core.v1.Pod", current, patch)
    assert [c["name"] for c in merged["spec"]["containers"]] == ["c", "a", "theirs"]


def test_items_that_share_a_key_are_told_apart_by_their_order():
    ports = [
        {"containerPort": 53, "name": "dns", "protocol": "UDP"},
        {"containerPort": 53, "name": "dns-tcp", "protocol": "TCP"},
    ]
    applied = pod(container("a", ports=ports))
    assert three_way_patch("core.v1.Pod", applied, applied, applied) == {}
    renamed = pod(container("a", ports=[ports[0], ports[1] | {"name": "tcp"}]))
    (patch,) = three_way_patch("core.v1.Pod", applied, renamed, applied)["spec"]["containers"]
    assert patch["ports"] == [{"containerPort": 53, "name": "tcp"}]


def test_lists_of_plain_values_lose_what_the_file_lost():
    original = pod(finalizers=["a", "b"])
    modified = pod(finalizers=["a", "c"])
    current = pod(finalizers=["a", "b", "theirs"])
    patch = three_way_patch("core.v1.Pod", original, modified, current)
    merged = strategic_merge_patch("core.v1.Pod", current, patch)
    assert merged["metadata"]["finalizers"] == ["a", "c", "theirs"]


def test_lists_that_do_not_merge_are_replaced():
    original = pod(container("a", args=["x"]))
    modified = pod(container("a", args=["y"]))
    patch = three_way_patch("core.v1.Pod", original, modified, original)
    assert patch["spec"]["containers"] == [{"name": "a", "args": ["y"]}]


def test_an_object_carries_itself_without_the_annotation():
    obj = {"kind": "Pod", "metadata": {"name": "p", "annotations": {"k": "v"}}}
    carried = with_last_applied(obj)
    assert last_applied(carried) == obj
    assert with_last_applied(carried) == carried
    assert last_applied({"metadata": {}}) == {}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "the JSON text ends too early"),
        ("[" * 100_000, "nested too deep"),
        ("7", "expected an object, got 7"),
    ],
)
def test_an_annotation_that_is_no_json_object_is_an_error(text, reason):
    broken = with_last_applied(pod())
    annotations = broken["metadata"]["annotations"]
    annotations[next(iter(annotations))] = text
    with pytest.raises(ValueError, match=reason):
        last_applied(broken)


def test_a_patch_names_the_keys_that_a_union_retains():
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}}
    current = {"spec": {"strategy": rolling}}
    modified = {"spec": {"strategy": {"type": "Recreate"}}}
    patch = three_way_patch("apps.v1.Deployment", {"spec": {}}, modified, current)
    assert patch == {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert strategic_merge_patch("apps.v1.Deployment", current, patch) == modified
    volumes = {"name": "v", "emptyDir": {}}, {"name": "v", "hostPath": {"path": "/x"}}
    before, after = ({"spec": {"containers": [], "volumes": [volume]}} for volume in volumes)
    patch = three_way_patch("core.v1.Pod", before, after, before)
    (item,) = patch["spec"]["volumes"]
    assert item["$retainKeys"] == ["hostPath", "name"]
    assert strategic_merge_patch("core.v1.Pod", before, patch)["spec"]["volumes"] == [volumes[1]]
