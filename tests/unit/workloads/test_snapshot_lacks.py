"""What a snapshot lacks is said, counted and named, and ends no run by itself."""

import pytest

from pykube_core.api.builtin import SCHEDULED
from pykube_core.api.machinery.errors import InputError
from pykube_core.reports.comparison import compare
from pykube_core.workloads.contents import KUBECTL_RESOURCES, LACKS
from pykube_core.workloads.read import read_workload
from pykube_core.workloads.write import write_snapshot
from tests.unit.workloads.snapshots import (
    HOSTNAME,
    ZONE,
    claim,
    node,
    obj,
    pod,
    read,
    storage_class,
    uses,
    write,
)

RS = ("apps/v1", "ReplicaSet", "web-1")
SERVICE = obj("v1", "Service", "kubernetes", "default", spec={})


def placed(workload, **options):
    return compare(workload, ["default"], **options).rows()[0]["placed"]


def nodes_used(workload):
    return compare(workload, ["default"]).rows()[0]["nodes_used"]


def spread_nodes():
    return [node(f"n{i}", **{ZONE: f"z{i % 3}"}) for i in range(9)]


# -- the command -------------------------------------------------------------------------------


def test_the_command_fetches_every_kind_that_is_read_and_no_other():
    short = {"pv": "persistentvolumes", "pvc": "persistentvolumeclaims"}
    short["pdb"] = "poddisruptionbudgets"
    fetched = [short.get(name, name) for name in KUBECTL_RESOURCES]
    assert sorted(fetched) == sorted(resource.plural for resource in SCHEDULED.values())


# -- nodes ---------------------------------------------------------------------------------------


def test_live_pods_on_nodes_that_are_gone_are_left_out_counted_and_named(tmp_path):
    gone = [pod("a", node="old-1"), pod("b", node="old-2"), pod("c", node="n1")]
    workload = read(tmp_path, node("n1"), *gone)
    assert workload.warnings == (
        "2 pods are on nodes that are not in the snapshot: left out (old-1, old-2)",
    )
    assert workload.pods.names == ["default/c"]
    assert workload.left_out.names == ["default/a", "default/b"]
    assert workload.left_out.node.tolist() == [-1, -1]


def test_one_pod_is_told_in_the_singular(tmp_path):
    (warning,) = read(tmp_path, node("n1"), pod("a", node="old")).warnings
    assert warning == "1 pod is on a node that is not in the snapshot: left out (old)"


def test_finished_pods_on_nodes_that_are_gone_are_not_worth_a_word(tmp_path):
    done = pod("a", node="old")
    done["status"]["phase"] = "Failed"
    assert read(tmp_path, node("n1"), done).warnings == ()


def test_daemon_pods_on_nodes_that_are_gone_are_left_out_too(tmp_path):
    daemon = pod("d", node="old", owner=("apps/v1", "DaemonSet", "d"))
    workload = read(tmp_path, node("n1"), daemon)
    assert (len(workload.pods), len(workload.left_out)) == (0, 1)


@pytest.mark.parametrize("options", [{}, {"keep_bound": True}, {"replay": True}])
def test_a_pod_on_a_node_that_is_gone_takes_part_in_no_experiment(tmp_path, options):
    workload = read(tmp_path, node("n1"), pod("old", node="gone"), pod("new"))
    result = compare(workload, ["default"], **options)
    assert (result.subject.pods, result.rows()[0]["placed"]) == (1, 1)
    assert result.warnings == workload.warnings


def test_who_was_left_out_can_be_asked_for_as_a_pending_pod(tmp_path):
    workload = read(tmp_path, node("n1"), pod("new"), pod("old", node="gone")).with_left_out()
    assert workload.pods.names == ["default/old", "default/new"]
    assert "nodeName" not in workload.pod(0)["spec"]
    assert workload.with_left_out() is workload


# -- claims --------------------------------------------------------------------------------------


def test_pods_with_missing_claims_are_counted_and_the_claims_named(tmp_path):
    pods = [pod(f"db-{i}", volumes=uses(f"data-{i}")) for i in range(12)]
    workload = read(tmp_path, node("n1"), *pods)
    assert workload.warnings[0] == (
        "12 pods name claims that are not in the snapshot: no node is found for them "
        "(default/data-0, default/data-1, default/data-10 and 9 more)"
    )
    assert placed(workload) == 0


