from datetime import datetime, timedelta

import pytest
from manifests import deployment

from pykube_core import Cluster, InputError
from pykube_core.api.core import PODS
from pykube_core.api.machinery.status import StatusError
from pykube_core.node.registration import Machine
from pykube_core.node.runtime import Behavior
from pykube_core.store import Store


def cells(cluster, namespace="default"):
    """Return READY, STATUS and RESTARTS of each pod, by name."""
    rows = [PODS.cells(pod, cluster.clock()) for pod in cluster.list("pods", namespace)]
    return {row[0]: (row[1], row[2], row[3].split(" ")[0]) for row in rows}


def available(cluster, name="web"):
    return cluster.get("deployment", name).get("status", {}).get("availableReplicas", 0)


def crash_twice(cluster, pod):
    """Let a pod's container exit, and again once it runs; it then waits for ten seconds."""
    cluster.crash(pod)
    cluster.run(seconds=2)
    cluster.crash(pod)
    cluster.run(seconds=1)


@pytest.fixture
def cluster():
    with Cluster(["host1", "host2"], seed=3) as made:
        yield made


@pytest.fixture
def mastered():
    with Cluster(["host1"], master="ken") as made:
        made.run()
        yield made


def test_a_deployment_runs_and_the_cluster_is_quiescent(cluster):
    cluster.apply(deployment())
    began = cluster.now
    assert cluster.run()
    assert available(cluster) == 3
    assert cluster.now - began < timedelta(seconds=10)
    revision = cluster.server.revision
    assert cluster.run()
    assert cluster.server.revision == revision


def test_pods_that_fit_nowhere_leave_the_cluster_quiescent(cluster):
    obj = deployment(replicas=1)
    requests = {"requests": {"cpu": "1000"}}
    obj["spec"]["template"]["spec"]["containers"][0]["resources"] = requests
    cluster.apply(obj)
    assert cluster.run()
    assert [state for _, state, _ in cells(cluster).values()] == ["Pending"]


def test_scaling_and_deleting_go_all_the_way(cluster):
    cluster.apply(deployment())
    cluster.run()
    cluster.scale("deployment", "web", 5)
    cluster.run()
    assert len(cells(cluster)) == available(cluster) == 5
    cluster.delete("deployment", "web")
    cluster.run()
    assert cells(cluster) == {}
    assert cluster.list("replicasets") == []


def test_run_ends_at_a_condition_or_its_time(cluster):
    cluster.apply(deployment())
    assert cluster.run(until=lambda: available(cluster) > 0)
    assert not cluster.run(until=lambda: available(cluster) > 3, seconds=60)
    assert cluster.run(seconds=60)


def test_a_run_without_end_says_what_is_waiting():
    behaviors = {"bad": Behavior(run_seconds=1, exit_code=1)}
    with Cluster(1, behaviors=behaviors) as cluster:
        cluster.apply(deployment(replicas=1, image="bad"))
        with pytest.raises(TimeoutError, match="kubelet still had work; pod default/web-"):
            cluster.run()


def test_a_crashed_component_waits_is_restarted_and_goes_on(mastered):
    pod = "kube-controller-manager-ken"
    crash_twice(mastered, pod)
    mastered.apply(deployment())
    mastered.run(seconds=3)
    assert cells(mastered, "kube-system")[pod] == ("0/1", "CrashLoopBackOff", "1")
    assert mastered.list("replicasets", "default") == []
    mastered.run()
    assert cells(mastered, "kube-system")[pod] == ("1/1", "Running", "2")
    assert available(mastered) == 3


def test_nothing_is_scheduled_while_the_scheduler_is_down(mastered):
    crash_twice(mastered, "kube-scheduler-ken")
    mastered.apply(deployment(replicas=1))
    mastered.run(seconds=3)
    assert [state for _, state, _ in cells(mastered).values()] == ["Pending"]
    mastered.run()
    assert available(mastered) == 1


