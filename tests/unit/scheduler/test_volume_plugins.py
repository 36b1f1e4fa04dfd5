import numpy as np
import pytest

from _pykube_hotcore.program import Code, Disk
from pykube_core.scheduler.placer.volumes import ask_volumes
from pykube_core.scheduler.plugins import ClassBuilder, Refusal
from pykube_core.scheduler.plugins import node_volume_limits as limits
from pykube_core.scheduler.plugins import volume_binding as binding
from pykube_core.scheduler.plugins import volume_restrictions as restrictions
from pykube_core.scheduler.plugins import volume_zone as zone
from pykube_core.scheduler.tables.interner import Interner
from pykube_core.scheduler.tables.volume_binder import (
    BIND_CONFLICT,
    NODE_CONFLICT,
    NOT_ENOUGH_SPACE,
    VOLUME_MISSING,
)
from pykube_core.scheduler.tables.volume_cache import VolumeCache
from tests.unit.scheduler.storage_world import (
    HOST,
    ZONE,
    claim,
    node_rows,
    pod,
    storage,
    three_nodes,
    volume,
    waiting_class,
)


class Context:
    """What the volume plugins read of a compile context."""

    def __init__(self, world=None):
        self.interner = Interner()
        self.volume_cache = world or VolumeCache()


def compiled(plugin, item, context):
    builder = ClassBuilder()
    plugin.PLUGIN.compile(item, builder, context)
    return builder


def refusal(plugin, item, world):
    found = plugin.PLUGIN.pre_filter(item, Context(world))
    if found is not None:
        assert found.code == Code.UNRESOLVABLE
        return found.reasons
    return None


def inline(kind, **source):
    return {"name": "v", kind: source}


# -- VolumeRestrictions ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "source", "exclusive"),
    [
        ("gcePersistentDisk", {"pdName": "d"}, False),
        ("awsElasticBlockStore", {"volumeID": "d"}, True),
        ("iscsi", {"iqn": "d"}, False),
        ("rbd", {"monitors": ["m"], "pool": "p", "image": "i"}, False),
    ],
)
def test_disk_of_each_kind_is_held_by_its_identity(kind, source, exclusive):
    context = Context()
    (first,) = compiled(restrictions, pod(volumes=[inline(kind, **source)]), context).disks
    again = pod(volumes=[inline(kind, **source, readOnly=True)])
    (second,) = compiled(restrictions, again, context).disks
    assert first == Disk(first.token, False, exclusive)
    assert second == Disk(first.token, True, exclusive)


def test_rbd_image_is_one_disk_per_monitor():
    source = {"pool": "p", "image": "i"}
    context = Context()
    one = pod(volumes=[inline("rbd", monitors=["m1", "m2"], **source)])
    other = pod(volumes=[inline("rbd", monitors=["m2", "m3"], **source)])
    first = compiled(restrictions, one, context).disks
    second = compiled(restrictions, other, context).disks
    assert len(first) == len(second) == 2
    assert len({disk.token for disk in first} & {disk.token for disk in second}) == 1


def test_claims_count_once_per_volume_and_once_claims_once():
    world = storage(claims=[claim("c", accessModes=["ReadWriteOncePod"]), claim("d")])
    built = compiled(restrictions, pod("c", "d", "c"), Context(world))
    assert len(built.claims) == 3
    assert len(set(built.claims)) == 2
    assert built.once_claims == (built.claims[0],)


def test_claims_of_one_name_share_the_name_and_not_the_claim():
    context = Context()
    here = compiled(restrictions, pod("c"), context).claims
    item = pod("c")
    item["metadata"]["namespace"] = "other"
    there = compiled(restrictions, item, context).claims
    assert here[0][0] != there[0][0]
    assert here[0][1] == there[0][1]


def test_missing_claim_is_refused_by_name():
    assert refusal(restrictions, pod("c"), storage()) == ('persistentvolumeclaim "c" not found',)
    assert refusal(restrictions, pod("c"), storage(claims=[claim("c")])) is None


def test_restrictions_reasons():
    assert restrictions.PLUGIN.reasons(0, {}, ()) == ["node(s) had no available disk"]
    assert "ReadWriteOncePod" in restrictions.PLUGIN.reasons(1, {}, ())[0]


