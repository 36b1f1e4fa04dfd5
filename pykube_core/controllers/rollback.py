"""A rollback that somebody asks for by an annotation: what becomes of the deployment.

Source: ``k8s.io/kubernetes/pkg/controller/deployment/rollback.go`` and
``util/deployment_util.go`` v1.34.1 to v1.37.2. The annotation is what is left of the
field ``rollbackTo`` of older API versions; ``kubectl rollout undo`` writes the template itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.selectors import parse_int64
from pykube_core.client.recorder import NORMAL, WARNING
from pykube_core.controllers.rollout import (
    NOT_COPIED,
    ROLLBACK_TO,
    Deployment,
    ReplicaSet,
    revision_of,
)

_NOT_FOUND = "DeploymentRollbackRevisionNotFound"


class Rollback(NamedTuple):
    """The deployment to be written, without the annotation, and the event that tells of it."""

    object: KubeObject
    type: str
    reason: str
    message: str


def wanted_revision(deployment: Deployment) -> int | None:
    """Return the revision to go back to: 0 is the last one, None that nobody asks for any."""
    return parse_int64(deployment.metadata.annotations.get(ROLLBACK_TO))


def rolled_back(
    deployment: Deployment, replica_sets: Iterable[ReplicaSet], revision: int
) -> Rollback:
    """Return what a deployment becomes that goes back to a revision of its replica sets."""
    held = list(replica_sets)
    obj = deployment.obj.decode()
    annotations = dict(deployment.metadata.annotations)
    del annotations[ROLLBACK_TO]
    obj["metadata"]["annotations"] = annotations
    revision = revision or _last_revision(held)
    if not revision:
        return Rollback(obj, WARNING, _NOT_FOUND, "Unable to find last revision.")
    target = next((r for r in held if revision_of(r) == revision), None)
    if target is None:
        message = "Unable to find the revision to rollback to."
        return Rollback(obj, WARNING, _NOT_FOUND, message)
    name = deployment.metadata.name
    if target.template == deployment.template:
        message = f'The rollback revision contains the same template as current deployment "{name}"'
        return Rollback(obj, WARNING, "DeploymentRollbackTemplateUnchanged", message)
    obj["spec"]["template"] = msgspec.json.decode(target.template)
    # The deployment's annotations belong to the template that it leaves.
    kept = {key: value for key, value in annotations.items() if key in NOT_COPIED}
    back = {key: value for key, value in target.annotations.items() if key not in NOT_COPIED}
    obj["metadata"]["annotations"] = kept | back
    message = f'Rolled back deployment "{name}" to revision {revision}'
    return Rollback(obj, NORMAL, "DeploymentRollback", message)


def _last_revision(replica_sets: Iterable[ReplicaSet]) -> int:
    """Return the second highest revision; 0 when there is none."""
    revisions = sorted(max(revision_of(r) or 0, 0) for r in replica_sets)
    return revisions[-2] if len(revisions) > 1 else 0
