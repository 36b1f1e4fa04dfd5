from functools import partial
from pathlib import Path

import numpy as np
import pytest

from pykube_core.api.machinery.equality import means_the_same
from pykube_core.api.machinery.errors import InputError
from pykube_core.workloads.read import read_workload
from pykube_core.workloads.write import write_snapshot

OPENB = Path(__file__).resolve().parents[4] / "shared" / "traces" / "openb"
needs_trace = pytest.mark.skipif(
    not OPENB.is_dir(), reason="the openb trace is not beside the checkout"
)

NODES = "sn,cpu_milli,memory_mib,gpu,model\nn0,64000,262144,2,P100\nn1,32000,131072,0,\n"
PODS = (
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,"
    "deletion_time,scheduled_time\n"
    "p0,12000,16384,1,460,V100M16|V100M32,LS,Running,5,12,6\n"
    "p1,1000,2048,0,0,,BE,Pending,7,,\n"
)


@pytest.fixture
def files(tmp_path):
    def write(nodes=NODES, pods=PODS):
        (tmp_path / "nodes.csv").write_text(nodes)
        (tmp_path / "pods.csv").write_text(pods)
        return tmp_path / "nodes.csv", tmp_path / "pods.csv"

    return write


def test_node_lines_become_nodes_with_gpus_and_labels(files):
    gpu_node, cpu_node = read_workload(*files()).nodes
    assert gpu_node["metadata"] == {
        "name": "n0",
        "labels": {"kubernetes.io/hostname": "n0", "alibabacloud.com/gpu-card-model": "P100"},
    }
    assert gpu_node["status"]["allocatable"] == {
        "cpu": "64000m",
        "memory": "262144Mi",
        "pods": "10000",
        "alibabacloud.com/gpu-count": "2",
        "alibabacloud.com/gpu-milli": "2000",
    }
    assert cpu_node["metadata"]["labels"] == {"kubernetes.io/hostname": "n1"}
    assert set(cpu_node["status"]["allocatable"]) == {"cpu", "memory", "pods"}


def test_pod_lines_become_pending_pods_with_times(files):
    workload = read_workload(*files())
    pods = workload.pods
    assert pods.names == ["default/p0", "default/p1"]
    assert pods.created_ns.tolist() == [5 * 10**9, 7 * 10**9]
    assert pods.deleted_ns.tolist() == [12 * 10**9, -1]
    assert pods.node.tolist() == [-1, -1]
    gpu_pod = workload.pod(0)
    assert gpu_pod["metadata"]["annotations"] == {
        "alibabacloud.com/gpu-count": "1",
        "alibabacloud.com/gpu-milli": "460",
    }
    assert gpu_pod["spec"]["containers"][0]["resources"]["requests"] == {
        "cpu": "12000m",
        "memory": "16384Mi",
        "alibabacloud.com/gpu-milli": "460",
    }
    required = gpu_pod["spec"]["affinity"]["nodeAffinity"]
    terms = required["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert terms[0]["matchExpressions"] == [
        {
            "key": "alibabacloud.com/gpu-card-model",
            "operator": "In",
            "values": ["V100M16", "V100M32"],
        }
    ]
    assert "affinity" not in workload.pod(1)["spec"]


