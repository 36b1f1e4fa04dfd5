from pykube_core.api.machinery.selectors import NOTHING, parse_label_selector
from pykube_core.scheduler.tables.interner import Interner
from pykube_core.scheduler.tables.matchers import MatcherTable, PodMatch

APP = parse_label_selector({"matchLabels": {"app": "web"}})
TEAM_A = parse_label_selector({"matchLabels": {"team": "a"}})
NOT_TEAM_A = parse_label_selector(
    {"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["a"]}]}
)


class RecordingEngine:
    """Keeps the matchers that it is given."""

    def __init__(self):
        self.matchers = []

    def add_matcher(self, matcher):
        self.matchers.append(matcher)
        return len(self.matchers) - 1

    def set_matcher_namespaces(self, index, namespaces):
        self.matchers[index] = self.matchers[index]._replace(namespaces=namespaces)


class World:
    def __init__(self):
        self.engine, self.interner = RecordingEngine(), Interner()
        self.table = MatcherTable(self.engine, self.interner)

    def namespaces(self, index):
        numbers = self.engine.matchers[index].namespaces
        names = {self.interner.value(name): name for name in ("one", "two", "three", "new")}
        return None if numbers is None else {names[number] for number in numbers}


def match(names=(), namespace_selector=NOTHING, is_incoming=True):
    return PodMatch(APP, frozenset(names), namespace_selector, is_incoming)


def test_equal_selectors_share_a_matcher():
    world = World()
    assert world.table.index(match(["one"])) == world.table.index(match(["one"]))
    assert world.table.index(match(["one"])) != world.table.index(match(["two"]))


def test_both_sides_share_a_matcher_that_reads_no_labels():
    world = World()
    held = match(["one"], is_incoming=False)
    assert world.table.index(match(["one"])) == world.table.index(held)


def test_an_empty_namespace_selector_means_all_namespaces():
    world = World()
    everything = parse_label_selector({})
    assert world.namespaces(world.table.index(match(["one"], everything))) is None


def test_namespaces_are_named_and_selected():
    world = World()
    world.table.set_namespace("one", {"team": "b"})
    world.table.set_namespace("two", {"team": "a"})
    assert world.namespaces(world.table.index(match(["one"], TEAM_A))) == {"one", "two"}


def test_a_selector_that_matches_no_labels_takes_all_namespaces_of_an_incoming_pod():
    world = World()
    world.table.set_namespace("two", {"team": "a"})
    assert world.namespaces(world.table.index(match([], NOT_TEAM_A))) is None
    held = world.table.index(match([], NOT_TEAM_A, is_incoming=False))
    assert world.namespaces(held) == set()


def test_a_namespace_without_an_object_has_no_labels_for_pods_on_nodes_only():
    world = World()
    world.table.see_namespace("new")
    held = world.table.index(match([], NOT_TEAM_A, is_incoming=False))
    assert world.namespaces(held) == {"new"}
    missing = parse_label_selector({"matchExpressions": [{"key": "x", "operator": "Exists"}]})
    assert world.namespaces(world.table.index(match([], missing))) == set()


def test_namespaces_that_come_change_or_go_move_into_matchers_and_out():
    world = World()
    index = world.table.index(match(["one"], TEAM_A))
    assert world.namespaces(index) == {"one"}
    world.table.set_namespace("two", {"team": "a"})
    assert world.namespaces(index) == {"one", "two"}
    world.table.set_namespace("three", {"team": "b"})
    world.table.set_namespace("two", {"team": "b"})
    assert world.namespaces(index) == {"one"}
    world.table.set_namespace("three", {"team": "a"})
    world.table.set_namespace("three", None)
    assert world.namespaces(index) == {"one"}


def test_accepts_is_what_the_matcher_says():
    world = World()
    world.table.set_namespace("two", {"team": "a"})
    selecting = match(["one"], TEAM_A)
    assert world.table.accepts(selecting, "two", {"app": "web"})
    assert not world.table.accepts(selecting, "two", {"app": "db"})
    assert not world.table.accepts(selecting, "three", {"app": "web"})
