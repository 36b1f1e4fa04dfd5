"""Small clusters for tests."""

import numpy as np

from pykube_core.experiments.simulate import Settings, simulate
from pykube_core.scheduler.placer.scheduler import Scheduler
from pykube_core.scheduler.policies import policy
from pykube_core.workloads.model import PodTable, Workload

SECOND = 10**9


def node(name, cpu="4", **extended):
    allocatable = {"cpu": cpu, "memory": "32Gi", "pods": "110", **extended}
    return {"metadata": {"name": name}, "status": {"allocatable": allocatable}}


def template(cpu, priority=None, **requests):
    spec = {
        "containers": [
            {"name": "main", "resources": {"requests": {"cpu": cpu, "memory": "1Gi", **requests}}}
        ]
    }
    if priority is not None:
        spec["priority"] = priority
    return {"metadata": {"namespace": "default"}, "spec": spec}


def workload(nodes, templates, pods, objects=None):
    """Make a workload of pods (template, created, deleted or None[, node, pinned]) in seconds."""
    rows = [(*pod, -1, False)[:5] for pod in pods]
    table = PodTable(
        names=[f"default/pod-{i}" for i in range(len(rows))],
        templates=templates,
        template=np.array([row[0] for row in rows], dtype=np.int32),
        created_ns=np.array([row[1] * SECOND for row in rows], dtype=np.int64),
        deleted_ns=np.array(
            [-1 if row[2] is None else row[2] * SECOND for row in rows], dtype=np.int64
        ),
        node=np.array([row[3] for row in rows], dtype=np.int32),
        pinned=np.array([row[4] for row in rows], dtype=np.bool_),
    )
    return Workload(nodes, table, "test", objects or {})


def run(work, name="default", seed=0, observe=None, **settings):
    """Simulate and return the outcome."""
    with Scheduler(work.nodes, policy(name), tie_break="first", seed=seed) as scheduler:
        return simulate(work, scheduler, seed=seed, settings=Settings(**settings), observe=observe)
