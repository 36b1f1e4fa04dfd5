"""Pods and nodes of absurd size neither crash nor hang."""

import numpy as np
import pytest

from pykube_core.scheduler.placer.scheduler import Scheduler
from pykube_core.scheduler.policies import policy

HOST = "kubernetes.io/hostname"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
SAME = {"matchLabels": {"app": "a"}}


def place(spec, labels=None, nodes=300, node_labels=0):
    cluster = [
        {
            "metadata": {
                "name": f"n{i}",
                "labels": {HOST: f"n{i}", **{f"l{j}": "v" for j in range(node_labels)}},
            },
            "status": {"allocatable": {"cpu": str(2**63 - 1), "memory": "1Ei", "pods": "110"}},
        }
        for i in range(nodes)
    ]
    container = {"name": "c", "resources": {"requests": {"cpu": "1"}}}
    pod = {
        "metadata": {"namespace": "default", "labels": labels or {}},
        "spec": {"containers": [container], **spec},
    }
    with Scheduler(cluster, policy("default")) as scheduler:
        rows, _ = scheduler.place(np.repeat(scheduler.compile([pod]), 3))
        scheduler.validate()
        return rows


def terms(count):
    return [{"labelSelector": SAME, "topologyKey": f"k{i}"} for i in range(count)]


@pytest.mark.parametrize(
    ("spec", "fits"),
    [
        (
            {
                "topologySpreadConstraints": [
                    {
                        "topologyKey": f"k{i}",
                        "maxSkew": 1,
                        "whenUnsatisfiable": "ScheduleAnyway",
                        "labelSelector": SAME,
                    }
                    for i in range(2000)
                ]
            },
            True,
        ),
        ({"affinity": {"podAffinity": {REQUIRED: terms(2000)}}}, False),
        ({"affinity": {"podAntiAffinity": {REQUIRED: terms(2000)}}}, True),
        ({"tolerations": [{"key": f"t{i}", "operator": "Exists"} for i in range(10000)]}, True),
        ({"nodeSelector": {f"k{i}": "v" for i in range(10000)}}, False),
    ],
    ids=["constraints", "affinity", "anti-affinity", "tolerations", "selector"],
)
def test_thousands_of_terms(spec, fits):
    assert (place(spec) >= 0).all() == fits


def test_thousands_of_labels():
    labels = {f"l{i}": "v" for i in range(5000)}
    assert (place({"nodeSelector": labels}, labels, nodes=20, node_labels=5000) >= 0).all()


def test_requests_at_the_limit_of_int64():
    limit = {"requests": {"cpu": str(2**63 - 1), "memory": "8Ei"}}
    assert (place({"containers": [{"name": "c", "resources": limit}]}) == -1).all()
