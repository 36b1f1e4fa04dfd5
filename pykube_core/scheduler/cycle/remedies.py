"""Obstacles between a pod and a node, each with the smallest change that would take it away.

Each filter plugin is asked alone, by the engine, so that a node that five plugins refuse shows five
obstacles and not only the first. The remedy is told from the objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from _pykube_hotcore.native import Evaluation
from _pykube_hotcore.program import (
    FIELD_POD_SLOTS,
    Code,
    EngineProfile,
    Plugin,
    PodClass,
)
from pykube_core.api.core.tolerations import tolerates
from pykube_core.api.machinery.objects import KubeObject, full_name, name_of, namespace_of
from pykube_core.api.machinery.quantity import Quantity
from pykube_core.api.machinery.selectors import NodeSelectorTerm, Requirement, parse_node_selector
from pykube_core.scheduler.placer.scheduler import Scheduler
from pykube_core.scheduler.plugins import (
    PLUGINS,
    node_volume_limits,
    volume_binding,
    volume_zone,
)
from pykube_core.scheduler.plugins.inter_pod_affinity import pod_match
from pykube_core.scheduler.plugins.node_affinity import REASON_ENFORCED, node_names
from pykube_core.scheduler.plugins.node_ports import ANY_IP, host_ports
from pykube_core.scheduler.plugins.pod_topology_spread import DETAIL_MISSING_LABEL, constraints_of
from pykube_core.scheduler.plugins.volume_restrictions import REASON_DISK, REASON_ONCE
from pykube_core.scheduler.tables.pod_table import PodTable
from pykube_core.scheduler.tables.volume_binder import (
    BIND_CONFLICT,
    NODE_CONFLICT,
    NOT_ENOUGH_SPACE,
)

_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
# Larger skews are not tried one by one.
_SKEW_TRIED_MAX: Final = 16
_NAMED_MAX: Final = 3
_BINARY: Final = ("", "Ki", "Mi", "Gi", "Ti", "Pi")


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing that would have to be different.

    Attributes
    ----------
    plugin : str
        The plugin that would stop refusing.
    text : str
        The change, for a person.
    size : float
        How much it is: for resources the missing share of what the pod asks for, else 1.
    resource, amount
        The resource that is missing, and how much of it (millicores, bytes, counts); else "" and 0.
    """

    plugin: str
    text: str
    size: float = 1.0
    resource: str = ""
    amount: int = 0


class Question:
    """One pod, and all that is needed to say what keeps it off a node.

    Parameters
    ----------
    scheduler
        Holds nodes, pods and the profile.
    pods
        The pods that are on nodes.
    pod, compiled
        The pod in question, and its class.
    set_external
        Tells the engine what the pod's volumes say, for a class by its index.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        pods: PodTable,
        pod: KubeObject,
        compiled: PodClass,
        set_external: Callable[[int], None],
    ) -> None:
        self.scheduler, self.pods, self.pod, self.compiled = scheduler, pods, pod, compiled
        self.allocatable, self.requested = scheduler.allocatable(), scheduler.requested()
        self.slots = scheduler.engine.column(FIELD_POD_SLOTS)
        self._set_external = set_external
        self._profiles: dict[Plugin, int] = {}
        self._verdicts: dict[tuple[PodClass, Plugin], Evaluation] = {}
        self._matching: dict[str, dict[str | None, list[str]]] = {}
        self._averse: dict[tuple[str, str], list[str]] | None = None

    def ask(self, plugin: Plugin, compiled: PodClass) -> Evaluation:
        """Return what one filter plugin alone says about a class on every row."""
        found = self._verdicts.get((compiled, plugin))
        if found is None:
            engine = self.scheduler.engine
            if plugin not in self._profiles:
                self._profiles[plugin] = engine.add_profile(EngineProfile((plugin,)))
            alone = replace(compiled, profile=self._profiles[plugin], node_set=None)
            index = self.scheduler.add_class(alone)
            if alone.has_external:
                self._set_external(index)
            found = engine.evaluate(index)
            self._verdicts[compiled, plugin] = found
        return found

    def matching(self, term: Mapping[str, Any]) -> Mapping[str | None, list[str]]:
        """Return the pods that a term of the pod means, by their node's value of its key."""
        text = repr(term)
        if text not in self._matching:
            found: dict[str | None, list[str]] = {}
            match, matchers = pod_match(term, self.pod), self.scheduler.context.matchers
            key = term.get("topologyKey") or ""
            for row, other in self._everyone():
                value = self.labels(row).get(key)
                if value is not None and matchers.accepts(
                    match, namespace_of(other), _labels(other)
                ):
                    found.setdefault(value, []).append(full_name(other))
            self._matching[text] = found
        return self._matching[text]

    def averse(self) -> Mapping[tuple[str, str], list[str]]:
        """Return the pods whose required anti-affinity means this pod, by label of their node."""
        if self._averse is None:
            self._averse = {}
            matchers, namespace = self.scheduler.context.matchers, namespace_of(self.pod)
            for row, other in self._everyone():
                affinity = (other.get("spec") or {}).get("affinity") or {}
                for term in (affinity.get("podAntiAffinity") or {}).get(_REQUIRED) or ():
                    key = term.get("topologyKey") or ""
                    held = pod_match(term, other)._replace(is_incoming=False)
                    value = self.labels(row).get(key)
                    if value is not None and matchers.accepts(held, namespace, _labels(self.pod)):
                        self._averse.setdefault((key, value), []).append(full_name(other))
        return self._averse

    def _everyone(self) -> Iterator[tuple[int, KubeObject]]:
        """Yield row and Pod of every pod that is on a node."""
        for row in range(len(self.scheduler.nodes)):
            for slot in sorted(self.pods.slots_on(row)):
                yield row, self.pods.pod(slot)

    def node(self, row: int) -> KubeObject:
        """Return the Node of a row."""
        return self.scheduler.nodes[row]

    def labels(self, row: int) -> Mapping[str, str]:
        """Return the labels of a row's node."""
        return (self.node(row).get("metadata") or {}).get("labels") or {}

    @property
    def spec(self) -> Mapping[str, Any]:
        """The pod's spec."""
        return self.pod.get("spec") or {}


