from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis.strategies import lists, sampled_from
from msgspec.structs import replace

from pykube_core.api.coordination import LEASES
from pykube_core.api.core import CONFIG_MAPS, NAMESPACES, NODES
from pykube_core.api.machinery.status import StatusError
from pykube_core.apiserver import ApiServer
from pykube_core.apiserver.registry.unvalidated import Written
from pykube_core.client.informers import Created, Deleted, SharedInformer, Updated
from pykube_core.objects import Body
from pykube_core.store import Store


@pytest.fixture
def log(server, store):
    with SharedInformer(store, server.registry) as log:
        yield log


def put(server, name, resource=CONFIG_MAPS, **data):
    obj = {"metadata": {"name": name}} | ({"data": data} if data else {})
    return server.create(resource, obj, "default")


def test_a_cursor_begins_with_all_that_is_there_and_goes_on_with_the_changes(log, server):
    first = put(server, "a")
    log.pull()
    cursor = log.cursor(CONFIG_MAPS)
    assert cursor.read() == [Created(first)]
    second = server.patch(CONFIG_MAPS, {"data": {"x": "1"}}, "a", "default")
    server.delete(CONFIG_MAPS, "a", "default")
    assert log.pull() == 2
    assert cursor.read() == [Updated(first, second), Deleted(second)]


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
    assert cursor.read() == [Created(obj) for obj in expected]


def test_a_forgotten_cursor_collects_nothing(log, server):
    cursor = log.cursor(CONFIG_MAPS)
    log.forget(cursor)
    put(server, "a")
    log.pull()
    assert not cursor.has_news


def test_a_change_of_the_status_alone_is_told_from_others(log, server):
    node = server.create(NODES, {"metadata": {"name": "n"}, "status": {"phase": "Pending"}})
    cursor = log.cursor(NODES, every_version=True)
    log.pull()
    server.batch.patch_status(NODES, [(node, b'{"phase":"Running"}')])
    server.patch(NODES, {"metadata": {"labels": {"a": "b"}}}, "n")
    server.patch(NODES, {"status": {"phase": "Terminated"}}, "n", subresource="status")
    server.delete(NODES, "n")
    log.pull()
    changes = cursor.read()
    created, *updated, deleted = changes
    assert (type(created), type(deleted)) == (Created, Deleted)
    assert [change.is_status_alone for change in updated] == [True, False, True]
    bodies = [change.object.body for change in changes[:-1]]
    assert [body is bodies[0] for body in bodies] == [True, True, False, False]
    assert bodies[2] is bodies[3]
    assert changes[1].object.status == b'{"phase":"Running"}'
    assert log.get(NODES, "n") is None


def test_a_reader_of_bodies_is_told_no_change_of_the_status_alone(log, server):
    node = server.create(NODES, {"metadata": {"name": "n"}, "status": {"phase": "Pending"}})
    bodies = log.cursor(CONFIG_MAPS, NODES, ignore_status=[NODES])
    log.pull()
    (made,) = bodies.read()
    server.batch.patch_status(NODES, [(node, b'{"phase":"Running"}')])
    put(server, "a")
    server.patch(NODES, {"metadata": {"labels": {"a": "b"}}}, "n")
    server.patch(NODES, {"status": {"phase": "Terminated"}}, "n", subresource="status")
    server.delete(NODES, "n")
    log.pull()
    _, labelled, deleted = bodies.read()
    assert labelled.old.status == b'{"phase":"Running"}'
    assert labelled.object == deleted.object
    assert deleted.object.status == b'{"phase":"Terminated"}'
    assert made == Created(node)
    assert type(deleted) is Deleted
    log.forget(bodies)
    put(server, "b")
    log.pull()
    assert not bodies.has_news


def test_a_cursor_on_each_state_cannot_leave_out_statuses(log):
    with pytest.raises(ValueError, match="ignore_status"):
        log.cursor(NODES, ignore_status=[NODES], every_version=True)


WRITES = [(name, what) for name in "ab" for what in ("create", "label", "status", "delete")]
READS = [(who, "read") for who in ("every", "whole", "bodies", "new")]
STEPS = lists(sampled_from(WRITES) | sampled_from(READS), max_size=30)


@settings(max_examples=300)
@given(STEPS)
def test_what_a_cursor_is_told_leads_to_what_is_there(steps):
    """Each state follows the one that was told before it, and the last is the newest."""
    with Store(salt=1) as store:
        server = ApiServer(store, clock=lambda: 0)
        log = SharedInformer(store, server.registry)
        cursors = {"every": log.cursor(NODES, every_version=True), "whole": log.cursor(NODES)}
        cursors["bodies"] = log.cursor(NODES, ignore_status=[NODES])
        told = {name: {} for name in cursors}

        def read(who):
            for change in cursors[who].read():
                obj, last = change.object, told[who].get(change.object.name)
                before = {Created: None, Deleted: obj}.get(type(change), getattr(change, "old", 0))
                if who == "bodies":
                    assert not (type(change) is Updated and change.is_status_alone)
                    assert (last is None) == (before is None)
                else:
                    assert before == last
                told[who][obj.name] = None if type(change) is Deleted else obj

        for count, (name, what) in enumerate(steps):
            with suppress(StatusError):
                if name == "new":
                    cursors[f"new {count}"] = log.cursor(NODES)
                    told[f"new {count}"] = {}
                elif what == "read":
                    read(name)
                elif what == "create":
                    server.create(NODES, {"metadata": {"name": name}, "status": {"phase": "1"}})
                elif what == "label":
                    server.patch(NODES, {"metadata": {"labels": {"a": f"{count}"}}}, name)
                elif what == "status":
                    status = {"status": {"phase": f"{count}"}}
                    server.patch(NODES, status, name, subresource="status")
                else:
                    server.delete(NODES, name)
            log.pull()
        there = {obj.name: obj for obj in log.all(NODES)}
        for who in cursors:
            read(who)
            newest = {name: obj for name, obj in told[who].items() if obj is not None}
            assert newest.keys() == there.keys()
            for name, obj in newest.items():
                held = there[name]
                assert obj == held or (who == "bodies" and obj.body is held.body)


