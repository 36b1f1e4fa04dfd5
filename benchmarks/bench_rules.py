"""Pods a second by the rule that they carry: spread, affinity, preferences, on the default profile.

python -m pytest benchmarks/bench_rules.py --benchmark-enable --benchmark-only
"""

import numpy as np
import pytest
from measure import digest, machine

from pykube_core.scheduler.placer.scheduler import Scheduler
from pykube_core.scheduler.policies import policy

NODE_COUNTS = (500, 5_000)
PODS = {500: 200, 5_000: 2_000}
ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
APP = {"matchLabels": {"app": "a"}}
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def spread(when: str) -> dict:
    """Return constraints over zones with skew 1 and over hosts with skew 5."""
    skews = ((ZONE, 1), (HOST, 5))
    return {
        "topologySpreadConstraints": [
            {"topologyKey": k, "maxSkew": s, "whenUnsatisfiable": when, "labelSelector": APP}
            for k, s in skews
        ]
    }


def near(kind: str, key: str, *, preferred: bool) -> dict:
    """Return affinity to pods of the same app in a domain, or anti-affinity."""
    term = {"labelSelector": APP, "topologyKey": key}
    terms = [{"weight": 1, "podAffinityTerm": term}] if preferred else [term]
    return {"affinity": {kind: {PREFERRED if preferred else REQUIRED: terms}}}


RULES = {
    "none": {},
    "hard spread": spread("DoNotSchedule"),
    "soft spread": spread("ScheduleAnyway"),
    "affinity": near("podAffinity", ZONE, preferred=False),
    "anti-affinity": near("podAntiAffinity", HOST, preferred=False),
    "preferred affinity": near("podAffinity", HOST, preferred=True),
    "preferred anti-affinity": near("podAntiAffinity", HOST, preferred=True),
}
HASHES = {
    (500, "none"): "9ad11d55594a6a09",
    (500, "hard spread"): "9ad11d55594a6a09",
    (500, "soft spread"): "9ad11d55594a6a09",
    (500, "affinity"): "d97f951e8ce858f3",
    (500, "anti-affinity"): "9ad11d55594a6a09",
    (500, "preferred affinity"): "f57749c80f3189a7",
    (500, "preferred anti-affinity"): "9ad11d55594a6a09",
    (5_000, "none"): "ea563678d79e0902",
    (5_000, "hard spread"): "ea563678d79e0902",
    (5_000, "soft spread"): "ea563678d79e0902",
    (5_000, "affinity"): "f3b512b2be7a5c12",
    (5_000, "anti-affinity"): "ea563678d79e0902",
    (5_000, "preferred affinity"): "3d9f17d0597d13e7",
    (5_000, "preferred anti-affinity"): "ea563678d79e0902",
}


def nodes(count: int) -> list[dict]:
    """Nodes as kube-scheduler's own benchmark has them, in three zones."""
    return [
        {
            "metadata": {"name": f"n{i}", "labels": {HOST: f"n{i}", ZONE: f"z{i % 3}"}},
            "status": {"allocatable": {"cpu": "4", "memory": "32Gi", "pods": "110"}},
        }
        for i in range(count)
    ]


def pod(rule: dict) -> dict:
    """Return a pod of app a that asks for 100m and 500Mi."""
    asked = {"requests": {"cpu": "100m", "memory": "500Mi"}}
    container = {"name": "pause", "image": "pause", "resources": asked}
    return {
        "metadata": {"namespace": "default", "labels": {"app": "a"}},
        "spec": {"containers": [container], **rule},
    }


@pytest.mark.parametrize("rule", RULES)
def bench_place_pods_with_rule(benchmark, report, rule, node_count):
    """One class of pods after another on empty nodes."""
    count = PODS[node_count]
    with Scheduler(nodes(node_count), policy("default")) as scheduler:
        classes = np.repeat(scheduler.compile([pod(RULES[rule])]), count)
        rows, handles = scheduler.place(classes)
        assert digest(rows) == HASHES[node_count, rule]
        scheduler.remove(handles[handles >= 0])

        def place() -> None:
            _, placed = scheduler.place(classes)
            scheduler.remove(placed[placed >= 0])

        benchmark(place)
        if benchmark.enabled:
            speed = count / benchmark.stats.stats.min
            text = f"{rule:24} {count:6,} pods on {node_count:5,} nodes: {speed:12,.0f} pods/s."
            report(text, machine=machine(), pods_per_s=speed)
