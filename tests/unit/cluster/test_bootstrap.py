import pytest

from pykube_core import InputError
from pykube_core.cluster.bootstrap import pod_subnets


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        (0, ("10.244.0.0/16", 24)),
        (256, ("10.244.0.0/16", 24)),
        (257, ("10.0.0.0/8", 24)),
        (65_536, ("10.0.0.0/8", 24)),
        (65_537, ("10.0.0.0/8", 25)),
        (131_072, ("10.0.0.0/8", 25)),
    ],
)
def test_pods_have_their_addresses_where_so_many_nodes_have_room(nodes, expected):
    assert pod_subnets(nodes) == expected


def test_more_nodes_than_subnets_are_refused():
    with pytest.raises(InputError, match="131073 nodes"):
        pod_subnets(131_073)
