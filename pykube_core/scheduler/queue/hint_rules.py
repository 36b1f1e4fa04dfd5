"""Rules of queueing hints about nodes and pods: whether an event may help a rejected pod.

Each takes the pod and the object before and after. An unreadable object counts as a yes, as
upstream's errors do.

Source: kubernetes v1.34.1, pkg/scheduler/framework/plugins/*/ (isSchedulableAfter...).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from pykube_core.api.machinery.objects import KubeObject, full_name, name_of, namespace_of
from pykube_core.api.machinery.quantity import parse_quantity
from pykube_core.api.machinery.selectors import (
    LabelSelector,
    SelectorError,
    parse_label_selector,
    parse_node_selector,
)
from pykube_core.scheduler.config import PodTopologySpreadArgs
from pykube_core.scheduler.tables.requests import is_scalar_resource, pod_requests, scheduler_units

_CORDON: Final = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
_BUILT_IN: Final = ("cpu", "memory", "ephemeral-storage")


def spec_of(obj: KubeObject) -> KubeObject:
    """Return ``spec``, empty if there is none."""
    return obj.get("spec") or {}


def labels_of(obj: KubeObject) -> Mapping[str, str]:
    """Return ``metadata.labels``, empty if there are none."""
    return (obj.get("metadata") or {}).get("labels") or {}


def same_pod(pod: KubeObject, other: KubeObject) -> bool:
    """Return whether two versions are of one pod: by uid, or by name where one has no uid."""
    uid = (pod.get("metadata") or {}).get("uid")
    other_uid = (other.get("metadata") or {}).get("uid")
    if uid and other_uid:
        return bool(uid == other_uid)
    return full_name(pod) == full_name(other)


def is_on_node(pod: KubeObject) -> bool:
    """Return whether a pod is bound or nominated."""
    status = pod.get("status") or {}
    return bool(spec_of(pod).get("nodeName") or status.get("nominatedNodeName"))


def never(pod: KubeObject, old: KubeObject | None, new: KubeObject | None) -> bool:
    """DefaultPreemption: it only holds pods back, and moves them itself when it is done."""
    return False


def after_own_update(pod: KubeObject, old: KubeObject | None, new: KubeObject | None) -> bool:
    """SchedulingGates, TaintToleration, DynamicResources: the pod itself was changed."""
    return new is not None and same_pod(pod, new)


# NodeAffinity


def node_affinity_after_node_change(
    added_affinity: Mapping[str, Any] | None,
) -> Callable[[KubeObject, KubeObject | None, KubeObject | None], bool]:
    """NodeAffinity: the node matches, and did not before."""
    added = (added_affinity or {}).get("requiredDuringSchedulingIgnoredDuringExecution")
    added_selector = None if added is None else parse_node_selector(added)

    def hint(pod: KubeObject, old: KubeObject | None, new: KubeObject | None) -> bool:
        if new is None:
            return True
        if added_selector is not None and not added_selector.matches(labels_of(new), name_of(new)):
            return False
        try:
            if not _matches_required_affinity(pod, new):
                return False
            return old is None or not _matches_required_affinity(pod, old)
        except SelectorError:
            return True

    return hint


def _matches_required_affinity(pod: KubeObject, node: KubeObject) -> bool:
    """Return whether a node meets a pod's nodeSelector and required node affinity.

    Raises
    ------
    SelectorError
        If a term cannot be read and no other matches.
    """
    spec, labels = spec_of(pod), labels_of(node)
    if any(labels.get(key) != value for key, value in (spec.get("nodeSelector") or {}).items()):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if required is None:
        return True
    selector = parse_node_selector(required)
    if selector.matches(labels, name_of(node)):
        return True
    for term in selector.terms:
        if term.error is not None:
            raise SelectorError(term.error)
    return False


# NodePorts


def ports_after_pod_deleted(
    pod: KubeObject, old: KubeObject | None, new: KubeObject | None
) -> bool:
    """NodePorts: the deleted pod held a host port that the pod wants."""
    if old is None:
        return True
    if not is_on_node(old):
        return False
    used = _host_ports(old)
    return any(
        protocol == held_protocol
        and port == held_port
        and (address == held_address or "0.0.0.0" in (address, held_address))
        for address, protocol, port in _host_ports(pod)
        for held_address, held_protocol, held_port in used
    )


def _host_ports(pod: KubeObject) -> list[tuple[str, str, int]]:
    spec = spec_of(pod)
    sidecars = [
        container
        for container in spec.get("initContainers") or ()
        if container.get("restartPolicy") == "Always"
    ]
    return [
        (port.get("hostIP") or "0.0.0.0", port.get("protocol") or "TCP", port["hostPort"])
        for container in (*(spec.get("containers") or ()), *sidecars)
        for port in container.get("ports") or ()
        if (port.get("hostPort") or 0) > 0
    ]


# NodeResourcesFit


def fit_after_pod_event(pod: KubeObject, old: KubeObject | None, new: KubeObject | None) -> bool:
    """NodeResourcesFit: a pod on a node went, or asks for less of what the pod asks for."""
    if new is None:
        return old is None or is_on_node(old)
    if same_pod(pod, new):
        return True
    if old is None:
        return True
    if not spec_of(new).get("nodeName"):
        return False
    before, after = _amounts(old, use_status=True), _amounts(new, use_status=True)
    return any(
        amount > 0 and before.get(name, 0) > after.get(name, 0)
        for name, amount in _amounts(pod, use_status=True).items()
    )


def fit_after_node_change(pod: KubeObject, old: KubeObject | None, new: KubeObject | None) -> bool:
    """NodeResourcesFit: the pod fits the empty node, which is new or has more of what it asks."""
    if new is None:
        return False
    wanted, after = _amounts(pod), _allocatable(new)
    if after.get("pods", 0) < 1:
        return False
    if any(amount > 0 and amount > after.get(name, 0) for name, amount in wanted.items()):
        return False
    if old is None:
        return True
    before = _allocatable(old)
    return after.get("pods", 0) > before.get("pods", 0) or any(
        amount > 0 and after.get(name, 0) > before.get(name, 0) for name, amount in wanted.items()
    )


def _amounts(pod: KubeObject, use_status: bool = False) -> dict[str, int]:
    """Return what a pod asks for of the resources that the filter counts."""
    return {
        name: scheduler_units(name, nano)
        for name, nano in pod_requests(pod, use_status=use_status).items()
        if name in _BUILT_IN or is_scalar_resource(name)
    }


def _allocatable(node: KubeObject) -> dict[str, int]:
    amounts = (node.get("status") or {}).get("allocatable") or {}
    return {
        name: scheduler_units(name, parse_quantity(value).nano) for name, value in amounts.items()
    }


# NodeUnschedulable, TaintToleration


def unschedulable_after_node_change(
    pod: KubeObject, old: KubeObject | None, new: KubeObject | None
) -> bool:
    """NodeUnschedulable: a node that takes pods is new, or was cordoned before."""
    if new is None or spec_of(new).get("unschedulable"):
        return False
    return old is None or bool(spec_of(old).get("unschedulable"))


def unschedulable_after_toleration_change(
    pod: KubeObject, old: KubeObject | None, new: KubeObject | None
) -> bool:
    """NodeUnschedulable: the pod itself tolerates cordoned nodes now."""
    if new is None or not same_pod(pod, new):
        return False
    return any(_tolerates(each, _CORDON) for each in spec_of(new).get("tolerations") or ())


def taints_after_node_change(
    pod: KubeObject, old: KubeObject | None, new: KubeObject | None
) -> bool:
    """TaintToleration: the pod tolerates the node, which is new or kept it off before."""
    if new is None or _is_kept_off(pod, new):
        return False
    return old is None or _is_kept_off(pod, old)


def _is_kept_off(pod: KubeObject, node: KubeObject) -> bool:
    tolerations = spec_of(pod).get("tolerations") or ()
    return any(
        taint.get("effect") in ("NoSchedule", "NoExecute")
        and not any(_tolerates(toleration, taint) for toleration in tolerations)
        for taint in spec_of(node).get("taints") or ()
    )


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    """Return whether a toleration is for a taint; an empty key or effect is for all of them."""
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    if toleration.get("key") and toleration["key"] != taint.get("key"):
        return False
    operator = toleration.get("operator") or "Equal"
    if operator == "Equal":
        return (toleration.get("value") or "") == (taint.get("value") or "")
    return bool(operator == "Exists")


# InterPodAffinity


class _Term(NamedTuple):
    """A required pod affinity term; the namespace selector only sees empty labels, as upstream."""

    namespaces: frozenset[str]
    every_namespace: bool
    selector: LabelSelector
    topology_key: str

    def matches(self, pod: KubeObject) -> bool:
        return (
            self.every_namespace or namespace_of(pod) in self.namespaces
        ) and self.selector.matches(labels_of(pod))


def _terms(pod: KubeObject, kind: str) -> list[_Term]:
    affinity = (spec_of(pod).get("affinity") or {}).get(kind) or {}
    terms = []
    for term in affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or ():
        namespaces = frozenset(term.get("namespaces") or ())
        selected = term.get("namespaceSelector")
        if not namespaces and selected is None:
            namespaces = frozenset({namespace_of(pod)})
        every = parse_label_selector(selected).matches({})
        selector = parse_label_selector(term.get("labelSelector"))
        terms.append(_Term(namespaces, every, selector, term.get("topologyKey") or ""))
    return terms


def _matches_all(terms: Sequence[_Term], pod: KubeObject) -> bool:
    return bool(terms) and all(term.matches(pod) for term in terms)


def affinity_after_pod_change(
    pod: KubeObject, old: KubeObject | None, new: KubeObject | None
) -> bool:
    """InterPodAffinity: a bound pod matches all terms now, or all anti-affinity terms no more."""
    if any(each is not None and not spec_of(each).get("nodeName") for each in (old, new)):
        return False
    try:
        wanted, unwanted = _terms(pod, "podAffinity"), _terms(pod, "podAntiAffinity")
    except SelectorError:
        return True
    matched = old is not None and _matches_all(wanted, old)
    matches = new is not None and _matches_all(wanted, new)
    if new is None:
        return old is not None and _matches_all(unwanted, old)
    if matches and not matched:
        return True
    return old is not None and _matches_all(unwanted, old) and not _matches_all(unwanted, new)


def affinity_after_node_change(
    pod: KubeObject, old: KubeObject | None, new: KubeObject | None
) -> bool:
    """InterPodAffinity: a node joined, changed or left a domain of one of the pod's terms."""
    if new is None:
        return True
    try:
        wanted, unwanted = _terms(pod, "podAffinity"), _terms(pod, "podAntiAffinity")
    except SelectorError:
        return True
    after = labels_of(new)
    if old is None:
        return bool(unwanted) or any(term.topology_key in after for term in wanted)
    before = labels_of(old)
    return any(
        term.topology_key in after and before.get(term.topology_key) != after[term.topology_key]
        for term in wanted
    ) or any(
        term.topology_key in before and before[term.topology_key] != after.get(term.topology_key)
        for term in unwanted
    )