# -- NodeVolumeLimits -----------------------------------------------------------------------


def csi(name, driver="d"):
    return volume(name, csi={"driver": driver, "volumeHandle": f"handle-{name}"})


def test_volumes_count_by_driver_and_handle_once_a_pod():
    world = storage(
        claims=[claim("c", volume="v"), claim("d", volume="v"), claim("e", volume="w")],
        volumes=[csi("v"), csi("w", "other")],
    )
    built = compiled(limits, pod("c", "d", "e"), Context(world))
    assert len(built.csi_volumes) == 2
    assert len({driver for driver, _ in built.csi_volumes}) == 2


def test_unbound_claims_count_under_their_provisioner():
    world = storage(
        claims=[claim("c"), claim("d"), claim("n", storage_class="none")],
        classes=[waiting_class(provisioner="d")],
    )
    context = Context(world)
    built = compiled(limits, pod("c", "d", "n"), context)
    assert {driver for driver, _ in built.csi_volumes} == {context.interner.value("driver:d")}
    assert len(built.csi_volumes) == 2


def test_volumes_that_are_not_csi_count_nothing():
    world = storage(claims=[claim("c", volume="v")], volumes=[volume("v", local={"path": "/"})])
    assert compiled(limits, pod("c"), Context(world)).csi_volumes == ()


def test_limits_and_attachments_of_a_node():
    source = {"source": {"persistentVolumeName": "v"}}
    world = storage(
        claims=[claim("c", volume="v")],
        volumes=[csi("v")],
        csiNodes=[
            {
                "metadata": {"name": "a"},
                "spec": {"drivers": [{"name": "d", "allocatable": {"count": 2}}]},
            }
        ],
        volumeAttachments=[
            {"metadata": {"name": "1"}, "spec": {"attacher": "d", "nodeName": "a", **source}},
            {"metadata": {"name": "2"}, "spec": {"attacher": "d", "nodeName": "b", **source}},
            {"metadata": {"name": "3"}, "spec": {"attacher": "d", "nodeName": "a", "source": {}}},
        ],
    )
    context = Context(world)
    driver = context.interner.value("driver:d")
    assert limits.node_limits("a", world, context.interner) == ((driver, 2),)
    attached = limits.node_attached("a", world, context.interner)
    assert attached == compiled(limits, pod("c"), context).csi_volumes


# -- VolumeBinding: PreFilter ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (None, 'persistentvolumeclaim "c" not found'),
        (
            claim("c", volume="v") | {"status": {"phase": "Lost"}},
            'persistentvolumeclaim "c" bound to non-existent persistentvolume "v"',
        ),
        (
            claim("c", metadata={"deletionTimestamp": "2030-01-01T00:00:00Z"}),
            'persistentvolumeclaim "c" is being deleted',
        ),
        (claim("c", storage_class=""), "pod has unbound immediate PersistentVolumeClaims"),
        (claim("c", storage_class="gone"), "pod has unbound immediate PersistentVolumeClaims"),
        (claim("c", storage_class="now"), "pod has unbound immediate PersistentVolumeClaims"),
        (claim("c", volumeName="v"), "pod has unbound immediate PersistentVolumeClaims"),
    ],
)
def test_claims_that_cannot_be_used_are_refused(item, text):
    world = storage(
        claims=[] if item is None else [item],
        classes=[waiting_class(), waiting_class("now") | {"volumeBindingMode": "Immediate"}],
    )
    assert refusal(binding, pod("c"), world) == (text,)


def test_ephemeral_claim_is_waited_for_and_must_be_the_pods():
    item = pod(volumes=[{"name": "s", "ephemeral": {}}])
    text = "waiting for ephemeral volume controller to create the persistentvolumeclaim"
    assert refusal(binding, item, storage()) == (f'{text} "p-s"',)
    world = storage(claims=[claim("p-s")], classes=[waiting_class()])
    assert refusal(binding, item, world) == (
        "PVC default/p-s was not created for pod default/p (pod is not owner)",
    )
    assert compiled(binding, item, Context()).has_external


def test_pod_without_claims_needs_no_answer():
    assert refusal(binding, pod(), storage()) is None
    assert not compiled(binding, pod(), Context()).has_external


