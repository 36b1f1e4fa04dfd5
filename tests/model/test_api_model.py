"""The API against a model in a dict: conflicts, selectors in watches, pages of one revision."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from seeds import NAME_OF, SEEDS

from pykube_core.api.builtin import BUILTIN
from pykube_core.api.core import CONFIG_MAPS
from pykube_core.api.machinery.status import StatusError
from pykube_core.apiserver import ApiServer
from pykube_core.store import Store

NAMES = st.sampled_from([f"c{index}" for index in range(6)])
NAMESPACES = st.sampled_from(["default", "kube-system"])
COLORS = st.sampled_from(["", "red", "blue"])
VALUES = st.sampled_from(["0", "1", "2"])
VERSIONS = st.sampled_from(["none", "current", "old"])


def config_map(name, color, value):
    return {"metadata": {"name": name, "labels": {"color": color}}, "data": {"v": value}}


def outcome(call, *args, **options):
    """Return what a call returns, or the code of its refusal."""
    try:
        return call(*args, **options)
    except StatusError as error:
        return error.code


class ApiMachine(RuleBasedStateMachine):
    """Each object of the model is (color, value, revision); a watch replays into a dict."""

    def __init__(self):
        super().__init__()
        self.store = Store()
        self.server = ApiServer(self.store, clock=lambda: 10**18)
        self.server.bootstrap()
        self.model = {}
        self.history = {self.server.revision: {}}
        self.compacted = 0
        self.walks = []
        self.watches = [self.open_watch("", ""), self.open_watch("red", "default")]

    def open_watch(self, color, namespace):
        selector = f"color={color}" if color else ""
        watch = self.server.watch(CONFIG_MAPS, namespace, label_selector=selector)
        return watch, color, namespace, {}

    def record(self):
        self.history[self.server.revision] = dict(self.model)

    @rule(namespace=NAMESPACES, name=NAMES, color=COLORS, value=VALUES, dry=st.booleans())
    def create(self, namespace, name, color, value, dry):
        before = self.server.revision
        args = (CONFIG_MAPS, config_map(name, color, value), namespace)
        made = outcome(self.server.create, *args, dry_run=dry)
        if (namespace, name) in self.model:
            assert made == 409
        elif not dry:
            assert made.revision == before + 1
            self.model[namespace, name] = (color, value, made.revision)
        assert (self.server.revision > before) == (made != 409 and not dry)
        self.record()

    @rule(namespace=NAMESPACES, name=NAMES, color=COLORS, value=VALUES, version=VERSIONS)
    def update(self, namespace, name, color, value, version):
        held = self.model.get((namespace, name))
        obj = config_map(name, color, value)
        if version != "none" and held:
            revision = held[2] if version == "current" else held[2] - 1
            obj["metadata"]["resourceVersion"] = str(revision)
        changed = outcome(self.server.update, CONFIG_MAPS, obj, namespace=namespace)
        if held is None:
            assert changed == 404
        elif version == "old":
            assert changed == 409
        else:
            self.accept(namespace, name, color, value, changed)

    @rule(namespace=NAMESPACES, name=NAMES, color=COLORS)
    def patch(self, namespace, name, color):
        held = self.model.get((namespace, name))
        patch = {"metadata": {"labels": {"color": color}}}
        changed = outcome(self.server.patch, CONFIG_MAPS, patch, name, namespace)
        if held is None:
            assert changed == 404
        else:
            self.accept(namespace, name, color, held[1], changed)

    def accept(self, namespace, name, color, value, changed):
        held = self.model[namespace, name]
        if held[:2] == (color, value):
            assert changed.revision == held[2]
        else:
            assert changed.revision == self.server.revision > held[2]
            self.model[namespace, name] = (color, value, changed.revision)
            self.record()

    @rule(namespace=NAMESPACES, name=NAMES, version=VERSIONS)
    def delete(self, namespace, name, version):
        held = self.model.get((namespace, name))
        wanted = {"none": "", "current": str(held and held[2]), "old": "1"}[version]
        gone = outcome(self.server.delete, CONFIG_MAPS, name, namespace, resource_version=wanted)
        if held is None:
            assert gone == 404
        elif version == "old":
            assert gone == 409
        else:
            assert gone.gone
            del self.model[namespace, name]
            self.record()

    @rule(namespace=st.sampled_from(["", "default"]), color=COLORS, limit=st.integers(1, 4))
    def begin_list(self, namespace, color, limit):
        selector = f"color={color}" if color else ""
        options = {"label_selector": selector, "limit": limit}
        page = self.server.list(CONFIG_MAPS, namespace, **options)
        wanted = self.expected(self.model, color, namespace)
        self.walks.append([page, page.items, (namespace, options), wanted])

    @rule()
    def go_on_with_lists(self):
        for walk in self.walks:
            page, items, (namespace, options), _ = walk
            if page.next_page:
                again = outcome(
                    self.server.list, CONFIG_MAPS, namespace, next_page=page.next_page, **options
                )
                if again == 410:
                    assert page.revision < self.compacted
                    walk[0], walk[3] = page._replace(next_page=""), None
                    continue
                assert again.revision == page.revision
                walk[0], walk[1] = again, items + again.items
            else:
                self.check_whole(walk)
        self.walks = [walk for walk in self.walks if walk[0].next_page]

    def check_whole(self, walk):
        _, items, _, wanted = walk
        if wanted is not None:
            found = {(o.namespace, o.name): o.revision for o in items}
            assert found == {key: held[2] for key, held in wanted.items()}

    @rule()
    def compact(self):
        self.read_watches()
        if self.server.revision > self.compacted:
            self.compacted = self.server.revision
            self.store.compact(self.compacted)

    def expected(self, model, color, namespace):
        return {
            key: held
            for key, held in model.items()
            if (not color or held[0] == color) and (not namespace or key[0] == namespace)
        }

    @rule()
    def read_watches(self):
        for watch, color, namespace, replayed in self.watches:
            last = 0
            while events := watch.read(3):
                for event in events:
                    last = self.apply(event, replayed, last)
            assert replayed == self.expected(self.model, color, namespace)

    def apply(self, event, replayed, last):
        obj = event.object
        key = (obj.namespace, obj.name)
        assert (key in replayed) == (event.type in ("MODIFIED", "DELETED"))
        assert obj.revision >= last
        decoded = obj.decode()
        color, value = decoded["metadata"]["labels"]["color"], decoded["data"]["v"]
        if event.type == "DELETED":
            assert replayed.pop(key)[:2] == (color, value)
        else:
            replayed[key] = (color, value, obj.revision)
        return obj.revision

    @invariant()
    def list_is_the_model(self):
        listed = self.server.list(CONFIG_MAPS)
        found = {(o.namespace, o.name): o.revision for o in listed.items}
        assert found == {key: held[2] for key, held in self.model.items()}

    @rule(data=st.data())
    def a_past_is_still_there(self, data):
        kept = [revision for revision in self.history if revision >= self.compacted]
        for revision in [data.draw(st.sampled_from(kept))] if kept else []:
            listed = self.server.list(
                CONFIG_MAPS, resource_version=str(revision), resource_version_match="Exact"
            )
            found = {(o.namespace, o.name): o.revision for o in listed.items}
            assert found == {key: held[2] for key, held in self.history[revision].items()}

    def teardown(self):
        self.read_watches()
        self.store.validate()
        self.store.close()


TestApi = ApiMachine.TestCase
TestApi.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


def places(value, path=()):
    """Return every path in a value."""
    yield path
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items
    for key, item in items:
        yield from places(item, (*path, key))


def replaced(value, path, new):
    out = copy.deepcopy(value)
    if not path:
        return new
    holder = out
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = new
    return out


@pytest.mark.parametrize("resource", BUILTIN.kept, ids=lambda r: r.kind)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_json_is_an_object_or_a_clear_refusal_without_a_trace(resource, data):
    name = NAME_OF.get(resource.kind, "x")
    obj = {"metadata": {"name": name, "labels": {"a": "b"}}} | SEEDS[resource.kind]
    path = data.draw(st.sampled_from(list(places(obj))))
    namespace = "default" if resource.namespaced else ""
    with Store() as store:
        server = ApiServer(store, clock=lambda: 10**18)
        server.bootstrap()
        held = server.create(resource, obj, namespace)
        before = server.revision
        bad = replaced(obj, path, data.draw(JSON))
        for call in (server.create, server.update, server.patch):
            args = (resource, bad) if call != server.patch else (resource, bad, name)
            done = outcome(call, *args, **{"namespace": namespace})
            if isinstance(done, int):
                assert 400 <= done < 500
                assert server.revision == before
            else:
                assert done == server.get(resource, done.name, done.namespace)
                before = server.revision
        assert held.name == name
        store.validate()
