import pytest

from pykube_core.apiserver import ApiServer
from pykube_core.store import Store

START_NS = 1_795_407_362 * 10**9


class Clock:
    def __init__(self):
        self.now_ns = START_NS

    def __call__(self):
        return self.now_ns

    def advance(self, seconds):
        self.now_ns += seconds * 10**9


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store():
    with Store() as store:
        yield store
        store.validate()


@pytest.fixture
def server(store, clock):
    server = ApiServer(store, clock=clock)
    server.bootstrap()
    return server
