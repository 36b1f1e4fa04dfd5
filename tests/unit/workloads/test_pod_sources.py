import json

import pytest

import pykube_core as pk
from pykube_core.api.machinery.errors import InputError
from pykube_core.workloads.pod_sources import TEMPLATES, read_pods
from pykube_core.workloads.read import read_workload

SPEC = {"containers": [{"name": "c", "image": "c", "resources": {"requests": {"cpu": "1500m"}}}]}
TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": SPEC}
SELECTOR = {"matchLabels": {"app": "web"}}


def node(name, cpu="4"):
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name},
        "status": {"allocatable": {"cpu": cpu, "memory": "8Gi", "pods": "9"}},
    }


def workload_object(kind, name="web", **spec):
    groups, path = TEMPLATES[kind]
    group = "apps" if "apps" in groups else min(groups)
    obj = {
        "apiVersion": f"{group}/v1" if group else "v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "shop"},
    }
    inner = obj
    for part in path[:-1]:
        inner = inner.setdefault(part, {})
    inner[path[-1]] = TEMPLATE
    obj.setdefault("spec", {}).update(spec)
    return obj


def pod(name, **spec):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {**SPEC, **spec},
    }


@pytest.fixture
def read(tmp_path):
    def of(*objects):
        path = tmp_path / "file.json"
        items = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        path.write_text(json.dumps(items))
        return path

    return of


@pytest.fixture
def cluster(read):
    return read_workload(read(node("n1"), node("n2"), pod("old", nodeName="n1")))


@pytest.mark.parametrize("kind", TEMPLATES)
def test_every_kind_with_a_pod_template_gives_the_pod_that_it_would_make(read, cluster, kind):
    selector = SELECTOR["matchLabels"] if kind == "ReplicationController" else SELECTOR
    (found,) = read_pods(read(workload_object(kind, selector=selector)), cluster)
    assert found.origin == f"{kind} shop/web"
    assert found.pod["metadata"]["namespace"] == "shop"
    assert found.pod["metadata"]["labels"]["app"] == "web"
    explanation = pk.explain(cluster, found)
    assert explanation.summary == "goes to n2, the best of 2 nodes that fit"
    assert str(explanation).startswith(f"pod shop/{found.pod['metadata']['name']} (of {kind} shop/")


def test_a_file_without_a_pod_says_so_and_what_has_one(read, cluster):
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}
    with pytest.raises(InputError, match="no pod in it, only ConfigMap: give a Pod, or a workload"):
        read_pods(read(config), cluster)
    with pytest.raises(InputError, match="no pod in it, nothing"):
        read_pods(read(), cluster)


def test_kinds_of_other_groups_are_no_workloads(read, cluster):
    job = {**workload_object("Job"), "apiVersion": "batch.volcano.sh/v1alpha1"}
    with pytest.raises(InputError, match="no pod in it, only Job"):
        read_pods(read(job), cluster)


def test_every_pod_of_documents_and_lists_is_read_in_order(tmp_path, cluster):
    path = tmp_path / "file.yaml"
    documents = [pod("a"), {"apiVersion": "v1", "kind": "PodList", "items": [pod("b")]}]
    documents.append({"kind": "List", "apiVersion": "v1", "items": [workload_object("Job")]})
    path.write_text("\n---\n".join(map(json.dumps, documents)))
    names = [found.pod["metadata"]["name"] for found in read_pods(path, cluster)]
    assert names == ["a", "b", "web"]


def test_a_pod_of_the_snapshot_may_be_in_the_file_again_changed(read, cluster):
    changed = pod("old", nodeSelector={"disk": "ssd"}, nodeName="n1")
    (found,) = read_pods(read({**changed, "status": {"phase": "Succeeded"}}), cluster)
    explanation = pk.explain(cluster, found)
    assert not explanation.decision.candidates
    assert all("disk=ssd" in view.changes[0].text for view in explanation.nodes)


def test_a_deployments_pod_has_the_hash_and_the_owner_that_spreading_reads(read, cluster):
    (found,) = read_pods(read(workload_object("Deployment", selector=SELECTOR)), cluster)
    labels = found.pod["metadata"]["labels"]
    (replica_set,) = found.objects["replicaSets"]
    assert replica_set["spec"]["selector"]["matchLabels"] == labels
    assert labels["pod-template-hash"] in replica_set["metadata"]["name"]
    assert "PodTopologySpread" in pk.explain(cluster, found).nodes[0].scores


def test_a_daemon_sets_pod_tolerates_what_its_controller_adds(read, cluster):
    (found,) = read_pods(read(workload_object("DaemonSet", selector=SELECTOR)), cluster)
    keys = {t["key"] for t in found.pod["spec"]["tolerations"]}
    assert "node.kubernetes.io/unschedulable" in keys
    assert "a DaemonSet runs such a pod on every node that fits" in str(pk.explain(cluster, found))


