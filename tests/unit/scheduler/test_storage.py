import pytest

from pykube_core.api.machinery.errors import InputError
from pykube_core.scheduler.tables.volume_cache import (
    ClaimReference,
    VolumeCache,
    ownership_error,
    pod_claims,
)
from tests.unit.scheduler.storage_world import claim, pod, storage, volume, waiting_class


def test_assumed_volume_carries_the_claims_reference_until_forgotten():
    world = storage(claims=[claim("c")], volumes=[volume("v")], classes=[waiting_class()])
    assumed = world.assume([(("default", "c"), "v")], [], "a")
    assert world.reference(world.volume("v")) == ClaimReference("default", "c", "uid-c")
    world.forget(assumed)
    assert world.reference(world.volume("v")) is None


def test_assumed_provisioning_carries_the_node_until_forgotten():
    world = storage(claims=[claim("c")], classes=[waiting_class()])
    key = ("default", "c")
    assumed = world.assume([], [key], "a")
    assert world.selected_node(world.claim(key)) == "a"
    world.forget(assumed)
    assert world.selected_node(world.claim(key)) is None


def test_an_object_that_changes_loses_what_was_assumed_about_it():
    world = storage(claims=[claim("c")], volumes=[volume("v")])
    key = ("default", "c")
    world.assume([(key, "v")], [key], "a")
    world.put("persistentVolumes", volume("v"))
    world.put("persistentVolumeClaims", claim("c"))
    assert world.reference(world.volume("v")) is None
    assert world.selected_node(world.claim(key)) is None


def test_a_volume_that_changes_its_class_is_listed_once():
    world = storage(volumes=[volume("v"), volume("w")])
    world.put("persistentVolumes", volume("v", storage_class="fast"))
    assert [v.name for v in world.volumes_of_class("local")] == ["w"]
    assert [v.name for v in world.volumes_of_class("fast")] == ["v"]


def test_dropped_objects_are_gone_and_unknown_ones_no_error():
    world = storage(
        claims=[claim("c")],
        volumes=[volume("v")],
        classes=[waiting_class()],
        csiNodes=[{"metadata": {"name": "a"}, "spec": {"drivers": []}}],
    )
    for _ in range(2):
        world.drop("persistentVolumes", volume("v"))
        world.drop("persistentVolumeClaims", claim("c"))
        world.drop("storageClasses", waiting_class())
        world.drop("csiNodes", {"metadata": {"name": "a"}})
    assert world.claim(("default", "c")) is None
    assert world.volume("v") is None
    assert list(world.volumes_of_class("local")) == []
    assert world.classes == {}


def test_class_of_the_beta_annotation_goes_before_the_field():
    annotation = {"volume.beta.kubernetes.io/storage-class": "old"}
    world = storage(claims=[claim("c", annotations=annotation)])
    assert world.claim(("default", "c")).class_name == "old"


def test_limits_are_those_that_a_driver_states():
    drivers = [{"name": "d", "allocatable": {"count": 0}}, {"name": "e"}]
    world = storage(csiNodes=[{"metadata": {"name": "a"}, "spec": {"drivers": drivers}}])
    assert world.limits("a") == (("d", 0),)
    assert world.limits("b") == ()


def test_an_unreadable_object_is_named():
    with pytest.raises(InputError, match="persistentVolumes v"):
        storage(volumes=[volume("v", size="a lot")])


def test_other_kinds_are_ignored():
    world = VolumeCache()
    world.put("services", {"metadata": {"name": "s"}})
    world.drop("services", {"metadata": {"name": "s"}})


def test_claim_of_an_ephemeral_volume_bears_the_pods_name():
    item = pod("c", volumes=[{"name": "scratch", "ephemeral": {}}, {"name": "e", "emptyDir": {}}])
    assert pod_claims(item) == [("c", False), ("p-scratch", True)]


def test_claim_of_an_ephemeral_volume_must_be_the_pods():
    owner = {"controller": True, "uid": "uid-p"}
    owned = storage(claims=[claim("p-s", metadata={"ownerReferences": [owner]})])
    assert ownership_error(pod(), owned.claim(("default", "p-s"))) == ""
    foreign = storage(claims=[claim("p-s")])
    assert ownership_error(pod(), foreign.claim(("default", "p-s"))) == (
        "PVC default/p-s was not created for pod default/p (pod is not owner)"
    )