# -- VolumeBinding: nodes -------------------------------------------------------------------


def detail(item, world, nodes=None):
    return ask_volumes(item, world, nodes or three_nodes()).binding.tolist()


def test_bound_volume_must_be_within_reach():
    world = storage(claims=[claim("c", volume="v")], volumes=[volume("v", zone="x")])
    assert detail(pod("c"), world) == [0, 0, NODE_CONFLICT]


def test_the_first_bound_claim_that_fails_says_why():
    world = storage(
        claims=[claim("c", volume="v"), claim("d", volume="gone")], volumes=[volume("v", zone="x")]
    )
    assert detail(pod("c", "d"), world) == [VOLUME_MISSING, VOLUME_MISSING, NODE_CONFLICT]
    assert detail(pod("d", "c"), world) == [VOLUME_MISSING] * 3


def test_match_fields_of_a_volume_count_for_nothing():
    fields = [{"key": "metadata.name", "operator": "In", "values": ["c"]}]
    expression = {"key": ZONE, "operator": "In", "values": ["x"]}
    for term, expected in (
        ({"matchFields": fields}, [0, 0, 0]),
        ({"matchFields": fields, "matchExpressions": [expression]}, [0, 0, 1]),
        ({}, [1, 1, 1]),
    ):
        affinity = {"required": {"nodeSelectorTerms": [term]}}
        world = storage(
            claims=[claim("c", volume="v")], volumes=[volume("v", nodeAffinity=affinity)]
        )
        assert detail(pod("c"), world) == expected


def taken(item, world, row, nodes=None):
    answer = ask_volumes(item, world, nodes or three_nodes())
    assert answer.binding[row] == 0
    return answer.reserve(world, row, "abc"[row])


def test_waiting_claim_takes_the_smallest_adequate_volume_first_listed_first():
    world = storage(
        claims=[claim("c", size="2Gi")],
        volumes=[
            volume("small", size="1Gi", host="a"),
            volume("large", size="9Gi", host="a"),
            volume("right", size="3Gi", host="a"),
            volume("same", size="3Gi", host="a"),
            volume("elsewhere", size="2Gi", host="b"),
        ],
        classes=[waiting_class()],
    )
    assert detail(pod("c"), world) == [0, 0, BIND_CONFLICT]
    assert taken(pod("c"), world, 0).volumes == ("right",)


@pytest.mark.parametrize(
    "spoiled",
    [
        volume("v", volumeMode="Block"),
        volume("v", accessModes=["ReadOnlyMany"]),
        volume("v", volumeAttributesClassName="gold"),
        volume("v", claimRef={"namespace": "default", "name": "x", "uid": "1"}),
        volume("v", storage_class="other"),
        volume("v", labels={"tier": "silver"}),
        volume("v") | {"status": {"phase": "Released"}},
        {**volume("v"), "metadata": {"name": "v", "deletionTimestamp": "now"}},
    ],
)
def test_volumes_that_do_not_suit_are_left_alone(spoiled):
    item = claim("c", selector={"matchLabels": {"tier": "gold"}})
    classes = [waiting_class()]
    good = volume("v", labels={"tier": "gold"})
    world = storage(claims=[item], volumes=[good], classes=classes)
    assert detail(pod("c"), world) == [0, 0, 0]
    world = storage(claims=[item], volumes=[spoiled], classes=classes)
    assert detail(pod("c"), world) == [BIND_CONFLICT] * 3


def test_small_claims_choose_first_and_do_not_share():
    world = storage(
        claims=[claim("big", size="2Gi"), claim("small", size="1Gi")],
        volumes=[volume("v", size="2Gi", host="a"), volume("w", size="2Gi", host="b")],
        classes=[waiting_class()],
    )
    assert detail(pod("big", "small"), world) == [BIND_CONFLICT] * 3
    world.put("persistentVolumes", volume("x", size="5Gi", host="a"))
    assert detail(pod("big", "small"), world) == [0, BIND_CONFLICT, BIND_CONFLICT]
    assert taken(pod("big", "small"), world, 0).volumes == ("v", "x")


