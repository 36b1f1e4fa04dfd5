import pytest

from tests.unit.node.node_world import World


@pytest.fixture
def world():
    world = World()
    yield world
    world.close()
