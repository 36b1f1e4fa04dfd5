import pytest

from pykube_core.scheduler.config import profile_from_dict
from pykube_core.scheduler.queue.events import (
    ASSIGNED_POD_ADD,
    ASSIGNED_POD_DELETE,
    NODE_ADD,
    NODE_DELETE,
    ActionType,
    ClusterEvent,
    node_update_events,
    pod_update_events,
)
from pykube_core.scheduler.queue.hints import queueing_hints

NODE_TAINT = ClusterEvent("Node", ActionType.UPDATE_NODE_TAINT)
NODE_LABEL = ClusterEvent("Node", ActionType.UPDATE_NODE_LABEL)
NODE_ALLOCATABLE = ClusterEvent("Node", ActionType.UPDATE_NODE_ALLOCATABLE)
POD_LABEL = ClusterEvent("AssignedPod", ActionType.UPDATE_POD_LABEL)
POD_SCALE_DOWN = ClusterEvent("AssignedPod", ActionType.UPDATE_POD_SCALE_DOWN)
POD_TOLERATION = ClusterEvent("UnschedulablePod", ActionType.UPDATE_POD_TOLERATION)
CLAIM_ADD = ClusterEvent("PersistentVolumeClaim", ActionType.ADD)
CLAIM_UPDATE = ClusterEvent("PersistentVolumeClaim", ActionType.UPDATE)

HINTS = queueing_hints(profile_from_dict(None))


def hint(plugin, event, pod, old, new, hints=HINTS) -> bool:
    found = [each for name, each in hints.for_event(event) if name == plugin]
    assert found, f"{plugin} does not ask for {event}"
    return any(each is None or each(pod, old, new) for each in found)


def pod(name="p", namespace="default", labels=None, **spec):
    metadata = {"namespace": namespace, "name": name, "uid": f"{namespace}-{name}"}
    return {"metadata": {**metadata, "labels": labels or {}}, "spec": spec}


def node(name="n", labels=None, allocatable=None, **spec):
    return {
        "metadata": {"name": name, "labels": labels or {}},
        "spec": spec,
        "status": {"allocatable": allocatable or {}},
    }


def asks(**requests):
    return {"containers": [{"name": "c", "resources": {"requests": requests}}]}


def test_plugins_ask_for_upstreams_events():
    fixed = {"NodeName", "NodePorts", "NodeResourcesFit", "NodeAffinity", "InterPodAffinity"} | {
        "VolumeRestrictions",
        "VolumeBinding",
        "VolumeZone",
        "DynamicResources",
    }
    spread = {"PodTopologySpread", "TaintToleration", "NodeUnschedulable"}
    assert HINTS.plugins_for(NODE_ADD) == fixed | spread
    assert HINTS.plugins_for(NODE_TAINT) == fixed | spread
    assert HINTS.plugins_for(NODE_DELETE) == {"PodTopologySpread"}
    assert HINTS.plugins_for(NODE_ALLOCATABLE) == {"NodeResourcesFit", "DynamicResources"}
    assert HINTS.plugins_for(ASSIGNED_POD_ADD) == {"InterPodAffinity", "PodTopologySpread"}
    assert HINTS.plugins_for(ASSIGNED_POD_DELETE) == {
        "DefaultPreemption",
        "InterPodAffinity",
        "NodePorts",
        "NodeResourcesFit",
        "NodeVolumeLimits",
        "PodTopologySpread",
        "VolumeRestrictions",
    }
    assert HINTS.plugins_for(ClusterEvent("UnschedulablePod", ActionType.UPDATE)) == frozenset()


def test_plugins_that_are_not_enabled_ask_for_nothing():
    profile = profile_from_dict(
        {"plugins": {"multiPoint": {"disabled": [{"name": "NodeResourcesFit"}]}}}
    )
    assert "NodeResourcesFit" not in queueing_hints(profile).plugins_for(ASSIGNED_POD_DELETE)


def test_users_plugins_that_can_reject_are_tried_after_everything():
    registry = {"Mine": {"filter"}, "Scores": {"score"}}
    enabled = [{"name": "Mine"}, {"name": "Scores"}]
    profile = profile_from_dict({"plugins": {"multiPoint": {"enabled": enabled}}}, registry)
    hints = queueing_hints(profile, registry)
    for event in (ASSIGNED_POD_ADD, NODE_DELETE, CLAIM_UPDATE):
        assert "Mine" in hints.plugins_for(event)
        assert "Scores" not in hints.plugins_for(event)


