"""Composition: a clock, a loop, and the components that step on it."""

from pykube_core.cluster.clock import Clock, VirtualClock, WallClock
from pykube_core.cluster.loop import Component, EventLoop

__all__ = ["Clock", "Component", "EventLoop", "VirtualClock", "WallClock"]
