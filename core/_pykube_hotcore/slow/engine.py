"""The scheduling engine in plain Python: same calls, same results as ``native.Engine``.

Everything is computed from scratch at each call, from lists of nodes, pods and classes; only the
size of an image has a history. It is the oracle of the tests, and slow.
"""

from collections.abc import Collection, Iterable, Sequence
from types import TracebackType
from typing import Any, NoReturn, Self

import numpy as np
from numpy.typing import NDArray

from _pykube_hotcore.constants import C
from _pykube_hotcore.native import (
    Evaluation,
    NativeError,
    Replay,
    Survey,
    Victims,
    play_singly,
)
from _pykube_hotcore.program import (
    DEVICE_COUNT_MAX,
    FIELD_RESOURCES,
    PLUGIN_COUNT,
    RESOURCE_COUNT_MAX,
    Code,
    EngineProfile,
    Matcher,
    NodeRow,
    Plugin,
    PodClass,
    Term,
    Tie,
)
from _pykube_hotcore.slow import checks
from _pykube_hotcore.slow.filters import (
    PreFilter,
    Verdict,
    filter_with_nominated,
    has_room,
)
from _pykube_hotcore.slow.match import any_term_matches
from _pykube_hotcore.slow.pods import Pods
from _pykube_hotcore.slow.preempt import select_victims
from _pykube_hotcore.slow.sample import sample, sample_size
from _pykube_hotcore.slow.scores import PACKING, BadScoreError, score_nodes
from _pykube_hotcore.slow.select import SplitMix64, select
from _pykube_hotcore.slow.state import (
    Cluster,
    Policy,
    Profile,
    Row,
    View,
    node_name,
)
from _pykube_hotcore.slow.survey import answer

INVALID, LIMIT, NOT_FOUND = C.PKC_ERR_INVALID, C.PKC_ERR_LIMIT, C.PKC_ERR_NOT_FOUND
OVERFLOW, BAD_SCORE = C.PKC_ERR_OVERFLOW, C.PKC_ERR_SCORE
NODE_LOCAL = (Plugin.NODE_RESOURCES_FIT, Plugin.BALANCED_ALLOCATION, *PACKING)


Integers = Sequence[int] | NDArray[np.integer[Any]]