@pytest.mark.parametrize(
    ("nodes", "pods", "where"),
    [
        (NODES + "n2,x,1,0,\n", PODS, r"nodes\.csv: line 4 \(n2\): cpu_milli: expected a whole"),
        (NODES + "n0,1,1,0,\n", PODS, r"nodes\.csv: line 4 \(n0\): sn: Duplicate value"),
        (NODES + "n2,1,1\n", PODS, r"nodes\.csv: line 4: expected 5 cells, got 3"),
        (NODES, PODS + "p2,-1,1,0,0,,,,0,,\n", r"pods\.csv: line 4 \(p2\): cpu_milli"),
        (NODES, PODS + ",1,1,0,0,,,,0,,\n", r"pods\.csv: line 4: name: Required value"),
        (NODES, PODS + "p2,1,1,0,0,,,,9,8,\n", r"line 4 \(p2\): deletion_time: 8 is before"),
        (NODES, PODS + "p2,1,1,0,0,,,,99999999999,,\n", r"creation_time: expected seconds below"),
        (NODES, PODS + 'p2,"1,1,0,0\n', r"pods\.csv: line 4: "),
        (NODES, "name,cpu_milli\np0,1\n", r"pods\.csv: line 1: memory_mib: expected the columns"),
        (NODES, "name,cpu_milli\xff\n", r"pods\.csv: line 1"),
        ("", PODS, r"nodes\.csv: the file is empty"),
        (PODS, NODES.splitlines()[0], r"no Node objects"),
    ],
)
def test_bad_line_names_file_line_and_column(files, nodes, pods, where):
    with pytest.raises(InputError, match=where):
        read_workload(*files(nodes, pods))


def test_columns_may_stand_in_any_order_and_be_more(tmp_path, files):
    plain = read_workload(*files())
    nodes, pods = [[line.split(",") for line in text.splitlines()] for text in (NODES, PODS)]
    moved = [
        "\n".join(",".join([f'"{cell}"' for cell in reversed(row)] + ["more"]) for row in rows)
        for rows in (nodes, pods)
    ]
    for text in (moved, ["\ufeff" + text.replace("\n", "\r\n") for text in moved]):
        found = read_workload(*files(*text))
        assert found.nodes == plain.nodes
        assert list(found.pods.names) == list(plain.pods.names)
        assert found.pods.templates == plain.pods.templates
        assert found.pods.created_ns.tolist() == plain.pods.created_ns.tolist()


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("column", ["cpu_milli", "memory_mib"])
def test_a_column_that_is_not_there_is_named(files, which, column):
    texts = [NODES, PODS]
    texts[which] = texts[which].replace(column, "amount")
    with pytest.raises(InputError, match=f"line 1: {column}: expected the columns "):
        read_workload(*files(*texts))


@needs_trace
@pytest.mark.parametrize(
    ("name", "pods", "templates"),
    [("default", 8152, 151), ("multigpu50", 9061, 151), ("gpuspec33", 8152, 447)],
)
def test_published_lists_load_whole(name, pods, templates):
    workload = read_workload(
        OPENB / "openb_node_list_gpu_node.csv", OPENB / f"openb_pod_list_{name}.csv"
    )
    assert len(workload.nodes) == 1213
    assert (len(workload.pods), len(workload.pods.templates)) == (pods, templates)
    gpus = [
        n["status"]["allocatable"].get("alibabacloud.com/gpu-count", "0") for n in workload.nodes
    ]
    assert sum(map(int, gpus)) == 6212


@needs_trace
def test_trace_written_as_a_snapshot_is_valid_and_reads_back_the_same(tmp_path):
    workload = read_workload(
        OPENB / "openb_node_list_gpu_node.csv", OPENB / "openb_pod_list_gpuspec33.csv"
    )
    write_snapshot(workload, tmp_path / "openb.json.gz")
    again = read_workload(tmp_path / "openb.json.gz")
    assert all(map(partial(means_the_same, "core.v1.Node"), again.nodes, workload.nodes))
    assert again.pods.names == workload.pods.names
    np.testing.assert_array_equal(again.pods.deleted_ns, workload.pods.deleted_ns)
    rows = range(0, len(workload.pods), 50)
    assert all(means_the_same("core.v1.Pod", again.pod(row), workload.pod(row)) for row in rows)


@needs_trace
def test_default_list_demands_the_published_share_of_the_gpus():
    pods = read_workload(
        OPENB / "openb_node_list_gpu_node.csv", OPENB / "openb_pod_list_default.csv"
    ).pods
    milli = [
        int(
            t["spec"]["containers"][0]["resources"]["requests"].get("alibabacloud.com/gpu-milli", 0)
        )
        for t in pods.templates
    ]
    demand = np.array(milli)[pods.template].sum() / (6212 * 1000)
    assert round(100 * demand, 2) == 97.98
