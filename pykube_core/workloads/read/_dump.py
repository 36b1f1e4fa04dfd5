"""The text that ``kubectl cluster-info dump`` writes between its lists: the logs of containers.

Source: ``k8s.io/kubectl`` v0.34.1, ``pkg/cmd/clusterinfo/clusterinfo_dump.go``.
"""

from __future__ import annotations

from typing import Final

_START: Final = b"==== START logs for container "
_END: Final = b"==== END logs for container "
_CLOSE: Final = b" ====\n"


def without_logs(data: bytes) -> bytes:
    """Return a dump without logs: their line breaks stay, so that lines keep their numbers.

    A log that has no end, as of a dump that was broken off, is left out up to the end of the data.
    """
    pieces: list[bytes] = []
    at = 0
    while True:
        start = _line_start(data, at)
        if start < 0:
            break
        close = data.find(_CLOSE, start)
        if close < 0:
            break
        name = data[start + len(_START) : close]
        # A log need not end with a line break, so its end may stand anywhere.
        end_line = _END + name + _CLOSE
        end = data.find(end_line, close)
        stop = len(data) if end < 0 else end + len(end_line)
        pieces += [data[at:start], b"\n" * data.count(b"\n", start, stop)]
        at = stop
    return b"".join([*pieces, data[at:]]) if pieces else data


def _line_start(data: bytes, at: int) -> int:
    """Return where the next line begins that starts a log, -1 if there is none."""
    while True:
        start = data.find(_START, at)
        if start <= 0 or data[start - 1 : start] == b"\n":
            return start
        at = start + 1
