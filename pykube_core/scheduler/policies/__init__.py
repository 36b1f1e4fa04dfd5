"""Named policies: what a scheduler prefers, chosen by a name or read from a file."""

from pykube_core.scheduler.policies.base import OWN_PLUGINS, Policy, PolicyFunction
from pykube_core.scheduler.policies.registry import POLICIES, policy

__all__ = ["OWN_PLUGINS", "POLICIES", "Policy", "PolicyFunction", "policy"]
