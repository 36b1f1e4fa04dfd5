"""PodTopologySpread: pods of a selector evenly over the domains of a label of nodes.

Source: kubernetes v1.34.1, plugins/podtopologyspread/{plugin,common,filtering,scoring}.go and
plugins/helper/spread.go (DefaultSelector).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from _pykube_hotcore.program import Plugin, SpreadConstraint
from pykube_core.api.machinery.objects import KubeObject, namespace_of
from pykube_core.api.machinery.selectors import (
    EVERYTHING,
    NOTHING,
    LabelSelector,
    selector_of_labels,
)
from pykube_core.scheduler.config import Plugins, PodTopologySpreadArgs
from pykube_core.scheduler.plugins.base import ClassBuilder, CompileContext, SchedulerPlugin
from pykube_core.scheduler.tables.label_selectors import join, read_label_selector
from pykube_core.scheduler.tables.listers import Listers
from pykube_core.scheduler.tables.matchers import PodMatch

HOSTNAME: Final = "kubernetes.io/hostname"
ZONE: Final = "topology.kubernetes.io/zone"
REASON: Final = "node(s) didn't match pod topology spread constraints"
DETAIL_MISSING_LABEL: Final = 1

SYSTEM_DEFAULTS: Final[tuple[Mapping[str, Any], ...]] = (
    {"topologyKey": HOSTNAME, "whenUnsatisfiable": "ScheduleAnyway", "maxSkew": 3},
    {"topologyKey": ZONE, "whenUnsatisfiable": "ScheduleAnyway", "maxSkew": 5},
)

# Kinds of owners whose selector tells a pod's peers: API group with version, and plural.
_OWNERS: Final = {
    ("v1", "ReplicationController"): "replicationControllers",
    ("apps/v1", "ReplicaSet"): "replicaSets",
    ("apps/v1", "StatefulSet"): "statefulSets",
}


class PodTopologySpread(SchedulerPlugin):
    """Reads ``spec.topologySpreadConstraints`` or, where there are none, the profile's defaults."""

    name: ClassVar = "PodTopologySpread"
    code: ClassVar = Plugin.POD_TOPOLOGY_SPREAD

    def compile(self, pod: KubeObject, builder: ClassBuilder, context: CompileContext) -> None:
        """Put hard and soft constraints into the class."""
        constraints = constraints_of(pod, context.args.get(self.name))
        builder.spread_needs_all_keys = constraints is not SYSTEM_DEFAULTS
        labels = (pod.get("metadata") or {}).get("labels") or {}
        if (pod.get("spec") or {}).get("topologySpreadConstraints"):
            chosen = [(c, _selector_of(c, labels)) for c in constraints]
        else:
            peers = default_selector(pod, context.listers) if constraints else EVERYTHING
            chosen = [] if peers.everything else [(c, peers) for c in constraints]
        builder.spread = tuple(
            _constraint(constraint, selector, pod, context) for constraint, selector in chosen
        )

    def reads(self, args: object, plugins: Plugins) -> object:
        """Return the constraints of pods without any of their own, and if they are the system's."""
        constraints = constraints_of({}, args)
        return constraints is SYSTEM_DEFAULTS, constraints

    def reasons(self, detail: int, node: KubeObject, resources: Sequence[str]) -> list[str]:
        """Return the reason: too much skew, or a label that the node lacks."""
        if detail == DETAIL_MISSING_LABEL:
            return [f"{REASON} (missing required label)"]
        return [REASON]


def constraints_of(pod: KubeObject, args: object) -> Sequence[Mapping[str, Any]]:
    """Return the constraints that count for a pod: its own, else the defaults of the profile.

    Defaults count only for a pod that `default_selector` finds peers for.
    """
    own: Sequence[Mapping[str, Any]] | None = (pod.get("spec") or {}).get(
        "topologySpreadConstraints"
    )
    if own:
        return own
    if isinstance(args, PodTopologySpreadArgs) and args.defaulting_type == "List":
        return args.default_constraints
    return SYSTEM_DEFAULTS


def _selector_of(constraint: Mapping[str, Any], labels: Mapping[str, str]) -> LabelSelector:
    """Return the selector with the pod's own values of ``matchLabelKeys``."""
    selector = read_label_selector(constraint.get("labelSelector"))
    keys = [key for key in constraint.get("matchLabelKeys") or () if key in labels]
    if not keys:
        return selector
    return join(selector_of_labels({key: labels[key] for key in keys}), selector)


def _constraint(
    constraint: Mapping[str, Any],
    selector: LabelSelector,
    pod: KubeObject,
    context: CompileContext,
) -> SpreadConstraint:
    labels = (pod.get("metadata") or {}).get("labels") or {}
    key = constraint.get("topologyKey") or ""
    # An empty selector matches the pod itself, yet no pod is counted with it.
    counted = NOTHING if selector.everything else selector
    match = PodMatch(counted, frozenset({namespace_of(pod)}), skip_terminating=True)
    least = constraint.get("minDomains")
    return SpreadConstraint(
        hard=constraint.get("whenUnsatisfiable") == "DoNotSchedule",
        key=context.interner.key(key),
        is_hostname=key == HOSTNAME,
        max_skew=constraint["maxSkew"],
        min_domains=1 if least is None else least,
        matcher=context.matchers.index(match),
        self_match=selector.matches(labels),
        honor_affinity=(constraint.get("nodeAffinityPolicy") or "Honor") == "Honor",
        honor_taints=(constraint.get("nodeTaintsPolicy") or "Ignore") == "Honor",
    )


def default_selector(pod: KubeObject, listers: Listers) -> LabelSelector:
    """Return the selector of a pod's peers, after its services and its controller.

    It is empty where there are none; then the pod has no default constraints.
    """
    metadata = pod.get("metadata") or {}
    namespace, labels = namespace_of(pod), metadata.get("labels") or {}
    merged: dict[str, str] = {}
    for service in listers.list("services", namespace):
        wanted = (service.get("spec") or {}).get("selector")
        if wanted is not None and selector_of_labels(wanted).matches(labels):
            merged.update(wanted)
    owner = next((o for o in metadata.get("ownerReferences") or () if o.get("controller")), None)
    if owner is None:
        return selector_of_labels(merged)
    plural = _OWNERS.get((owner.get("apiVersion") or "", owner.get("kind") or ""))
    found = listers.get(plural, owner.get("name") or "", namespace) if plural else None
    if found is None:
        return selector_of_labels(merged)
    selector = (found.get("spec") or {}).get("selector")
    if plural == "replicationControllers":
        return selector_of_labels({**merged, **(selector or {})})
    return join(selector_of_labels(merged), read_label_selector(selector))


PLUGIN = PodTopologySpread()
