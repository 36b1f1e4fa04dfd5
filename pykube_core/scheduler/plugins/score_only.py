"""NodeResourcesBalancedAllocation and Random: they read only what NodeResourcesFit compiles.

Source: kubernetes v1.34.1, plugins/noderesources/balanced_allocation.go.
"""

from typing import ClassVar

from _pykube_hotcore.program import Plugin
from pykube_core.scheduler.plugins.base import SchedulerPlugin


class NodeResourcesBalancedAllocation(SchedulerPlugin):
    """Favours nodes whose resources are used alike."""

    name: ClassVar = "NodeResourcesBalancedAllocation"
    code: ClassVar = Plugin.BALANCED_ALLOCATION


class Random(SchedulerPlugin):
    """Makes the choice among the nodes of the maximal score uniform."""

    name: ClassVar = "Random"
    code: ClassVar = Plugin.RANDOM


PLUGINS = (NodeResourcesBalancedAllocation(), Random())
