"""Equal amounts in another notation, and who of the controllers takes them for a change."""

import pytest

import pykube_core as pk


def workload(kind, memory):
    resources = {"requests": {"memory": memory}}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "c", "image": "i", "resources": resources}]},
            },
        },
    }


@pytest.fixture(params=["Deployment", "DaemonSet"])
def kind(request):
    return request.param


@pytest.fixture
def pods_after(kind):
    def apply(*notations):
        with pk.Cluster(nodes=2, seed=1) as cluster:
            seen = []
            for memory in notations:
                cluster.apply(workload(kind, memory))
                cluster.run()
                seen.append({pod["metadata"]["uid"] for pod in cluster.list("pods", "default")})
            return seen

    return apply


def test_notations_that_are_stored_alike_replace_no_pods(pods_after):
    first, *others = pods_after("1536Mi", "1.5Gi")
    assert others == [first]


def test_a_family_of_units_is_a_change_to_daemon_sets_alone(kind, pods_after):
    # Upstream's daemon sets compare the bytes of their revisions (daemon/update.go, Match), in
    # which a quantity has its family of units; deployments compare amounts.
    first, second = pods_after("1536Mi", "1610612736")
    assert first.isdisjoint(second) if kind == "DaemonSet" else first == second
