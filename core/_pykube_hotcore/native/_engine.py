"""The scheduling engine in C behind typed calls."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from _pykube_hotcore._ffi import ffi, lib
from _pykube_hotcore.native._buffers import in_buffer, indices, offsets, out_buffer
from _pykube_hotcore.native._engine_answers import Evaluation, Victims
from _pykube_hotcore.native._engine_handle import EngineHandle
from _pykube_hotcore.native._node_batch import NodeBatch
from _pykube_hotcore.native._replay import Replay
from _pykube_hotcore.native._status import check
from _pykube_hotcore.native._survey import Survey
from _pykube_hotcore.program import (
    DEVICE_COUNT_MAX,
    PLUGIN_COUNT,
    EngineProfile,
    Matcher,
    NodeRow,
    PodClass,
    Term,
    Tie,
    selector_words,
    term_words,
)

_FLOAT64 = np.dtype(np.float64)


class Engine(EngineHandle):
    """Nodes, pods and pod classes as integers, and the scheduling cycle over them.

    All calls are serialised by a lock; C runs with the GIL released.

    Parameters
    ----------
    kernel
        Name of a row of the kernel table; the best that this machine runs if None.
    tie
        How nodes of the maximal score are told apart.
    seed
        Seed of ``Tie.RANDOM`` (uint64).
    """

    def __init__(self, kernel: str | None = None, tie: Tie = Tie.RANK, seed: int = 0) -> None:
        super().__init__(kernel, tie, seed)
        self._policies: list[object] = []

    def reserve_resources(self, count: int) -> int:
        """Make sure that at least ``count`` resources have columns; return how many there are."""
        with self._lock:
            return check(lib.pkc_engine_resource_reserve(self._engine, count), "resources")

    def add_profile(self, profile: EngineProfile, policy: Any = None) -> int:
        """Add a profile and return its index.

        ``policy`` is an object with an integer ``address`` (a ``pkc_policy_function``) that is
        kept alive as long as the engine.
        """
        words = profile.words()
        address = ffi.cast("pkc_policy_function", 0 if policy is None else policy.address)
        with self._lock:
            index = lib.pkc_engine_profile_add(
                self._engine, in_buffer(words, "int64_t[]"), len(words), address
            )
            self._policies.append(policy)
            return check(index, "profile")

    def set_sampling(self, profile: int, percentage: int) -> None:
        """Set how many feasible nodes a profile looks for, in percent; 100 for all.

        0 is kube-scheduler's adaptive rule. Below 100 a search goes through the rows in the order
        of `set_order`, begins where the one before ended, and stops when it has found so many.
        """
        with self._lock:
            check(
                lib.pkc_engine_sampling_set(self._engine, profile, percentage),
                f"percentage {percentage}",
            )

    def set_order(self, rows: ArrayLike) -> None:
        """Set the order (live rows,) in which a sampling search meets the rows."""
        order = indices(rows)
        with self._lock:
            check(
                lib.pkc_engine_order_set(self._engine, len(order), in_buffer(order, "int32_t[]")),
                "order of rows",
            )

    def add_class(self, pod_class: PodClass, words: NDArray[np.int64] | None = None) -> int:
        """Add a pod class and return its index. The caller interns.

        ``words`` is ``pod_class.words()``, for a caller that has it.
        """
        if words is None:
            words = pod_class.words()
        with self._lock:
            return check(
                lib.pkc_engine_class_add(self._engine, in_buffer(words, "int64_t[]"), len(words)),
                "pod class",
            )

    def add_matcher(self, matcher: Matcher) -> int:
        """Add a matcher of pods and return its index. The caller interns."""
        words = term_words(matcher.requirements)
        count, namespaces = _namespaces(matcher.namespaces)
        with self._lock:
            return check(
                lib.pkc_engine_matcher_add(
                    self._engine,
                    in_buffer(words, "int64_t[]"),
                    len(words),
                    in_buffer(namespaces, "int32_t[]"),
                    count,
                    matcher.skip_terminating,
                ),
                "matcher",
            )

    def set_matcher_namespaces(self, index: int, namespaces: tuple[int, ...] | None) -> None:
        """Replace the namespaces of a matcher; None for all."""
        count, array = _namespaces(namespaces)
        with self._lock:
            check(
                lib.pkc_engine_matcher_namespaces(
                    self._engine, index, in_buffer(array, "int32_t[]"), count
                ),
                f"matcher {index}",
            )

    def match(self, terms: tuple[Term, ...]) -> NDArray[np.bool_]:
        """Return which rows (row_count,) hold a node that matches one of the terms."""
        words = selector_words(terms)
        found = np.zeros(self.row_count, np.bool_)
        with self._lock:
            check(
                lib.pkc_engine_match(
                    self._engine,
                    in_buffer(words, "int64_t[]"),
                    len(words),
                    out_buffer(found.view(np.uint8), "uint8_t[]"),
                ),
                "match",
            )
        return found

    def set_external(
        self, class_index: int, binding: NDArray[np.uint8], zone: NDArray[np.uint8]
    ) -> None:
        """Say where VolumeBinding and VolumeZone refuse a class that ``has_external``.

        Parameters
        ----------
        binding, zone : (row_count,) uint8
            0 where the plugin lets the pod pass, else its reasons as bits.
        """
        n = self.row_count
        masks = [np.ascontiguousarray(m, np.uint8) for m in (binding, zone)]
        if any(m.shape != (n,) for m in masks):
            raise ValueError(f"masks must be uint8 ({n},)")
        with self._lock:
            check(
                lib.pkc_engine_external_set(
                    self._engine,
                    class_index,
                    in_buffer(masks[0], "uint8_t[]"),
                    in_buffer(masks[1], "uint8_t[]"),
                ),
                f"class {class_index}",
            )

    def add_nodes(self, nodes: Sequence[NodeRow]) -> int:
        """Append nodes as rows; return the first row."""
        batch = NodeBatch.of(nodes)
        with self._lock:
            status = lib.pkc_engine_nodes_add(self._engine, len(batch), batch.pointer)
        return check(status, "nodes")

    def update_nodes(self, rows: Sequence[int], nodes: Sequence[NodeRow]) -> None:
        """Replace what nodes say, one after the other; pods on them stay.

        Raises
        ------
        NativeError
            A row holds no node, or pods hold devices of a node that would have others; those before
            it are replaced.
        """
        batch = NodeBatch.of(nodes)
        with self._lock:
            for index, row in enumerate(rows):
                status = lib.pkc_engine_node_update(self._engine, row, batch.pointer, index)
                check(status, f"node row {row}")

    def remove_node(self, row: int) -> int:
        """Remove a node and the pods on it; return how many these were."""
        with self._lock:
            return check(lib.pkc_engine_node_remove(self._engine, row), f"node row {row}")

    @property
    def row_count(self) -> int:
        """Rows ever added; removed ones count."""
        with self._lock:
            return int(lib.pkc_engine_row_count(self._engine))

    @property
    def pod_count(self) -> int:
        """Pods on all rows."""
        with self._lock:
            return int(lib.pkc_engine_pod_count(self._engine))

    def place(
        self, classes: Any, stop_at_misfit: bool = False
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Run the scheduling cycle for pods in order, each assumed at once.

        Parameters
        ----------
        classes : (n,) int
            Class of each pod.
        stop_at_misfit
            The first pod that fits nowhere is the last that is tried.

        Returns
        -------
        rows, pods : (n,) int32
            Row and slot of each pod, -1 where no node fits and behind the end.

        Raises
        ------
        NativeError
            A class is unknown, or a policy's score is no number; pods placed before stay.
        """
        wanted = indices(classes)
        rows = np.full(len(wanted), -1, np.int32)
        pods = np.full(len(wanted), -1, np.int32)
        done = ffi.new("int64_t *")
        with self._lock:
            status = lib.pkc_engine_place(
                self._engine,
                len(wanted),
                in_buffer(wanted, "int32_t[]"),
                stop_at_misfit,
                out_buffer(rows, "int32_t[]"),
                out_buffer(pods, "int32_t[]"),
                done,
            )
        check(status, f"pod {done[0]} of the batch")
        return rows, pods

    def bind(self, classes: Any, rows: Any) -> NDArray[np.int32]:
        """Put pods on rows without asking whether they fit; return their slots (n,) int32."""
        wanted, where = indices(classes), indices(rows)
        if len(wanted) != len(where):
            raise ValueError("classes and rows differ in length")
        pods = np.full(len(wanted), -1, np.int32)
        with self._lock:
            status = lib.pkc_engine_bind(
                self._engine,
                len(wanted),
                in_buffer(wanted, "int32_t[]"),
                in_buffer(where, "int32_t[]"),
                out_buffer(pods, "int32_t[]"),
            )
        check(status, "bind")
        return pods

    def remove(self, pods: Any) -> None:
        """Take pods off their rows: all of them, or none where one is unknown."""
        slots = indices(pods)
        with self._lock:
            check(
                lib.pkc_engine_remove(self._engine, len(slots), in_buffer(slots, "int32_t[]")),
                "pods",
            )

    def set_start_times(self, pods: ArrayLike, start_ns: ArrayLike) -> None:
        """Say when pods (n,) started, in ns (n,) int64; until then they count as newest."""
        slots, times = indices(pods), np.ascontiguousarray(start_ns, np.int64)
        if times.shape != slots.shape:
            raise ValueError("pods and start_ns differ in length")
        with self._lock:
            check(
                lib.pkc_engine_start_times(
                    self._engine,
                    len(slots),
                    in_buffer(slots, "int32_t[]"),
                    in_buffer(times, "int64_t[]"),
                ),
                "start times",
            )

    def nominate(self, class_index: int, row: int) -> int:
        """Hold room on a row for a pod of the class; return a handle.

        Pods of no higher priority must fit there both with it and without.
        """
        with self._lock:
            return check(lib.pkc_engine_nominate(self._engine, class_index, row), "nomination")

    def unnominate(self, handle: int) -> None:
        """End a nomination."""
        with self._lock:
            check(lib.pkc_engine_nomination_drop(self._engine, handle), f"nomination {handle}")

    def filter_row(self, class_index: int, row: int) -> tuple[int, int, int]:
        """Return plugin, code and detail of the first refusal of one pod on one row."""
        plugin = ffi.new("uint8_t *")
        code = ffi.new("uint8_t *")
        detail = ffi.new("uint64_t *")
        with self._lock:
            status = lib.pkc_engine_filter_row(self._engine, class_index, row, plugin, code, detail)
        check(status, f"class {class_index} on row {row}")
        return plugin[0], code[0], detail[0]

    def dry_run(
        self,
        class_index: int,
        rows: ArrayLike,
        budgets: Sequence[tuple[int, int]] = (),
        exempt: Collection[tuple[int, int]] = (),
    ) -> Victims:
        """Say which pods of lower priority would have to go from each row; nothing is changed.

        Parameters
        ----------
        class_index
            Class of the pod that would come.
        rows : (n,) int
            Rows to try.
        budgets
            (matcher, disruptions allowed) of each PodDisruptionBudget, in order.
        exempt
            (index of the budget, slot of the pod): disruptions that are counted already.
        """
        where = indices(rows)
        listed = ffi.new("pkc_budget[]", [{"matcher": m, "allowed": a} for m, a in budgets])
        pairs = np.array(sorted(exempt), np.int32).reshape(-1)
        codes = np.zeros(len(where), np.uint8)
        plugins = np.zeros(len(where), np.uint8)
        details = np.zeros(len(where), np.uint64)
        violations = np.zeros(len(where), np.int32)
        found = []
        code = ffi.new("uint8_t *")
        plugin = ffi.new("uint8_t *")
        detail = ffi.new("uint64_t *")
        violated = ffi.new("int32_t *")
        with self._lock:
            for i, row in enumerate(where):
                room = check(lib.pkc_engine_row_pod_count(self._engine, row), f"row {row}")
                victims = np.zeros(max(room, 1), np.int32)
                count = lib.pkc_engine_dry_run(
                    self._engine,
                    class_index,
                    row,
                    listed,
                    len(budgets),
                    in_buffer(pairs, "int32_t[]"),
                    len(exempt),
                    out_buffer(victims, "int32_t[]"),
                    violated,
                    plugin,
                    code,
                    detail,
                )
                found.append(victims[: check(count, f"row {row}")])
                codes[i], plugins[i], details[i] = code[0], plugin[0], detail[0]
                violations[i] = violated[0]
        starts = offsets([len(v) for v in found])
        pods = np.concatenate(found) if found else np.zeros(0, np.int32)
        return Victims(codes, plugins, details, violations, starts, pods)

    def evaluate(self, class_index: int) -> Evaluation:
        """Say what the cycle thinks of one pod on every row; nothing is assumed."""
        n = self.row_count
        result = Evaluation(
            np.zeros(n, np.uint8),
            np.zeros(n, np.uint8),
            np.zeros(n, np.uint64),
            np.zeros((PLUGIN_COUNT, n), np.int64),
            np.zeros((PLUGIN_COUNT, n), np.int64),
            np.zeros(n, np.float64),
            np.zeros(PLUGIN_COUNT, np.bool_),
        )
        with self._lock:
            status = lib.pkc_engine_evaluate(
                self._engine,
                class_index,
                out_buffer(result.plugin, "uint8_t[]"),
                out_buffer(result.code, "uint8_t[]"),
                out_buffer(result.detail, "uint64_t[]"),
                out_buffer(result.raw, "int64_t[]"),
                out_buffer(result.normalized, "int64_t[]"),
                out_buffer(result.total, "double[]"),
                out_buffer(result.scored.view(np.uint8), "uint8_t[]"),
            )
        check(status, "evaluate")
        return result

    def scan(self, class_index: int, total_out: NDArray[np.float64]) -> int:
        """Filter and score every row without the cached totals.

        ``total_out`` is (row_count,) float64: -inf where the class does not fit, elsewhere the
        weighted sum of the scores that do not depend on which other rows are feasible.
        """
        if total_out.dtype != _FLOAT64:
            raise ValueError(f"total_out must be float64, not {total_out.dtype}")
        out = out_buffer(total_out, "double[]")
        with self._lock:
            status = lib.pkc_engine_scan(self._engine, class_index, len(out), out)
        return check(status, "scan") if status < 0 else status

    def survey(self, survey: Survey) -> None:
        """Bring the answer of a survey of this engine up to date.

        Raises
        ------
        NativeError
            A class or resource is unknown.
        """
        with self._lock:
            row_count = int(lib.pkc_engine_row_count(self._engine))
            if row_count != len(survey.pod_count):
                survey.begin(row_count)
            status = lib.pkc_engine_survey(self._engine, survey.pointer)
        check(status, "survey")

    def room(self, classes: ArrayLike, rows: ArrayLike) -> NDArray[np.bool_]:
        """Return (classes,) where NodeResourcesFit lets such a pod on one of the rows now."""
        wanted, where = indices(classes), indices(rows)
        found = np.zeros(len(wanted), np.bool_)
        with self._lock:
            status = lib.pkc_engine_room(
                self._engine,
                len(wanted),
                in_buffer(wanted, "int32_t[]"),
                len(where),
                in_buffer(where, "int32_t[]"),
                out_buffer(found.view(np.uint8), "uint8_t[]"),
            )
        check(status, "room")
        return found

    def replay(self, replay: Replay, begin: int, end: int) -> tuple[int, bool]:
        """Play events [begin, end) up to where the caller has to decide.

        That is behind an arrival that fits nowhere, and behind the last departure of an instant in
        which a pod left that was on no row, or made room for one that waits.

        Returns
        -------
        end, decide
            Behind the last event played, and whether it is one of these.
        """
        if not 0 <= begin <= end <= len(replay.when_ns):
            raise ValueError(f"there are no events {begin} to {end}")
        done = ffi.new("int64_t *")
        with self._lock:
            status = lib.pkc_engine_replay(self._engine, replay.pointer, begin, end, done)
        return done[0], bool(check(status, f"event {done[0]}"))

    def column(self, field: int) -> NDArray[np.int64]:
        """Return a copy (row_count,) int64 of a column of the node matrix."""
        column = np.zeros(self.row_count, np.int64)
        with self._lock:
            check(
                lib.pkc_engine_column(self._engine, field, out_buffer(column, "int64_t[]")),
                f"column {field}",
            )
        return column

    def devices(self) -> NDArray[np.int32]:
        """Return the free milli of devices: (row_count, DEVICE_COUNT_MAX), -1 where none is."""
        free = np.zeros((self.row_count, DEVICE_COUNT_MAX), np.int32)
        with self._lock:
            check(lib.pkc_engine_devices(self._engine, out_buffer(free, "int32_t[]")), "devices")
        return free


def _namespaces(namespaces: tuple[int, ...] | None) -> tuple[int, NDArray[np.int32]]:
    if namespaces is None:
        return -1, np.zeros(0, np.int32)
    return len(namespaces), np.array(namespaces, np.int32)
