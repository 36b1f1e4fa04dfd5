import hashlib

import numpy as np
import pytest

from pykube_core.api.machinery.decoding import decode
from pykube_core.api.machinery.quantity import parse_quantity, quantity_value
from pykube_core.workloads.read import read_workload
from pykube_core.workloads.synthetic import synthetic
from pykube_core.workloads.write import write_snapshot


def written(workload, path):
    write_snapshot(workload, path)
    return path.read_bytes()


def totals(workload, resource, value):
    """Return what the pods request and what the nodes offer."""
    offered = sum(value(n["status"]["allocatable"].get(resource)) for n in workload.nodes)
    requests = [
        value(t["spec"]["containers"][0]["resources"]["requests"].get(resource))
        for t in workload.pods.templates
    ]
    return int(np.array(requests)[workload.pods.template].sum()), offered


def test_same_seed_gives_the_same_bytes_on_every_machine(tmp_path):
    data = written(synthetic(200, 1000, seed=7), tmp_path / "a.json")
    assert data == written(synthetic(200, 1000, seed=7), tmp_path / "b.json")
    assert data != written(synthetic(200, 1000, seed=8), tmp_path / "c.json")
    assert hashlib.sha256(data).hexdigest()[:16] == "b82302a950169860"


def test_load_is_the_share_of_cpu_and_gpus_that_the_pods_request():
    workload = synthetic(2000, 8000, seed=1, load=0.9)
    cpu, offered_cpu = totals(workload, "cpu", lambda text: parse_quantity(text).milli_value())
    gpus, offered_gpus = totals(workload, "nvidia.com/gpu", quantity_value)
    assert cpu / offered_cpu == pytest.approx(0.9, abs=0.02)
    assert gpus / offered_gpus == pytest.approx(0.9, abs=0.05)


def test_arrivals_and_life_times_follow_the_documented_distributions():
    pods = synthetic(10, 40000, seed=3, duration_s=1000, lifetime_s=60).pods
    gaps_s = np.diff(pods.created_ns) / 1e9
    assert np.all(gaps_s >= 0)
    assert gaps_s.std() == pytest.approx(gaps_s.mean(), rel=0.05)  # exponential
    lives_s = (pods.deleted_ns - pods.created_ns)[pods.deleted_ns >= 0] / 1e9
    assert np.mean(pods.deleted_ns == -1) == pytest.approx(0.3, abs=0.02)
    assert np.median(lives_s) == pytest.approx(60, rel=0.05)
    assert np.std(np.log2(lives_s)) == pytest.approx(2, rel=0.05)


def test_no_gpus_and_no_pods_are_legal():
    workload = synthetic(20, 0, gpu_nodes=0)
    assert len(workload.pods) == 0
    assert all("nvidia.com/gpu" not in n["status"]["allocatable"] for n in workload.nodes)


@pytest.mark.parametrize(
    "arguments", [{"nodes": 0}, {"pods": -1}, {"seed": -1}, {"load": 0}, {"gpu_nodes": 1.5}]
)
def test_arguments_out_of_range_are_refused(arguments):
    with pytest.raises(ValueError, match="must be"):
        synthetic(**({"nodes": 10, "pods": 10} | arguments))


@pytest.mark.parametrize("name", ["w.json", "w.json.gz"])
def test_written_workload_reads_back_the_same(tmp_path, name):
    workload = synthetic(50, 300, seed=2)
    assert written(workload, tmp_path / name) == written(workload, tmp_path / name)
    again = read_workload(tmp_path / name)
    assert again.nodes == [decode("core.v1.Node", node) for node in workload.nodes]
    assert again.pods.names == workload.pods.names
    for column in ("created_ns", "deleted_ns", "node", "pinned"):
        np.testing.assert_array_equal(getattr(again.pods, column), getattr(workload.pods, column))
    stored = [decode("core.v1.Pod", workload.pod(row)) for row in range(300)]
    assert [again.pod(row) for row in range(300)] == stored


def test_bound_and_pinned_pods_and_other_kinds_read_back_the_same(tmp_path):
    base = synthetic(5, 4, seed=2)
    node = np.array([0, 4, -1, 2], np.int32)
    pinned = np.array([True, False, False, False])
    columns = {name: getattr(base.pods, name) for name in base.pods.__slots__}
    pods = type(base.pods)(**(columns | {"node": node, "pinned": pinned}))
    high = {"metadata": {"name": "high"}, "value": 7, "preemptionPolicy": "Never"}
    objects = {"priorityClasses": [high]}
    workload = type(base)(base.nodes, pods, "test", objects)
    write_snapshot(workload, tmp_path / "w.json")
    again = read_workload(tmp_path / "w.json")
    assert again.pods.node.tolist() == node.tolist()
    assert again.pods.pinned.tolist() == pinned.tolist()
    head = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass"}
    assert again.objects == {"priorityClasses": [head | high]}
