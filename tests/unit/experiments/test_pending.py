import numpy as np

from pykube_core.experiments.pending import Pending

SMALL, LARGE = 0, 1
REQUESTS = np.array([1, 3])


class Nodes:
    """What nodes have free of one resource, of which the two templates request 1 and 3."""

    def __init__(self, free):
        self.free = np.array(free)

    def room(self, templates, nodes):
        return (REQUESTS[templates][:, None] <= self.free[nodes]).any(axis=1)


def make(free, priority=(0, 0), anywhere=(False, False)):
    nodes = Nodes(free)
    pending = Pending(
        priority=np.array(priority, dtype=np.int64), anywhere=np.array(anywhere), room=nodes.room
    )
    return pending, nodes


def at(*nodes):
    return np.array(nodes, dtype=np.int32)


def answer(made, freed, fits):
    """Try candidates; ``fits`` maps rows to (template, node), others are refused as template 1."""
    pending, nodes = made
    tried = []
    for row in pending.candidates(freed):
        tried.append(row)
        if row in fits:
            template, node = fits[row]
            nodes.free[node] -= REQUESTS[template]
            pending.accept(template)
        else:
            pending.refuse(LARGE)
    return tried


def test_oldest_goes_first_across_templates():
    made = pending, _ = make([5])
    pending.push(LARGE, 1, 11)
    pending.push(SMALL, 0, 10)
    pending.push(SMALL, 2, 12)
    fits = {10: (SMALL, 0), 11: (LARGE, 0), 12: (SMALL, 0)}
    assert answer(made, at(0), fits) == [10, 11, 12]
    assert pending.count == 0


def test_priority_goes_before_age():
    made = pending, _ = make([5], priority=(0, 7))
    pending.push(SMALL, 0, 10)
    pending.push(LARGE, 1, 11)
    assert answer(made, at(0), {10: (SMALL, 0), 11: (LARGE, 0)}) == [11, 10]


def test_a_refused_template_is_not_tried_twice_in_a_round():
    made = pending, _ = make([3])
    for row in range(4):
        pending.push(LARGE, row, row)
    assert answer(made, at(0), {}) == [0]
    assert pending.count == 4


def test_templates_that_no_freed_node_has_room_for_are_left_alone():
    made = pending, _ = make([2, 9])
    pending.push(LARGE, 0, 0)
    assert answer(made, at(0), {0: (LARGE, 0)}) == []
    assert answer(made, at(1), {0: (LARGE, 1)}) == [0]


def test_templates_that_reach_other_nodes_are_always_tried():
    made = pending, _ = make([0], anywhere=(False, True))
    pending.push(SMALL, 0, 0)
    pending.push(LARGE, 1, 1)
    assert answer(made, at(0), {}) == [1]


def test_room_that_was_taken_again_is_not_offered_twice():
    made = pending, _ = make([3])
    pending.push(LARGE, 0, 0)
    pending.push(LARGE, 1, 1)
    pending.push(SMALL, 2, 2)
    assert answer(made, at(0), {0: (LARGE, 0)}) == [0]
    assert pending.count == 2


def test_templates_are_those_of_which_somebody_waits():
    pending, _ = make([5])
    assert pending.templates().tolist() == []
    pending.push(LARGE, 0, 0)
    pending.push(LARGE, 1, 1)
    assert pending.templates().tolist() == [LARGE]


def test_expired_pods_are_never_tried():
    made = pending, _ = make([9])
    for row in range(3):
        pending.push(LARGE, row, row)
    pending.expire(LARGE, 1)
    pending.expire(LARGE, 0)
    assert pending.count == 1
    assert answer(made, at(0), {2: (LARGE, 0)}) == [2]
    pending.push(LARGE, 3, 3)
    pending.expire(LARGE, 3)
    assert answer(made, at(0), {}) == []