# PodTopologySpread


class _Constraint(NamedTuple):
    topology_key: str
    selector: LabelSelector
    honors_taints: bool


class SpreadHints:
    """PodTopologySpread's hints, by the constraints of a pod that keep it off nodes.

    Parameters
    ----------
    args : PodTopologySpreadArgs
        Only its constraints with DoNotSchedule count; the system's defaults have none.
    default_selector : callable or None
        The selector of the default constraints for a pod. Without it a pod that has only those is
        tried after every event.
    """

    def __init__(
        self,
        args: PodTopologySpreadArgs,
        default_selector: Callable[[KubeObject], KubeObject | None] | None,
    ) -> None:
        self._defaults = [
            each
            for each in args.default_constraints
            if each.get("whenUnsatisfiable") == "DoNotSchedule"
        ]
        self._default_selector = default_selector

    def _constraints(self, pod: KubeObject) -> list[_Constraint] | None:
        """Return the constraints; None if they are not known.

        Raises
        ------
        SelectorError
            If a selector cannot be read.
        """
        own = spec_of(pod).get("topologySpreadConstraints") or ()
        if own:
            return [
                _Constraint(
                    each.get("topologyKey") or "",
                    _spread_selector(each, labels_of(pod)),
                    each.get("nodeTaintsPolicy") == "Honor",
                )
                for each in own
                if each.get("whenUnsatisfiable") == "DoNotSchedule"
            ]
        if not self._defaults:
            return []
        if self._default_selector is None:
            return None
        selector = parse_label_selector(self._default_selector(pod))
        if selector.nothing or selector.everything:
            return []
        return [
            _Constraint(
                each.get("topologyKey") or "", selector, each.get("nodeTaintsPolicy") == "Honor"
            )
            for each in self._defaults
        ]

    def after_pod_change(
        self, pod: KubeObject, old: KubeObject | None, new: KubeObject | None
    ) -> bool:
        """Return whether a pod that counts came, went, or counts otherwise than before."""
        if any(each is not None and not _counts_for(each, pod) for each in (old, new)):
            return False
        try:
            constraints = self._constraints(pod)
        except SelectorError:
            return True
        if constraints is None:
            return True
        if old is None or new is None:
            only = labels_of(new or old or {})
            return any(each.selector.matches(only) for each in constraints)
        tolerations = [spec_of(each).get("tolerations") or [] for each in (old, new)]
        if same_pod(pod, new) and tolerations[0] != tolerations[1]:
            if any(each.honors_taints for each in constraints):
                return True
        before, after = labels_of(old), labels_of(new)
        return before != after and any(
            each.selector.matches(before) != each.selector.matches(after) for each in constraints
        )

    def after_node_change(
        self, pod: KubeObject, old: KubeObject | None, new: KubeObject | None
    ) -> bool:
        """Return whether a node with all keys came, went, or has other domains or taints."""
        try:
            constraints = self._constraints(pod)
        except SelectorError:
            return True
        if constraints is None:
            return True
        keys = [each.topology_key for each in constraints]
        was_in = old is not None and _has_all(labels_of(old), keys)
        is_in = new is not None and _has_all(labels_of(new), keys)
        if old is None or new is None or was_in != is_in:
            return was_in or is_in
        before, after = labels_of(old), labels_of(new)
        taints = [spec_of(each).get("taints") or [] for each in (old, new)]
        moved = any(before.get(key, "") != after.get(key, "") for key in keys)
        return is_in and (moved or taints[0] != taints[1])


def _spread_selector(constraint: KubeObject, labels: Mapping[str, str]) -> LabelSelector:
    """Return a constraint's selector, narrowed to the pod's own values of matchLabelKeys."""
    selector = constraint.get("labelSelector")
    own = {key: labels[key] for key in constraint.get("matchLabelKeys") or () if key in labels}
    parsed = parse_label_selector(selector)
    if not own or parsed.nothing:
        return parsed
    requirements = {*parsed.requirements, *parse_label_selector({"matchLabels": own}).requirements}
    return LabelSelector(tuple(sorted(requirements, key=lambda each: (each.key, each.operator))))


def _counts_for(other: KubeObject, pod: KubeObject) -> bool:
    return same_pod(pod, other) or (
        bool(spec_of(other).get("nodeName")) and namespace_of(other) == namespace_of(pod)
    )


def _has_all(labels: Mapping[str, str], keys: Iterable[str]) -> bool:
    return all(key in labels for key in keys)
