"""The fixtures of the API server's tests: a clock, a store, a server."""

from tests.unit.apiserver.conftest import clock, server, store

__all__ = ["clock", "server", "store"]
