"""The status of a deployment: counts, and the conditions Available, Progressing, ReplicaFailure.

Source: ``k8s.io/kubernetes/pkg/controller/deployment`` (sync.go, progress.go) and
``util/deployment_util.go`` v1.34.1 to v1.37.2.
"""

from __future__ import annotations

from typing import Final

import msgspec

from pykube_core.api.machinery.objects import KubeObject
from pykube_core.api.machinery.times import NANO, time_text
from pykube_core.controllers.pods import read_time
from pykube_core.controllers.rollout import Deployment, ReplicaSet

_PROGRESSING: Final = "Progressing"
_TIMED_OUT: Final = "ProgressDeadlineExceeded"
_PAUSED: Final = "DeploymentPaused"
_DONE: Final = "NewReplicaSetAvailable"
_FAILURE: Final = ("status", "reason", "message", "lastTransitionTime")
_TIMES: Final = ("lastUpdateTime", "lastTransitionTime")


class DeploymentStatus:
    """A deployment's status in one pass.

    Parameters
    ----------
    deployment : Deployment
        As it was read.
    now_ns : int
        The time of conditions that change.

    Attributes
    ----------
    value : dict
        The status to be written.
    revision : str
        The revision to be written; "" leaves it.
    """

    def __init__(self, deployment: Deployment, now_ns: int) -> None:
        self._deployment = deployment
        self._now_ns = now_ns
        held = deployment.status.get("conditions", ())
        self._conditions: list[KubeObject] = [c for c in held if _is_whole(c)]
        self.value = deployment.status
        self.revision = ""

    def pause(self, paused: bool) -> None:
        """Tell of a rollout that was paused or resumed."""
        held = self._condition(_PROGRESSING)
        reason = held["reason"] if held is not None else ""
        if not self._deployment.has_deadline or reason == _TIMED_OUT:
            return
        if paused and reason != _PAUSED:
            self._set(_PROGRESSING, "Unknown", _PAUSED, "Deployment is paused")
        elif not paused and reason == _PAUSED:
            self._set(_PROGRESSING, "Unknown", "DeploymentResumed", "Deployment is resumed")

    def find(self, name: str) -> None:
        """Tell of a replica set that was there already, where nothing has been told yet."""
        if self._deployment.has_deadline and self._condition(_PROGRESSING) is None:
            self._set(_PROGRESSING, "True", "FoundNewReplicaSet", f'Found new replica set "{name}"')

    def create(self, name: str) -> None:
        """Tell of a replica set that was made."""
        if self._deployment.has_deadline:
            message = f'Created new replica set "{name}"'
            self._set(_PROGRESSING, "True", "NewReplicaSetCreated", message)

    def fail(self, message: str) -> None:
        """Tell of a replica set that could not be made."""
        if self._deployment.has_deadline:
            self._set(_PROGRESSING, "False", "ReplicaSetCreateError", message)
        self.keep()

    def keep(self) -> None:
        """Leave the counts as they are: only conditions have changed."""
        if self._conditions:
            self.value = self.value | {"conditions": self._conditions}

    def collide(self) -> None:
        """Count one more collision of the template's hash."""
        count = (self._deployment.collisions or 0) + 1
        self.value = self.value | {"collisionCount": count}

    def count(self, new: ReplicaSet | None, old: list[ReplicaSet], *, rolling: bool) -> None:
        """Count pods, and say how far a rollout has come."""
        everyone = old if new is None else [*old, new]
        statuses = [replica_set.status for replica_set in everyone]
        available = sum(status.availableReplicas for status in statuses)
        counts = {
            "observedGeneration": self._deployment.metadata.generation,
            "replicas": sum(status.replicas for status in statuses),
            "updatedReplicas": 0 if new is None else new.status.replicas,
            "readyReplicas": sum(status.readyReplicas for status in statuses),
            "availableReplicas": available,
            "unavailableReplicas": max(sum(r.replicas for r in everyone) - available, 0),
        }
        self._tell_availability(available)
        if rolling:
            self._tell_progress(counts, new)
            self._tell_failure(everyone, new)
        value: KubeObject = {name: number for name, number in counts.items() if number}
        # A replica set that its controller has not seen yet has no pods to end.
        ending = [
            status.terminatingReplicas
            for status in statuses
            if status.observedGeneration or status.terminatingReplicas is not None
        ]
        if None not in ending:
            value["terminatingReplicas"] = sum(count or 0 for count in ending)
        if self._conditions:
            value["conditions"] = self._conditions
        if self._deployment.collisions is not None:
            value["collisionCount"] = self._deployment.collisions
        self.value = value

    @property
    def deadline_ns(self) -> int | None:
        """When a rollout that makes no progress has to be looked at; None when it need not."""
        held = self._condition(_PROGRESSING)
        if not self._deployment.has_deadline or held is None:
            return None
        if held["reason"] in (_TIMED_OUT, _DONE):  # A finished rollout is late no more.
            return None
        if is_complete(self._deployment, self.value):
            return None
        seconds = self._deployment.spec.progressDeadlineSeconds + 1
        return read_time(held["lastUpdateTime"]) + seconds * NANO

    def _tell_availability(self, available: int) -> None:
        if available >= self._deployment.spec.replicas - self._deployment.max_unavailable:
            message = "Deployment has minimum availability."
            self._set("Available", "True", "MinimumReplicasAvailable", message)
        else:
            message = "Deployment does not have minimum availability."
            self._set("Available", "False", "MinimumReplicasUnavailable", message)

    def _tell_progress(self, counts: dict[str, int], new: ReplicaSet | None) -> None:
        held = self._condition(_PROGRESSING)
        if not self._deployment.has_deadline:
            self._remove(_PROGRESSING)
            return
        told = held is not None and held["reason"] == _DONE
        if told and counts["replicas"] == counts["updatedReplicas"]:
            return
        subject = f'Deployment "{self._deployment.metadata.name}"'
        if new is not None:
            subject = f'ReplicaSet "{new.name}"'
        if is_complete(self._deployment, counts):
            self._set(_PROGRESSING, "True", _DONE, f"{subject} has successfully progressed.")
        elif self._is_further(counts):
            self._remove(_PROGRESSING)
            self._set(_PROGRESSING, "True", "ReplicaSetUpdated", f"{subject} is progressing.", held)
        elif self._is_late():
            self._set(_PROGRESSING, "False", _TIMED_OUT, f"{subject} has timed out progressing.")

    def _is_further(self, counts: dict[str, int]) -> bool:
        """Say whether the rollout has come further since the status was written."""
        was = self._deployment.status
        left = counts["replicas"] - counts["updatedReplicas"]
        growing = ("updatedReplicas", "readyReplicas", "availableReplicas")
        return left < was.get("replicas", 0) - was.get("updatedReplicas", 0) or any(
            counts[name] > was.get(name, 0) for name in growing
        )

    def _is_late(self) -> bool:
        held = self._condition(_PROGRESSING)
        if held is None or held["reason"] == _DONE:
            return False
        seconds = self._deployment.spec.progressDeadlineSeconds
        return (
            held["reason"] == _TIMED_OUT
            or read_time(held["lastUpdateTime"]) + seconds * NANO < self._now_ns
        )

    def _tell_failure(self, everyone: list[ReplicaSet], new: ReplicaSet | None) -> None:
        """Show the failure of a replica set, first of all that of the new one."""
        ordered = everyone if new is None else [new, *everyone]
        for replica_set in ordered:
            for condition in replica_set.status.conditions:
                if condition.get("type") == "ReplicaFailure":
                    status, reason, message, since = (condition.get(f, "") for f in _FAILURE)
                    self._set("ReplicaFailure", status, reason, message, since=since)
                    return
        self._remove("ReplicaFailure")

    def _condition(self, type: str) -> KubeObject | None:
        return next((c for c in self._conditions if c.get("type") == type), None)

    def _remove(self, type: str) -> None:
        self._conditions = [c for c in self._conditions if c.get("type") != type]

    def _set(
        self,
        type: str,
        status: str,
        reason: str,
        message: str,
        before: KubeObject | None = None,
        *,
        since: str = "",
    ) -> None:
        """Set a condition, unless it has this status and reason already."""
        held = self._condition(type)
        if held is not None and held["status"] == status and held["reason"] == reason:
            return
        now = since or time_text(self._now_ns)
        before = held or before
        same = before is not None and before["status"] == status
        self._remove(type)
        self._conditions.append(
            {
                "type": type,
                "status": status,
                "lastUpdateTime": now,
                "lastTransitionTime": before["lastTransitionTime"] if before and same else now,
                "reason": reason,
                "message": message,
            }
        )


def _is_whole(condition: KubeObject) -> bool:
    """Say whether a condition can be gone on from; somebody else may have written it."""
    try:
        for field in _TIMES:
            read_time(condition.get(field, ""))
    except msgspec.ValidationError:
        return False
    return all(field in condition for field in ("type", "status", "reason"))


def is_complete(deployment: Deployment, status: KubeObject) -> bool:
    """Say whether a status shows all pods of a deployment new and available."""
    counts = ("updatedReplicas", "replicas", "availableReplicas")
    wanted = deployment.spec.replicas
    return (
        all(status.get(name, 0) == wanted for name in counts)
        and status.get("observedGeneration", 0) >= deployment.metadata.generation
    )