def remedies(q: Question) -> list[list[Remedy]]:
    """Return for every row the changes that would let the pod in, none where it fits."""
    found: list[list[Remedy]] = [[] for _ in q.scheduler.nodes]
    enabled = q.scheduler.profile_of(q.pod).plugins.filter
    filters = [plugin.name for plugin in enabled if plugin.name in PLUGINS]
    for name in filters:
        plugin = PLUGINS[name]
        verdict = q.ask(plugin.code, q.compiled)
        for row in np.flatnonzero(verdict.code != Code.FITS).tolist():
            if verdict.code[row] == Code.NO_NODE:
                continue
            detail = int(verdict.detail[row])
            tell = _TELLERS.get(plugin.code)
            given = list(tell(q, row, detail)) if tell is not None else []
            if not given:
                reasons = plugin.reasons(detail, q.node(row), q.scheduler.resource_names)
                given = [Remedy(name, _WORDS.get(text, text)) for text in reasons]
            found[row] += given
    if q.compiled.node_set is not None and "NodeAffinity" not in filters:
        # PreFilter narrows the search by name even where the filter is turned off.
        names = node_names(q.pod) or frozenset()
        text = f"the node's name must be {', '.join(sorted(names))} (required node affinity)"
        for row, name in enumerate(q.scheduler.node_names):
            if name not in names:
                found[row].append(Remedy("NodeAffinity", text))
    return found


def amount_text(resource: str, amount: int) -> str:
    """Return an amount in the scheduler's units as a quantity that is easy to read."""
    if resource == "cpu" and amount >= 1000:
        return f"{amount / 1000:.10g}"
    if resource == "cpu":
        return str(Quantity(amount * 10**6))
    if resource in ("memory", "ephemeral-storage") or resource.startswith("hugepages-"):
        return _bytes_text(amount)
    return str(Quantity(amount * 10**9, "DecimalSI"))


