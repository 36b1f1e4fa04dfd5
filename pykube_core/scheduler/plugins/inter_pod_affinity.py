"""InterPodAffinity: pods near to or far from other pods, in the domains of a label of nodes.

Source: kubernetes v1.34.1, plugins/interpodaffinity/{plugin,filtering,scoring}.go and
pkg/scheduler/framework/types.go (AffinityTerm). The API server merges ``matchLabelKeys`` and
``mismatchLabelKeys`` into the selector; the scheduler does not read them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from _pykube_hotcore.program import Plugin, PodTerm
from pykube_core.api.machinery.objects import KubeObject, namespace_of
from pykube_core.scheduler.plugins.base import ClassBuilder, CompileContext, SchedulerPlugin
from pykube_core.scheduler.tables.label_selectors import read_label_selector
from pykube_core.scheduler.tables.matchers import PodMatch

REASONS: Final = (
    "node(s) didn't match pod affinity rules",
    "node(s) didn't match pod anti-affinity rules",
    "node(s) didn't satisfy existing pods anti-affinity rules",
)

_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"


class InterPodAffinity(SchedulerPlugin):
    """Reads ``spec.affinity.podAffinity`` and ``spec.affinity.podAntiAffinity``."""

    name: ClassVar = "InterPodAffinity"
    code: ClassVar = Plugin.INTER_POD_AFFINITY

    def compile(self, pod: KubeObject, builder: ClassBuilder, context: CompileContext) -> None:
        """Put required and preferred terms into the class."""
        affinity = (pod.get("spec") or {}).get("affinity") or {}
        near = affinity.get("podAffinity") or {}
        far = affinity.get("podAntiAffinity") or {}
        required = near.get(_REQUIRED) or ()
        builder.affinity = tuple(_pod_term(term, 1, pod, context) for term in required)
        builder.anti_affinity = tuple(
            _pod_term(term, 1, pod, context) for term in far.get(_REQUIRED) or ()
        )
        builder.preferred_pods = tuple(
            _pod_term(item["podAffinityTerm"], sign * item["weight"], pod, context)
            for sign, source in ((1, near), (-1, far))
            for item in source.get(_PREFERRED) or ()
        )
        namespace, labels = namespace_of(pod), (pod.get("metadata") or {}).get("labels") or {}
        builder.affinity_self_match = bool(required) and all(
            context.matchers.accepts(pod_match(term, pod), namespace, labels) for term in required
        )

    def reasons(self, detail: int, node: KubeObject, resources: Sequence[str]) -> list[str]:
        """Return the reason; ``detail`` says whose term it was."""
        return [REASONS[detail]]


def pod_match(term: Mapping[str, Any], pod: KubeObject) -> PodMatch:
    """Return which pods a PodAffinityTerm of an incoming pod means."""
    named = term.get("namespaces") or ()
    selector = term.get("namespaceSelector")
    if not named and selector is None:
        named = (namespace_of(pod),)
    return PodMatch(
        read_label_selector(term.get("labelSelector")),
        frozenset(named),
        read_label_selector(selector),
    )


def _pod_term(
    term: Mapping[str, Any], weight: int, pod: KubeObject, context: CompileContext
) -> PodTerm:
    match = pod_match(term, pod)
    return PodTerm(
        matcher=context.matchers.index(match),
        held_matcher=context.matchers.index(match._replace(is_incoming=False)),
        key=context.interner.key(term.get("topologyKey") or ""),
        weight=weight,
    )


PLUGIN = InterPodAffinity()
