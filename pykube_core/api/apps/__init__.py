"""The group apps: the workloads that make pods and keep them."""

from __future__ import annotations

from typing import Final

from pykube_core.api.apps.controller_revision import (
    CONTROLLER_REVISIONS as CONTROLLER_REVISIONS,
)
from pykube_core.api.apps.daemon_set import DAEMON_SETS as DAEMON_SETS
from pykube_core.api.apps.deployment import DEPLOYMENTS as DEPLOYMENTS
from pykube_core.api.apps.replica_set import REPLICA_SETS as REPLICA_SETS
from pykube_core.api.apps.stateful_set import STATEFUL_SETS as STATEFUL_SETS

RESOURCES: Final = (DEPLOYMENTS, REPLICA_SETS, DAEMON_SETS, STATEFUL_SETS, CONTROLLER_REVISIONS)
