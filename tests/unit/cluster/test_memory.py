import gc
import subprocess
import sys
from pathlib import Path

import pytest

from pykube_core import Cluster
from pykube_core.api.core import PODS
from pykube_core.cluster.garbage import rare_collections
from pykube_core.controllers.pods import PodReader

CHILD = "from tests.unit.cluster.test_memory import collected_after_work"


def replica_set(name):
    labels = {"app": name}
    template = {"metadata": {"labels": labels}}
    template["spec"] = {"containers": [{"name": "c", "image": "httpd"}]}
    spec = {"replicas": 20, "selector": {"matchLabels": labels}, "template": template}
    return {
        "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": name}, "spec": spec,
    }  # fmt: skip


@pytest.fixture
def cluster():
    with Cluster(nodes=2) as made:
        made.apply(replica_set("first"))
        made.run()
        yield made


@pytest.fixture
def thresholds():
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def collected_after_work():
    """Return how many objects in cycles a cluster leaves that works the second time."""
    with Cluster(nodes=2) as made:
        made.apply(replica_set("first"))
        made.run()
        gc.collect()
        gc.disable()
        made.apply(replica_set("second"))
        made.run()
        return gc.collect()


def test_a_cluster_that_works_makes_no_cycles_of_garbage():
    # In a process of its own: this one may hold garbage of other tests' threads.
    command = [sys.executable, "-c", f"{CHILD}; print(collected_after_work())"]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
    assert int(done.stdout) == 0


def test_kubelet_holds_no_copies_of_the_logs_objects(cluster):
    held = {obj.key: obj for obj in cluster.log.all(PODS)}
    assert len(held) == 20
    for pod in cluster.kubelet._pods.values():
        assert pod.obj is held[pod.obj.key]


def test_pods_of_one_owner_share_their_labels(cluster):
    reader = PodReader()
    read = [reader.read(obj) for obj in cluster.log.all(PODS)]
    assert read[0].labels == {"app": "first"}
    assert len({id(pod.labels) for pod in read}) == 1


def test_a_pod_that_one_reader_forgets_is_not_read_again_nor_kept(cluster):
    reader = PodReader()
    obj = next(iter(cluster.log.all(PODS)))
    read = reader.read(obj)
    reader.forget(obj.key)
    assert reader.read(obj) is read
    assert reader._held == {}


def test_collections_are_rarer_in_a_run_and_as_before_behind_it(cluster, thresholds):
    gc.set_threshold(500, 20, 7)
    seen = []
    cluster.run(until=lambda: seen.append(gc.get_threshold()) is None)
    assert seen[0] == (100_000, 20, 10)
    assert gc.get_threshold() == (500, 20, 7)


def test_collections_are_as_before_behind_an_error(thresholds):
    gc.set_threshold(500, 20, 7)
    with pytest.raises(ZeroDivisionError), rare_collections():
        _ = 1 / 0
    assert gc.get_threshold() == (500, 20, 7)


@pytest.mark.parametrize("chosen", [(0, 10, 10), (200_000, 50, 50)])
def test_who_collects_never_or_more_rarely_keeps_to_it(thresholds, chosen):
    gc.set_threshold(*chosen)
    with rare_collections():
        assert gc.get_threshold() == chosen
