"""Rules of jobs, and of the templates of cron jobs.

Source: ``k8s.io/kubernetes/pkg/apis/batch/validation`` v1.37.2. Differences: the rules of a job's
scheduling group, and those of a success policy's indexes, are not checked.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Final

from pykube_core.api.batch.pod_failure_policy import validate_pod_failure_policy
from pykube_core.api.core.pod.template import (
    selector_mismatch,
    validate_no_ephemeral,
    validate_template_create,
    validate_template_parts,
)
from pykube_core.api.machinery import names
from pykube_core.api.machinery.equality import means_the_same
from pykube_core.api.machinery.field_errors import (
    IMMUTABLE,
    NEGATIVE,
    FieldError,
    invalid,
    not_supported,
    quoted,
    required,
)
from pykube_core.api.machinery.object_meta import validate_label_selector, validate_metadata
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.selectors import SelectorError, parse_label_selector

_COUNTS: Final = (
    "parallelism", "completions", "activeDeadlineSeconds", "backoffLimit",
    "ttlSecondsAfterFinished", "backoffLimitPerIndex", "maxFailedIndexes",
)  # fmt: skip
_STATUS_COUNTS: Final = ("active", "succeeded", "failed", "ready", "terminating")
_MODES: Final = ("NonIndexed", "Indexed")
_INDEXED_MAX: Final = 100_000
_POLICIES: Final = ("Failed", "TerminatingOrFailed")
_RESTARTS: Final = ("OnFailure", "Never")
_UID: Final = "controller-uid"
_NAME: Final = "job-name"
_FIXED: Final = (
    "selector", "template", "completionMode", "podFailurePolicy", "backoffLimitPerIndex",
    "managedBy", "successPolicy",
)  # fmt: skip


def validate_job(job: KubeObject) -> list[FieldError]:
    """Check a job and its pod template."""
    spec = job["spec"]
    selector, labels = spec.get("selector"), _labels(spec)
    errors = validate_metadata(job) + validate_job_spec(spec, "spec")
    if selector is None:
        errors.append(required("spec.selector"))
    else:
        errors += validate_label_selector(selector, "spec.selector")
    if not _matches(selector, labels):
        errors.append(selector_mismatch(labels))
    if spec["completionMode"] == "Indexed" and spec.get("completions", 0) > 0:
        last = f"{name_of(job)}-{spec['completions'] - 1}"
        if names.dns_label(last):
            detail = f"will not able to create pod with invalid DNS label: {last}"
            errors.append(invalid("metadata.name", name_of(job), detail))
    return errors


def _labels(spec: KubeObject) -> dict[str, str]:
    labels: dict[str, str] = spec["template"].get("metadata", {}).get("labels", {})
    return labels


def _matches(selector: Json, labels: dict[str, str]) -> bool:
    try:
        return parse_label_selector(selector).matches(labels) if selector else True
    except SelectorError:
        return True


def validate_job_create(job: KubeObject) -> list[FieldError]:
    """Check what holds of a new job alone: a selector nobody wrote selects the job's own pods."""
    return _validate_generated(job, _labels(job["spec"])) + validate_template_create(job)


def _validate_generated(job: KubeObject, labels: dict[str, str]) -> list[FieldError]:
    spec, uid, name = job["spec"], job["metadata"].get("uid", ""), name_of(job)
    if spec["manualSelector"] or "selector" not in spec:
        return []
    wanted = {_UID: uid, _NAME: name}
    wanted |= {f"batch.kubernetes.io/{key}": value for key, value in wanted.items()}
    path = "spec.template.metadata.labels"
    errors: list[FieldError] = []
    for key, value in wanted.items():
        if key not in labels:
            errors.append(required(f"{path}[{key}]", f"must be '{value}'"))
        elif labels[key] != value:
            errors.append(invalid(f"{path}[{key}]", labels, f"must be '{value}'"))
    if not _matches(spec["selector"], wanted):
        detail = "`selector` not auto-generated"
        errors.append(invalid("spec.selector", spec["selector"], detail))
    return errors


def validate_job_spec(spec: KubeObject, path: str) -> list[FieldError]:
    """Check what the specs of a job and of a cron job's template have in common."""
    errors = [
        invalid(f"{path}.{field}", spec[field], NEGATIVE)
        for field in _COUNTS
        if spec.get(field, 0) < 0
    ]
    if "maxFailedIndexes" in spec and "backoffLimitPerIndex" not in spec:
        detail = "when maxFailedIndexes is specified"
        errors.append(required(f"{path}.backoffLimitPerIndex", detail))
    errors += _validate_mode(spec, path)
    if "podFailurePolicy" in spec:
        errors += validate_pod_failure_policy(spec, f"{path}.podFailurePolicy")
    if "successPolicy" in spec and spec.get("completionMode") != "Indexed":
        body = "Invalid value: requires indexed completion mode"
        errors.append(FieldError("FieldValueInvalid", f"{path}.successPolicy", body))
    replacement = spec.get("podReplacementPolicy")
    supported = _POLICIES[:1] if "podFailurePolicy" in spec else _POLICIES
    if replacement is not None and replacement not in supported:
        errors.append(not_supported(f"{path}.podReplacementPolicy", replacement, supported))
    return errors + _validate_template(spec, path)


