"""Errors of a policy of the user's own while it runs, said in one line."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import Any, Final

from _pykube_hotcore.native import NativeError
from pykube_core.api.machinery.errors import InputError
from pykube_core.scheduler.policies import Policy

_KERNEL: Final = "numba.core.cpu.CPUContext"


def own_fault(chosen: Policy, error: Exception, raised: BaseException | None) -> InputError | None:
    """Return what is wrong with the user's function, None when it is not to blame.

    Parameters
    ----------
    chosen
        The policy that was running.
    error
        The error that the engine raised at a score that is not a finite number.
    raised
        The error that the function raised, if it did: see `RaisedInKernel`.
    """
    if chosen.function is None or not isinstance(error, NativeError) or "score" not in str(error):
        return None
    if raised is None:
        return InputError("returned a score that is not a finite number", source=chosen.source)
    if str(raised).endswith("got None"):
        return InputError("returned nothing for a node, and not a number", source=chosen.source)
    reason = f"raised {type(raised).__name__}: {raised}".rstrip(": ")
    return InputError(reason, source=chosen.source)


class RaisedInKernel:
    """Catches what a compiled function raises: Numba hands it to ``sys.unraisablehook`` alone.

    Attributes
    ----------
    error : BaseException or None
        The first that was raised in this thread.
    """

    _lock = threading.Lock()
    _open: dict[int, RaisedInKernel] = {}  # noqa: RUF012
    _previous: Any = None

    def __init__(self) -> None:
        self.error: BaseException | None = None

    def __enter__(self) -> RaisedInKernel:
        kind = type(self)
        with self._lock:
            if not kind._open:
                kind._previous = sys.unraisablehook
                sys.unraisablehook = kind._hook
            kind._open[threading.get_ident()] = self
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        catcher = type(self)
        with self._lock:
            del catcher._open[threading.get_ident()]
            if not catcher._open:
                sys.unraisablehook = catcher._previous

    @classmethod
    def _hook(cls, unraisable: Any) -> None:  # noqa: ANN401
        catcher = cls._open.get(threading.get_ident())
        if catcher is None or _KERNEL not in str(unraisable.object):
            cls._previous(unraisable)
        elif catcher.error is None:
            catcher.error = unraisable.exc_value
