"""VolumeBinding: bound volumes within reach, and a volume for every claim that waits for one.

Source: kubernetes v1.34.1, plugins/volumebinding/volume_binding.go. Scoring is behind a feature
gate that is off; PreScore skips. PreBind (telling the API, waiting for the controllers) is the
cluster's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from _pykube_hotcore.program import Code, Plugin
from pykube_core.api.machinery.objects import KubeObject, namespace_of
from pykube_core.scheduler.plugins.base import (
    ClassBuilder,
    CompileContext,
    Refusal,
    SchedulerPlugin,
)
from pykube_core.scheduler.tables.volume_binder import (
    BIND_CONFLICT,
    NODE_CONFLICT,
    NOT_ENOUGH_SPACE,
    VOLUME_MISSING,
    ClaimsOfPod,
)
from pykube_core.scheduler.tables.volume_cache import (
    Claim,
    VolumeCache,
    ownership_error,
    pod_claims,
)

REASONS: Final = {
    NODE_CONFLICT: "node(s) didn't match PersistentVolume's node affinity",
    BIND_CONFLICT: "node(s) didn't find available persistent volumes to bind",
    NOT_ENOUGH_SPACE: "node(s) did not have enough free storage",
    VOLUME_MISSING: "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)",
}
UNBOUND_IMMEDIATE: Final = "pod has unbound immediate PersistentVolumeClaims"


class VolumeBinding(SchedulerPlugin):
    """Reads the claims of ``spec.volumes``."""

    name: ClassVar = "VolumeBinding"
    code: ClassVar = Plugin.VOLUME_BINDING
    is_scorer: ClassVar = False

    def compile(self, pod: KubeObject, builder: ClassBuilder, context: CompileContext) -> None:
        """Say that the class needs an answer per node, and which claims are this pod's alone."""
        claims = pod_claims(pod)
        builder.has_external = builder.has_external or bool(claims)
        uid = (pod.get("metadata") or {}).get("uid") or ""
        builder.ephemeral = tuple(
            context.interner.value(f"ephemeral:{namespace_of(pod)}/{name}/{uid}")
            for name, ephemeral in claims
            if ephemeral
        )

    def pre_filter(self, pod: KubeObject, context: CompileContext) -> Refusal | None:
        """Refuse a pod with a claim that is missing, lost, going, or should be bound by now."""
        claims = self.claims(pod, context.volume_cache)
        if isinstance(claims, Refusal):
            return claims
        return Refusal(Code.UNRESOLVABLE, (UNBOUND_IMMEDIATE,)) if claims.immediate else None

    def claims(self, pod: KubeObject, volume_cache: VolumeCache) -> ClaimsOfPod | Refusal:
        """Return the pod's claims by what has to happen with them, or why they cannot be used."""
        usable = []
        for name, ephemeral in pod_claims(pod):
            claim = volume_cache.claim((namespace_of(pod), name))
            problem = _problem(pod, name, ephemeral, claim)
            if claim is None or problem:
                return Refusal(Code.UNRESOLVABLE, (problem,))
            usable.append(claim)
        found = ClaimsOfPod()
        for claim in usable:
            found.add(claim, volume_cache)
        return found

    def reasons(self, detail: int, node: KubeObject, resources: Sequence[str]) -> list[str]:
        """Return the reasons; ``detail`` has a bit for each."""
        return [text for bit, text in REASONS.items() if detail & bit]


def _problem(pod: KubeObject, name: str, ephemeral: bool, claim: Claim | None) -> str:
    """Return why a pod cannot use a claim, "" if it can."""
    if claim is None and ephemeral:
        what = "waiting for ephemeral volume controller to create the"
        return f'{what} persistentvolumeclaim "{name}"'
    if claim is None:
        return f'persistentvolumeclaim "{name}" not found'
    if claim.phase == "Lost":
        bound = f'bound to non-existent persistentvolume "{claim.volume_name}"'
        return f'persistentvolumeclaim "{name}" {bound}'
    if claim.terminating:
        return f'persistentvolumeclaim "{name}" is being deleted'
    return ownership_error(pod, claim) if ephemeral else ""


PLUGIN = VolumeBinding()
