"""``dot-product``: the node whose free resources are least along those that the pod asks for.

Score: ``int(100 * (1 - mean((free / max) * (request / max))))`` over the resources that the pod
asks for; see :mod:`pykube_core.scheduler.policies.base` for the terms and the source. Tetris
(SIGCOMM 2014), where the product comes from, prefers a large one; the simulator a small one.
"""

from typing import Final

from pykube_core.scheduler.policies.base import Policy, score_only_profile

POLICY: Final = Policy(
    name="dot-product",
    description="the node with the smallest product of free and requested resources",
    profile=score_only_profile("DotProduct"),
)
