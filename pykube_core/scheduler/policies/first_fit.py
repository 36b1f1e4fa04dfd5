"""``first-fit``: the first node that fits.

The profile has no score plugin. kube-scheduler then stops its search at the first node that it
finds; under the tie-break ``first`` that is the first node in the list.
"""

from typing import Final

from pykube_core.scheduler.policies.base import Policy, score_only_profile

POLICY: Final = Policy(
    name="first-fit",
    description="the first node that fits; nothing is scored",
    profile=score_only_profile(None),
)