def test_node_affinity_asks_whether_the_node_matches_now_and_did_not_before():
    wants = pod(nodeSelector={"disk": "ssd"})
    ssd, hdd = node(labels={"disk": "ssd"}), node(labels={"disk": "hdd"})
    assert hint("NodeAffinity", NODE_ADD, wants, None, ssd)
    assert not hint("NodeAffinity", NODE_ADD, wants, None, hdd)
    assert hint("NodeAffinity", NODE_LABEL, wants, hdd, ssd)
    assert not hint("NodeAffinity", NODE_LABEL, wants, ssd, ssd)


def test_node_affinity_that_cannot_be_read_is_tried_again():
    term = {"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["x"]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    assert hint("NodeAffinity", NODE_ADD, pod(affinity={"nodeAffinity": required}), None, node())


def test_added_affinity_must_match_too():
    term = {"matchExpressions": [{"key": "disk", "operator": "Exists"}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    profile = profile_from_dict(
        {"pluginConfig": [{"name": "NodeAffinity", "args": {"addedAffinity": required}}]}
    )
    hints = queueing_hints(profile)
    assert hint("NodeAffinity", NODE_ADD, pod(), None, node(labels={"disk": "x"}), hints)
    assert not hint("NodeAffinity", NODE_ADD, pod(), None, node(), hints)


def test_fit_asks_whether_a_node_has_more_of_what_the_pod_asks_for():
    wants = pod(**asks(cpu="2", memory="1Gi"))
    small = node(allocatable={"cpu": "1", "memory": "4Gi", "pods": "110"})
    large = node(allocatable={"cpu": "4", "memory": "4Gi", "pods": "110"})
    storage = node(
        allocatable={"cpu": "4", "memory": "4Gi", "pods": "110", "ephemeral-storage": "1Gi"}
    )
    full = node(allocatable={"cpu": "4", "memory": "4Gi"})
    assert hint("NodeResourcesFit", NODE_ADD, wants, None, large)
    assert not hint("NodeResourcesFit", NODE_ADD, wants, None, small)
    assert not hint("NodeResourcesFit", NODE_ADD, wants, None, full)
    assert hint("NodeResourcesFit", NODE_ALLOCATABLE, wants, small, large)
    assert not hint("NodeResourcesFit", NODE_ALLOCATABLE, wants, large, storage)
    assert hint("NodeResourcesFit", NODE_ALLOCATABLE, wants, full, large)


def test_fit_asks_whether_a_pod_on_a_node_went_or_shrank():
    wants = pod(**asks(cpu="2"))
    bound = pod("b", nodeName="n", **asks(cpu="2", memory="1Gi"))
    assert hint("NodeResourcesFit", ASSIGNED_POD_DELETE, wants, bound, None)
    assert not hint("NodeResourcesFit", ASSIGNED_POD_DELETE, wants, pod("u"), None)
    less_cpu = pod("b", nodeName="n", **asks(cpu="1", memory="1Gi"))
    less_memory = pod("b", nodeName="n", **asks(cpu="2", memory="1Mi"))
    assert hint("NodeResourcesFit", POD_SCALE_DOWN, wants, bound, less_cpu)
    assert not hint("NodeResourcesFit", POD_SCALE_DOWN, wants, bound, less_memory)
    assert hint("NodeResourcesFit", POD_SCALE_DOWN, wants, wants, wants)


def test_ports_ask_whether_the_deleted_pod_held_a_port_of_the_pod():
    def with_port(name, port, address="", **spec):
        ports = [{"hostPort": port, "hostIP": address}]
        return pod(name, containers=[{"name": "c", "ports": ports}], **spec)

    wants = with_port("p", 80)
    assert hint(
        "NodePorts", ASSIGNED_POD_DELETE, wants, with_port("b", 80, "1.2.3.4", nodeName="n"), None
    )
    assert not hint("NodePorts", ASSIGNED_POD_DELETE, wants, with_port("b", 81, nodeName="n"), None)
    assert not hint("NodePorts", ASSIGNED_POD_DELETE, wants, with_port("b", 80), None)


def test_taints_ask_whether_the_pod_is_no_longer_kept_off():
    taint = {"key": "k", "value": "v", "effect": "NoSchedule"}
    tainted, clean = node(taints=[taint]), node()
    soft = node(taints=[{**taint, "effect": "PreferNoSchedule"}])
    tolerant = pod(tolerations=[{"key": "k", "operator": "Exists"}])
    assert hint("TaintToleration", NODE_TAINT, pod(), tainted, clean)
    assert hint("TaintToleration", NODE_TAINT, pod(), tainted, soft)
    assert not hint("TaintToleration", NODE_TAINT, pod(), clean, tainted)
    assert not hint("TaintToleration", NODE_TAINT, pod(), clean, clean)
    assert not hint("TaintToleration", NODE_TAINT, tolerant, tainted, tainted)
    assert hint("TaintToleration", POD_TOLERATION, pod(), pod(), pod())
    assert not hint("TaintToleration", POD_TOLERATION, pod(), pod("q"), pod("q"))


def test_unschedulable_asks_whether_the_node_is_open_or_the_pod_tolerates_cordons():
    cordoned = node(unschedulable=True)
    assert hint("NodeUnschedulable", NODE_TAINT, pod(), cordoned, node())
    assert not hint("NodeUnschedulable", NODE_TAINT, pod(), node(), node())
    assert not hint("NodeUnschedulable", NODE_ADD, pod(), None, cordoned)
    tolerant = pod(tolerations=[{"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}])
    assert hint("NodeUnschedulable", POD_TOLERATION, pod(), pod(), tolerant)
    assert not hint("NodeUnschedulable", POD_TOLERATION, pod(), pod(), pod(tolerations=[]))


def affine(kind, labels, **term):
    required = [{"topologyKey": "zone", "labelSelector": {"matchLabels": labels}, **term}]
    return {"affinity": {kind: {"requiredDuringSchedulingIgnoredDuringExecution": required}}}


def test_pod_affinity_asks_whether_a_bound_pod_matches_now():
    wants = pod(**affine("podAffinity", {"app": "db"}))
    db, web = pod("b", labels={"app": "db"}, nodeName="n"), pod("b", nodeName="n")
    assert hint("InterPodAffinity", ASSIGNED_POD_ADD, wants, None, db)
    assert not hint("InterPodAffinity", ASSIGNED_POD_ADD, wants, None, web)
    assert not hint(
        "InterPodAffinity", ASSIGNED_POD_ADD, wants, None, pod("b", labels={"app": "db"})
    )
    elsewhere = pod("b", "other", labels={"app": "db"}, nodeName="n")
    assert not hint("InterPodAffinity", ASSIGNED_POD_ADD, wants, None, elsewhere)
    anywhere = pod(**affine("podAffinity", {"app": "db"}, namespaceSelector={}))
    assert hint("InterPodAffinity", ASSIGNED_POD_ADD, anywhere, None, elsewhere)
    assert hint("InterPodAffinity", POD_LABEL, wants, web, db)
    assert not hint("InterPodAffinity", POD_LABEL, wants, db, web)
    assert not hint("InterPodAffinity", ASSIGNED_POD_DELETE, wants, db, None)


def test_pod_anti_affinity_asks_whether_a_bound_pod_no_longer_matches():
    avoids = pod(**affine("podAntiAffinity", {"app": "db"}))
    db, web = pod("b", labels={"app": "db"}, nodeName="n"), pod("b", nodeName="n")
    assert hint("InterPodAffinity", ASSIGNED_POD_DELETE, avoids, db, None)
    assert not hint("InterPodAffinity", ASSIGNED_POD_DELETE, avoids, web, None)
    assert hint("InterPodAffinity", POD_LABEL, avoids, db, web)
    assert not hint("InterPodAffinity", POD_LABEL, avoids, web, db)


def test_pod_affinity_asks_whether_a_node_joined_or_left_a_domain():
    wants = pod(**affine("podAffinity", {"app": "db"}))
    avoids = pod(**affine("podAntiAffinity", {"app": "db"}))
    plain, a, b = node(), node(labels={"zone": "a"}), node(labels={"zone": "b"})
    expected = {
        (None, "plain"): (False, True),
        (None, "a"): (True, True),
        ("plain", "a"): (True, False),
        ("a", "plain"): (False, True),
        ("a", "b"): (True, True),
        ("a", "a"): (False, False),
    }
    nodes = {None: None, "plain": plain, "a": a, "b": b}
    for (old, new), answers in expected.items():
        event = NODE_ADD if old is None else NODE_LABEL
        found = tuple(
            hint("InterPodAffinity", event, each, nodes[old], nodes[new])
            for each in (wants, avoids)
        )
        assert found == answers, (old, new)


def spread(**fields):
    constraint = {
        "maxSkew": 1,
        "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}},
    }
    return {"topologySpreadConstraints": [{**constraint, **fields}]}


def test_spread_asks_whether_a_pod_that_counts_came_went_or_changed():
    wants = pod(**spread())
    web, other = pod("b", labels={"app": "web"}, nodeName="n"), pod("b", nodeName="n")
    assert hint("PodTopologySpread", ASSIGNED_POD_ADD, wants, None, web)
    assert not hint("PodTopologySpread", ASSIGNED_POD_ADD, wants, None, other)
    assert hint("PodTopologySpread", ASSIGNED_POD_DELETE, wants, web, None)
    assert hint("PodTopologySpread", POD_LABEL, wants, web, other)
    assert not hint("PodTopologySpread", POD_LABEL, wants, web, web)
    elsewhere = pod("b", "other", labels={"app": "web"}, nodeName="n")
    assert not hint("PodTopologySpread", ASSIGNED_POD_ADD, wants, None, elsewhere)
    soft = pod(**spread(whenUnsatisfiable="ScheduleAnyway"))
    assert not hint("PodTopologySpread", ASSIGNED_POD_ADD, soft, None, web)


def test_spread_narrows_its_selector_to_the_pods_own_label_keys():
    wants = pod(labels={"v": "2"}, **spread(matchLabelKeys=["v"]))
    same = pod("b", labels={"app": "web", "v": "2"}, nodeName="n")
    old = pod("b", labels={"app": "web", "v": "1"}, nodeName="n")
    assert hint("PodTopologySpread", ASSIGNED_POD_ADD, wants, None, same)
    assert not hint("PodTopologySpread", ASSIGNED_POD_ADD, wants, None, old)


def test_spread_asks_whether_a_tolerance_counts():
    tolerant = {"tolerations": [{"operator": "Exists"}]}
    honors = spread(nodeTaintsPolicy="Honor")
    assert hint(
        "PodTopologySpread", POD_TOLERATION, pod(**honors), pod(), pod(**tolerant, **honors)
    )
    assert not hint("PodTopologySpread", POD_TOLERATION, pod(**spread()), pod(), pod(**tolerant))


def test_spread_asks_whether_a_node_changes_its_domains():
    wants = pod(**spread())
    plain, a, b = node(), node(labels={"zone": "a"}), node(labels={"zone": "b"})
    tainted = node(labels={"zone": "a"}, taints=[{"key": "k", "effect": "NoSchedule"}])
    assert hint("PodTopologySpread", NODE_ADD, wants, None, a)
    assert not hint("PodTopologySpread", NODE_ADD, wants, None, plain)
    assert hint("PodTopologySpread", NODE_DELETE, wants, a, None)
    assert not hint("PodTopologySpread", NODE_DELETE, wants, plain, None)
    assert hint("PodTopologySpread", NODE_LABEL, wants, plain, a)
    assert hint("PodTopologySpread", NODE_LABEL, wants, a, b)
    assert hint("PodTopologySpread", NODE_TAINT, wants, a, tainted)
    assert not hint("PodTopologySpread", NODE_LABEL, wants, a, a)


def test_spread_defaults_use_the_selector_that_the_caller_finds():
    default = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
    args = {"defaultingType": "List", "defaultConstraints": [default]}
    profile = profile_from_dict({"pluginConfig": [{"name": "PodTopologySpread", "args": args}]})
    web, other = pod("b", labels={"app": "web"}, nodeName="n"), pod("b", nodeName="n")
    known = queueing_hints(profile, default_selector=lambda each: {"matchLabels": {"app": "web"}})
    assert hint("PodTopologySpread", ASSIGNED_POD_ADD, pod(), None, web, known)
    assert not hint("PodTopologySpread", ASSIGNED_POD_ADD, pod(), None, other, known)
    none = queueing_hints(profile, default_selector=lambda each: None)
    assert not hint("PodTopologySpread", ASSIGNED_POD_ADD, pod(), None, web, none)
    unknown = queueing_hints(profile)
    assert hint("PodTopologySpread", ASSIGNED_POD_ADD, pod(), None, other, unknown)


def claim(name, namespace="default"):
    return {"metadata": {"name": name, "namespace": namespace}}


def test_volume_plugins_ask_whether_a_claim_is_the_pods():
    uses = pod(volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}])
    makes = pod(volumes=[{"name": "v", "ephemeral": {}}])
    for plugin in ("VolumeBinding", "VolumeZone", "VolumeRestrictions", "NodeVolumeLimits"):
        assert hint(plugin, CLAIM_ADD, uses, None, claim("c"))
        assert not hint(plugin, CLAIM_ADD, uses, None, claim("d"))
        assert not hint(plugin, CLAIM_ADD, uses, None, claim("c", "other"))
    assert hint("VolumeBinding", CLAIM_ADD, makes, None, claim("p-v"))
    assert not hint("VolumeZone", CLAIM_ADD, makes, None, claim("p-v"))


def test_volume_restrictions_ask_whether_the_deleted_pod_used_the_same_disk():
    def disk(name, read_only=False, **spec):
        volume = {"gcePersistentDisk": {"pdName": "d", "readOnly": read_only}}
        return pod(name, volumes=[volume], **spec)

    def ask(mine, theirs):
        return hint("VolumeRestrictions", ASSIGNED_POD_DELETE, mine, theirs, None)

    assert ask(disk("p"), disk("b"))
    assert not ask(disk("p", True), disk("b", True))
    assert not ask(pod(), disk("b"))
    rbd = {"monitors": ["m1", "m2"], "image": "i", "readOnly": False}
    mine, theirs = {"rbd": rbd}, {"rbd": {**rbd, "monitors": ["m2"], "pool": "rbd"}}
    assert ask(pod(volumes=[mine]), pod("b", volumes=[theirs]))
    uses = {"persistentVolumeClaim": {"claimName": "c"}}
    assert ask(pod(volumes=[uses]), pod("b", volumes=[uses]))
    assert not ask(pod(volumes=[uses]), pod("b", "other", volumes=[uses]))


def test_volume_limits_ask_whether_a_volume_or_the_limit_changed():
    uses = {"persistentVolumeClaim": {"claimName": "c"}}
    inline = {"awsElasticBlockStore": {"volumeID": "v"}}
    plain = {"emptyDir": {}}
    for volume, answer in ((uses, True), (inline, True), (plain, False)):
        gone = pod("b", volumes=[volume], nodeName="n")
        assert hint("NodeVolumeLimits", ASSIGNED_POD_DELETE, pod(), gone, None) is answer
    assert not hint("NodeVolumeLimits", ASSIGNED_POD_DELETE, pod(), pod("b", volumes=[uses]), None)
    detached = ClusterEvent("storage.k8s.io/VolumeAttachment", ActionType.DELETE)
    attachment = {"spec": {"attacher": "ebs.csi.aws.com"}}
    for volume, answer in ((uses, True), (inline, True), (plain, False)):
        assert hint("NodeVolumeLimits", detached, pod(volumes=[volume]), attachment, None) is answer

    def limits(count):
        return {"spec": {"drivers": [{"name": "d", "allocatable": {"count": count}}]}}

    updated = ClusterEvent("storage.k8s.io/CSINode", ActionType.UPDATE)
    assert hint("NodeVolumeLimits", updated, pod(), limits(1), limits(2))
    assert not hint("NodeVolumeLimits", updated, pod(), limits(2), limits(2))


def test_volume_zone_and_binding_ask_what_changed_in_storage():
    added = ClusterEvent("storage.k8s.io/StorageClass", ActionType.ADD)
    updated = ClusterEvent("storage.k8s.io/StorageClass", ActionType.UPDATE)
    waits = {"volumeBindingMode": "WaitForFirstConsumer"}
    assert hint("VolumeZone", added, pod(), None, waits)
    assert not hint("VolumeZone", added, pod(), None, {"volumeBindingMode": "Immediate"})
    assert hint("VolumeBinding", updated, pod(), waits, {**waits, "allowedTopologies": [{}]})
    assert not hint("VolumeBinding", updated, pod(), waits, waits)
    volume = ClusterEvent("PersistentVolume", ActionType.UPDATE)
    zones = [
        {"metadata": {"name": "v", "labels": {"topology.kubernetes.io/zone": zone}}}
        for zone in ("a", "a__b")
    ]
    assert hint("VolumeZone", volume, pod(), *zones)
    assert not hint("VolumeZone", volume, pod(), zones[0], zones[0])
    capacity = ClusterEvent("storage.k8s.io/CSIStorageCapacity", ActionType.UPDATE)
    assert hint("VolumeBinding", capacity, pod(), {"capacity": "1Gi"}, {"capacity": "2Gi"})
    assert not hint("VolumeBinding", capacity, pod(), {"capacity": "2Gi"}, {"capacity": "1Gi"})
    driver = ClusterEvent("storage.k8s.io/CSIDriver", ActionType.UPDATE)
    tracks = {"metadata": {"name": "d"}, "spec": {"storageCapacity": True}}
    loose = {"metadata": {"name": "d"}, "spec": {"storageCapacity": False}}
    inline = pod(volumes=[{"csi": {"driver": "d"}}])
    assert hint("VolumeBinding", driver, inline, tracks, loose)
    assert not hint("VolumeBinding", driver, inline, loose, tracks)
    assert not hint("VolumeBinding", driver, pod(), tracks, loose)
    csi_node = ClusterEvent("storage.k8s.io/CSINode", ActionType.UPDATE)
    migrated = {"storage.alpha.kubernetes.io/migrated-plugins": "x"}
    after = {"metadata": {"annotations": migrated}}
    assert hint("VolumeBinding", csi_node, pod(), {"metadata": {}}, after)
    assert not hint("VolumeBinding", csi_node, pod(), after, after)


def test_resource_claims_ask_whether_one_is_free_or_the_pods():
    event = ClusterEvent("resource.k8s.io/ResourceClaim", ActionType.UPDATE)
    uses = pod(resourceClaims=[{"name": "r", "resourceClaimName": "c"}])
    held = {**claim("c"), "status": {"allocation": {}}}
    other = {**claim("d"), "status": {"allocation": {}}}
    assert hint("DynamicResources", event, pod(), other, claim("d"))
    assert hint("DynamicResources", event, uses, claim("c"), held)
    assert not hint("DynamicResources", event, uses, claim("d"), other)
    assert not hint("DynamicResources", event, uses, held, held)


@pytest.mark.parametrize(
    ("old", "new", "actions"),
    [
        (pod(), pod(), ["UPDATE"]),
        (pod(), pod(labels={"a": "b"}), ["UPDATE_POD_LABEL"]),
        (pod(**asks(cpu="2")), pod(**asks(cpu="1")), ["UPDATE_POD_SCALE_DOWN"]),
        (pod(**asks(cpu="1")), pod(**asks(cpu="2")), ["UPDATE"]),
        (pod(**asks(cpu="1")), pod(), ["UPDATE_POD_SCALE_DOWN"]),
        (
            pod(schedulingGates=[{"name": "g"}]),
            pod(),
            ["UPDATE_POD_SCHEDULING_GATES_ELIMINATED"],
        ),
        (pod(), pod(tolerations=[{}]), ["UPDATE_POD_TOLERATION"]),
    ],
)
def test_update_of_a_pod_is_told_by_what_changed(old, new, actions):
    expected = [ClusterEvent("UnschedulablePod", ActionType[name]) for name in actions]
    assert pod_update_events(old, new) == expected


@pytest.mark.parametrize(
    ("old", "new", "actions"),
    [
        (node(), node(), []),
        (node(allocatable={"cpu": "1"}), node(allocatable={"cpu": "1000m"}), []),
        (node(), node(allocatable={"cpu": "1"}), ["UPDATE_NODE_ALLOCATABLE"]),
        (node(), node(labels={"a": "b"}), ["UPDATE_NODE_LABEL"]),
        (node(), node(taints=[{"key": "k"}]), ["UPDATE_NODE_TAINT"]),
        (node(unschedulable=True), node(), ["UPDATE_NODE_TAINT"]),
        (node(), node(unschedulable=True), []),
    ],
)
def test_update_of_a_node_is_told_by_what_changed(old, new, actions):
    expected = [ClusterEvent("Node", ActionType[name]) for name in actions]
    assert node_update_events(old, new) == expected
