"""``random``: any node that fits, each with the same probability.

The score plugin Random gives every node the same score and asks for a uniform choice among the
nodes of the maximum, whatever the tie-break; the choice comes from the seed of the run.
"""

from typing import Final

from pykube_core.scheduler.policies.base import Policy, score_only_profile

POLICY: Final = Policy(
    name="random",
    description="any node that fits, uniformly",
    profile=score_only_profile("Random"),
)
