"""BestFit, WorstFit and DotProduct; formulas are in ``pykube_core.scheduler.policies.base``."""

from typing import ClassVar

from _pykube_hotcore.program import Plugin
from pykube_core.scheduler.plugins.base import SchedulerPlugin


class BestFit(SchedulerPlugin):
    """Favours nodes that have least left."""

    name: ClassVar = "BestFit"
    code: ClassVar = Plugin.BEST_FIT


class WorstFit(SchedulerPlugin):
    """Favours nodes that have most left."""

    name: ClassVar = "WorstFit"
    code: ClassVar = Plugin.WORST_FIT


class DotProduct(SchedulerPlugin):
    """Favours nodes whose free vector and the request have a small dot product."""

    name: ClassVar = "DotProduct"
    code: ClassVar = Plugin.DOT_PRODUCT


PLUGINS = (BestFit(), WorstFit(), DotProduct())
