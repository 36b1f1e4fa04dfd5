"""``default``: the default profile of kube-scheduler v1.34."""

from typing import Final

from pykube_core.scheduler.config import profile_from_dict
from pykube_core.scheduler.policies.base import Policy

POLICY: Final = Policy(
    name="default",
    description="kube-scheduler's default profile: spreads, with LeastAllocated",
    profile=profile_from_dict(None),
)
