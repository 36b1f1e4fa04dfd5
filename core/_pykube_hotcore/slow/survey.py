"""Surveys from scratch: resources that are taken, and those that pods could use."""

from collections.abc import Iterable, Sequence

from _pykube_hotcore.native import Survey
from _pykube_hotcore.slow.state import View


def answer(survey: Survey, views: Sequence[View], feasible: Sequence[Sequence[View]]) -> None:
    """Answer a survey.

    Parameters
    ----------
    survey
        Gets the answer.
    views
        Every row.
    feasible
        By class of the survey, the nodes that such a pod fits.
    """
    survey.begin(len(views))
    survey.pod_count[:] = [len(view.pods) for view in views]
    for r, resource in enumerate(survey.resources.tolist()):
        survey.requested[:, r] = requested = [view.requested(resource) for view in views]
        survey.requested_total[r] = _wrapped(requested)
        survey.free_total[r] = _wrapped(_free(view, resource) for view in views)
        for k, some in enumerate(feasible):
            survey.usable[k, r] = _wrapped(_free(view, resource) for view in some)


def _free(view: View, resource: int) -> int:
    return max(view.allocatable(resource) - view.requested(resource), 0)


def _wrapped(amounts: Iterable[int]) -> int:
    """Return a sum as NumPy has it: within int64, and beyond its end from the beginning."""
    total = sum(amounts) % 2**64
    return total - 2**64 if total >= 2**63 else total
