"""Where components have their time from."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Literal, Protocol

from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.times import NANO


class Clock(Protocol):
    """Nanoseconds since the epoch, and a way to let them pass."""

    def __call__(self) -> int:
        """Return the time."""

    def pass_until(self, time_ns: int, wait: Callable[[float], bool]) -> None:
        """Let time pass until ``time_ns``, or less when ``wait``, of seconds, says that it ended.

        A time in the past passes at once.
        """

    def seconds_until(self, time_ns: int) -> float:
        """Return for how long the machine has to wait until ``time_ns``; 0 for the past."""


class VirtualClock:
    """A clock that stands until it is told to move: a simulated day takes no time.

    >>> clock = VirtualClock(0)
    >>> clock.pass_until(5, lambda seconds: False)
    >>> clock()
    5
    """

    def __init__(self, start_ns: int) -> None:
        self._now_ns = start_ns

    def __call__(self) -> int:
        """Return the time."""
        return self._now_ns

    def pass_until(self, time_ns: int, wait: Callable[[float], bool]) -> None:
        """Move to ``time_ns`` at once."""
        self._now_ns = max(self._now_ns, time_ns)

    def seconds_until(self, time_ns: int) -> float:
        """Return 0: no time has to pass."""
        return 0.0


class WallClock:
    """The machine's clock.

    Parameters
    ----------
    not_before_ns : int
        Where the machine is behind this time when the clock is made, it runs ahead of the machine
        by what is missing.
    """

    def __init__(self, *, not_before_ns: int = 0) -> None:
        self._ahead_ns = max(0, not_before_ns - time.time_ns())

    def __call__(self) -> int:
        """Return the time."""
        return time.time_ns() + self._ahead_ns

    def pass_until(self, time_ns: int, wait: Callable[[float], bool]) -> None:
        """Wait until ``time_ns``, or until ``wait`` is woken."""
        if seconds := self.seconds_until(time_ns):
            wait(seconds)

    def seconds_until(self, time_ns: int) -> float:
        """Return for how long the machine has to wait until ``time_ns``; 0 for the past."""
        return max(time_ns - self(), 0) / NANO


class ScaledClock:
    """A clock that runs some times as fast as the machine's, from a time on.

    Parameters
    ----------
    start_ns : int
        The time when it is made.
    speed : float
        60 lets an hour pass in a minute.

    Raises
    ------
    ValueError
        The speed is not above 0.
    """

    def __init__(self, start_ns: int, speed: float) -> None:
        if not speed > 0:
            raise ValueError("speed: expected a number above 0")
        self._start_ns = start_ns
        self._speed = speed
        self._began_ns = time.monotonic_ns()

    def __call__(self) -> int:
        """Return the time."""
        return self._start_ns + int((time.monotonic_ns() - self._began_ns) * self._speed)

    def pass_until(self, time_ns: int, wait: Callable[[float], bool]) -> None:
        """Wait until ``time_ns``, or until ``wait`` is woken."""
        if seconds := self.seconds_until(time_ns):
            wait(seconds)

    def seconds_until(self, time_ns: int) -> float:
        """Return for how long the machine has to wait until ``time_ns``; 0 for the past."""
        return max(time_ns - self(), 0) / self._speed / NANO


def clock_of(
    clock: Literal["virtual", "wall"] | float | Clock, start: datetime, last_ns: int
) -> Clock:
    """Return the clock of a cluster, which is not behind ``last_ns``; a number is its speed.

    Raises
    ------
    InputError
        It is none that there is, or behind.
    """
    if clock == "wall":
        return WallClock(not_before_ns=last_ns)
    if clock == "virtual":
        return VirtualClock(last_ns or round(start.timestamp()) * NANO)
    if isinstance(clock, int | float):
        return ScaledClock(max(last_ns, time.time_ns()), clock)
    if isinstance(clock, str):
        raise InputError(f'clock is "virtual", "wall", a speed or a Clock, not "{clock}"')
    if clock() < last_ns:
        raise InputError("the clock is behind the newest object in the store; start it later")
    return clock
