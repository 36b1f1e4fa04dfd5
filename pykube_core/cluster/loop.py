"""One loop in which every component takes its steps, in one order.

The next steps are a heap of (time, priority, serial, component): the earliest first, of equal times
the component of the smaller priority, then the one added earlier. Real time changes only the clock.

Source: the shape is SimPy's (``simpy/core.py``, ``simpy/rt.py``).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Final, Protocol

from pykube_core.client.informers import Housekeeping, Informer, SharedInformer
from pykube_core.cluster.clock import Clock

FOREVER_NS: Final = 2**63 - 1


class Component(Protocol):
    """A part of the cluster: it takes what is new on its cursor and the time, and writes.

    It never sleeps and asks the machine for nothing. It may be dropped between any two of its
    writes and made anew; a step that finds nothing to do writes nothing.
    """

    @property
    def name(self) -> str:
        """Its name, such as "replicaset-controller"."""

    @property
    def cursor(self) -> Informer:
        """Its place in the log; news there is a reason for a step."""

    def step(self, now_ns: int) -> int | None:
        """Do what there is to do; return when to be called without news, None for never.

        A time that is `Housekeeping` says that nothing is waiting but what comes back for ever.
        """


class EventLoop:
    """Steps components until nothing is left to do, or until a time or a condition.

    Parameters
    ----------
    log : SharedInformer
        The log that the components' cursors read.
    clock : Clock
        Time passes only when no component has anything to do.

    Attributes
    ----------
    step_count : int
        Steps taken so far.
    stepped : str
        The name of the component that took the last step of a run; "" before its first.
    """

    def __init__(self, log: SharedInformer, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._components: dict[int, tuple[int, Component]] = {}
        self._serial = 0
        self._due: dict[int, int] = {}
        self._working: dict[int, None] = {}
        self._heap: list[tuple[int, int, int]] = []
        self.step_count = 0
        self.stepped = ""

    @property
    def working(self) -> list[str]:
        """The names of the components for which more than housekeeping is waiting."""
        return [self._components[serial][1].name for serial in self._working]

    @property
    def next_ns(self) -> int | None:
        """The time of the next step; None when there is none."""
        following = self._next()
        return None if following is None else following[0]

    def add(self, component: Component, priority: int = 0) -> None:
        """Add a component; it takes its first step as soon as the loop runs."""
        serial, self._serial = self._serial, self._serial + 1
        self._components[serial] = priority, component
        self._schedule(serial, self._clock())

    def remove(self, component: Component) -> None:
        """Drop a component; nothing more is collected on its cursor."""
        for serial, (_, held) in self._components.items():
            if held is component:
                del self._components[serial]
                self._due.pop(serial, None)
                self._working.pop(serial, None)
                self._log.forget(component.cursor)
                return
        raise ValueError(f"{component.name} is not in the loop")

    def _schedule(self, serial: int, time_ns: int) -> None:
        """Let a component step at a time, or earlier if it is due earlier already."""
        if not isinstance(time_ns, Housekeeping):
            self._working[serial] = None
        time_ns = int(time_ns)  # The clock will show it, and a time is no housekeeping.
        if time_ns < self._due.get(serial, FOREVER_NS):
            self._due[serial] = time_ns
            heapq.heappush(self._heap, (time_ns, self._components[serial][0], serial))

    def _wake(self) -> None:
        """Read the log, and schedule whoever has news."""
        self._log.pull()
        now_ns = self._clock()
        for serial, (_, component) in self._components.items():
            if component.cursor.has_news:
                self._schedule(serial, now_ns)

    def _next(self) -> tuple[int, int] | None:
        """Return time and serial of the next step; None when there is none."""
        while self._heap:
            time_ns, _, serial = self._heap[0]
            if self._due.get(serial) == time_ns:
                return time_ns, serial
            heapq.heappop(self._heap)  # overtaken by an earlier one
        return None

    def run(
        self,
        *,
        until_ns: int | None = None,
        condition: Callable[[], bool] | None = None,
        step_count_max: int | None = None,
        quiescent: bool = False,
    ) -> bool:
        """Run until nothing is left to do.

        Parameters
        ----------
        until_ns : int, optional
            Stop before the first step that is due after this time; the clock then shows it. Without
            it, components that come back by themselves for ever keep the loop running.
        condition : callable, optional
            Stop as soon as it holds; asked after each step.
        step_count_max : int, optional
            Stop after so many steps.
        quiescent : bool
            Stop as soon as nothing is left but `Housekeeping`, before time passes for that.

        Returns
        -------
        bool
            Whether the condition holds; without one, whether everything that was due was done,
            with ``quiescent`` whether nothing but housekeeping is left.
        """
        self.stepped = ""
        stop_ns = FOREVER_NS if until_ns is None else until_ns
        steps_left = FOREVER_NS if step_count_max is None else step_count_max
        while True:
            self._wake()
            if condition is not None and condition():
                return True
            following = self._next()
            if quiescent and not self._working:
                return condition is None
            if following is None or following[0] > stop_ns:
                if until_ns is None or self._clock() >= until_ns:
                    return condition is None and not quiescent
                self._clock.pass_until(until_ns, self._log.wait)
                continue
            if steps_left == 0:
                return False
            time_ns, serial = following
            if time_ns > self._clock():
                self._clock.pass_until(time_ns, self._log.wait)
                continue
            steps_left -= 1
            self._step(serial)

    def _step(self, serial: int) -> None:
        heapq.heappop(self._heap)
        del self._due[serial]
        self._working.pop(serial, None)
        self.step_count += 1
        component = self._components[serial][1]
        self.stepped = component.name
        again_ns = component.step(self._clock())
        if again_ns is not None and serial in self._components:
            self._schedule(serial, again_ns)