def _validate_mode(spec: KubeObject, path: str) -> list[FieldError]:
    mode = spec.get("completionMode", "NonIndexed")
    errors: list[FieldError] = []
    if mode not in _MODES:
        return [not_supported(f"{path}.completionMode", mode, _MODES)]
    if mode == "NonIndexed":
        detail = "requires indexed completion mode"
        fields = ("backoffLimitPerIndex", "maxFailedIndexes")
        return [invalid(f"{path}.{f}", spec[f], detail) for f in fields if f in spec]
    completions, failed = spec.get("completions"), spec.get("maxFailedIndexes")
    if completions is None:
        errors.append(required(f"{path}.completions", "when completion mode is Indexed"))
    parallelism = spec.get("parallelism", 0)
    if parallelism > _INDEXED_MAX:
        detail = f"must be less than or equal to {_INDEXED_MAX} when completion mode is Indexed"
        errors.append(invalid(f"{path}.parallelism", parallelism, detail))
    if failed is not None and completions is not None and failed > completions:
        detail = "must be less than or equal to completions"
        errors.append(invalid(f"{path}.maxFailedIndexes", failed, detail))
    if failed is not None and failed > _INDEXED_MAX:
        detail = f"must be less than or equal to {_INDEXED_MAX}"
        errors.append(invalid(f"{path}.maxFailedIndexes", failed, detail))
    return errors


def _validate_template(spec: KubeObject, path: str) -> list[FieldError]:
    errors = validate_template_parts(spec["template"], f"{path}.template")
    errors += validate_no_ephemeral(spec["template"], f"{path}.template")
    here = f"{path}.template.spec.restartPolicy"
    policy = spec["template"]["spec"].get("restartPolicy", "")
    if policy in ("", "Always"):
        detail = f"valid values: {', '.join(map(quoted, _RESTARTS))}"
        errors.append(required(here, detail))
    elif policy not in _RESTARTS:
        errors.append(not_supported(here, policy, _RESTARTS))
    elif "podFailurePolicy" in spec and policy != "Never":
        detail = 'only "Never" is supported when podFailurePolicy is specified'
        errors.append(invalid(here, policy, detail))
    return errors


def validate_job_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Refuse changes of those fields of a job that stay as they are.

    The completions of an indexed job may change together with its parallelism; a job that is
    suspended and has not started yet may still change where its pods go.
    """
    spec, was = new["spec"], old["spec"]
    errors: list[FieldError] = []
    completions = spec.get("completions")
    if completions != was.get("completions"):
        if spec["completionMode"] != "Indexed":
            errors.append(invalid("spec.completions", completions, IMMUTABLE))
        elif completions is not None and completions != spec["parallelism"]:
            detail = "can only be modified in tandem with spec.parallelism"
            errors.append(invalid("spec.completions", completions, detail))
    for field in _FIXED:
        before = was.get(field)
        if field == "template" and was.get("suspend") and _has_not_run(old):
            before = _with_directives(before, spec["template"])
        if not means_the_same("batch.v1.JobSpec", {field: spec.get(field)}, {field: before}):
            errors.append(invalid(f"spec.{field}", spec.get(field), IMMUTABLE))
    return errors


def _has_not_run(job: KubeObject) -> bool:
    return "startTime" not in job.get("status", {})


def _with_directives(template: KubeObject, other: KubeObject) -> KubeObject:
    """Return a template with another one's directives to the scheduler, and its resources."""
    out: KubeObject = deepcopy(template)
    pod, wanted = out["spec"], other["spec"]
    for field in ("nodeSelector", "tolerations", "schedulingGates"):
        _take(pod, wanted, field)
    for field in ("labels", "annotations"):
        _take(out.setdefault("metadata", {}), other.get("metadata", {}), field)
    affinity, given = pod.setdefault("affinity", {}), wanted.get("affinity", {})
    _take(affinity, given, "nodeAffinity")
    if not affinity and "affinity" not in wanted:
        del pod["affinity"]
    for field in ("containers", "initContainers"):
        for container, held in zip(pod.get(field, ()), wanted.get(field, ()), strict=False):
            _take(container, held, "resources")
    if not out["metadata"] and "metadata" not in other:
        del out["metadata"]
    return out


def _take(holder: KubeObject, other: KubeObject, field: str) -> None:
    if field in other:
        holder[field] = other[field]
    else:
        holder.pop(field, None)


def validate_job_status_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Check a job's counts, and that what it says of its end fits together."""
    status = new.get("status", {})
    errors = [
        invalid(f"status.{field}", status[field], NEGATIVE)
        for field in _STATUS_COUNTS
        if status.get(field, 0) < 0
    ]
    conditions = status.get("conditions", ())
    true = {c.get("type") for c in conditions if c.get("status") == "True"}
    if {"Complete", "Failed"} <= true:
        body = "Invalid value: cannot set Complete=True and Failed=true conditions"
        errors.append(FieldError("FieldValueInvalid", "status.conditions", body))
    ended = status.get("completionTime")
    if ended is not None and "Complete" not in true:
        detail = "cannot set completionTime when there is no Complete=True condition"
        errors.append(invalid("status.completionTime", ended, detail))
    if ended is None and "Complete" in true:
        detail = "completionTime is required for Complete jobs"
        errors.append(required("status.completionTime", detail))
    if true & {"Complete", "Failed"}:
        if status.get("active", 0) > 0:
            detail = "active>0 is invalid for finished job"
            errors.append(invalid("status.active", status["active"], detail))
        if "startTime" not in status:
            detail = "startTime is required for finished job"
            errors.append(required("status.startTime", detail))
    return errors
