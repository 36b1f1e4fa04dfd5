"""What pods of some classes could use of the nodes, from scratch."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from _pykube_hotcore.native import Survey
from _pykube_hotcore.slow.state import View


def usable_amounts(feasible: Sequence[Sequence[View]], survey: Survey) -> NDArray[np.int64]:
    """Return how much is free of each resource where a pod of each class fits.

    Parameters
    ----------
    feasible
        By class of the survey, the nodes that such a pod fits.
    survey
        Classes and resources.
    """
    usable = np.zeros((len(survey.classes), len(survey.resources)), np.int64)
    for k, views in enumerate(feasible):
        for r, resource in enumerate(survey.resources.tolist()):
            free = (view.allocatable(resource) - view.requested(resource) for view in views)
            # Sums wrap as those of NumPy do.
            total = sum(max(amount, 0) for amount in free) % 2**64
            usable[k, r] = total - 2**64 if total >= 2**63 else total
    return usable
