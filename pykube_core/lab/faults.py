"""Errors of a policy of the user's own, said in one line."""

from __future__ import annotations

import re

from _pykube_hotcore.native import NativeError
from pykube_core.api.errors import InputError
from pykube_core.scheduler.policies import Policy


def own_fault(chosen: Policy, error: Exception) -> InputError | None:
    """Return what is wrong with the user's function, None when it is not to blame.

    Parameters
    ----------
    chosen
        The policy that was running.
    error
        What was raised: by Numba while it compiled the function, or by the engine at a score that
        is not a finite number.
    """
    if chosen.function is None:
        return None
    if isinstance(error, NativeError) and "score" in str(error):
        return InputError("returned a score that is not a finite number", source=chosen.name)
    # Numba is loaded already where a function was compiled, and takes long where none was.
    from numba.core.errors import NumbaError

    if not isinstance(error, NumbaError):
        return None
    text = str(error)
    reasons = [line for line in text.splitlines() if line and not line.startswith("Failed in")]
    where = re.search(r'^File "[^"<]+", line (\d+)', text, re.MULTILINE)
    place = f"line {where[1]}" if where else ""
    reason = f"cannot be compiled: {reasons[0] if reasons else text}"
    return InputError(reason, source=chosen.name, object=place)
