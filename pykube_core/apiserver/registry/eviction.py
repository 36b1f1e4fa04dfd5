"""Evictions: deletions of pods that disruption budgets have to allow.

Source: ``pkg/registry/core/pod/storage/eviction.go`` v1.37.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pykube_core.api.core import PODS
from pykube_core.api.machinery.objects import KubeObject, name_of
from pykube_core.api.machinery.patch import STRATEGIC_MERGE_PATCH
from pykube_core.api.machinery.selectors import SelectorError, parse_label_selector
from pykube_core.api.machinery.status import StatusError
from pykube_core.api.machinery.times import time_text
from pykube_core.api.policy import POD_DISRUPTION_BUDGETS
from pykube_core.apiserver.registry.deletion import DeleteOptions, check_preconditions

if TYPE_CHECKING:
    from pykube_core.apiserver.server import ApiServer

_DISRUPTED_MAX: Final = 2000
_UNGUARDED: Final = ("Succeeded", "Failed", "Pending")
_REFUSED: Final = "Cannot evict pod as it would violate the pod's disruption budget."
_CAUSE: Final = "DisruptionBudget"
_MANAGER: Final = "kube-apiserver"
_RETRY_SECONDS: Final = 10
_ALLOWED: Final = "DisruptionAllowed"


def evict(
    server: ApiServer, name: str, namespace: str, options: DeleteOptions, uid: str, now_ns: int
) -> None:
    """Delete a pod if its disruption budget allows it, and take that off the budget.

    Raises
    ------
    StatusError
        404: there is no such pod. 409: a precondition fails. 429: the budget does not allow it.
        500: two budgets select the pod.
    """
    obj = server.get(PODS, name, namespace)
    pod = obj.decode()
    metadata, status = pod["metadata"], pod.get("status") or {}
    is_guarded = status.get("phase") not in _UNGUARDED and "deletionTimestamp" not in metadata
    if is_guarded:
        budgets = _budgets_of(server, pod, namespace)
        if len(budgets) > 1:
            text = (
                "This pod has more than one PodDisruptionBudget, which the eviction subresource "
                "does not support."
            )
            raise StatusError(500, "", text)
        if budgets and not _may_go_unready(budgets[0], status):
            _take(server, budgets[0], name, options.dry_run, now_ns)
    if options.dry_run:
        server.delete(PODS, name, namespace, uid=uid, dry_run=True)
        return
    check_preconditions(obj, obj.uid, uid, options.resource_version)
    held = _condition(server, name, namespace, now_ns)
    server.delete(
        PODS,
        name,
        namespace,
        grace_period_seconds=options.grace_period_seconds,
        uid=uid,
        resource_version=held if options.resource_version else "",
        propagation=options.propagation,
    )


def _condition(server: ApiServer, name: str, namespace: str, now_ns: int) -> str:
    """Say in a pod's status that it is evicted; return its resource version then."""
    condition = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
        "lastProbeTime": None,
        "lastTransitionTime": time_text(now_ns),
    }
    patch = {"status": {"conditions": [condition]}}
    obj = server.patch(
        PODS, patch, name, namespace, patch_type=STRATEGIC_MERGE_PATCH, subresource="status"
    )
    return str(obj.revision)


def _budgets_of(server: ApiServer, pod: KubeObject, namespace: str) -> list[KubeObject]:
    found = []
    labels = pod["metadata"].get("labels") or {}
    for obj in server.list(POD_DISRUPTION_BUDGETS, namespace).items:
        budget = obj.decode()
        try:
            selector = parse_label_selector((budget.get("spec") or {}).get("selector"))
        except SelectorError:
            continue
        if selector.matches(labels):
            found.append(budget)
    return found