class SlowEngine:
    """Nodes, pods and pod classes, and the scheduling cycle over them: see ``native.Engine``.

    Parameters
    ----------
    kernel
        Has no meaning here.
    tie, seed
        As in ``native.Engine``; the same seed gives the same choices.
    """

    def __init__(self, kernel: str | None = None, tie: Tie = Tie.RANK, seed: int = 0) -> None:
        self.cluster = Cluster()
        self._tie = tie
        self._random = SplitMix64(seed)
        self._pods = Pods(self.cluster)
        self._handles = 0
        self._order: list[int] = []
        self._next_start = 0

    def close(self) -> None:
        """Do nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # Profiles, classes and matchers.

    def reserve_resources(self, count: int) -> int:
        """Make sure that at least ``count`` resources have columns; return how many there are."""
        if count < 0:
            _refuse(INVALID, "resources")
        if count > RESOURCE_COUNT_MAX:
            _refuse(LIMIT, "resources")
        self.cluster.resource_count = max(self.cluster.resource_count, count)
        return self.cluster.resource_count

    def add_profile(self, profile: EngineProfile, policy: Policy | None = None) -> int:
        """Add a profile; ``policy`` has a ``function`` and its ``resources``."""
        if not checks.profile_valid(profile, has_policy=policy is not None):
            _refuse(INVALID, "profile")
        self._reserve([*(r for r, _ in profile.fit_resources), *profile.balanced_resources])
        if policy is None:
            self.cluster.profiles.append(Profile(profile))
        else:
            resources = dict(policy.resources)
            self.cluster.profiles.append(Profile(profile, policy.function, resources))
        return len(self.cluster.profiles) - 1

    def add_class(self, pod_class: PodClass, words: object = None) -> int:
        """Add a pod class and return its index; ``words`` have no meaning here."""
        if not checks.class_valid(
            pod_class,
            profile_count=len(self.cluster.profiles),
            matcher_count=len(self.cluster.matchers),
        ):
            _refuse(INVALID, "pod class")
        self._reserve(r for r, _ in (*pod_class.request, *(pod_class.filter_request or ())))
        self.cluster.classes.append(pod_class)
        return len(self.cluster.classes) - 1

    def add_matcher(self, matcher: Matcher) -> int:
        """Add a matcher of pods and return its index."""
        in_order = checks.namespaces_valid(matcher.namespaces)
        if not in_order or not checks.term_valid(matcher.requirements):
            _refuse(INVALID, "matcher")
        self.cluster.matchers.append(matcher)
        return len(self.cluster.matchers) - 1

    def set_matcher_namespaces(self, index: int, namespaces: tuple[int, ...] | None) -> None:
        """Replace the namespaces of a matcher."""
        if not 0 <= index < len(self.cluster.matchers):
            _refuse(NOT_FOUND, f"matcher {index}")
        if not checks.namespaces_valid(namespaces):
            _refuse(INVALID, f"matcher {index}")
        old = self.cluster.matchers[index]
        self.cluster.matchers[index] = old._replace(namespaces=namespaces)

    def set_sampling(self, profile: int, percentage: int) -> None:
        """Set how many feasible nodes a profile looks for, in percent; 0 is adaptive."""
        if not 0 <= profile < len(self.cluster.profiles):
            _refuse(NOT_FOUND, f"profile {profile}")
        if not 0 <= percentage <= 100:
            _refuse(INVALID, f"percentage {percentage}")
        self.cluster.profiles[profile].percentage = percentage

    def set_order(self, rows: Integers) -> None:
        """Set the order in which a sampling search meets the live rows."""
        order = [int(row) for row in rows]
        if sorted(order) != list(self.cluster.live_rows()):
            _refuse(INVALID, "order of rows")
        self._order = order

    def _reserve(self, resources: Iterable[int]) -> None:
        wanted = max(resources, default=-1) + 1
        self.cluster.resource_count = max(self.cluster.resource_count, wanted)

    # Nodes.

    def add_nodes(self, nodes: Sequence[NodeRow]) -> int:
        """Append nodes as rows; return the first row."""
        if not all(checks.node_valid(node) for node in nodes):
            _refuse(INVALID, "nodes")
        first = self.row_count
        for node in nodes:
            self._reserve(range(len(node.allocatable)))
            self._order.append(self.row_count)
            self.cluster.rows.append(Row(node))
            self.cluster.add_images(self.row_count - 1, node)
        return first

    def update_nodes(self, rows: Sequence[int], nodes: Sequence[NodeRow]) -> None:
        """Replace what nodes say, one after the other; pods on them stay."""
        for row, node in zip(rows, nodes, strict=True):
            self._update(row, node)

    def _update(self, row: int, node: NodeRow) -> None:
        old = self._live_row(row)
        vanish = node.device_count != old.node.device_count and old.slots
        if not checks.node_valid(node) or vanish:
            _refuse(INVALID, f"node row {row}")
        self._reserve(range(len(node.allocatable)))
        self.cluster.drop_images(row, old.node)
        old.node = node
        self.cluster.add_images(row, node)

    def remove_node(self, row: int) -> int:
        """Remove a node and the pods on it; return how many these were."""
        old = self._live_row(row)
        slots = sorted(old.slots, reverse=True)
        for slot in slots:
            self._pods.drop(slot)
        old.alive = False
        self._order.remove(row)
        self.cluster.drop_images(row, old.node)
        return len(slots)

    def _live_row(self, row: int) -> Row:
        if not 0 <= row < self.row_count or not self.cluster.rows[row].alive:
            _refuse(NOT_FOUND, f"node row {row}")
        return self.cluster.rows[row]

    @property
    def row_count(self) -> int:
        """Rows ever added; removed ones count."""
        return len(self.cluster.rows)

    @property
    def pod_count(self) -> int:
        """Pods on all rows."""
        return sum(pod is not None for pod in self.cluster.pods)

    # Pods.

    def place(
        self, classes: Integers, stop_at_misfit: bool = False
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Run the scheduling cycle for pods in order: (rows, slots), -1 where no node fits."""
        wanted = [int(c) for c in classes]
        if not all(0 <= c < len(self.cluster.classes) for c in wanted):
            _refuse(NOT_FOUND, "pod 0 of the batch")
        rows, pods = [-1] * len(wanted), [-1] * len(wanted)
        for index, c in enumerate(wanted):
            row = self._cycle(c, index)
            if row >= 0 and not self._pods.sums_hold(c, row):
                _refuse(OVERFLOW, f"pod {index} of the batch")
            if row >= 0:
                rows[index], pods[index] = row, self._pods.add(c, row)
            elif stop_at_misfit:
                break
        return np.array(rows, np.int32), np.array(pods, np.int32)

    def _cycle(self, class_index: int, index: int) -> int:
        spec = self.cluster.classes[class_index]
        feasible = self._sampled(spec, self._feasible(class_index))
        if not feasible:
            return -1
        try:
            totals = score_nodes(self.cluster, spec, feasible).total
        except BadScoreError:
            _refuse(BAD_SCORE, f"pod {index} of the batch")
        scorers = [plugin for plugin, _ in self.cluster.profiles[spec.profile].rules.scorers]
        at_random = self._tie == Tie.RANDOM or Plugin.RANDOM in scorers
        ranks = [view.node.rank for view in feasible]
        rows = [view.row for view in feasible]
        return select(rows, totals, ranks, self._random if at_random else None)

    def _sampled(self, spec: PodClass, feasible: list[View]) -> list[View]:
        """Narrow the feasible nodes to those that a sampling search finds."""
        profile = self.cluster.profiles[spec.profile]
        wanted = sample_size(profile, spec, len(self._order))
        names = spec.node_set
        rows = self.cluster.rows
        order = [r for r in self._order if names is None or node_name(rows[r].node) in names]
        if wanted is None or not order:
            return feasible if wanted is None else []
        found, met = sample(order, self._next_start, {v.row for v in feasible}, wanted)
        self._next_start = (self._next_start + met) % len(self._order)
        return [view for view in feasible if view.row in found]

    def _verdicts(self, class_index: int) -> dict[int, Verdict]:
        pre = PreFilter.of(self.cluster, self.cluster.classes[class_index])
        return {
            view.row: filter_with_nominated(self.cluster, class_index, pre, view)
            for view in self.cluster.views()
        }

    def _feasible(self, class_index: int) -> list[View]:
        verdicts = self._verdicts(class_index)
        return [self.cluster.view(row) for row, v in verdicts.items() if v.code == Code.FITS]

    def bind(self, classes: Integers, rows: Integers) -> NDArray[np.int32]:
        """Put pods on rows without asking whether they fit; return their slots."""
        wanted, where = [int(c) for c in classes], [int(r) for r in rows]
        if len(wanted) != len(where):
            raise ValueError("classes and rows differ in length")
        for c, row in zip(wanted, where, strict=True):
            known = 0 <= c < len(self.cluster.classes) and 0 <= row < self.row_count
            if not known or not self.cluster.rows[row].alive:
                _refuse(NOT_FOUND, "bind")
        slots: list[int] = []
        for c, row in zip(wanted, where, strict=True):
            if not self._pods.sums_hold(c, row):
                for slot in reversed(slots):
                    self._pods.drop(slot)
                _refuse(OVERFLOW, "bind")
            slots.append(self._pods.add(c, row))
        return np.array(slots, np.int32)

    def remove(self, pods: Integers) -> None:
        """Take pods off their rows: all of them, or none where one is unknown."""
        slots = [int(slot) for slot in pods]
        for index, slot in enumerate(slots):
            if not self._pods.hold(slot) or slot in slots[:index]:
                _refuse(NOT_FOUND, "pods")
        for slot in slots:
            self._pods.drop(slot)

    def set_start_times(self, pods: Integers, start_ns: Integers) -> None:
        """Say when pods started, for their importance in preemption."""
        slots = [int(slot) for slot in pods]
        if not all(self._pods.hold(slot) for slot in slots):
            _refuse(NOT_FOUND, "pods")
        for slot, start in zip(slots, start_ns, strict=True):
            pod = self.cluster.pods[slot]
            assert pod is not None
            pod.start_ns = int(start)

    # Facts that the caller adds to the rules.

    def set_external(self, class_index: int, binding: Integers, zone: Integers) -> None:
        """Say what VolumeBinding and VolumeZone refuse a class for, 0 where they let it pass."""
        if not 0 <= class_index < len(self.cluster.classes):
            _refuse(NOT_FOUND, f"class {class_index}")
        if not self.cluster.classes[class_index].has_external:
            _refuse(INVALID, f"class {class_index}")
        masks = [int(x) for x in binding], [int(x) for x in zone]
        self.cluster.external[class_index] = masks

    def nominate(self, class_index: int, row: int) -> int:
        """Say that a pod will come to a row; return a handle."""
        if not 0 <= class_index < len(self.cluster.classes):
            _refuse(NOT_FOUND, f"class {class_index}")
        self._live_row(row)
        self._handles += 1
        self.cluster.nominated[self._handles] = (class_index, row)
        return self._handles

    def unnominate(self, handle: int) -> None:
        """Take a nomination back."""
        if handle not in self.cluster.nominated:
            _refuse(NOT_FOUND, f"nomination {handle}")
        del self.cluster.nominated[handle]

    # Answers.

    def evaluate(self, class_index: int) -> Evaluation:
        """Say what the cycle thinks of one pod on every row; nothing is assumed."""
        self._known_class(class_index)
        n = self.row_count
        result = Evaluation(
            np.zeros(n, np.uint8),
            np.full(n, Code.NO_NODE, np.uint8),
            np.zeros(n, np.uint64),
            np.zeros((PLUGIN_COUNT, n), np.int64),
            np.zeros((PLUGIN_COUNT, n), np.int64),
            np.full(n, -np.inf),
            np.zeros(PLUGIN_COUNT, np.bool_),
        )
        for row, verdict in self._verdicts(class_index).items():
            result.plugin[row], result.code[row], result.detail[row] = verdict
        rows = np.flatnonzero(result.code == Code.FITS)
        result.total[rows] = 0.0
        if len(rows) >= 2:
            views = [self.cluster.view(int(row)) for row in rows]
            try:
                scores = score_nodes(self.cluster, self.cluster.classes[class_index], views)
            except BadScoreError:
                _refuse(BAD_SCORE, "evaluate")
            for plugin, raw in scores.raw.items():
                result.raw[plugin, rows] = raw
                result.normalized[plugin, rows] = scores.normalized[plugin]
                result.scored[plugin] = True
            result.total[rows] = scores.total
        return result

    def filter_row(self, class_index: int, row: int) -> tuple[int, int, int]:
        """Return plugin, code and detail of the first refusal on one row."""
        self._known_class(class_index)
        if not 0 <= row < self.row_count:
            _refuse(NOT_FOUND, f"node row {row}")
        missing = Verdict(Plugin.NONE, Code.NO_NODE, 0)
        plugin, code, detail = self._verdicts(class_index).get(row, missing)
        return int(plugin), int(code), detail

    def dry_run(
        self,
        class_index: int,
        rows: Integers,
        budgets: Sequence[tuple[int, int]] = (),
        exempt: Collection[tuple[int, int]] = (),
    ) -> Victims:
        """Say which pods of lower priority would have to go from each row; nothing is changed."""
        found = []
        for row in rows:
            self._live_row(int(row))
            self._known_class(class_index)
            if not all(0 <= m < len(self.cluster.matchers) for m, _ in budgets):
                _refuse(NOT_FOUND, f"row {row}")
            found.append(select_victims(self.cluster, class_index, int(row), budgets, exempt))
        return Victims(
            np.array([v.code for v in found], np.uint8),
            np.array([v.plugin for v in found], np.uint8),
            np.array([v.detail for v in found], np.uint64),
            np.array([v.violations for v in found], np.int32),
            np.cumsum([0, *(len(v.slots) for v in found)], dtype=np.int32),
            np.array([slot for v in found for slot in v.slots], np.int32),
        )

    def match(self, terms: tuple[Term, ...]) -> NDArray[np.bool_]:
        """Say which live nodes match a disjunction of terms: (row_count,)."""
        if not all(checks.term_valid(term) for term in terms):
            _refuse(INVALID, "match")
        rows = [r.alive and any_term_matches(terms, r.node) for r in self.cluster.rows]
        return np.array(rows, np.bool_)

    def scan(self, class_index: int, total_out: NDArray[np.float64]) -> int:
        """Filter and score every row by the node-local scorers alone."""
        self._known_class(class_index)
        spec = self.cluster.classes[class_index]
        rules = self.cluster.profiles[spec.profile].rules
        feasible = self._feasible(class_index)
        scores = score_nodes(self.cluster, spec, feasible)
        total_out[:] = -np.inf
        total_out[[view.row for view in feasible]] = 0.0
        for plugin, weight in rules.scorers:
            if plugin in NODE_LOCAL and plugin in scores.raw:
                rows = [view.row for view in feasible]
                total_out[rows] += weight * np.array(scores.normalized[plugin], np.float64)
        return self.row_count

    def survey(self, survey: Survey) -> None:
        """Answer a survey."""
        for class_index in survey.classes.tolist():
            self._known_class(class_index)
        if not all(0 <= r < self.cluster.resource_count for r in survey.resources.tolist()):
            _refuse(NOT_FOUND, "survey")
        views = [self.cluster.view(row) for row in range(self.row_count)]
        answer(survey, views, [self._feasible(c) for c in survey.classes.tolist()])

    def room(self, classes: Integers, rows: Integers) -> NDArray[np.bool_]:
        """Say which classes NodeResourcesFit lets on one of the rows: (classes,)."""
        if not all(0 <= row < self.row_count for row in rows):
            _refuse(NOT_FOUND, "room")
        for class_index in classes:
            self._known_class(int(class_index))
        views = [self.cluster.view(int(row)) for row in rows]
        found = [any(has_room(self.cluster, int(c), view) for view in views) for c in classes]
        return np.array(found, np.bool_)

    def replay(self, replay: Replay, begin: int, end: int) -> tuple[int, bool]:
        """Play events."""
        return play_singly(self, replay, begin, end)

    def _known_class(self, class_index: int) -> None:
        if not 0 <= class_index < len(self.cluster.classes):
            _refuse(NOT_FOUND, f"class {class_index}")

    def column(self, field: int) -> NDArray[np.int64]:
        """Return a column (row_count,) int64 of the node matrix."""
        if not 0 <= field < FIELD_RESOURCES + 2 * self.cluster.resource_count:
            _refuse(INVALID, f"column {field}")
        views = [self.cluster.view(row) for row in range(self.row_count)]
        return np.array([view.column(field) for view in views], np.int64)

    def devices(self) -> NDArray[np.int32]:
        """Return the free milli of devices: (row_count, DEVICE_COUNT_MAX), -1 where none is."""
        free = [self.cluster.view(row).device_free() for row in range(self.row_count)]
        return np.array(free, np.int32).reshape(self.row_count, DEVICE_COUNT_MAX)

    def validate(self) -> None:
        """Check that no pod is lost or on two rows; raise AssertionError."""
        listed = [slot for row in self.cluster.rows for slot in row.slots]
        assert len(set(listed)) == len(listed) == self.pod_count
        assert sorted(listed + self._pods.free) == list(range(len(self.cluster.pods)))


def _refuse(status: int, what: str) -> NoReturn:
    raise NativeError(status, what)
