"""A whole Kubernetes in one Python process, with kube-scheduler's own decisions.

>>> import pykube_core as pk
>>> workload = pk.synthetic(nodes=50, pods=200)
>>> result = pk.compare(workload, ["default", "most-allocated"])

Names load when they are first used, so importing the package costs nothing.
"""

from __future__ import annotations

import importlib

# Not typing's: that module takes longer to import than all else of a command's first steps.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from pykube_core.api.machinery.errors import InputError
    from pykube_core.api.machinery.status import StatusError
    from pykube_core.cluster.cluster import Cluster
    from pykube_core.experiments.explain import explain
    from pykube_core.node.registration import Machine
    from pykube_core.node.runtime import Behavior
    from pykube_core.reports.comparison import Comparison, compare
    from pykube_core.scheduler.cycle.explain import Explanation
    from pykube_core.scheduler.placer.scheduler import Scheduler
    from pykube_core.scheduler.policies import Policy
    from pykube_core.scheduler.policies.user_policy import UserPolicy, policy
    from pykube_core.store import Store
    from pykube_core.workloads.model import PodTable, Workload
    from pykube_core.workloads.read import read_workload
    from pykube_core.workloads.synthetic import synthetic
    from pykube_core.workloads.write import write_snapshot

__version__ = "0.1.0"

__all__ = [
    "Behavior",
    "Cluster",
    "Comparison",
    "Explanation",
    "InputError",
    "Machine",
    "PodTable",
    "Policy",
    "Scheduler",
    "StatusError",
    "Store",
    "UserPolicy",
    "Workload",
    "compare",
    "explain",
    "policy",
    "read_workload",
    "synthetic",
    "write_snapshot",
]

_MODULES = {
    "Behavior": "node.runtime",
    "Cluster": "cluster.cluster",
    "Comparison": "reports.comparison",
    "Explanation": "scheduler.cycle.explain",
    "InputError": "api.machinery.errors",
    "Machine": "node.registration",
    "PodTable": "workloads.model",
    "Policy": "scheduler.policies",
    "Scheduler": "scheduler.placer.scheduler",
    "StatusError": "api.machinery.status",
    "Store": "store",
    "UserPolicy": "scheduler.policies.user_policy",
    "Workload": "workloads.model",
    "compare": "reports.comparison",
    "explain": "experiments.explain",
    "policy": "scheduler.policies.user_policy",
    "read_workload": "workloads.read",
    "synthetic": "workloads.synthetic",
    "write_snapshot": "workloads.write",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first used (PEP 562)."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names, loaded or not."""
    return sorted({*__all__, *globals()})