def _may_go_unready(budget: KubeObject, status: KubeObject) -> bool:
    """Say whether a pod is not ready, and goes without being taken off its budget."""
    ready = [each for each in status.get("conditions") or [] if each.get("type") == "Ready"]
    if ready and ready[0].get("status") == "True":
        return False
    if (budget.get("spec") or {}).get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    held = budget.get("status") or {}
    desired: int = held.get("desiredHealthy", 0)
    current: int = held.get("currentHealthy", 0)
    return current >= desired > 0


def _take(server: ApiServer, budget: KubeObject, pod: str, is_dry_run: bool, now_ns: int) -> None:
    """Take one disruption off a budget (403, 429)."""
    name, metadata = name_of(budget), budget["metadata"]
    status: KubeObject = dict(budget.get("status") or {})
    if status.get("observedGeneration", 0) < metadata.get("generation", 0):
        why = f"The disruption budget {name} is still being processed by the server."
        raise _too_many(why, _RETRY_SECONDS)
    allowed = status.get("disruptionsAllowed", 0)
    disrupted = dict(status.get("disruptedPods") or {})
    barred = f"The disruption budget {name} does not allow evicting pods currently"
    if allowed < 0:
        raise _forbidden(name, "pdb disruptions allowed is negative", barred)
    if len(disrupted) > _DISRUPTED_MAX:
        why = "too many pending evictions not confirmed by PDB controller"
        text = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise _forbidden(name, text, barred, why)
    if allowed == 0:
        raise _too_many(_why_none(name, status, barred))
    if is_dry_run:
        return
    status["disruptionsAllowed"] = allowed - 1
    status["disruptedPods"] = disrupted | {pod: time_text(now_ns)}
    if allowed == 1:
        status["conditions"] = _without_disruptions(budget, now_ns)
    server.update(
        POD_DISRUPTION_BUDGETS, budget | {"status": status}, name, metadata["namespace"],
        subresource="status", manager=_MANAGER,
    )  # fmt: skip


def _why_none(name: str, status: KubeObject, barred: str) -> str:
    condition = _allowed_condition(status)
    is_false, said = condition.get("status") == "False", condition.get("message") or ""
    current, desired = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
    if is_false and said and condition.get("reason") == "SyncFailed":
        return f"{barred} because it failed sync: {said}"
    if current <= desired:
        return (
            f"The disruption budget {name} needs {desired} healthy pods and has {current} currently"
        )
    return f"{barred} ({condition.get('reason')}): {said}" if is_false and said else barred


def _allowed_condition(status: KubeObject) -> KubeObject:
    for condition in status.get("conditions") or []:
        if condition.get("type") == _ALLOWED:
            return dict(condition)
    return {}


def _without_disruptions(budget: KubeObject, now_ns: int) -> list[KubeObject]:
    """Return a budget's conditions when it allows no disruption any more."""
    status = budget.get("status") or {}
    held = _allowed_condition(status)
    new = {
        "type": _ALLOWED,
        "status": "False",
        "observedGeneration": status.get("observedGeneration", 0),
        "lastTransitionTime": held.get("lastTransitionTime"),
        "reason": "InsufficientPods",
        "message": "",
    }
    if held.get("status") != "False":
        new["lastTransitionTime"] = time_text(now_ns)
    others = [each for each in status.get("conditions") or [] if each.get("type") != _ALLOWED]
    return [*others, new]


def _too_many(why: str, seconds: int = 0) -> StatusError:
    details: KubeObject = {"causes": [{"reason": _CAUSE, "message": why}]}
    if seconds:
        details["retryAfterSeconds"] = seconds
    return StatusError(429, "TooManyRequests", _REFUSED, details)


def _forbidden(name: str, text: str, barred: str, why: str = "") -> StatusError:
    cause = {"reason": _CAUSE, "message": f"{barred}: {why or text}"}
    details = {
        "name": name,
        "group": POD_DISRUPTION_BUDGETS.group,
        "kind": "poddisruptionbudget",
        "causes": [cause],
    }
    message = f'poddisruptionbudget.policy "{name}" is forbidden: {text}'
    return StatusError(403, "Forbidden", message, details)
