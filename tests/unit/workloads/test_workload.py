import dataclasses

import numpy as np
import pytest

from pykube_core.workloads.model import PodTable, Workload

NODES = [{"metadata": {"name": "n0"}}, {"metadata": {"name": "n1"}}]
TEMPLATES = [
    {"metadata": {"namespace": "a", "labels": {"app": "x"}}, "spec": {"containers": []}},
    {"metadata": {"namespace": "b"}, "spec": {"priority": 7}},
]


def table(**columns):
    given = {
        "names": ["a/p0", "b/p1", "a/p2"],
        "templates": TEMPLATES,
        "template": np.array([0, 1, 0], np.int32),
        "created_ns": np.array([30, 10, 20], np.int64),
        "deleted_ns": np.array([-1, 15, -1], np.int64),
        "node": np.array([1, -1, 0], np.int32),
        "pinned": np.array([True, False, False]),
    }
    return PodTable(**(given | columns))


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"template": np.array([0, 1], np.int32)}, r"template: expected int32 of shape \(3,\)"),
        ({"created_ns": np.zeros(3, np.int32)}, r"created_ns: expected int64"),
        ({"template": np.array([0, 2, 0], np.int32)}, r"template: indices must be 0 to 1"),
        ({"node": np.array([-2, 0, 0], np.int32)}, r"node: indices must be -1 or more"),
        ({"node": np.array([-1, 0, 0], np.int32)}, r"pinned: a pinned pod must have a node"),
        ({"deleted_ns": np.array([29, -1, -1], np.int64)}, r"deleted before it is created"),
    ],
)
def test_table_refuses_columns_that_do_not_fit(columns, reason):
    with pytest.raises(ValueError, match=reason):
        table(**columns)


def test_workload_refuses_pods_past_its_nodes_and_equal_node_names():
    with pytest.raises(ValueError, match=r"indices must be below 1"):
        Workload(NODES[:1], table(), "x")
    with pytest.raises(ValueError, match=r"the same name"):
        Workload([NODES[0], NODES[0]], table(), "x")


def test_empty_workload_is_legal():
    empty = PodTable([], [], *(np.empty(0, t) for t in ("i4", "i8", "i8", "i4", "?")))
    assert len(Workload([], empty, "x").pods.shuffled(1)) == 0


def test_rows_are_taken_with_all_their_columns():
    pods = table().take(np.array([1, 2, 0]))
    assert pods.names == ["b/p1", "a/p2", "a/p0"]
    assert pods.template.tolist() == [1, 0, 0]
    assert pods.deleted_ns.tolist() == [15, -1, -1]
    assert pods.node.tolist() == [-1, 0, 1]
    assert pods.pinned.tolist() == [False, False, True]


def test_row_taken_twice_becomes_a_pod_of_its_own():
    names = table(names=["a/p", "a/p-r1", "a/q"]).take(np.array([0, 0, 1, 0, 1])).names
    assert names == ["a/p", "a/p-r2", "a/p-r1", "a/p-r3", "a/p-r1-r1"]
    assert len(set(names)) == 5


def test_shuffle_depends_on_its_seed_alone():
    many = table().take(np.arange(300) % 3)
    assert many.shuffled(7).names == many.shuffled(7).names
    assert many.shuffled(7).names != many.shuffled(8).names
    assert sorted(many.shuffled(7).names) == sorted(many.names)


def test_released_pods_are_pending_unless_pinned():
    assert table().released().node.tolist() == [1, -1, -1]


def test_pod_is_a_full_object_that_shares_nothing_with_its_template():
    workload = Workload(NODES, table(), "x")
    pod = workload.pod(0)
    assert pod == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p0", "namespace": "a", "labels": {"app": "x"}},
        "spec": {"containers": [], "nodeName": "n1"},
    }
    pod["metadata"]["labels"]["app"] = "changed"
    assert TEMPLATES[0]["metadata"]["labels"] == {"app": "x"}
    assert "nodeName" not in workload.pod(1)["spec"]
    assert dataclasses.replace(workload, source="y").with_pods(table()).source == "y"
