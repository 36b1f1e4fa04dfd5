"""``most-allocated``: the default profile with the strategy MostAllocated.

NodeResourcesFit then scores ``requested * 100 / allocatable`` for cpu and memory, so that full
nodes come first; the other score plugins stay, NodeResourcesBalancedAllocation among them.
"""

from typing import Final

from pykube_core.scheduler.config import profile_from_dict
from pykube_core.scheduler.policies.base import Policy

POLICY: Final = Policy(
    name="most-allocated",
    description="the default profile with NodeResourcesFit packing by MostAllocated",
    profile=profile_from_dict(
        {
            "pluginConfig": [
                {
                    "name": "NodeResourcesFit",
                    "args": {"scoringStrategy": {"type": "MostAllocated"}},
                }
            ]
        }
    ),
)