def test_a_stateful_sets_pod_has_its_name_and_claims(read, cluster):
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    obj = workload_object(
        "StatefulSet", selector=SELECTOR, volumeClaimTemplates=[claim], ordinals={"start": 3}
    )
    (found,) = read_pods(read(obj), cluster)
    assert found.pod["metadata"]["name"] == "web-3"
    (made,) = found.objects["persistentVolumeClaims"]
    assert made["metadata"]["name"] == "data-web-3"
    assert "unbound immediate" in pk.explain(cluster, found).summary


def test_objects_of_the_file_count_and_replace_those_of_the_snapshot(read):
    low = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "value": 1}
    low["metadata"] = {"name": "p"}
    cluster = read_workload(read(node("n1"), low))
    (found,) = read_pods(read(pod("a", priorityClassName="p")), cluster)
    assert found.pod["spec"]["priority"] == 1
    (found,) = read_pods(read(pod("a", priorityClassName="p"), low | {"value": 7}), cluster)
    assert found.pod["spec"]["priority"] == 7


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"spec": {"selector": SELECTOR}}, "Deployment shop/web: spec.template: Required value"),
        ({"metadata": {}}, "file.json: Deployment: metadata.name: Required value"),
    ],
)
def test_what_is_wrong_with_a_workload_names_it(read, cluster, change, expected):
    with pytest.raises(InputError) as caught:
        read_pods(read({**workload_object("Deployment"), **change}), cluster)
    assert expected in str(caught.value)


def test_what_is_wrong_with_a_template_names_its_workload_and_the_file(read, cluster):
    obj = workload_object("Job")
    obj["spec"]["template"] = {"spec": {"containers": [{"name": "c", "imagee": "x"}]}}
    path = read(obj)
    with pytest.raises(InputError) as caught:
        read_pods(path, cluster)
    assert str(caught.value).startswith(f"{path}: Job shop/web, its pod template: ")
    assert "imagee" in str(caught.value)


def test_a_missing_claim_is_named(cluster):
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    found = pk.explain(cluster, pod("a", volumes=volumes))
    assert found.missing_claims == ("default/data",)
    assert "claim default/data is missing: no PersistentVolumeClaim of this name" in str(found)
    assert found.to_dict()["missing_claims"] == ["default/data"]


def test_python_takes_names_pods_and_workloads(cluster):
    assert pk.explain(cluster, "old").summary.startswith("goes to one of 2")
    assert pk.explain(cluster, pod("a")).summary.startswith("goes to n2")
    assert pk.explain(cluster, workload_object("Job"), "best-fit").origin == "Job shop/web"
    with pytest.raises(InputError, match="no such pod"):
        pk.explain(cluster, "none")
    with pytest.raises(InputError, match="expected a name, a Pod, or one of Deployment"):
        pk.explain(cluster, {"kind": "ConfigMap"})


def test_what_the_reader_implies_of_a_lone_pod_replaces_nothing_of_the_snapshot(read):
    space = {"apiVersion": "v1", "kind": "Namespace"}
    space["metadata"] = {"name": "shop", "labels": {"team": "a"}}
    cluster = read_workload(read(node("n1"), space))
    (found,) = read_pods(read(workload_object("Job")), cluster)
    assert found.objects.get("namespaces", []) == []
    other = {**space, "metadata": {"name": "shop", "labels": {"team": "b"}}}
    (found,) = read_pods(read(workload_object("Job"), other), cluster)
    assert found.objects["namespaces"][0]["metadata"]["labels"]["team"] == "b"


def test_an_unknown_priority_class_is_a_warning(read, cluster):
    (found,) = read_pods(read(pod("a", priorityClassName="none")), cluster)
    assert found.warnings == (
        "the PriorityClass none is not in the snapshot: the priority counts as 0",
    )


@pytest.mark.parametrize("kind", ["Pod", "Job", "Deployment"])
def test_what_a_server_would_name_goes_by_the_beginning_of_its_name(read, cluster, kind):
    obj = pod("x") if kind == "Pod" else workload_object(kind)
    obj["metadata"] = {"generateName": "load-", "namespace": "shop"}
    (found,) = read_pods(read(obj), cluster)
    assert found.pod["metadata"]["name"].startswith("load")
    assert found.origin == ("" if kind == "Pod" else f"{kind} shop/load")


def test_what_a_pod_of_a_file_needs_and_does_not_find_is_said(read, cluster):
    asked = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claims = [{"metadata": {"name": "data"}, "spec": {"storageClassName": "fast", **asked}}]
    stateful = workload_object("StatefulSet", volumeClaimTemplates=claims)
    found, other = read_pods(
        read(stateful, pod("a", resourceClaims=[{"name": "g", "resourceClaimName": "g"}])),
        cluster,
    )
    assert found.warnings == (
        "1 pod has unbound claims of StorageClasses that are not in the snapshot: no node is found "
        "for them (fast)",
    )
    assert other.warnings == (
        "1 pod has resourceClaims, which are not simulated: scheduled as if there were none",
    )
