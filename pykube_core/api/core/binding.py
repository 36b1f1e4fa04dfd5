"""Bindings of pods to nodes, which are done and not kept."""

from __future__ import annotations

from typing import Final

from pykube_core.api.machinery.object_meta import validate_namespaced
from pykube_core.api.machinery.registry import CREATE, Resource

BINDINGS: Final = Resource(
    kind="Binding", plural="bindings", kept=False, validate=validate_namespaced, verbs=CREATE
)