def test_bound_pods_with_missing_claims_stay_where_they_are(tmp_path):
    workload = read(tmp_path, node("n1"), pod("a", node="n1", volumes=uses("x")), pod("b"))
    result = compare(workload, ["default"], keep_bound=True)
    assert (result.subject.bound, result.rows()[0]["placed"]) == (1, 1)


def bound(name, volume, **spec):
    annotations = {"pv.kubernetes.io/bind-completed": "yes"}
    return claim(name, metadata={"annotations": annotations}, spec={"volumeName": volume, **spec})


def volume(name):
    spec = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "csi": {"driver": "x.csi", "volumeHandle": name},
    }
    return obj("v1", "PersistentVolume", name, spec=spec)


WAITS = claim("c", spec={"storageClassName": "std"})
TRACKS = obj("storage.k8s.io/v1", "CSIDriver", "x.csi", spec={"storageCapacity": True})
CSI_NODE = obj("storage.k8s.io/v1", "CSINode", "n1", spec={"drivers": []})


@pytest.mark.parametrize(
    ("objects", "warning", "fits"),
    [
        (
            [bound("c", "pv-1")],
            "1 pod has claims bound to volumes that are not in the snapshot: no node is found for "
            "them (pv-1)",
            0,
        ),
        (
            [WAITS],
            "1 pod has unbound claims of StorageClasses that are not in the snapshot: no node is "
            "found for them (std)",
            0,
        ),
        (
            [WAITS, storage_class()],
            "1 pod waits for volumes to be provisioned, and the snapshot has no CSIDrivers: "
            "storage capacity is not looked at",
            1,
        ),
        (
            [WAITS, storage_class(), TRACKS],
            "1 pod waits for volumes of drivers that track capacity, and the snapshot has no "
            "CSIStorageCapacities: no node is found for them (x.csi)",
            0,
        ),
        (
            [bound("c", "pv-1"), volume("pv-1")],
            "1 pod has CSI volumes, and 1 node has no CSINode in the snapshot: how many volumes "
            "go there is not known",
            1,
        ),
        ([bound("c", "pv-1"), volume("pv-1"), CSI_NODE], None, 1),
    ],
    ids=["volume", "class", "drivers", "capacities", "csi nodes", "nothing"],
)
def test_what_claims_need_and_do_not_find_is_said(tmp_path, objects, warning, fits):
    workload = read(tmp_path, node("n1"), SERVICE, pod("p", volumes=uses("c")), *objects)
    assert workload.warnings == (() if warning is None else (warning,))
    assert placed(workload) == fits


@pytest.mark.parametrize(("where", "expected"), [("n1", 0), ("gone", 1)])
def test_a_pod_that_was_left_out_holds_no_claim_of_one_pod_alone(tmp_path, where, expected):
    once = bound("c", "pv-1", accessModes=["ReadWriteOncePod"])
    pods = [pod("old", node=where, volumes=uses("c")), pod("new", volumes=uses("c"))]
    workload = read(tmp_path, node("n1"), node("n2"), CSI_NODE, once, volume("pv-1"), *pods)
    assert placed(workload, keep_bound=True) == expected


# -- generic ephemeral volumes -------------------------------------------------------------------


def ephemeral(name="s"):
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    template = {"spec": {**spec, "storageClassName": "std"}}
    return [{"name": name, "ephemeral": {"volumeClaimTemplate": template}}]


def owned(name, uid):
    owner = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": uid, "controller": True}
    spec = {"storageClassName": "std"}
    return claim(name, metadata={"ownerReferences": [owner]}, spec=spec)


def test_every_pod_of_an_owner_keeps_the_claims_of_its_own_ephemeral_volumes(tmp_path):
    pods = [pod(f"p{i}", volumes=ephemeral(), node="n1" if i == 0 else None) for i in range(3)]
    claims = [owned(f"p{i}-s", f"u-p{i}") for i in range(3)]
    workload = read(tmp_path, node("n1"), node("n2"), storage_class(), TRACKS_NOT, *claims, *pods)
    assert workload.warnings == ()
    assert placed(workload) == 3
    assert placed(workload, keep_bound=True) == 2


TRACKS_NOT = obj("storage.k8s.io/v1", "CSIDriver", "x.csi", spec={"storageCapacity": False})


def test_a_claim_of_another_pods_uid_keeps_a_pod_off_every_node(tmp_path):
    claims = [owned("p0-s", "u-p0"), owned("p1-s", "u-p0")]
    pods = [pod(f"p{i}", volumes=ephemeral()) for i in range(2)]
    workload = read(
        tmp_path, node("n1"), storage_class(provisioner="kubernetes.io/aws-ebs"), *claims, *pods
    )
    assert placed(workload) == 1


