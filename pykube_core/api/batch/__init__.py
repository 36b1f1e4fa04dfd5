"""The group batch: workloads that end."""

from __future__ import annotations

from typing import Final

from pykube_core.api.batch.cron_job import CRON_JOBS as CRON_JOBS
from pykube_core.api.batch.job import JOBS as JOBS

RESOURCES: Final = (JOBS, CRON_JOBS)
