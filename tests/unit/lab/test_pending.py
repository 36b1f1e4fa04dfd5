import numpy as np

from pykube_core.lab.pending import FREED_MAX, Pending

SMALL, LARGE = 0, 1


def make(free, priority=(0, 0), anywhere=(False, False)):
    """Two templates that request 1 and 3 of one resource, on nodes with ``free`` of it."""
    return Pending(
        requests=np.array([[1], [3]], dtype=np.int64),
        priority=np.array(priority, dtype=np.int64),
        allocatable=np.array([free], dtype=np.int64),
        anywhere=np.array(anywhere),
    )


def at(*nodes):
    return np.array(nodes, dtype=np.int32)


def answer(pending, freed, fits):
    """Try candidates; ``fits`` maps rows to (template, node), others are refused as template 1."""
    tried = []
    for row in pending.candidates(freed):
        tried.append(row)
        if row in fits:
            pending.accept(*fits[row])
        else:
            pending.refuse(LARGE)
    return tried


def test_oldest_goes_first_across_templates():
    pending = make([5])
    pending.push(LARGE, 1, 11)
    pending.push(SMALL, 0, 10)
    pending.push(SMALL, 2, 12)
    fits = {10: (SMALL, 0), 11: (LARGE, 0), 12: (SMALL, 0)}
    assert answer(pending, at(0), fits) == [10, 11, 12]
    assert pending.count == 0


def test_priority_goes_before_age():
    pending = make([5], priority=(0, 7))
    pending.push(SMALL, 0, 10)
    pending.push(LARGE, 1, 11)
    assert answer(pending, at(0), {10: (SMALL, 0), 11: (LARGE, 0)}) == [11, 10]


def test_a_refused_template_is_not_tried_twice_in_a_round():
    pending = make([3])
    for row in range(4):
        pending.push(LARGE, row, row)
    assert answer(pending, at(0), {}) == [0]
    assert pending.count == 4


def test_templates_that_no_freed_node_has_room_for_are_left_alone():
    pending = make([2, 9])
    pending.push(LARGE, 0, 0)
    assert answer(pending, at(0), {0: (LARGE, 0)}) == []
    assert answer(pending, at(1), {0: (LARGE, 1)}) == [0]


def test_templates_that_reach_other_nodes_are_always_tried():
    pending = make([0], anywhere=(False, True))
    pending.push(SMALL, 0, 0)
    pending.push(LARGE, 1, 1)
    assert answer(pending, at(0), {}) == [1]


def test_room_follows_placements_and_departures():
    pending = make([3])
    pending.take(at(0), at(SMALL))
    pending.push(LARGE, 0, 0)
    assert answer(pending, at(0), {0: (LARGE, 0)}) == []
    pending.give(at(0), at(SMALL))
    assert answer(pending, at(0), {0: (LARGE, 0)}) == [0]


def test_room_that_was_taken_again_is_not_offered_twice():
    pending = make([3])
    pending.push(LARGE, 0, 0)
    pending.push(LARGE, 1, 1)
    pending.push(SMALL, 2, 2)
    assert answer(pending, at(0), {0: (LARGE, 0)}) == [0]
    assert pending.count == 2


def test_many_freed_nodes_skip_the_comparison_of_columns():
    pending = make([0] * (FREED_MAX + 1))
    pending.push(LARGE, 0, 0)
    assert answer(pending, np.arange(FREED_MAX + 1, dtype=np.int32), {}) == [0]


def test_expired_pods_are_never_tried():
    pending = make([9])
    for row in range(3):
        pending.push(LARGE, row, row)
    pending.expire(LARGE, 1)
    pending.expire(LARGE, 0)
    assert pending.count == 1
    assert answer(pending, at(0), {2: (LARGE, 0)}) == [2]
    pending.push(LARGE, 3, 3)
    pending.expire(LARGE, 3)
    assert answer(pending, at(0), {}) == []
