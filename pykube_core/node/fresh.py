"""Pods that are new to their node, read by what copies of a pod share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pykube_core.node.admission import Node
from pykube_core.node.pods import Pod, Template, new_pod
from pykube_core.objects import ApiObject, Body

_TEMPLATES_MAX: Final = 4096


class FreshPods:
    """Templates of pods that nobody has written since they were bound, by body and status."""

    def __init__(self) -> None:
        self._templates: dict[tuple[Body, bytes], Template] = {}

    def pod(self, obj: ApiObject, nodes: Mapping[str, Node]) -> Pod | None:
        """Return a pod that nobody has written since it was bound to one of these nodes.

        None for another, and where no copy of it is known.
        """
        node = nodes.get(obj.bound_to)
        template = node and self._templates.get((obj.body, obj.own_tail))
        return new_pod(obj, obj.uid, node, template) if node and template else None

    def add(self, obj: ApiObject, template: Template) -> None:
        """Know the copies of a bound pod by its template.

        The pod must begin as `new_pod` says: so do its copies.
        """
        if obj.bound_to:
            if len(self._templates) >= _TEMPLATES_MAX:
                self._templates.clear()
            self._templates[obj.body, obj.own_tail] = template
