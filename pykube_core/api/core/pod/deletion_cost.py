"""The cost of a pod's deletion, as its annotation says.

Source: ``k8s.io/kubernetes/pkg/apis/core/helper/helpers.go`` (GetDeletionCostFromPodAnnotations)
v1.34.1.
"""

from __future__ import annotations

import re
from typing import Final

DELETION_COST: Final = "controller.kubernetes.io/pod-deletion-cost"

# Neither a plus nor zeros in front; of negative numbers upstream looks at the sign alone.
_COST_RE: Final = re.compile("0|[1-9][0-9]*|-[0-9]+", re.ASCII)
_DIGITS_MAX: Final = 4000
_LIMIT: Final = 1 << 31


def read_deletion_cost(text: str) -> int | None:
    """Return the cost that a text says; None when it is no integer of 32 bits.

    Examples
    --------
    >>> [read_deletion_cost(text) for text in ("-7", "+7", "007", "2147483648")]
    [-7, None, None, None]
    """
    if len(text) > _DIGITS_MAX or not _COST_RE.fullmatch(text):
        return None
    cost = int(text)
    return cost if -_LIMIT <= cost < _LIMIT else None