def test_a_status_is_replaced_in_what_was_written_and_in_what_was_read(log, server):
    node = server.create(NODES, {"metadata": {"name": "n"}, "status": {"phase": "Pending"}})
    log.get(NODES, "n")
    log.pull()
    known = log.get(NODES, "n")
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


@pytest.mark.parametrize(
    "bad",
    [b"", b"{}", b"[]", b'{"kind":"ConfigMap"', NODES.head + b'"name":"a"}}'],
)
def test_what_is_no_object_is_deleted_for_readers_and_comes_back_when_it_is_one(
    log, server, store, caplog, bad
):
    first = put(server, "a")
    log.pull()
    cursor = log.cursor(CONFIG_MAPS)
    cursor.read()
    store.put(first.key, bad)
    store.put(first.key, bad)
    log.pull()
    assert cursor.read() == [Deleted(first)]
    assert log.get(CONFIG_MAPS, "a", "default") is None
    assert log.has_skipped(CONFIG_MAPS, "a", "default")
    assert [first.key.decode() in line for line in caplog.messages] == [True, True]
    store.put(first.key, first.data)
    log.pull()
    (back,) = cursor.read()
    assert (type(back), back.object.data, back.is_return) == (Created, first.data, True)
    assert not log.has_skipped(CONFIG_MAPS, "a", "default")
    store.put(first.key, bad)
    store.delete(first.key)
    log.pull()
    assert [type(change) for change in cursor.read()] == [Deleted]
    assert not log.has_skipped(CONFIG_MAPS, "a", "default")


def test_a_member_behind_the_status_is_no_change_of_the_status_alone(log, server, store):
    node = server.create(NODES, {"metadata": {"name": "n"}, "status": {"phase": "Pending"}})
    log.pull()
    cursor = log.cursor(NODES)
    cursor.read()
    store.put(node.key, node.data[:-1] + b',"spec":{"unschedulable":true}}')
    log.pull()
    assert [type(change) for change in cursor.read()] == [Deleted]


def test_an_own_write_of_what_was_passed_over_is_checked(server, store):
    pod = put(server, "a")
    with SharedInformer(store, server.registry, server.written) as log:
        cursor = log.cursor(CONFIG_MAPS)
        cursor.read()
        revision = store.put(pod.key, pod.data + b"}").revision
        body = Body.of(CONFIG_MAPS, pod.body.front + b"]", b"")
        server.batch.put([replace(pod, body=body, revision=revision)])
        log.pull()
        assert [type(change) for change in cursor.read()] == [Deleted]


def test_an_update_that_cannot_be_is_a_deletion_and_a_creation(log, server, store):
    first = put(server, "a")
    log.pull()
    cursor = log.cursor(CONFIG_MAPS, every_version=True)
    cursor.read()
    other = first.data.replace(first.uid.encode(), b"another")
    store.put(first.key, other)
    log.pull()
    deleted, created = cursor.read()
    assert deleted == Deleted(first)
    assert (type(created), created.object.data) == (Created, other)


def test_an_own_write_is_taken_in_as_the_objects_that_it_wrote_and_once(server, store):
    pods = [put(server, name) for name in ("a", "b")]
    logs = [SharedInformer(store, server.registry, server.written) for _ in range(2)]
    cursors = [log.cursor(CONFIG_MAPS) for log in logs]
    written = server.batch.put(pods)
    for log, cursor in zip(logs, cursors, strict=True):
        cursor.read()
        log.pull()
        taken = [change.object for change in cursor.read()]
        assert taken == written
        assert [new is obj for new, obj in zip(taken, written, strict=True)] == [log is logs[0]] * 2
        log.close()


def test_the_objects_of_the_last_revisions_are_kept_and_no_more():
    written, pods, revisions = Written(), ["of any kind"], range(1, 600)
    written.keep(1, pods)
    assert not written.take(1)  # Nobody reads them.
    written.reader_count += 1
    for revision in revisions:
        written.keep(revision, pods)
    kept = [revision for revision in revisions if written.take(revision)]
    assert kept == list(range(88, 600))
    assert not any(written.take(revision) for revision in kept)


def test_revisions_of_others_are_none_of_the_written_ones():
    written = Written()
    for revision in (3, 4, 5, 9, 10):
        written.add(revision)
    covered = [(a, b) for a in range(12) for b in range(a, 12) if written.covers(a, b)]
    assert covered == [(3, 3), (3, 4), (3, 5), (4, 4), (4, 5), (5, 5), (9, 9), (9, 10), (10, 10)]