def _bytes_text(amount: int) -> str:
    """Return bytes in the largest unit of which there is one, to a tenth, rounded up."""
    power = max(0, min(len(_BINARY) - 1, (amount.bit_length() - 1) // 10))
    tenths = -(-amount * 10 >> 10 * power) if power else amount * 10
    return f"{tenths / 10:.10g}{_BINARY[power]}"


def _resources(q: Question, row: int, detail: int) -> Iterator[Remedy]:
    name = "NodeResourcesFit"
    if detail & 1:
        yield Remedy(name, f"room for one more pod (all {q.slots[row]} places are taken)")
    asked = q.compiled.filter_request
    for number, wanted in q.compiled.request if asked is None else asked:
        if not detail >> (number + 1) & 1:
            continue
        resource = q.scheduler.resource_names[number]
        total = int(q.allocatable[number, row])
        free = total - int(q.requested[number, row])
        short = wanted - free

        def text(amount: int, resource: str = resource) -> str:
            return amount_text(resource, amount)

        has = f"{text(free) if free > 0 else 'none'} of {text(total)} is free"
        if wanted > total:
            has = f"the whole node has {text(total)}"
        words = f"{text(short)} more {resource} (asks for {text(wanted)}, {has})"
        yield Remedy(name, words, short / wanted, resource, short)


def _cordon(q: Question, row: int, detail: int) -> Iterator[Remedy]:
    yield Remedy("NodeUnschedulable", "uncordon the node (spec.unschedulable)")


def _node_name(q: Question, row: int, detail: int) -> Iterator[Remedy]:
    wanted = q.spec.get("nodeName")
    yield Remedy("NodeName", f"drop spec.nodeName, which asks for {wanted}")


def _taints(q: Question, row: int, detail: int) -> Iterator[Remedy]:
    for taint in (q.node(row).get("spec") or {}).get("taints") or ():
        if taint.get("effect") == "PreferNoSchedule":
            continue
        if not any(tolerates(t, taint) for t in q.spec.get("tolerations") or ()):
            value = f"={taint['value']}" if taint.get("value") else ""
            text = f"{taint.get('key')}{value}:{taint.get('effect')}"
            yield Remedy("TaintToleration", f"tolerate the taint {text}, or remove it")


def _node_affinity(q: Question, row: int, detail: int) -> Iterator[Remedy]:
    name, labels = "NodeAffinity", q.labels(row)
    if detail == REASON_ENFORCED:
        args = q.scheduler.profile.args.get(name)
        yield from _terms(q, row, getattr(args, "added_affinity", None) or {}, "addedAffinity")
    for key, value in (q.spec.get("nodeSelector") or {}).items():
        if labels.get(key) != value:
            has = f"it has {labels[key]}" if key in labels else "it has no such label"
            yield Remedy(
                name, f"label the node {key}={value} ({has}), or drop it from nodeSelector"
            )
    affinity = (q.spec.get("affinity") or {}).get("nodeAffinity") or {}
    yield from _terms(q, row, affinity, "required node affinity")


def _terms(q: Question, row: int, affinity: Mapping[str, Any], where: str) -> Iterator[Remedy]:
    """Yield what the term that fails least would need."""
    required = affinity.get(_REQUIRED)
    if required is None:
        return
    terms = parse_node_selector(required).terms
    labels, node = q.labels(row), name_of(q.node(row))
    failing = [_failing(term, labels, node) for term in terms if term.error is None]
    if not failing:
        yield Remedy("NodeAffinity", f"{where} has no term that could match any node")
        return
    for requirement in min(failing, key=len):
        yield Remedy("NodeAffinity", f"{_needs(requirement, labels)} ({where})")


def _failing(term: NodeSelectorTerm, labels: Mapping[str, str], node: str) -> list[Requirement]:
    fields = [r for r in term.fields if not r.matches({"metadata.name": node})]
    return [r for r in term.expressions if not r.matches(labels)] + fields


def _needs(requirement: Requirement, labels: Mapping[str, str]) -> str:
    key, values = requirement.key, ", ".join(value or '""' for value in requirement.values)
    has = f"it has {labels[key]}" if key in labels else "it has no such label"
    if key == "metadata.name":
        return f"the node's name must {'' if requirement.operator == 'In' else 'not '}be {values}"
    match requirement.operator:
        case "In":
            one = "" if len(requirement.values) == 1 else "one of "
            return f"label {key} must be {one}{values}, {has}"
        case "NotIn":
            return f"label {key} must not be {values}"
        case "Exists":
            return f"label {key} must be there"
        case "DoesNotExist":
            return f"label {key} must not be there, {has}"
    bound = "greater" if requirement.operator == "Gt" else "less"
    return f"label {key} must be {bound} than {values}, {has}"


def _ports(q: Question, row: int, detail: int) -> Iterator[Remedy]:
    for wanted in host_ports(q.pod):
        for slot in sorted(q.pods.slots_on(row)):
            other = q.pods.pod(slot)
            if any(_ports_conflict(wanted, taken) for taken in host_ports(other)):
                port = f"{wanted['hostPort']}/{wanted.get('protocol') or 'TCP'}"
                yield Remedy("NodePorts", f"host port {port} is taken by {full_name(other)}")
                break


def _ports_conflict(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    if a["hostPort"] != b["hostPort"]:
        return False
    if (a.get("protocol") or "TCP") != (b.get("protocol") or "TCP"):
        return False
    one, other = a.get("hostIP") or ANY_IP, b.get("hostIP") or ANY_IP
    return one == other or ANY_IP in (one, other)


def _spread(q: Question, row: int, detail: int) -> Iterator[Remedy]:
    name, labels = "PodTopologySpread", q.labels(row)
    constraints = constraints_of(q.pod, q.scheduler.profile.args.get(name))
    hard = [i for i, c in enumerate(q.compiled.spread) if c.hard]
    keys = {i: constraints[i]["topologyKey"] for i in hard}
    if detail == DETAIL_MISSING_LABEL:
        for key in keys.values():
            if key not in labels:
                yield Remedy(name, f"label the node with {key}")
        return
    for i, key in keys.items():
        constraint = q.compiled.spread[i]
        for skew in range(constraint.max_skew, constraint.max_skew + _SKEW_TRIED_MAX):
            wider = list(q.compiled.spread)
            for other in hard:
                wider[other] = wider[other]._replace(max_skew=2**31 - 1)
            wider[i] = constraint._replace(max_skew=skew)
            relaxed = replace(q.compiled, spread=tuple(wider))
            if q.ask(Plugin.POD_TOPOLOGY_SPREAD, relaxed).code[row] == Code.FITS:
                break
        if skew > constraint.max_skew:
            over = skew - constraint.max_skew
            text = f"maxSkew {skew} instead of {constraint.max_skew} over {key}, or {over} fewer"
            yield Remedy(name, f"{text} matching pods in {key}={labels.get(key)}")


def _pod_affinity(q: Question, row: int, detail: int) -> Iterator[Remedy]:
    name, labels = "InterPodAffinity", q.labels(row)
    affinity = q.spec.get("affinity") or {}
    for term in (affinity.get("podAffinity") or {}).get(_REQUIRED) or ():
        key = term.get("topologyKey")
        if key not in labels:
            yield Remedy(name, f"label the node with {key}")
        elif detail == 0 and not q.matching(term).get(labels[key]):
            words = f"a pod that matches {_selector_text(term)}"
            yield Remedy(name, f"{words} in {key}={labels[key]}, or drop the affinity term")
    for term in (affinity.get("podAntiAffinity") or {}).get(_REQUIRED) or ():
        key = term.get("topologyKey")
        found = q.matching(term).get(labels.get(key))
        if found:
            words = f"no pod that matches {_selector_text(term)}"
            yield Remedy(name, f"{words} in {key}={labels.get(key)}, where {_list(found)} does")
    averse = q.averse()
    found = [pod for label in labels.items() for pod in averse.get(label, ())]
    if found:
        distinct = list(dict.fromkeys(found))
        yield Remedy(name, f"{_list(distinct)} must go: anti-affinity keeps this pod off")


def _labels(pod: KubeObject) -> Mapping[str, str]:
    return (pod.get("metadata") or {}).get("labels") or {}


def _selector_text(term: Mapping[str, Any]) -> str:
    selector = term.get("labelSelector")
    if selector is None:
        return "nothing (the term has no labelSelector)"
    parts = [f"{k}={v}" for k, v in sorted((selector.get("matchLabels") or {}).items())]
    for item in selector.get("matchExpressions") or ():
        values = f" ({', '.join(item.get('values') or ())})" if item.get("values") else ""
        parts.append(f"{item.get('key')} {item.get('operator')}{values}")
    return ", ".join(parts) or "anything"


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED_MAX])
    more = len(names) - _NAMED_MAX
    return f"{shown} and {more} more" if more > 0 else shown


# Remedies of refusals that have no more to them than their reasons.
_WORDS: Final[Mapping[str, str]] = {
    REASON_DISK: "a disk of the pod must be free: another pod of the node uses it",
    REASON_ONCE: "a ReadWriteOncePod claim of the pod must be free: another pod uses it",
    node_volume_limits.REASON: "room for another volume: the driver's limit on the node is reached",
    volume_zone.REASON: "a volume of the pod must be in the node's zone",
    volume_binding.REASONS[NODE_CONFLICT]: "a volume of the pod must be reachable from the node",
    volume_binding.REASONS[BIND_CONFLICT]: "a free volume, reachable from the node, that suits a "
    "claim of the pod",
    volume_binding.REASONS[NOT_ENOUGH_SPACE]: "more storage capacity for the pod's claims here",
}

_TELLERS: Final[Mapping[Plugin, Callable[[Question, int, int], Iterator[Remedy]]]] = {
    Plugin.NODE_RESOURCES_FIT: _resources,
    Plugin.NODE_UNSCHEDULABLE: _cordon,
    Plugin.NODE_NAME: _node_name,
    Plugin.TAINT_TOLERATION: _taints,
    Plugin.NODE_AFFINITY: _node_affinity,
    Plugin.NODE_PORTS: _ports,
    Plugin.POD_TOPOLOGY_SPREAD: _spread,
    Plugin.INTER_POD_AFFINITY: _pod_affinity,
}
