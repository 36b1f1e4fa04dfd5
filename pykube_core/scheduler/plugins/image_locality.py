"""ImageLocality: favours nodes that have the images of the pod.

Source: kubernetes v1.34.1, plugins/imagelocality/image_locality.go and
pkg/scheduler/backend/cache/cache.go (addNodeImageStates).
"""

from __future__ import annotations

from typing import ClassVar

from _pykube_hotcore.program import Plugin
from pykube_core.api.machinery.objects import KubeObject
from pykube_core.scheduler.plugins.base import ClassBuilder, CompileContext, SchedulerPlugin
from pykube_core.scheduler.tables.interner import Interner


class ImageLocality(SchedulerPlugin):
    """Reads the images of containers and init containers, and ``status.images`` of nodes."""

    name: ClassVar = "ImageLocality"
    code: ClassVar = Plugin.IMAGE_LOCALITY

    def compile(self, pod: KubeObject, builder: ClassBuilder, context: CompileContext) -> None:
        """Put the names of the images into the class."""
        spec = pod.get("spec") or {}
        containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
        builder.images = tuple(
            context.interner.value(normalized_name(container["image"]))
            for container in containers
            if container.get("image")
        )
        builder.container_count = len(containers)


def normalized_name(image: str) -> str:
    """Return the name under which nodes report an image: with a tag."""
    # A colon before the last slash is that of a registry's port.
    return f"{image}:latest" if image.rfind(":") <= image.rfind("/") else image


def node_images(node: KubeObject, interner: Interner) -> tuple[tuple[int, int], ...]:
    """Return (name, bytes) of a node's images; of a name that comes twice, the first counts.

    Difference: upstream takes a negative size as it is; here it is 0.
    """
    found: dict[int, int] = {}
    for image in (node.get("status") or {}).get("images") or ():
        for name in image.get("names") or ():
            found.setdefault(interner.value(name), max(0, int(image.get("sizeBytes") or 0)))
    return tuple(found.items())


PLUGIN = ImageLocality()
