"""Schedulers that pods name, and shares of GPUs: who decides, and what is said about it."""

import pytest

from pykube_core.reports.comparison import compare
from pykube_core.scheduler.policies import policy
from pykube_core.workloads.read import read_workload
from tests.unit.workloads.snapshots import node, pod, read

TWO = """\
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: packing
  plugins: {score: {disabled: [{name: "*"}], enabled: [{name: BestFit, weight: 1}]}}
- schedulerName: spreading
  plugins: {score: {disabled: [{name: "*"}], enabled: [{name: WorstFit, weight: 1}]}}
"""


@pytest.fixture
def two(tmp_path):
    path = tmp_path / "two.yaml"
    path.write_text(TWO)
    return str(path)


def workload_of(tmp_path, *schedulers):
    pods = [pod(f"p{i}", schedulerName=name) for i, name in enumerate(schedulers)]
    return read(tmp_path, *(node(f"n{i}", cpu="1") for i in range(4)), *pods)


def used(workload, name):
    (row,) = compare(workload, [name]).rows()
    return row["nodes_used"]


def test_each_pod_goes_by_the_profile_that_it_names(tmp_path, two):
    assert used(workload_of(tmp_path, *["packing"] * 4), two) == 1
    assert used(workload_of(tmp_path, *["spreading"] * 4), two) == 4
    assert compare(workload_of(tmp_path, "packing"), [two]).policies == {
        "two.yaml": "profiles packing, spreading of two.yaml"
    }


def test_one_profile_of_a_file_places_all_pods(tmp_path, two):
    workload = workload_of(tmp_path, *["packing", "spreading"] * 2)
    assert used(workload, f"{two}:packing") == 1
    assert used(workload, f"{two}:spreading") == 4


def test_pods_of_no_profile_go_by_the_first_and_are_counted(tmp_path, two):
    workload = workload_of(tmp_path, *["default-scheduler"] * 3, "volcano")
    result = compare(workload, [two])
    assert result.rows()[0]["nodes_used"] == 1
    assert result.warnings == (
        "4 pods name another scheduler (default-scheduler, volcano): placed like the rest by "
        "profile packing",
    )


def test_pods_of_no_profile_go_by_that_of_the_default_scheduler_if_there_is_one(tmp_path, two):
    with open(two, "a") as file:
        file.write("- schedulerName: default-scheduler\n")
    result = compare(workload_of(tmp_path, "default-scheduler", "volcano"), [two])
    assert result.warnings == (
        "1 pod names another scheduler (volcano): placed like the rest by profile "
        "default-scheduler",
    )


def test_pods_of_other_schedulers_are_placed_by_every_policy_and_counted_once(tmp_path):
    result = compare(workload_of(tmp_path, "volcano", "volcano"), ["default", "first-fit"])
    assert [row["placed"] for row in result.rows()] == [2, 2]
    assert result.warnings == ("2 pods name another scheduler (volcano): placed like the rest",)


def test_a_profile_of_any_name_stands_in_for_the_default_scheduler(tmp_path, two):
    workload = workload_of(tmp_path, "default-scheduler", "packing")
    assert compare(workload, [f"{two}:packing"]).warnings == ()
    both = compare(workload, [f"{two}:packing", "default"])
    assert both.warnings == (
        "default: 1 pod names another scheduler (packing): placed like the rest",
    )


# -- shares of GPUs --------------------------------------------------------------------------------

COUNT, MILLI = "alibabacloud.com/gpu-count", "alibabacloud.com/gpu-milli"
SHARED = "- plugins: {filter: {enabled: [{name: GpuShare}]}}\n"


def sharing(tmp_path, gpus="1"):
    """A node of some GPUs, and two pods that want most of one each."""
    item = node("n1")
    item["status"]["allocatable"] = item["status"]["allocatable"] | {COUNT: gpus}
    pods = [pod(f"p{i}", annotations={COUNT: "1", MILLI: "600"}) for i in range(2)]
    return read(tmp_path, item, *pods)


def test_annotations_of_gpus_mean_nothing_to_the_default_profile(tmp_path):
    result = compare(sharing(tmp_path), ["default", "best-fit"])
    assert [row["placed"] for row in result.rows()] == [2, 2]
    assert result.warnings == (
        "2 pods ask for GPUs by annotation, which only a profile with the filter GpuShare reads",
    )


def test_a_node_of_any_number_of_gpus_is_no_error_to_the_default_profile(tmp_path):
    assert compare(sharing(tmp_path, "100"), ["default"]).rows()[0]["placed"] == 2


def test_a_profile_that_enables_gpu_share_counts_gpus_one_by_one(tmp_path, two):
    path = tmp_path / "share.yaml"
    path.write_text(TWO.partition("- ")[0] + SHARED)
    result = compare(sharing(tmp_path), [str(path)])
    assert (result.rows()[0]["placed"], result.warnings) == (1, ())


def test_the_openb_trace_asks_for_gpu_share_under_every_policy(tmp_path):
    (tmp_path / "nodes.csv").write_text("sn,cpu_milli,memory_mib,gpu,model\nn,8000,8192,1,T4\n")
    row = "1000,1024,1,600,,LS,Running,0,9,0\n"
    header = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,"
    header += "deletion_time,scheduled_time\n"
    (tmp_path / "pods.csv").write_text(header + "".join(f"p{i},{row}" for i in range(2)))
    workload = read_workload(tmp_path / "nodes.csv", tmp_path / "pods.csv")
    assert workload.filters == ("GpuShare",)
    result = compare(workload, ["default", policy("first-fit")])
    assert [row["placed"] for row in result.rows()] == [1, 1]
    assert result.warnings == ()


def test_a_pod_that_was_deleted_before_it_had_a_node_is_counted_but_in_a_replay(tmp_path):
    pods = [pod("a"), pod("b"), pod("c", nodeName="n0")]
    for each in pods[1:]:
        each["metadata"]["deletionTimestamp"] = "2026-01-01T00:01:00Z"
    workload = read(tmp_path, node("n0"), *pods)
    (told,) = (text for text in compare(workload, ["default"]).warnings if "deleted" in text)
    assert told == (
        "1 pod on no node is being deleted, and kube-scheduler passes over such pods: "
        "placed like the rest"
    )
    replayed = compare(workload, ["default"], replay=True)
    assert not any("deleted" in text for text in replayed.warnings)