def test_the_control_plane_stands_while_the_api_server_is_down(mastered):
    crash_twice(mastered, "kube-apiserver-ken")
    mastered.apply(deployment())
    mastered.run(seconds=3)
    assert mastered.list("replicasets", "default") == []
    mastered.run()
    assert available(mastered) == 3


def test_kube_system_is_as_kubeadm_makes_it(mastered):
    found = {
        name.rsplit("-", 1)[0]: state for name, state in cells(mastered, "kube-system").items()
    }
    assert set(found.values()) == {("1/1", "Running", "0")}
    node = mastered.get("node", "ken")
    assert node["spec"]["taints"] == [
        {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
    ]
    assert mastered.resource("node").cells(node, mastered.clock())[1:3] == [
        "Ready",
        "control-plane",
    ]


def test_nodes_without_a_network_agent_are_not_ready():
    with Cluster(0, master="ken", network="none") as cluster:
        cluster.run()
        node = cluster.get("node", "ken")
        ready = next(c for c in node["status"]["conditions"] if c["type"] == "Ready")
        assert ready["status"] == "False"
        assert "cni plugin not initialized" in ready["message"]


def test_machines_join_later(cluster):
    cluster.join("host3", Machine(name="big", address="10.1.1.1", cpu="64"))
    cluster.run()
    addresses = [node["status"]["addresses"][0]["address"] for node in cluster.list("nodes")]
    assert addresses == ["10.1.1.1", "172.20.0.2", "172.20.0.3", "172.20.0.4"]
    with pytest.raises(StatusError, match="already exists"):
        cluster.join("host3")


def test_a_node_that_stops_is_noticed_and_comes_back_with_its_pods():
    def ready(kind, name):
        conditions = cluster.get(kind, name)["status"]["conditions"]
        return next(c["status"] for c in conditions if c["type"] == "Ready")

    with Cluster(1) as cluster:
        cluster.apply(deployment(replicas=1))
        cluster.run()
        (pod,) = cells(cluster)
        assert ready("node", "host1") == ready("pod", pod) == "True"
        cluster.stop_node("host1")
        cluster.run(until=lambda: ready("node", "host1") == "Unknown", seconds=120)
        assert (ready("node", "host1"), ready("pod", pod)) == ("Unknown", "False")
        cluster.start_node("host1")
        cluster.run(seconds=60)
        assert ready("node", "host1") == ready("pod", pod) == "True"
        assert available(cluster) == 1
        with pytest.raises(StatusError, match="not found"):
            cluster.stop_node("host9")


def test_a_node_that_stops_after_hours_of_heartbeats_is_noticed_when_its_grace_is_over():
    def unknown():
        states = {
            node["metadata"]["name"]: c["status"]
            for node in cluster.list("nodes")
            for c in node["status"]["conditions"]
            if c["type"] == "Ready"
        }
        return [name for name, status in states.items() if status != "True"]

    with Cluster(nodes=200) as cluster:
        cluster.run(seconds=2 * 3600 + 3)
        assert not unknown()
        renewed = cluster.get("lease", "host7", "kube-node-lease")["spec"]["renewTime"]
        cluster.stop_node("host7")
        assert cluster.run(until=unknown, seconds=120)
        waited = cluster.now - datetime.fromisoformat(renewed)
        assert timedelta(seconds=50) < waited <= timedelta(seconds=55)
        assert unknown() == ["host7"]
        cluster.run(seconds=600)
        assert unknown() == ["host7"]
        assert cluster.get("lease", "host7", "kube-node-lease")["spec"]["renewTime"] == renewed


def test_one_seed_is_one_history_with_and_without_a_disk(tmp_path):
    hashes = []
    for store, seed in ((None, 1), (tmp_path, 1), (None, 2)):
        with Cluster(["host1"], master="ken", store=store, seed=seed) as cluster:
            cluster.run()
            cluster.apply(deployment())
            cluster.run(seconds=400)
            hashes.append(cluster.history_hash)
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_directory_goes_on_with_its_machines_pods_and_time(tmp_path):
    with Cluster(["host1"], master="ken", store=tmp_path) as cluster:
        cluster.apply(deployment())
        cluster.run()
        before, ended = cells(cluster), cluster.now
        uids = [pod["metadata"]["uid"] for pod in cluster.list("pods")]
    with Cluster(store=tmp_path) as cluster:
        assert cluster.settings.master == "ken"
        assert cluster.now >= ended
        cluster.run(seconds=30)
        assert cells(cluster) == before
        assert [pod["metadata"]["uid"] for pod in cluster.list("pods")] == uids
        cluster.scale("deployment", "web", 4)
        cluster.run()
        assert available(cluster) == 4
    with Cluster(["host1"], master="ken", store=tmp_path) as cluster:
        assert len(cluster.list("nodes")) == 2
    with pytest.raises(InputError, match="with master ken: leave master out"):
        Cluster(master="barbie", store=tmp_path)
    with pytest.raises(InputError, match="without node host9"):
        Cluster(["host9"], store=tmp_path)


@pytest.mark.parametrize("on_disk", [False, True])
def test_a_snapshot_goes_on_elsewhere_with_its_history(tmp_path, on_disk):
    store = tmp_path / "first" if on_disk else None
    with Cluster(2, store=store) as cluster:
        cluster.apply(deployment())
        cluster.run()
        cluster.snapshot(tmp_path / "backup.db")
        history = cluster.history_hash
    with Cluster.restore(tmp_path / "backup.db", tmp_path / "second") as cluster:
        assert cluster.history_hash == history
        assert available(cluster) == 3
        cluster.scale("deployment", "web", 1)
        cluster.run()
        assert len(cells(cluster)) == 1


def test_a_snapshot_goes_on_under_another_policy(tmp_path):
    with Cluster(1) as cluster:
        cluster.snapshot(tmp_path / "backup.db")
    with pytest.raises(InputError, match="bets-fit"):
        Cluster.restore(tmp_path / "backup.db", tmp_path / "second", policy="bets-fit")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"nodes": ["host1", "host1"]}, "two machines have the name host1"),
        ({"nodes": -1}, "-1 is no number of nodes"),
        ({"nodes": "abc"}, 'nodes are a number or a list of names, not "abc"'),
        ({"clock": "wal"}, 'clock is "virtual", "wall", a speed or a Clock, not "wal"'),
        ({"network": "calico"}, "network is one of builtin, flannel, none, not calico"),
    ],
)
def test_a_cluster_that_cannot_be_is_refused(options, why):
    with Store() as store:
        with pytest.raises(InputError) as error:
            Cluster(store=store, **options)
        assert str(error.value) == why
        assert store.revision == 1


def test_a_cluster_on_the_wall_clock_waits_as_long_as_things_take():
    quick = Behavior(pull_seconds=0.1, start_seconds=0.1)
    with Cluster(1, clock="wall", default_behavior=quick) as cluster:
        cluster.apply(deployment())
        began = cluster.now
        assert cluster.run(until=lambda: available(cluster) == 3, seconds=30)
        assert cluster.now - began >= timedelta(seconds=0.2)


@pytest.mark.parametrize(("policy", "node_count"), [("default", 2), ("best-fit", 1)])
def test_the_scheduler_follows_a_policy(policy, node_count):
    obj = deployment(replicas=4)
    resources = {"requests": {"cpu": "100m", "memory": "100Mi"}}
    obj["spec"]["template"]["spec"]["containers"][0]["resources"] = resources
    with Cluster(2, policy=policy) as cluster:
        cluster.run()
        cluster.apply(obj)
        cluster.run()
        assert len({pod["spec"]["nodeName"] for pod in cluster.list("pods")}) == node_count
    with pytest.raises(InputError, match="bets-fit"):
        Cluster(2, policy="bets-fit")
