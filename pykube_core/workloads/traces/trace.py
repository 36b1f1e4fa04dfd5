"""A file of a published trace: how it is recognised, and its reader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.workloads.collector import TableBuilder


@dataclass(frozen=True, slots=True)
class TraceFile:
    """One kind of file of a trace; each module of a trace declares its own as ``FILES``.

    Attributes
    ----------
    name
        The trace and the kind of file, such as ``openb pods``.
    recognises
        Says of the first kilobytes of a file, without leading space, whether it is one.
    read
        Adds the nodes and pods of a file; takes its name for messages, its bytes, the nodes and the
        table of pods. It raises `InputError` with the line of whatever is wrong.
    dated
        Whether its pods have times that count from the start of the trace.
    filters
        Filter plugins that its pods ask for, whatever the policy.
    """

    name: str
    recognises: Callable[[bytes], bool]
    read: Callable[[str, bytes, list[KubeObject], TableBuilder], None]
    dated: bool = False
    filters: tuple[str, ...] = ()