def test_a_taken_volume_is_out_of_the_pool_and_still_there_for_its_claim():
    world = storage(
        claims=[claim("c"), claim("d")],
        volumes=[volume("v", zone="x"), volume("w", size="2Gi", zone="y")],
        classes=[waiting_class()],
    )
    assumed = taken(pod("c"), world, 0)
    assert detail(pod("d"), world) == [BIND_CONFLICT, BIND_CONFLICT, 0]
    assert detail(pod("c"), world) == [0, 0, BIND_CONFLICT]
    world.forget(assumed)
    assert detail(pod("d"), world) == [0, 0, 0]


def test_a_volume_kept_for_a_claim_goes_before_smaller_ones():
    reference = {"namespace": "default", "name": "c"}
    world = storage(
        claims=[claim("c")],
        volumes=[volume("v"), volume("kept", size="8Gi", zone="x", claimRef=reference)],
        classes=[waiting_class()],
    )
    assert detail(pod("c"), world) == [0, 0, BIND_CONFLICT]
    assert taken(pod("c"), world, 1).volumes == ("kept",)


def test_a_claim_in_two_volumes_takes_two():
    world = storage(
        claims=[claim("c")],
        volumes=[volume("v", host="a"), volume("w", host="a"), volume("x", host="b")],
        classes=[waiting_class()],
    )
    assert detail(pod("c", "c"), world) == [0, BIND_CONFLICT, BIND_CONFLICT]


def test_what_is_not_matched_is_provisioned_where_topology_allows():
    topology = [{"matchLabelExpressions": [{"key": ZONE, "values": ["y", "z"]}]}]
    world = storage(
        claims=[claim("c", size="2Gi")],
        volumes=[volume("v", size="2Gi", host="a")],
        classes=[waiting_class(provisioner="d", allowedTopologies=topology)],
    )
    assert detail(pod("c"), world) == [0, BIND_CONFLICT, 0]
    assert taken(pod("c"), world, 0).claims == ()
    assert taken(pod("c"), world, 2).claims == (("default", "c"),)
    assert detail(pod("c"), world) == [BIND_CONFLICT, BIND_CONFLICT, 0]


@pytest.mark.parametrize("terms", [[{}], [{"matchLabelExpressions": [{"key": ZONE}]}]])
def test_topology_terms_that_say_nothing_admit_no_node(terms):
    world = storage(
        claims=[claim("c")],
        classes=[waiting_class(provisioner="d", allowedTopologies=terms)],
    )
    assert detail(pod("c"), world) == [BIND_CONFLICT] * 3


def test_selected_node_pins_a_claim_and_is_not_matched():
    annotation = {"volume.kubernetes.io/selected-node": "b"}
    world = storage(
        claims=[claim("c", annotations=annotation)],
        volumes=[volume("v")],
        classes=[waiting_class(provisioner="d")],
    )
    assert detail(pod("c"), world) == [BIND_CONFLICT, 0, BIND_CONFLICT]
    assert taken(pod("c"), world, 1).volumes == ()
    world.put("storageClasses", waiting_class())
    assert detail(pod("c"), world) == [BIND_CONFLICT] * 3


def capacity(name, zone, amount=None, maximum=None):
    item = {"metadata": {"name": name, "namespace": "d"}, "storageClassName": "local"}
    if zone is not None:
        item["nodeTopology"] = {"matchLabels": {ZONE: zone}} if zone else {}
    if amount is not None:
        item["capacity"] = amount
    if maximum is not None:
        item["maximumVolumeSize"] = maximum
    return item


def tracked(*capacities):
    return storage(
        claims=[claim("c", size="2Gi")],
        classes=[waiting_class(provisioner="d")],
        csiDrivers=[{"metadata": {"name": "d"}, "spec": {"storageCapacity": True}}],
        csiStorageCapacities=capacities,
    )


