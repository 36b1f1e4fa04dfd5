"""Jobs."""

from __future__ import annotations

from typing import Final

from pykube_core.api.batch.job_validation import (
    validate_job,
    validate_job_create,
    validate_job_status_update,
    validate_job_update,
)
from pykube_core.api.core.pod.template import (
    TEMPLATE_COLUMNS,
    set_template_defaults,
    template_cells,
)
from pykube_core.api.machinery.columns import AGE, NAME, age, human_duration, strings
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource, selectable
from pykube_core.api.machinery.times import NANO, parse_time

_BACKOFF_LIMIT: Final = 6
_NO_BACKOFF_LIMIT: Final = 2**31 - 1
_NAME_LABELS: Final = ("job-name", "batch.kubernetes.io/job-name")
_UID_LABELS: Final = ("controller-uid", "batch.kubernetes.io/controller-uid")
# The first condition that is true names the state; deletion stands between them.
_STATES: Final = (
    "Complete", "Failed", "Terminating", "Suspended", "FailureTarget", "SuccessCriteriaMet",
)  # fmt: skip


def default_job(job: KubeObject) -> None:
    """Fill in a job's defaults, in place."""
    spec = job.setdefault("spec", {})
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    limit = _NO_BACKOFF_LIMIT if "backoffLimitPerIndex" in spec else _BACKOFF_LIMIT
    spec.setdefault("backoffLimit", limit)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    replaced = "Failed" if "podFailurePolicy" in spec else "TerminatingOrFailed"
    spec.setdefault("podReplacementPolicy", replaced)
    spec.setdefault("manualSelector", False)
    default_job_template(job)
    labels = spec["template"].get("metadata", {}).get("labels")
    if labels and not job["metadata"].get("labels"):
        # One map, as upstream's: labels that the template gets later are the job's, too.
        job["metadata"]["labels"] = labels


def default_job_template(job: KubeObject) -> None:
    """Fill in those defaults that a cron job's template has, too, in place."""
    spec = set_template_defaults(job)
    for rule in spec.get("podFailurePolicy", {}).get("rules", ()):
        for pattern in rule.get("onPodConditions", ()):
            pattern.setdefault("status", "True")


def prepare_job(job: KubeObject) -> None:
    """Give a new job its selector, the labels that it selects, and its first status, in place."""
    job["status"] = {}
    spec, metadata = job["spec"], job["metadata"]
    if spec["manualSelector"]:
        return
    labels = spec["template"].setdefault("metadata", {}).setdefault("labels", {})
    for names, value in ((_NAME_LABELS, name_of(job)), (_UID_LABELS, metadata["uid"])):
        for name in names:
            labels.setdefault(name, value)
    selected = spec.setdefault("selector", {}).setdefault("matchLabels", {})
    selected.setdefault(_UID_LABELS[1], metadata["uid"])


def job_cells(job: KubeObject, now_ns: int) -> list[Json]:
    """Return a job's cells."""
    spec, status = job["spec"], job.get("status", {})
    succeeded, wanted = status.get("succeeded", 0), spec.get("completions")
    parallelism = spec.get("parallelism", 0)
    if wanted is not None:
        completions = f"{succeeded}/{wanted}"
    else:
        completions = f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"
    duration = ""
    if "startTime" in status:
        end_ns = parse_time(status["completionTime"]) if "completionTime" in status else now_ns
        duration = human_duration((end_ns - parse_time(status["startTime"])) // NANO)
    return [
        name_of(job),
        _state(job),
        completions,
        duration,
        age(job, now_ns),
        *template_cells(spec),
    ]


def _state(job: KubeObject) -> str:
    conditions = job.get("status", {}).get("conditions", ())
    true = {c.get("type") for c in conditions if c.get("status") == "True"}
    if "deletionTimestamp" in job["metadata"]:
        true.add("Terminating")
    return next((state for state in _STATES if state in true), "Running")


JOBS: Final = Resource(
    kind="Job",
    plural="jobs",
    group="batch",
    categories=("all",),
    default=default_job,
    prepare=prepare_job,
    validate=validate_job,
    validate_create=validate_job_create,
    validate_update=validate_job_update,
    validate_status_update=validate_job_status_update,
    counts_generations=True,
    has_status=True,
    columns=(
        NAME,
        *strings("Status", "Completions", "Duration"),
        AGE,
        *TEMPLATE_COLUMNS,
    ),
    cells=job_cells,
    fields=selectable(**{"status.successful": "status.succeeded"}),
)
