"""Cron jobs."""

from __future__ import annotations

from typing import Final

from pykube_core.api.batch.cron_job_validation import (
    validate_cron_job,
    validate_cron_job_create,
    validate_cron_job_update,
)
from pykube_core.api.batch.job import default_job_template
from pykube_core.api.core.pod.template import TEMPLATE_COLUMNS, container_cells
from pykube_core.api.machinery.columns import (
    AGE,
    NAME,
    NONE,
    Column,
    age,
    integers,
    selector_text,
    since,
    strings,
)
from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.registry import Resource


def default_cron_job(cron_job: KubeObject) -> None:
    """Fill in a cron job's defaults, in place."""
    spec = cron_job.setdefault("spec", {})
    spec.setdefault("concurrencyPolicy", "Allow")
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    template = spec.setdefault("jobTemplate", {})
    template.setdefault("metadata", {})
    default_job_template(template)


def prepare_cron_job(cron_job: KubeObject) -> None:
    """Give a new cron job its first status, in place."""
    cron_job["status"] = {}


def cron_job_cells(cron_job: KubeObject, now_ns: int) -> list[Json]:
    """Return a cron job's cells."""
    spec, status = cron_job.get("spec", {}), cron_job.get("status", {})
    job = spec.get("jobTemplate", {}).get("spec", {})
    last = status.get("lastScheduleTime")
    return [
        name_of(cron_job),
        spec.get("schedule", ""),
        spec.get("timeZone", NONE),
        "True" if spec.get("suspend") else "False",
        len(status.get("active", ())),
        since(last, now_ns) if last else NONE,
        age(cron_job, now_ns),
        *container_cells(job.get("template", {}).get("spec", {})),
        selector_text(job.get("selector", {})),
    ]


CRON_JOBS: Final = Resource(
    kind="CronJob",
    plural="cronjobs",
    group="batch",
    short_names=("cj",),
    categories=("all",),
    default=default_cron_job,
    prepare=prepare_cron_job,
    validate=validate_cron_job,
    validate_create=validate_cron_job_create,
    validate_update=validate_cron_job_update,
    counts_generations=True,
    has_status=True,
    columns=(
        NAME,
        *strings("Schedule", "Timezone"),
        Column("Suspend", "boolean"),
        *integers("Active"),
        *strings("Last Schedule"),
        AGE,
        *TEMPLATE_COLUMNS,
    ),
    cells=cron_job_cells,
)
