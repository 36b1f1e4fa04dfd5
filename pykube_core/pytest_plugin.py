"""Fixtures for pytest, found by its entry point: `pykube_cluster` and `pykube_server`.

Both take the options of `pykube_core.cluster.cluster.Cluster` from a marker::

    @pytest.mark.pykube(nodes=3)
    def test_a_deployment_runs(pykube_cluster):
        pykube_cluster.apply("deployment.yaml")
        assert pykube_cluster.run()
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pykube_core.cluster.cluster import Cluster
    from pykube_core.testing import ServedCluster


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line("markers", "pykube(**options): options of the fixtures' cluster")


@pytest.fixture
def pykube_cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Return a fresh cluster in this process, on a virtual clock, with one node by default."""
    from pykube_core.cluster.cluster import Cluster

    marker = request.node.get_closest_marker("pykube")
    options: dict[str, Any] = {"nodes": 1} | (dict(marker.kwargs) if marker is not None else {})
    with Cluster(**options) as cluster:
        yield cluster


@pytest.fixture
def pykube_server(pykube_cluster: Cluster, tmp_path: Path) -> Iterator[ServedCluster]:
    """Return a fresh cluster behind a port, with a kubeconfig for its clients."""
    from pykube_core.testing import serve

    with serve(pykube_cluster, tmp_path) as served:
        yield served
