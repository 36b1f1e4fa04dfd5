"""Traces: each published format is a module with its ``FILES``, and a line here."""

from __future__ import annotations

from typing import Final

from pykube_core.workloads.traces import openb
from pykube_core.workloads.traces.trace import TraceFile

__all__ = ["TRACE_FILES", "trace_file"]

TRACE_FILES: Final[tuple[TraceFile, ...]] = (*openb.FILES,)
_START_BYTES: Final = 4096


def trace_file(data: bytes) -> TraceFile | None:
    """Return the kind of file of a trace that data are, None where no trace knows them."""
    start = data[:_START_BYTES].lstrip()
    return next((each for each in TRACE_FILES if each.recognises(start)), None)