def test_ephemeral_claims_that_are_not_there_count_as_missing(tmp_path):
    workload = read(tmp_path, node("n1"), pod("p", volumes=ephemeral()))
    assert workload.warnings == (
        "1 pod names claims that are not in the snapshot: no node is found for them (default/p-s)",
    )


def test_a_snapshot_that_is_written_again_keeps_the_uids_that_own_claims(tmp_path):
    items = [storage_class(), TRACKS_NOT, owned("p0-s", "u-p0"), pod("p0", volumes=ephemeral())]
    write_snapshot(read(tmp_path, node("n1"), *items), tmp_path / "again.json")
    assert placed(read_workload(tmp_path / "again.json")) == 1


# -- namespaces ----------------------------------------------------------------------------------


def apart_from(**selector):
    term = {
        "topologyKey": HOSTNAME,
        "labelSelector": {"matchLabels": {"app": "db"}},
        "namespaceSelector": selector,
    }
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


NAME = "kubernetes.io/metadata.name"
DB = pod("db", "data", node="n1", labels={"app": "db"}, owner=("v1", "ReplicationController", "d"))
SELECTORS = {
    "labels": {"matchLabels": {NAME: "data"}},
    "expression": {"matchExpressions": [{"key": NAME, "operator": "In", "values": ["data"]}]},
}


@pytest.mark.parametrize("selector", SELECTORS.values(), ids=SELECTORS)
def test_a_namespace_without_its_object_has_the_label_that_every_namespace_has(tmp_path, selector):
    web = pod("web", "shop", affinity=apart_from(**selector))
    workload = read(tmp_path, node("n1"), SERVICE, DB, web)
    assert not any("namespace" in warning for warning in workload.warnings)
    assert {n["metadata"]["name"] for n in workload.objects["namespaces"]} == {"data", "shop"}
    assert placed(workload, keep_bound=True) == 0


def test_selectors_over_other_labels_of_namespaces_that_are_not_there_are_counted(tmp_path):
    far = apart_from(matchLabels={"team": "a"})
    pods = [pod(f"web-{i}", "shop", affinity=far) for i in range(2)]
    workload = read(tmp_path, node("n1"), SERVICE, DB, *pods)
    assert (
        "2 pods select namespaces by label, and 2 namespaces are not in the snapshot: only "
        f"{NAME} is known of them (data, shop)"
    ) in workload.warnings


def test_namespaces_that_are_there_need_no_warning(tmp_path):
    spaces = [
        obj("v1", "Namespace", name, metadata={"labels": {"team": "a"}})
        for name in ("data", "shop")
    ]
    web = pod("web", "shop", affinity=apart_from(matchLabels={"team": "a"}))
    workload = read(tmp_path, node("n1"), SERVICE, DB, web, *spaces)
    assert not any("namespace" in warning for warning in workload.warnings)
    assert placed(workload, keep_bound=True) == 0


# -- owners and services -------------------------------------------------------------------------

LABELS = {"app": "web", "pod-template-hash": "1"}
OWNERS = {
    "ReplicaSet": (RS, {"matchLabels": LABELS}),
    "StatefulSet": (("apps/v1", "StatefulSet", "web"), {"matchLabels": {"app": "web"}}),
    "ReplicationController": (("v1", "ReplicationController", "web"), {"app": "web"}),
}


@pytest.mark.parametrize(("owner", "selector"), OWNERS.values(), ids=OWNERS)
def test_pods_spread_by_the_labels_they_share_where_their_owner_is_missing(
    tmp_path, owner, selector
):
    pods = [pod(f"w{i}", labels=LABELS | {"index": str(i)}, owner=owner) for i in range(9)]
    there = obj(owner[0], owner[1], owner[2], "default", spec={"selector": selector})
    without = read(tmp_path, *spread_nodes(), *pods)
    assert without.warnings == (
        "9 pods have owners that are not in the snapshot: their default spreading goes by the "
        f"labels that the pods of one owner share ({owner[1]} default/{owner[2]})",
    )
    complete = read(tmp_path, *spread_nodes(), *pods, there)
    assert complete.warnings == ()
    assert nodes_used(without) == nodes_used(complete) == 9


