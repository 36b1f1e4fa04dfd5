import pytest

from pykube_core.api.core import PODS
from pykube_core.api.machinery.status import StatusError
from pykube_core.apiserver.registry.deletion import DeleteOptions
from pykube_core.apiserver.registry.eviction import evict
from tests.unit.apiserver.manifests import pod


def test_a_pod_that_waits_is_told_and_deleted(server, clock):
    server.create(PODS, pod(), "default")
    evict(server, "p", "default", DeleteOptions(), "", clock())
    with pytest.raises(StatusError, match="not found"):
        server.get(PODS, "p", "default")


def test_a_pod_on_a_node_keeps_its_grace(server, clock):
    server.create(PODS, pod(), "default")
    server.bind("p", "default", "n1")
    evict(server, "p", "default", DeleteOptions(), "", clock())
    held = server.get(PODS, "p", "default").decode()
    assert held["metadata"]["deletionGracePeriodSeconds"] == 30
    conditions = {each["type"]: each for each in held["status"]["conditions"]}
    assert conditions["DisruptionTarget"]["reason"] == "EvictionByEvictionAPI"


def test_a_dry_run_and_a_precondition_that_fails_write_nothing(server, clock):
    server.create(PODS, pod(), "default")
    before = server.revision
    evict(server, "p", "default", DeleteOptions(dry_run=True), "", clock())
    with pytest.raises(StatusError, match="the UID in the precondition"):
        evict(server, "p", "default", DeleteOptions(), "another", clock())
    with pytest.raises(StatusError, match="the ResourceVersion in the precondition"):
        evict(server, "p", "default", DeleteOptions(resource_version="1"), "", clock())
    assert server.revision == before
