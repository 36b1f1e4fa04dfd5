import asyncio

import pytest

from pykube_core.api.core import CONFIG_MAPS, NODES, PODS
from pykube_core.api.machinery.status import StatusError


def config_map(name, **labels):
    return {"metadata": {"name": name, "labels": labels}}


def names(listed):
    return [obj.name for obj in listed.items]


@pytest.fixture
def filled(server):
    for index in range(7):
        for namespace in ("default", "kube-system"):
            obj = config_map(f"c{index}", odd=str(index % 2))
            server.create(CONFIG_MAPS, obj, namespace)
    return server


def test_pages_are_of_one_revision(filled):
    pages = [filled.list(CONFIG_MAPS, limit=5)]
    filled.delete(CONFIG_MAPS, "c6", "kube-system")
    filled.create(CONFIG_MAPS, config_map("c9"), "default")
    while pages[-1].next_page:
        pages.append(filled.list(CONFIG_MAPS, limit=5, next_page=pages[-1].next_page))
    assert [len(page.items) for page in pages] == [5, 5, 4]
    assert [page.remaining for page in pages] == [9, 4, None]
    assert len({page.revision for page in pages}) == 1
    assert len(filled.list(CONFIG_MAPS).items) == 14


def test_page_of_a_compacted_revision_is_gone_but_can_be_continued(filled, store):
    page = filled.list(CONFIG_MAPS, "default", limit=3)
    filled.create(CONFIG_MAPS, config_map("c9"), "default")
    store.compact(store.revision)
    with pytest.raises(StatusError) as error:
        filled.list(CONFIG_MAPS, "default", limit=3, next_page=page.next_page)
    assert (error.value.code, error.value.reason) == (410, "Expired")
    token = error.value.status()["metadata"]["continue"]
    rest = filled.list(CONFIG_MAPS, "default", next_page=token)
    assert names(rest) == ["c3", "c4", "c5", "c6", "c9"]
    with pytest.raises(StatusError) as error:
        filled.list(CONFIG_MAPS, resource_version="2", resource_version_match="Exact")
    assert error.value.code == 410


def test_selectors_filter_and_fill_pages(filled):
    page = filled.list(CONFIG_MAPS, "default", label_selector="odd=1", limit=2)
    assert (names(page), page.remaining) == (["c1", "c3"], None)
    more = filled.list(CONFIG_MAPS, "default", label_selector="odd=1", next_page=page.next_page)
    assert (names(more), more.next_page) == (["c5"], "")
    one = filled.list(CONFIG_MAPS, field_selector="metadata.name=c2,metadata.namespace!=default")
    assert [obj.namespace for obj in one.items] == ["kube-system"]


def test_boolean_fields_are_selected_by_their_text(server):
    for name, spec in (("a", {}), ("b", {"unschedulable": True})):
        server.create(NODES, {"metadata": {"name": name}, "spec": spec})
    assert names(server.list(NODES, field_selector="spec.unschedulable=false")) == ["a"]
    assert names(server.list(NODES, field_selector="spec.unschedulable=true")) == ["b"]


def events(watch):
    return [(event.type, event.object.name) for event in watch.read()]


def test_watch_without_a_version_begins_with_all_there_is(filled):
    watch = filled.watch(CONFIG_MAPS, "default", label_selector="odd=0")
    assert events(watch) == [("ADDED", f"c{index}") for index in (0, 2, 4, 6)]
    filled.create(CONFIG_MAPS, config_map("c8", odd="0"), "default")
    filled.create(CONFIG_MAPS, config_map("c8", odd="0"), "kube-system")
    filled.create(CONFIG_MAPS, config_map("c9", odd="1"), "default")
    assert events(watch) == [("ADDED", "c8")]
    assert watch.bookmark().object.decode()["metadata"] == {"resourceVersion": str(filled.revision)}


def test_object_enters_and_leaves_a_selector(filled):
    watch = filled.watch(
        CONFIG_MAPS, "default", label_selector="odd=1", resource_version=str(filled.revision)
    )

    def label(value):
        patch = {"metadata": {"labels": {"odd": value}}}
        return filled.patch(CONFIG_MAPS, patch, "c0", "default")

    entered, _, left = label("1"), label("1"), label("0")
    assert watch.read()[0].object == entered
    watch = filled.watch(
        CONFIG_MAPS, "default", label_selector="odd=1", resource_version=str(entered.revision)
    )
    event = watch.read()[0]
    assert (event.type, event.object.revision) == ("DELETED", left.revision)
    assert event.object.data == entered.data


def test_deleted_has_the_last_state_and_the_revision_of_the_deletion(filled):
    last = filled.get(CONFIG_MAPS, "c1", "default")
    watch = filled.watch(CONFIG_MAPS, resource_version=str(filled.revision))
    gone = filled.delete(CONFIG_MAPS, "c1", "default")
    event = watch.read()[0]
    assert (event.type, event.object) == ("DELETED", gone.object)
    assert event.object == last.at(filled.revision)


def test_watch_of_compacted_changes_ends_with_an_error(filled, store):
    watch = filled.watch(CONFIG_MAPS, resource_version="3")
    store.compact(store.revision)
    (event,) = watch.read()
    assert (event.type, event.error.code, event.error.reason) == ("ERROR", 410, "Expired")
    assert watch.read() == []


def test_watch_of_the_future_is_refused(server):
    with pytest.raises(StatusError) as error:
        server.watch(PODS, resource_version="999999")
    assert error.value.code == 504


def test_watch_can_be_awaited(server):
    async def run():
        watch = server.watch(CONFIG_MAPS, resource_version=str(server.revision))
        task = asyncio.create_task(anext(aiter(watch)))
        await asyncio.sleep(0)
        server.create(CONFIG_MAPS, config_map("a"), "default")
        (event,) = await asyncio.wait_for(task, 10)
        watch.close()
        return event

    assert asyncio.run(run()).object.name == "a"
