"""Priority: a pod's priority from its class, and one default class at most.

Source: ``plugin/pkg/admission/priority`` v1.34.1; what the plugin does to updates of pods is in
`pykube_core.api.core.pod.strategy`.
"""

from __future__ import annotations

import msgspec

from pykube_core.api.core import PODS
from pykube_core.api.machinery.objects import KubeObject, name_of
from pykube_core.api.machinery.registry import Resource
from pykube_core.api.machinery.status import forbidden
from pykube_core.api.scheduling import PRIORITY_CLASSES
from pykube_core.api.scheduling.priority import PriorityError, global_default, resolve_priority
from pykube_core.apiserver.registry.unvalidated import Written, is_decodable
from pykube_core.store import StoreLike, prefix_end


def admit_priority(
    store: StoreLike, written: Written, resource: Resource, obj: KubeObject, *, is_new: bool
) -> None:
    """Set a new pod's priority from its class, in place, and refuse a second default class (403).

    A pod is refused when its class is not there, or they disagree. Classes that do not decode are
    skipped.
    """
    if resource is PODS and is_new:
        try:
            resolve_priority(obj, _priority_classes(store, written))
        except PriorityError as error:
            raise forbidden(PODS, name_of(obj), str(error)) from None
    elif resource is PRIORITY_CLASSES and obj.get("globalDefault"):
        held = global_default(_priority_classes(store, written))
        if held is not None and (is_new or name_of(held) != name_of(obj)):
            already = f"PriorityClass {name_of(held)} is already marked as default."
            why = f"{already} Only one default can exist"
            raise forbidden(PRIORITY_CLASSES, name_of(obj), why)


def _priority_classes(store: StoreLike, written: Written) -> list[KubeObject]:
    held = store.range(PRIORITY_CLASSES.prefix, prefix_end(PRIORITY_CLASSES.prefix)).kvs
    classes = [kv.value for kv in held if is_decodable(written, PRIORITY_CLASSES, kv)]
    return [msgspec.json.decode(data) for data in classes]
