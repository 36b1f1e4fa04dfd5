"""Matchers: which pods a selector with its namespaces means, numbered by the engine.

A namespace may appear, or change its labels, after a matcher was made: the table knows which
matchers read the labels of namespaces, and tells the engine when their namespaces change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from _pykube_hotcore.program import Matcher
from pykube_core.api.machinery.selectors import EVERYTHING, NOTHING, LabelSelector
from pykube_core.scheduler.tables.interner import Interner
from pykube_core.scheduler.tables.label_selectors import label_term


class MatcherEngine(Protocol):
    """The part of an engine that the table calls."""

    def add_matcher(self, matcher: Matcher) -> int:
        """Add a matcher and return its index."""

    def set_matcher_namespaces(self, index: int, namespaces: tuple[int, ...] | None) -> None:
        """Replace the namespaces of a matcher, None for all."""


class PodMatch(NamedTuple):
    """A selector of pods.

    Attributes
    ----------
    selector : LabelSelector
        Over the labels of the pod.
    namespaces : frozenset of str
        Namespaces that are named.
    namespace_selector : LabelSelector
        Namespaces that are selected besides.
    is_incoming : bool
        kube-scheduler resolves the namespace selector of an incoming pod to the namespaces that
        exist, but keeps the selector and holds it against no labels at all: a selector that
        matches no labels takes in every namespace. For a pod on a node it is held against the
        labels of the other pod's namespace, none if there is no such Namespace.
    skip_terminating : bool
        Pods that are being deleted do not match.
    """

    selector: LabelSelector
    namespaces: frozenset[str]
    namespace_selector: LabelSelector = NOTHING
    is_incoming: bool = True
    skip_terminating: bool = False

    @property
    def takes_all_namespaces(self) -> bool:
        """Return whether every namespace is taken, whatever its labels."""
        selector = self.namespace_selector
        return selector.everything or (self.is_incoming and selector.matches({}))

    @property
    def reads_labels(self) -> bool:
        """Return whether the labels of namespaces matter."""
        return not (self.namespace_selector.nothing or self.takes_all_namespaces)


class MatcherTable:
    """Interns matchers and keeps their namespaces up to date.

    Parameters
    ----------
    engine
        Numbers the matchers.
    interner
        Numbers of strings; grows.
    """

    def __init__(self, engine: MatcherEngine, interner: Interner) -> None:
        self._engine = engine
        self._interner = interner
        self._matchers: list[Matcher] = []
        self._indices: dict[PodMatch, int] = {}
        self._resolved: dict[PodMatch, tuple[int, ...]] = {}
        # Labels by namespace; those that no Namespace object stands for have None.
        self._labels: dict[str, Mapping[str, str] | None] = {}

    def index(self, match: PodMatch) -> int:
        """Return the number of a matcher, a new one for a selector that was not seen before."""
        if not match.reads_labels:
            # A matcher that does not read labels is the same from both sides.
            everywhere = match.takes_all_namespaces
            match = match._replace(
                namespaces=frozenset() if everywhere else match.namespaces,
                namespace_selector=EVERYTHING if everywhere else NOTHING,
                is_incoming=True,
            )
        found = self._indices.get(match)
        if found is not None:
            return found
        namespaces = self._namespaces_of(match)
        term = label_term(match.selector, self._interner)
        matcher = Matcher(term, namespaces, match.skip_terminating)
        index = self._engine.add_matcher(matcher)
        self._matchers.append(matcher)
        self._indices[match] = index
        if match.reads_labels and namespaces is not None:
            self._resolved[match] = namespaces
        return index

    def accepts(self, match: PodMatch, namespace: str, labels: Mapping[str, str]) -> bool:
        """Return whether a pod with these labels in the namespace matches."""
        if not match.takes_all_namespaces and namespace not in self._names_of(match):
            return False
        return match.selector.matches(labels)

    def see_namespace(self, name: str) -> None:
        """Make a namespace known that a pod is in, whether or not a Namespace object is there."""
        if name not in self._labels:
            self._set(name, None)

    def set_namespace(self, name: str, labels: Mapping[str, str] | None) -> None:
        """Set the labels of a Namespace that appeared or changed; None when it was deleted."""
        if name not in self._labels or self._labels[name] != labels:
            self._set(name, None if labels is None else dict(labels))

    def copy(self, engine: MatcherEngine, interner: Interner) -> MatcherTable:
        """Return a table that goes on by itself; its matchers are added to another engine.

        ``interner`` has numbered the same as this one's, and ``engine`` has no matchers yet.
        """
        other = MatcherTable(engine, interner)
        other._matchers = list(self._matchers)
        other._indices = dict(self._indices)
        other._resolved = dict(self._resolved)
        other._labels = dict(self._labels)
        for matcher in other._matchers:
            engine.add_matcher(matcher)
        return other

    def _set(self, name: str, labels: Mapping[str, str] | None) -> None:
        self._labels[name] = labels
        for match, before in self._resolved.items():
            namespaces = self._namespaces_of(match)
            if namespaces is not None and namespaces != before:
                index = self._indices[match]
                self._engine.set_matcher_namespaces(index, namespaces)
                self._matchers[index] = self._matchers[index]._replace(namespaces=namespaces)
                self._resolved[match] = namespaces

    def _names_of(self, match: PodMatch) -> set[str]:
        names = set(match.namespaces)
        if match.reads_labels:
            names.update(
                name
                for name, labels in self._labels.items()
                if not (labels is None and match.is_incoming)
                and match.namespace_selector.matches(labels or {})
            )
        return names

    def _namespaces_of(self, match: PodMatch) -> tuple[int, ...] | None:
        if match.takes_all_namespaces:
            return None
        return self._numbers(self._names_of(match))

    def _numbers(self, names: Iterable[str]) -> tuple[int, ...]:
        return tuple(sorted(self._interner.value(name) for name in names))
