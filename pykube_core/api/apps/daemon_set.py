"""Daemon sets."""

from __future__ import annotations

import re
from typing import Final

from pykube_core.api.apps.workload import (
    internal_strategy,
    is_zero,
    validate_collision_count,
    validate_counts,
    validate_status_counts,
    validate_workload,
    validate_workload_update,
)
from pykube_core.api.core.pod.template import (
    TEMPLATE_COLUMNS,
    set_template_defaults,
    template_cells,
    validate_template,
    validate_template_create,
)
from pykube_core.api.machinery.columns import AGE, NAME, age, integers, selector_text, strings
from pykube_core.api.machinery.equality import means_the_same
from pykube_core.api.machinery.field_errors import FieldError, invalid, not_supported, required
from pykube_core.api.machinery.int_or_string import validate_share
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource

_DAEMON_STRATEGIES: Final = ("RollingUpdate", "OnDelete")
_TEMPLATE_GENERATION: Final = "deprecated.daemonset.template.generation"
_GENERATION_RE: Final = re.compile("[0-9]{1,18}", re.ASCII)


def default_daemon_set(daemon_set: KubeObject) -> None:
    """Fill in a daemon set's defaults, in place."""
    spec = set_template_defaults(daemon_set)
    strategy = spec.setdefault("updateStrategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)
    spec.setdefault("revisionHistoryLimit", 10)


def prepare_daemon_set(daemon_set: KubeObject) -> None:
    """Give a new daemon set its first status, in place."""
    daemon_set["status"] = {
        "currentNumberScheduled": 0,
        "numberMisscheduled": 0,
        "desiredNumberScheduled": 0,
        "numberReady": 0,
    }
    _set_template_generation(daemon_set, max(1, _template_generation(daemon_set)))


def prepare_daemon_set_update(daemon_set: KubeObject, old: KubeObject) -> None:
    """Count how often a daemon set's template has changed, in place."""
    template, was = daemon_set["spec"]["template"], old["spec"].get("template", {})
    changed = not means_the_same("core.v1.PodTemplateSpec", template, was)
    _set_template_generation(daemon_set, _template_generation(old) + changed)


def validate_daemon_set(daemon_set: KubeObject) -> list[FieldError]:
    """Check a daemon set and its pod template."""
    errors = validate_workload(daemon_set, "empty selector is invalid for daemonset")
    spec = daemon_set["spec"]
    errors += validate_template(spec, "DaemonSet")
    errors += validate_counts(spec, "minReadySeconds")
    errors += _validate_update_strategy(spec["updateStrategy"])
    return errors + validate_counts(spec, "revisionHistoryLimit")


def _validate_update_strategy(strategy: KubeObject) -> list[FieldError]:
    """Check how a daemon set replaces its pods: with some missing, or with some twice."""
    path, here = "spec.updateStrategy", "spec.updateStrategy.rollingUpdate"
    rolling = strategy.get("rollingUpdate")
    if strategy.get("type") not in _DAEMON_STRATEGIES:
        return [not_supported(path, internal_strategy(strategy), _DAEMON_STRATEGIES)]
    if strategy["type"] == "OnDelete":
        return []
    if rolling is None:
        return [required(here)]
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    errors = validate_share(unavailable, f"{here}.maxUnavailable")
    errors += validate_share(surge, f"{here}.maxSurge")
    if errors:
        return errors
    if not (is_zero(unavailable) or is_zero(surge)):
        detail = "may not be set when maxUnavailable is non-zero"
        errors.append(invalid(f"{here}.maxSurge", surge, detail))
    elif is_zero(unavailable) and is_zero(surge):
        errors.append(required(f"{here}.maxUnavailable", "cannot be 0 when maxSurge is 0"))
    return errors


def validate_daemon_set_status_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Check a daemon set's counts."""
    fields = (
        "currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady",
        "observedGeneration", "updatedNumberScheduled", "numberAvailable", "numberUnavailable",
        "collisionCount",
    )  # fmt: skip
    return validate_status_counts(new, fields) + validate_collision_count(new, old)


def daemon_set_cells(daemon_set: KubeObject, now_ns: int) -> list[Json]:
    """Return a daemon set's cells."""
    spec, status = daemon_set["spec"], daemon_set.get("status", {})
    selector = spec["template"]["spec"].get("nodeSelector", {})
    return [
        name_of(daemon_set),
        status.get("desiredNumberScheduled", 0),
        status.get("currentNumberScheduled", 0),
        status.get("numberReady", 0),
        status.get("updatedNumberScheduled", 0),
        status.get("numberAvailable", 0),
        selector_text({"matchLabels": selector}),
        age(daemon_set, now_ns),
        *template_cells(spec),
    ]


def _template_generation(daemon_set: KubeObject) -> int:
    text = daemon_set["metadata"].get("annotations", {}).get(_TEMPLATE_GENERATION, "")
    return int(text) if _GENERATION_RE.fullmatch(text) else 0


def _set_template_generation(daemon_set: KubeObject, generation: int) -> None:
    if generation:
        annotations = daemon_set["metadata"].setdefault("annotations", {})
        annotations[_TEMPLATE_GENERATION] = str(generation)


DAEMON_SETS: Final = Resource(
    kind="DaemonSet",
    plural="daemonsets",
    group="apps",
    short_names=("ds",),
    categories=("all",),
    default=default_daemon_set,
    prepare=prepare_daemon_set,
    prepare_update=prepare_daemon_set_update,
    validate=validate_daemon_set,
    validate_create=validate_template_create,
    validate_update=validate_workload_update,
    validate_status_update=validate_daemon_set_status_update,
    counts_generations=True,
    has_status=True,
    columns=(
        NAME,
        *integers("Desired", "Current", "Ready", "Up-to-date", "Available"),
        *strings("Node Selector"),
        AGE,
        *TEMPLATE_COLUMNS,
    ),
    cells=daemon_set_cells,
)
