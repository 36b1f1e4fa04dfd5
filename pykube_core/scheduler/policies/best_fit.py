"""``best-fit``: the node that has least left once the pod is on it.

Score: ``int(100 * (1 - mean((free - request) / max)))`` over the resources that the pod asks for;
see :mod:`pykube_core.scheduler.policies.base` for the terms and the source.
"""

from typing import Final

from pykube_core.scheduler.policies.base import Policy, score_only_profile

POLICY: Final = Policy(
    name="best-fit",
    description="the node with the least left after the pod",
    profile=score_only_profile("BestFit"),
)
