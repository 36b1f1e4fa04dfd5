from pykube_core.client.work_queue import RETRY_MAX_NS, RETRY_MIN_NS, WorkQueue


def test_keys_come_once_in_the_order_in_which_they_were_added():
    queue = WorkQueue()
    for key in "bab":
        queue.add(key)
    assert queue.take(0) == ["b", "a"]
    assert queue.take(0) == []


def test_earlier_of_two_times_counts_and_later_ones_are_forgotten():
    queue = WorkQueue()
    queue.add_at("a", 30)
    queue.add_at("a", 10)
    queue.add_at("a", 20)
    assert (queue.take(9), queue.next_ns) == ([], 10)
    assert queue.take(10) == ["a"]
    assert queue.next_ns is None
    assert queue.take(100) == []


def test_keys_of_one_time_come_once_in_the_order_in_which_they_were_added():
    queue = WorkQueue()
    for key in "cab":
        queue.add_at(key, 10)
    queue.add_at("a", 5)
    assert queue.take(5) == ["a"]
    queue.add_at("a", 10)
    assert queue.take(10) == ["c", "a", "b"]
    assert queue.next_ns is None


def test_time_that_was_overtaken_may_be_set_again():
    queue = WorkQueue()
    queue.add_at("a", 30)
    queue.add_at("a", 10)
    assert queue.take(10) == ["a"]
    queue.add_at("a", 30)
    assert queue.take(30) == ["a"]
    assert queue.take(30) == []


def test_failures_wait_twice_as_long_each_time_up_to_a_limit_until_one_succeeds():
    queue = WorkQueue()
    delays = []
    for _ in range(40):
        queue.retry("a", 0)
        delays.append(queue.next_ns)
        queue.take(RETRY_MAX_NS)
    assert delays[:4] == [RETRY_MIN_NS * factor for factor in (1, 2, 4, 8)]
    assert delays[-1] == RETRY_MAX_NS
    queue.succeed("a")
    queue.retry("a", 0)
    assert queue.next_ns == RETRY_MIN_NS


def test_removed_key_is_not_worked_on():
    queue = WorkQueue()
    queue.add("a")
    queue.add_at("b", 5)
    queue.remove("a")
    queue.remove("b")
    assert (queue.take(9), queue.next_ns) == ([], None)
