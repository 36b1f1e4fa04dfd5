"""A cluster whose state is in a real etcd, and one that takes it over."""

from datetime import datetime

import pytest
from etcd_process import ETCD, cluster

from pykube_core import Cluster

pytest.importorskip("grpc")

WEB = """
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {
  replicas: 3, selector: {matchLabels: {app: web}}, template: {
    metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: httpd}]}}}}
"""


@pytest.mark.skipif(ETCD is None, reason="etcd is not installed (Debian: etcd-server)")
def test_a_cluster_lives_in_etcd_and_the_next_process_goes_on(tmp_path):
    def available(made):
        return made.get("deployment", "web").get("status", {}).get("availableReplicas", 0)

    with cluster(tmp_path, 1) as (ports, _):
        store = f"etcd://127.0.0.1:{ports[0]}"
        with Cluster(["host1"], master="ken", store=store) as made:
            made.apply(WEB)
            assert made.run()
            assert available(made) == 3
            started = made.list("pods", "default")[0]["status"]["startTime"]
        with Cluster(store=store) as made:
            assert made.now >= datetime.fromisoformat(started)
            assert made.settings.master == "ken"
            made.scale("deployment", "web", 5)
            assert made.run()
            assert available(made) == 5
