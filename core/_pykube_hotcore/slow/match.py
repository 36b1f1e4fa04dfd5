"""Requirements on labels, matchers of pods, and tolerations of taints."""

from collections.abc import Iterable

from _pykube_hotcore.program import (
    Effect,
    Label,
    Matcher,
    NodeRow,
    Operator,
    PodClass,
    Requirement,
    Selector,
    Taint,
    Term,
    Toleration,
)


def requirement_matches(requirement: Requirement, labels: Iterable[Label]) -> bool:
    """Say whether labels meet one expression.

    NotIn and DoesNotExist hold without the key (apimachinery, pkg/labels/selector.go).
    """
    label = next((x for x in labels if x.key == requirement.key), None)
    operator = requirement.operator
    if operator == Operator.IN:
        return label is not None and label.value in requirement.values
    if operator == Operator.NOT_IN:
        return label is None or label.value not in requirement.values
    if operator == Operator.EXISTS:
        return label is not None
    if operator == Operator.DOES_NOT_EXIST:
        return label is None
    if label is None or label.number < 0:
        return False
    if operator == Operator.GREATER_THAN:
        return label.number > requirement.number
    if operator == Operator.LESS_THAN:
        return label.number < requirement.number
    return False


def term_matches(term: Term, labels: Iterable[Label]) -> bool:
    """Say whether labels meet all expressions of a term."""
    labels = tuple(labels)
    return all(requirement_matches(r, labels) for r in term)


def any_term_matches(terms: Iterable[Term], node: NodeRow) -> bool:
    """Say whether a node meets one of the terms."""
    return any(term_matches(term, node.labels) for term in terms)


def failed_selector(selectors: Iterable[Selector], node: NodeRow) -> int | None:
    """Return the reason of the first selector that a node fails."""
    return next((s.reason for s in selectors if not any_term_matches(s.terms, node)), None)


def tolerates(tolerations: Iterable[Toleration], taint: Taint) -> bool:
    """Say whether one of the tolerations covers a taint (api core/v1, ToleratesTaint)."""
    return any(
        (t.effect < 0 or t.effect == taint.effect)
        and (t.key < 0 or t.key == taint.key)
        and (t.exists or t.value == taint.value)
        for t in tolerations
    )


def untolerated_taint(spec: PodClass, node: NodeRow) -> int | None:
    """Return the index of the first taint that keeps the pod off."""
    for index, taint in enumerate(node.taints):
        hard = taint.effect != Effect.PREFER_NO_SCHEDULE
        if hard and not tolerates(spec.tolerations, taint):
            return index
    return None


def pod_matches(matcher: Matcher, spec: PodClass) -> bool:
    """Say whether a matcher means a pod."""
    if matcher.namespaces is not None and spec.namespace not in matcher.namespaces:
        return False
    if matcher.skip_terminating and spec.terminating:
        return False
    return term_matches(matcher.requirements, [Label(key, value) for key, value in spec.labels])