def test_pods_that_share_no_label_are_not_spread_and_that_is_said(tmp_path):
    pods = [pod(f"w{i}", labels={"index": str(i)}, owner=RS) for i in range(2)]
    assert read(tmp_path, node("n1"), *pods).warnings == (
        "2 pods have owners that are not in the snapshot: as they share no label, default "
        "spreading is off for them (ReplicaSet default/web-1)",
    )


def test_owners_of_pods_with_constraints_of_their_own_are_not_missed(tmp_path):
    own = {
        "maxSkew": 1,
        "topologyKey": ZONE,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": LABELS},
    }
    item = pod("w", labels=LABELS, owner=RS, topologySpreadConstraints=[own])
    assert read(tmp_path, node("n1"), item).warnings == ()


def test_pods_that_only_services_could_spread_are_counted_where_there_are_none(tmp_path):
    pods = [pod(f"w{i}", labels={"app": "web"}) for i in range(2)]
    pods.append(pod("d", node="n1", labels={"app": "d"}, owner=("apps/v1", "DaemonSet", "d")))
    assert read(tmp_path, node("n1"), *pods).warnings == (
        "no Services: default spreading is off for 2 pods that no ReplicaSet, StatefulSet or "
        "ReplicationController owns",
    )
    assert read(tmp_path, node("n1"), *pods, SERVICE).warnings == ()


def test_a_synthetic_cluster_lacks_nothing(tmp_path):
    from pykube_core.workloads.synthetic import synthetic

    write_snapshot(synthetic(3, 10), tmp_path / "w.json")
    assert read_workload(tmp_path / "w.json").warnings == ()


# -- priorities, and what is not simulated -------------------------------------------------------


def test_priority_classes_that_were_not_fetched_are_counted_and_named(tmp_path):
    pods = [pod(name, priorityClassName="high") for name in "ab"]
    pods.append(pod("c", priorityClassName="other", priority=7))
    pods.append(pod("d", priorityClassName="system-node-critical"))
    workload = read(tmp_path, node("n1"), *pods)
    assert workload.warnings == (
        "2 pods name PriorityClasses that are not in the snapshot: their priority counts as 0 "
        "(high)",
    )
    assert placed(workload) == 4


def test_pods_with_what_is_not_simulated_are_counted(tmp_path):
    claims = [{"name": "gpu", "resourceClaimName": "g"}]
    disk = {"name": "d", "awsElasticBlockStore": {"volumeID": "v"}}
    pods = [pod("a", resourceClaims=claims), pod("b", volumes=[disk]), pod("c", volumes=[disk])]
    assert read(tmp_path, node("n1"), *pods).warnings == (
        "1 pod has resourceClaims, which are not simulated: scheduled as if there were none",
        "2 pods have in-tree volumes (awsElasticBlockStore), which do not count as the CSI "
        "volumes that they become",
    )


# -- strict --------------------------------------------------------------------------------------

LACKING = {
    "missing-nodes": [pod("p", node="gone")],
    "missing-claims": [pod("p", volumes=uses("c"))],
    "missing-volumes": [pod("p", volumes=uses("c")), bound("c", "pv")],
    "missing-storage-classes": [pod("p", volumes=uses("c")), WAITS],
    "missing-csi-nodes": [pod("p", volumes=uses("c")), bound("c", "pv"), volume("pv")],
    "missing-csi-drivers": [pod("p", volumes=uses("c")), WAITS, storage_class()],
    "missing-capacities": [pod("p", volumes=uses("c")), WAITS, storage_class(), TRACKS],
    "missing-owners": [pod("p", labels={"a": "b"}, owner=RS)],
    "missing-services": [pod("p", labels={"a": "b"})],
    "missing-namespaces": [pod("p", affinity=apart_from(matchLabels={"team": "a"}))],
    "missing-priority-classes": [pod("p", priorityClassName="high")],
}


@pytest.mark.parametrize("name", LACKS)
def test_each_lack_is_a_warning_and_an_error_for_whoever_is_strict_about_it(tmp_path, name):
    path = write(tmp_path, node("n1"), *LACKING[name])
    (warning,) = read_workload(path, strict=set(LACKS) - {name}).warnings
    with pytest.raises(InputError) as error:
        read_workload(path, strict=[name])
    assert str(error.value) == f"{path}: {warning}"


def test_being_strict_about_what_is_no_lack_is_refused():
    with pytest.raises(ValueError, match="strict: 'nodes' is none of missing-nodes, "):
        read_workload("none.json", strict=["nodes"])
