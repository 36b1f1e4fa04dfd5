"""Slow twins: the rules in plain Python, computed from scratch, that C is held against."""

from _pykube_hotcore.slow.engine import SlowEngine

__all__ = ["SlowEngine"]
