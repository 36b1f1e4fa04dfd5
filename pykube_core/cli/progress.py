"""A progress bar for long work, drawn on stderr when a person is looking."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TextIO

WIDTH = 30
# Ten frames a second are smooth to the eye and cost nothing beside the work.
FRAME_SECONDS = 0.1


class Progress:
    """A bar with a share done, redrawn in place; silent when the stream is not a terminal.

    Parameters
    ----------
    label
        The work that is under way.
    stream
        Where to draw; stderr by default.
    """

    def __init__(self, label: str, stream: TextIO | None = None) -> None:
        self._label = label
        self._stream = sys.stderr if stream is None else stream
        self._shown = self._stream.isatty()
        self._drawn_at = 0.0

    def __enter__(self) -> Progress:
        self(0, 1)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    @property
    def shown(self) -> bool:
        """Whether anything is drawn at all."""
        return self._shown

    @property
    def is_due(self) -> bool:
        """Whether the next call draws: ask where it costs something to know what is done."""
        return self._shown and time.monotonic() - self._drawn_at >= FRAME_SECONDS

    def __call__(self, done: int, total: int) -> None:
        """Show ``done`` of ``total`` units, at most ten times a second."""
        if not self.is_due:
            return
        self._drawn_at = time.monotonic()
        share = min(1.0, done / max(1, total))
        filled = round(share * WIDTH)
        bar = "━" * filled + "╌" * (WIDTH - filled)
        self._stream.write(f"\r\x1b[K{self._label} {bar} {share:4.0%}")
        self._stream.flush()
