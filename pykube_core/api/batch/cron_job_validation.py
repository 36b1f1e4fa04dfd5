"""Rules of cron jobs.

Source: ``k8s.io/kubernetes/pkg/apis/batch/validation`` v1.37.2.
"""

from __future__ import annotations

import re
from typing import Final

from pykube_core.api.batch.cron_schedule import ScheduleError, check_schedule
from pykube_core.api.batch.job_validation import validate_job_spec
from pykube_core.api.machinery.field_errors import (
    NEGATIVE,
    FieldError,
    invalid,
    not_supported,
    required,
)
from pykube_core.api.machinery.object_meta import validate_create, validate_metadata
from pykube_core.api.machinery.objects import KubeObject, name_of

_POLICIES: Final = ("Allow", "Forbid", "Replace")
_NAME_LENGTH_MAX: Final = 52
_ZONE_RE: Final = re.compile("[A-Za-z._0-9+][A-Za-z._0-9+-]{0,13}", re.ASCII)


def validate_cron_job(cron_job: KubeObject) -> list[FieldError]:
    """Check a cron job and its job's template."""
    errors = validate_metadata(cron_job)
    spec = cron_job["spec"]
    schedule, path = spec.get("schedule", ""), "spec.schedule"
    if schedule:
        try:
            check_schedule(schedule)
        except ScheduleError as error:
            errors.append(invalid(path, schedule, str(error)))
    else:
        errors.append(required(path))
    errors += _validate_counts(spec, "startingDeadlineSeconds")
    if spec["concurrencyPolicy"] not in _POLICIES:
        value = spec["concurrencyPolicy"]
        errors.append(not_supported("spec.concurrencyPolicy", value, _POLICIES))
    job, here = spec["jobTemplate"]["spec"], "spec.jobTemplate.spec"
    errors += validate_job_spec(job, here)
    if "selector" in job:
        detail = "`selector` will be auto-generated"
        errors.append(invalid(f"{here}.selector", job["selector"], detail))
    if job.get("manualSelector"):
        errors.append(not_supported(f"{here}.manualSelector", True, ("nil", "false")))
    return errors + _validate_counts(spec, "successfulJobsHistoryLimit", "failedJobsHistoryLimit")


def _validate_counts(spec: KubeObject, *fields: str) -> list[FieldError]:
    negative = [field for field in fields if spec.get(field, 0) < 0]
    return [invalid(f"spec.{field}", spec[field], NEGATIVE) for field in negative]


def validate_cron_job_create(cron_job: KubeObject) -> list[FieldError]:
    """Check what holds of a new cron job alone: its name leaves room for the names of its jobs."""
    errors = validate_create(cron_job)
    spec = cron_job["spec"]
    if "TZ" in spec.get("schedule", ""):
        detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        errors.append(invalid("spec.schedule", spec["schedule"], detail))
    errors += _validate_zone(spec.get("timeZone"))
    if len(name_of(cron_job)) > _NAME_LENGTH_MAX:
        detail = f"must be no more than {_NAME_LENGTH_MAX} characters"
        errors.append(invalid("metadata.name", name_of(cron_job), detail))
    return errors


def validate_cron_job_update(new: KubeObject, old: KubeObject) -> list[FieldError]:
    """Check a time zone that is another; one in the schedule may stay."""
    spec, was = new["spec"], old["spec"]
    errors: list[FieldError] = []
    schedule = spec.get("schedule", "")
    if "TZ" in schedule:
        detail = ""
        if "TZ" not in was.get("schedule", ""):
            detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        elif "timeZone" in spec:
            detail = "cannot use both timeZone field and TZ or CRON_TZ in schedule"
        if detail:
            errors.append(invalid("spec.schedule", schedule, detail))
    if spec.get("timeZone") != was.get("timeZone"):
        errors += _validate_zone(spec.get("timeZone"))
    return errors


def _validate_zone(zone: str | None) -> list[FieldError]:
    import zoneinfo  # A cluster without cron jobs does without it.

    path = "spec.timeZone"
    if zone is None:
        return []
    if not zone:
        return [invalid(path, zone, "timeZone must be nil or non-empty string")]
    parts = zone.split("/")
    unknown = [invalid(path, zone, f"unknown time zone {zone}")]
    if any(p in (".", "..") or not _ZONE_RE.fullmatch(p) for p in parts):
        return unknown
    errors: list[FieldError] = []
    if zone.lower() == "local":
        detail = (
            "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        )
        errors.append(invalid(path, zone, detail))
    elif zone != "UTC":
        try:
            zoneinfo.ZoneInfo(zone)
        except (OSError, ValueError, zoneinfo.ZoneInfoNotFoundError):
            errors += unknown
    return errors
