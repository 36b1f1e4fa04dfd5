"""Label keys of spread constraints and affinity terms, merged into the selectors beside them.

Source: ``k8s.io/kubernetes/pkg/registry/core/pod`` v1.34. Difference: they may be merged again
without effect; upstream refuses keys that a user has merged by hand.
"""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.objects import KubeObject

_AFFINITY_KINDS: Final = ("podAffinity", "podAntiAffinity")


def merge_label_keys(pod: KubeObject) -> None:
    """Add what matchLabelKeys and mismatchLabelKeys say to the selectors beside them, in place.

    An API server does so when a pod is created, and never again. For spread constraints it is new
    in v1.34, and the scheduler takes pods with and without it.
    """
    labels = pod.get("metadata", {}).get("labels", {})
    spec = pod.get("spec", {})
    affinity = spec.get("affinity", {})
    holders: list[KubeObject] = list(spec.get("topologySpreadConstraints", ()))
    for kind in _AFFINITY_KINDS:
        terms = affinity.get(kind, {})
        holders += terms.get("requiredDuringSchedulingIgnoredDuringExecution", ())
        for weighted in terms.get("preferredDuringSchedulingIgnoredDuringExecution", ()):
            holders.append(weighted.get("podAffinityTerm", {}))
    for holder in holders:
        if "labelSelector" not in holder:
            continue
        for field, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")):
            wanted = [key for key in holder.get(field, ()) if key in labels]
            if not wanted:
                continue
            expressions = holder["labelSelector"].setdefault("matchExpressions", [])
            present = {
                (expression.get("key"), *expression.get("values", ()))
                for expression in expressions
                if expression.get("operator") == operator
            }
            for key in wanted:
                if (key, labels[key]) not in present:
                    added = {"key": key, "operator": operator, "values": [labels[key]]}
                    expressions.append(added)
