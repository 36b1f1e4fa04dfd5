"""A policy of one's own: pods that need no GPU keep off GPU nodes, and nodes fill up one by one.

    pykube compare --snapshot cluster.json --policy default --policy gpus_last.py:score

The function below is called for every node that a pod fits on, compiled by Numba; the highest
score wins. Fields are integers: millicores, bytes, counts.
"""

from typing import Any

import pykube_core as pk


@pk.policy(resources={"gpu": "nvidia.com/gpu"})
def score(node: Any, pod: Any) -> Any:  # noqa: ANN401
    """Return the share of cpu and memory in use, less 10 where GPUs would be in the way."""
    packed = (
        1 - node.free_cpu / node.allocatable_cpu + 1 - node.free_memory / node.allocatable_memory
    )
    if pod.gpu == 0 and node.allocatable_gpu > 0:
        return packed - 10
    return packed