def test_driver_that_tracks_capacity_needs_enough_within_reach():
    full = [NOT_ENOUGH_SPACE] * 3
    assert detail(pod("c"), tracked()) == full
    assert detail(pod("c"), tracked(capacity("1", "x", "2Gi"))) == [0, 0, NOT_ENOUGH_SPACE]
    assert detail(pod("c"), tracked(capacity("1", "", "1Gi"))) == full
    assert detail(pod("c"), tracked(capacity("1", "", "9Gi", "1Gi"))) == full
    assert detail(pod("c"), tracked(capacity("1", None, "9Gi"))) == full
    assert detail(pod("c"), tracked(capacity("1", ""))) == full
    assert detail(pod("c"), tracked(capacity("1", "x", "1Gi"), capacity("2", "", "2Gi"))) == [0] * 3


def test_reasons_come_in_upstreams_order():
    world = storage(
        claims=[claim("b", volume="v"), claim("c")],
        volumes=[volume("v", zone="x")],
        classes=[waiting_class()],
    )
    answer = detail(pod("b", "c"), world)
    assert answer == [0, 0, NODE_CONFLICT | BIND_CONFLICT]
    assert binding.PLUGIN.reasons(answer[2], {}, ()) == [
        "node(s) didn't match PersistentVolume's node affinity",
        "node(s) didn't find available persistent volumes to bind",
    ]


def test_rows_are_asked_once_until_nodes_change():
    nodes = three_nodes()
    world = storage(claims=[claim("c", volume="v")], volumes=[volume("v", zone="x")])
    for _ in range(3):
        detail(pod("c"), world, nodes)
    assert nodes._engine.calls == 1
    nodes.forget()
    detail(pod("c"), world, nodes)
    assert nodes._engine.calls == 2


# -- VolumeZone -----------------------------------------------------------------------------

BETA = "failure-domain.beta.kubernetes.io/zone"


def zones(labels, nodes):
    world = storage(claims=[claim("c", volume="v")], volumes=[volume("v", labels=labels)])
    return ask_volumes(pod("c"), world, node_rows(nodes)).zone.tolist()


def test_zone_label_of_a_volume_must_be_the_nodes_unless_that_has_none():
    nodes = {"a": {ZONE: "x"}, "b": {ZONE: "y"}, "c": {HOST: "c"}, "d": {BETA: "x"}}
    assert zones({ZONE: "x"}, nodes) == [0, 1, 0, 1]
    assert zones({ZONE: "x__y"}, nodes) == [0, 0, 0, 1]
    assert zones({ZONE: "x__"}, nodes) == [0, 0, 0, 0]


def test_beta_label_falls_back_to_the_nodes_ga_label():
    nodes = {"a": {ZONE: "x"}, "b": {BETA: "x", ZONE: "y"}, "c": {BETA: "y", ZONE: "x"}}
    assert zones({BETA: "x"}, nodes) == [0, 0, 1]


def test_every_label_counts():
    region = "topology.kubernetes.io/region"
    nodes = {"a": {ZONE: "x", region: "r"}, "b": {ZONE: "x", region: "s"}, "c": {ZONE: "x"}}
    assert zones({ZONE: "x", region: "r"}, nodes) == [0, 1, 1]


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (claim("c", volume="gone"), 'persistentvolume "gone" not found'),
        (
            claim("c", storage_class=""),
            "PersistentVolumeClaim had no pv name and storageClass name",
        ),
        (claim("c", storage_class="gone"), 'storageclass.storage.k8s.io "gone" not found'),
        (claim("c", storage_class="now"), "PersistentVolume had no name"),
        (claim("other"), 'persistentvolumeclaim "c" not found'),
    ],
)
def test_zones_that_cannot_be_known_are_refused(item, text):
    now = waiting_class("now") | {"volumeBindingMode": "Immediate"}
    assert refusal(zone, pod("c"), storage(claims=[item], classes=[now])) == (text,)


def test_zone_of_a_waiting_claim_is_not_asked():
    world = storage(claims=[claim("c")], classes=[waiting_class()])
    assert refusal(zone, pod("c"), world) is None
    assert zone.PLUGIN.topologies(pod("c"), world) == []
    assert not np.any(zone.PLUGIN.detail([], three_nodes()))


def test_ephemeral_claims_have_no_zone():
    item = pod(volumes=[{"name": "s", "ephemeral": {}}])
    assert refusal(zone, item, storage()) is None
    assert not compiled(zone, item, Context()).has_external
    assert isinstance(zone.PLUGIN.topologies(pod(""), storage()), Refusal)
