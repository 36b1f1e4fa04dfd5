import pytest

from pykube_core.api.builtin import CONFIG_MAPS, LEASES, NAMESPACES, NODES
from pykube_core.apiserver.log import ObjectLog


@pytest.fixture
def log(server, store):
    with ObjectLog(store, server.registry) as log:
        yield log


def put(server, name, resource=CONFIG_MAPS, **data):
    obj = {"metadata": {"name": name}} | ({"data": data} if data else {})
    return server.create(resource, obj, "default")


def test_a_cursor_begins_with_all_that_is_there_and_goes_on_with_the_changes(log, server):
    first = put(server, "a")
    log.pull()
    cursor = log.cursor(CONFIG_MAPS)
    assert [change.new for change in cursor.read()] == [first]
    second = server.patch(CONFIG_MAPS, {"data": {"x": "1"}}, "a", "default")
    server.delete(CONFIG_MAPS, "a", "default")
    assert log.pull() == 2
    assert [(c.old, c.new) for c in cursor.read()] == [(first, second), (second, None)]


def test_a_read_shows_the_state_at_the_last_pull(log, server):
    put(server, "a")
    assert log.get(CONFIG_MAPS, "a", "default") is None
    log.pull()
    assert log.get(CONFIG_MAPS, "a", "default").name == "a"
    put(server, "b")
    assert [obj.name for obj in log.all(CONFIG_MAPS)] == ["a"]
    log.pull()
    assert log.count(CONFIG_MAPS) == 2


def test_what_nobody_reads_is_not_kept(log, server):
    put(server, "a")
    put(server, "lease", LEASES)
    cursor = log.cursor(CONFIG_MAPS)
    assert log.pull() == 1
    assert len(cursor.read()) == 1


def test_changes_of_several_resources_keep_their_order(log, server, store):
    cursor = log.cursor(CONFIG_MAPS, NAMESPACES)
    expected = [put(server, "a"), put(server, "b")]
    store.put(b"/registry/unknown/x", b"{}")
    put(server, "lease", LEASES)
    expected += [put(server, "c")]
    expected += [server.create(NAMESPACES, {"metadata": {"name": "n"}}), put(server, "d")]
    cursor.read()
    assert log.pull() == 5
    assert [change.new for change in cursor.read()] == expected


def test_a_forgotten_cursor_collects_nothing(log, server):
    cursor = log.cursor(CONFIG_MAPS)
    log.forget(cursor)
    put(server, "a")
    log.pull()
    assert not cursor.has_news


def test_a_change_of_the_status_alone_is_told_from_others(log, server):
    node = server.create(NODES, {"metadata": {"name": "n"}, "status": {"phase": "Pending"}})
    cursor = log.cursor(NODES)
    log.pull()
    server.replace_status_many(NODES, [(node, b'{"phase":"Running"}')])
    server.patch(NODES, {"metadata": {"labels": {"a": "b"}}}, "n")
    server.patch(NODES, {"status": {"phase": "Terminated"}}, "n", subresource="status")
    server.delete(NODES, "n")
    log.pull()
    changes = cursor.read()
    assert [change.is_status_alone for change in changes] == [False, True, False, True, False]
    bodies = [change.new.body_revision for change in changes[:-1]]
    assert bodies == [node.revision, node.revision, node.revision + 2, node.revision + 2]
    assert changes[1].new.status == b'{"phase":"Running"}'
    assert log.get(NODES, "n") is None


def test_a_reader_of_bodies_is_told_no_change_of_the_status_alone(log, server):
    node = server.create(NODES, {"metadata": {"name": "n"}, "status": {"phase": "Pending"}})
    whole, bodies = log.cursor(NODES), log.cursor(CONFIG_MAPS, NODES, bodies_of=[NODES])
    log.pull()
    server.replace_status_many(NODES, [(node, b'{"phase":"Running"}')])
    put(server, "a")
    server.patch(NODES, {"metadata": {"labels": {"a": "b"}}}, "n")
    server.patch(NODES, {"status": {"phase": "Terminated"}}, "n", subresource="status")
    server.delete(NODES, "n")
    log.pull()
    seen = whole.read()
    of_nodes = [change for change in bodies.read() if change.object.resource is NODES]
    assert of_nodes == [seen[0], seen[2], seen[4]]
    assert of_nodes[1].old.status == b'{"phase":"Running"}'
    log.forget(bodies)
    put(server, "b")
    log.pull()
    assert not bodies.has_news


def test_a_status_is_replaced_wherever_it_is_known_to_begin(log, server):
    node = server.create(NODES, {"metadata": {"name": "n"}, "status": {"phase": "Pending"}})
    log.get(NODES, "n")
    log.pull()
    known = log.get(NODES, "n")
    assert (node.status_at, known.status_at > 0) == (0, True)
    assert node.with_status(b"{}") == known.with_status(b"{}")
    assert known.with_status(known.status) == known


def test_objects_whose_names_are_none_are_passed_over(log, server, store):
    odd = [CONFIG_MAPS.key("default", name) for name in ("a\0b", "c\0d")]
    store.put(odd[0], b"{}")
    cursor = log.cursor(CONFIG_MAPS)
    store.put(odd[1], b"{}")
    put(server, "a")
    for key in odd:
        store.delete(key)
    log.pull()
    changes = cursor.read()
    assert [change.object.name for change in changes] == ["a"]
