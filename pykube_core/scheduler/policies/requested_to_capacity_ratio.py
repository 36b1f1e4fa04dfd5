"""``requested-to-capacity-ratio``: the default profile with a curve for bin packing.

NodeResourcesFit scores cpu and memory by the curve from 0 at 0 % utilization to 10 at 100 %, as the
page "Resource Bin Packing" of Kubernetes' documentation has it.
"""

from typing import Final

from pykube_core.scheduler.config import profile_from_dict
from pykube_core.scheduler.policies.base import Policy

POLICY: Final = Policy(
    name="requested-to-capacity-ratio",
    description="the default profile with NodeResourcesFit packing by RequestedToCapacityRatio",
    profile=profile_from_dict(
        {
            "pluginConfig": [
                {
                    "name": "NodeResourcesFit",
                    "args": {
                        "scoringStrategy": {
                            "type": "RequestedToCapacityRatio",
                            "requestedToCapacityRatio": {
                                "shape": [
                                    {"utilization": 0, "score": 0},
                                    {"utilization": 100, "score": 10},
                                ]
                            },
                        }
                    },
                }
            ]
        }
    ),
)
