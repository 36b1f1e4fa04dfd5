"""NodeAffinity: nodeSelector, node affinity, and the addedAffinity of the profile.

Source: kubernetes v1.34.1, plugins/nodeaffinity/node_affinity.go and
staging/src/k8s.io/component-helpers/scheduling/corev1/nodeaffinity/nodeaffinity.go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from _pykube_hotcore.program import (
    Code,
    Operator,
    Plugin,
    Preferred,
    Requirement,
    Selector,
    Term,
)
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.selectors import parse_node_selector_term
from pykube_core.scheduler.config import EnabledPlugin, Plugins
from pykube_core.scheduler.plugins.base import (
    ClassBuilder,
    CompileContext,
    Refusal,
    SchedulerPlugin,
)
from pykube_core.scheduler.tables.interner import NODE_NAME_KEY, Interner
from pykube_core.scheduler.tables.label_selectors import NEVER

REASON_POD: Final = 0
REASON_ENFORCED: Final = 1

_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"
_OPERATORS: Final = {
    "In": Operator.IN,
    "NotIn": Operator.NOT_IN,
    "Exists": Operator.EXISTS,
    "DoesNotExist": Operator.DOES_NOT_EXIST,
    "Gt": Operator.GREATER_THAN,
    "Lt": Operator.LESS_THAN,
}
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,40}", re.ASCII)


class NodeAffinity(SchedulerPlugin):
    """Reads ``spec.nodeSelector`` and ``spec.affinity.nodeAffinity``."""

    name: ClassVar = "NodeAffinity"
    code: ClassVar = Plugin.NODE_AFFINITY

    def compile(self, pod: KubeObject, builder: ClassBuilder, context: CompileContext) -> None:
        """Put selectors, preferred terms and the narrowed node set into the class."""
        spec = pod.get("spec") or {}
        added = getattr(context.args.get(self.name), "added_affinity", None) or {}
        affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
        self._require(added, REASON_ENFORCED, builder, context.interner)
        wanted = spec.get("nodeSelector") or {}
        if wanted:
            required = tuple(
                Requirement(
                    Operator.IN, context.interner.key(k), values=(context.interner.value(v),)
                )
                for k, v in sorted(wanted.items())
            )
            builder.selectors.append(Selector(REASON_POD, (required,)))
        self._require(affinity, REASON_POD, builder, context.interner)
        for source in (added, affinity):
            for item in source.get(_PREFERRED) or ():
                term = term_of(item.get("preference") or {}, context.interner)
                if term is not None and item["weight"] != 0:
                    builder.preferred.append(Preferred(item["weight"], term))
        if not builder.preferred and self._always_scores(added, affinity, context.plugins):
            builder.preferred.append(Preferred(1, NEVER))
        names = node_names(pod)
        if names and _is_among(self.name, context.plugins.pre_filter):
            builder.node_set = tuple(sorted(context.interner.value(name) for name in names))

    def reads(self, args: object, plugins: Plugins) -> object:
        """Return the added affinity, whether PreFilter runs, and whether PreScore never skips."""
        added = getattr(args, "added_affinity", None) or {}
        return added, _is_among(self.name, plugins.pre_filter), self._never_skips(plugins)

    def _always_scores(
        self, added: Mapping[str, Any], affinity: Mapping[str, Any], plugins: Plugins
    ) -> bool:
        """Return whether every node gets a score, if only 0: PreScore does not skip."""
        if added.get(_PREFERRED) or affinity.get(_PREFERRED) is not None:
            return True
        return self._never_skips(plugins)

    def _never_skips(self, plugins: Plugins) -> bool:
        """Return whether Score runs without PreScore."""
        scores = _is_among(self.name, plugins.score)
        return scores and not _is_among(self.name, plugins.pre_score)

    def pre_filter(self, pod: KubeObject, context: CompileContext) -> Refusal | None:
        """Return the refusal of a pod whose terms each name several nodes at once."""
        names = node_names(pod)
        if names is None or names:
            return None
        return Refusal(Code.UNRESOLVABLE, ("pod affinity terms conflict",))

    def _require(
        self, affinity: Mapping[str, Any], reason: int, builder: ClassBuilder, interner: Interner
    ) -> None:
        required = affinity.get(_REQUIRED)
        if required is not None:
            builder.selectors.append(Selector(reason, selector_terms(required, interner)))

    def reasons(self, detail: int, node: KubeObject, resources: Sequence[str]) -> list[str]:
        """Return the reason; ``detail`` says whose affinity it was."""
        if detail == REASON_ENFORCED:
            return ["node(s) didn't match scheduler-enforced node affinity"]
        return ["node(s) didn't match Pod's node affinity/selector"]


def _is_among(name: str, plugins: Sequence[EnabledPlugin]) -> bool:
    return any(plugin.name == name for plugin in plugins)


def node_names(pod: KubeObject) -> frozenset[str] | None:
    """Return the nodes to which required affinity pins a pod by name, None for all nodes.

    It is pinned only if every term names nodes; none are left where the names of each conflict.
    """
    affinity = ((pod.get("spec") or {}).get("affinity") or {}).get("nodeAffinity") or {}
    terms = (affinity.get(_REQUIRED) or {}).get("nodeSelectorTerms") or ()
    pinned: set[str] = set()
    for term in terms:
        named = [
            set(field.get("values") or ())
            for field in term.get("matchFields") or ()
            if field.get("key") == "metadata.name" and field.get("operator") == "In"
        ]
        if not named:
            return None
        pinned |= set.intersection(*named)
    return frozenset(pinned) if terms else None


def selector_terms(selector: Mapping[str, Any], interner: Interner) -> tuple[Term, ...]:
    """Return the terms of a NodeSelector; empty terms match nothing and are left out."""
    terms = (term_of(t, interner) for t in selector.get("nodeSelectorTerms") or ())
    return tuple(t for t in terms if t is not None)


def term_of(term: Mapping[str, Any], interner: Interner) -> Term | None:
    """Return a NodeSelectorTerm as requirements, None if it is empty.

    One that cannot be read matches nothing.
    """
    expressions = term.get("matchExpressions") or ()
    fields = term.get("matchFields") or ()
    if not expressions and not fields:
        return None
    if parse_node_selector_term(term).error is not None:
        return NEVER
    return (
        *(_requirement(e, interner) for e in expressions),
        *(_field_requirement(f, interner) for f in fields),
    )


def _values(texts: Sequence[str], interner: Interner) -> tuple[int, ...]:
    return tuple(sorted({interner.value(text) for text in texts}))


def _requirement(expression: Mapping[str, Any], interner: Interner) -> Requirement:
    operator = _OPERATORS.get(expression.get("operator") or "", Operator.NEVER)
    key = interner.key(expression.get("key") or "")
    texts: list[str] = expression.get("values") or []
    if operator in (Operator.GREATER_THAN, Operator.LESS_THAN):
        number = int(texts[0]) if len(texts) == 1 and _INTEGER.fullmatch(texts[0]) else None
        if number is None or not -(2**63) <= number < 2**63:
            return Requirement(Operator.NEVER, key)
        return Requirement(operator, key, number)
    if operator in (Operator.EXISTS, Operator.DOES_NOT_EXIST):
        return Requirement(operator, key)
    return Requirement(operator, key, values=_values(texts, interner))


def _field_requirement(field: Mapping[str, Any], interner: Interner) -> Requirement:
    """Return a requirement on metadata.name, the only field there is; it has one value."""
    operator = _OPERATORS.get(field.get("operator") or "", Operator.NEVER)
    texts = field.get("values") or ()
    known = field.get("key") == "metadata.name" and operator in (Operator.IN, Operator.NOT_IN)
    if not known or len(texts) != 1:
        return Requirement(Operator.NEVER, interner.key(NODE_NAME_KEY))
    return Requirement(operator, interner.key(NODE_NAME_KEY), values=_values(texts, interner))


PLUGIN = NodeAffinity()
