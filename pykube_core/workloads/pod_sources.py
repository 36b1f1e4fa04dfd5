"""Pods that a file asks for: its Pod objects, and what its workloads would make of their templates.

A pod of a template is made as the workload's controller makes it: with its labels and owner, a
daemon set's tolerations, the claims of a stateful set.

Source: ``k8s.io/kubernetes/pkg/controller`` v1.34 (deployment/sync.go, statefulset/
stateful_set_utils.go, daemon/util, job/job_controller.go). Differences: the template's hash has
other digits, see `pykube_core.controllers.template_hash`; so the pod of a deployment is one of a
new revision.
"""

from __future__ import annotations

import copy
import dataclasses
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from pykube_core.api.builtin import SCHEDULED
from pykube_core.api.intake import label_of
from pykube_core.api.machinery.documents import read_documents
from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.objects import KubeObject, name_of, namespace_of
from pykube_core.controllers.daemon_nodes import daemon_tolerations
from pykube_core.controllers.template_hash import HASH_LABEL, canonical, hash_of
from pykube_core.workloads.model import PodTable, Workload
from pykube_core.workloads.read import STDIN, pod_warnings, read_inputs, read_workload

# Where a workload's pod template is, by kind, and the API groups that the kind is of.
TEMPLATES: Final[Mapping[str, tuple[frozenset[str], tuple[str, ...]]]] = {
    "Deployment": (frozenset({"apps", "extensions"}), ("spec", "template")),
    "ReplicaSet": (frozenset({"apps", "extensions"}), ("spec", "template")),
    "DaemonSet": (frozenset({"apps", "extensions"}), ("spec", "template")),
    "StatefulSet": (frozenset({"apps"}), ("spec", "template")),
    "Job": (frozenset({"batch"}), ("spec", "template")),
    "CronJob": (frozenset({"batch"}), ("spec", "jobTemplate", "spec", "template")),
    "ReplicationController": (frozenset({""}), ("spec", "template")),
    "PodTemplate": (frozenset({""}), ("template",)),
}
_DEFAULT_CLASS: Final = "storageclass.kubernetes.io/is-default-class"


class PodSource(NamedTuple):
    """A pod to look at.

    Attributes
    ----------
    pod : dict
        A Pod object, checked and with defaults; on no node.
    alone : PodTable
        The same pod, in a table.
    objects : mapping of str to list of dict
        The other objects of its file, by plural as in `Workload.objects`.
    origin : str
        The workload that would make it, such as ``Deployment default/web``; "" for a Pod.
    warnings : tuple of str
        The objects that the pod asks for and that neither the file nor the cluster has.
    """

    pod: KubeObject
    alone: PodTable
    objects: Mapping[str, Sequence[KubeObject]]
    origin: str = ""
    warnings: tuple[str, ...] = ()


class _Made(NamedTuple):
    """A pod as its controller would ask for it, with what else would be made for it."""

    pod: KubeObject
    others: list[KubeObject]
    origin: str


def read_pods(path: str | os.PathLike[str], workload: Workload) -> list[PodSource]:
    """Return every pod that a file asks for, in its order, for a cluster.

    Parameters
    ----------
    path
        JSON or YAML, of any number of documents and lists; "-" is standard input.
    workload
        The cluster, for its priority and storage classes.

    Raises
    ------
    InputError
        The file has no pod in it, or something in it is wrong.
    """
    name = os.fspath(path)
    files = list(read_inputs(name))
    found = [obj for source, data in files for obj in _flattened(source, data)]
    return pods_of(found, workload, "<stdin>" if name == STDIN else name)


def pods_of(
    objects: Iterable[KubeObject], workload: Workload, source: str | None = None
) -> list[PodSource]:
    """Return every pod that objects ask for; see `read_pods`."""
    made: list[_Made] = []
    others: list[KubeObject] = []
    for obj in objects:
        found = _made(obj, workload, source)
        if found is None:
            others.append(obj)
        else:
            made.append(found)
    if not made:
        raise InputError(_no_pod(others), source=source)
    return [_read(one, [*others, *one.others], workload, source) for one in made]


def _flattened(source: str, data: bytes) -> Iterator[KubeObject]:
    for number, document in enumerate(read_documents(source, data)):
        yield from _items(document, source, f"document {number + 1}")


def _items(value: Any, source: str, where: str) -> Iterator[KubeObject]:  # noqa: ANN401
    if not isinstance(value, dict):
        raise InputError("expected a Kubernetes object", source=source, object=where)
    kind = value.get("kind")
    if not isinstance(kind, str) or not kind:
        raise InputError("Required value", source=source, object=where, field="kind")
    if not kind.endswith("List") or not isinstance(value.get("items"), list):
        yield value
        return
    of_items = kind.removesuffix("List")
    for index, item in enumerate(value["items"]):
        if isinstance(item, dict) and of_items:
            item = {"kind": of_items, "apiVersion": value.get("apiVersion"), **item}
        yield from _items(item, source, f"{where}.items[{index}]")


def _no_pod(others: list[KubeObject]) -> str:
    kinds = ", ".join(dict.fromkeys(str(obj.get("kind")) for obj in others))
    found = f"only {kinds}" if kinds else "nothing"
    known = ", ".join(TEMPLATES)
    return f"no pod in it, {found}: give a Pod, or a workload with a pod template ({known})"


def _made(obj: KubeObject, workload: Workload, source: str | None) -> _Made | None:
    """Return the pod that an object asks for, None if it asks for none."""
    kind = obj["kind"]
    group = str(obj.get("apiVersion") or "").rpartition("/")[0]
    if kind == "Pod" and not group:
        return _Made(_bare(_named(obj)), [], "")
    groups, path = TEMPLATES.get(kind, (frozenset(), ()))
    if group not in groups:
        return None
    obj = _named(obj)
    label = label_of(kind, obj)
    template: Any = obj
    for part in path:
        template = template.get(part) if isinstance(template, dict) else None
    if not isinstance(template, dict):
        raise InputError("Required value", source=source, object=label, field=".".join(path))
    if not name_of(obj):
        raise InputError("Required value", source=source, object=kind, field="metadata.name")
    return _of_template(obj, copy.deepcopy(template), workload)._replace(origin=label)


def _bare(pod: KubeObject) -> KubeObject:
    """Return a Pod without what a node and a kubelet have said of it."""
    pod = copy.deepcopy(pod)
    pod.pop("status", None)
    spec = pod.get("spec")
    if isinstance(spec, dict):
        spec.pop("nodeName", None)
    return pod


def _named(obj: KubeObject) -> KubeObject:
    """Return an object with a name, made of ``generateName`` where a server is to give it."""
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("name") or not metadata.get("generateName"):
        return obj
    return {**obj, "metadata": {**metadata, "name": str(metadata["generateName"]).rstrip("-.")}}


def _of_template(owner: KubeObject, template: KubeObject, workload: Workload) -> _Made:
    """Return the pod that a workload's controller would make next."""
    kind, name, namespace = owner["kind"], name_of(owner), namespace_of(owner)
    given = template.get("metadata") or {}
    pod: KubeObject = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": dict(given.get("labels") or {}),
            "annotations": dict(given.get("annotations") or {}),
            # An object that a server has stored may have fields that are not known here.
            **({"uid": "-"} if (owner.get("metadata") or {}).get("uid") else {}),
        },
        "spec": template.get("spec") or {},
    }
    others: list[KubeObject] = []
    match kind:
        case "Deployment":
            owner = _replica_set(owner, template)
            pod["metadata"] |= {"name": name_of(owner)}
            pod["metadata"]["labels"] |= owner["spec"]["template"]["metadata"]["labels"]
            others = [owner]
        case "ReplicaSet" | "ReplicationController":
            others = [owner]
        case "StatefulSet":
            others = [owner, *_claim(pod, owner, workload)]
        case "DaemonSet":
            pod["spec"]["tolerations"] = daemon_tolerations(pod["spec"])
        case "Job" | "CronJob":
            pod["metadata"]["labels"] |= {"batch.kubernetes.io/job-name": name, "job-name": name}
    if kind != "PodTemplate":
        pod["metadata"]["ownerReferences"] = [_reference(owner)]
    return _Made(pod, others, "")


def _reference(owner: KubeObject) -> KubeObject:
    return {
        "apiVersion": owner.get("apiVersion") or "apps/v1",
        "kind": owner["kind"],
        "name": name_of(owner),
        "uid": (owner.get("metadata") or {}).get("uid") or "-",
        "controller": True,
    }


def _replica_set(deployment: KubeObject, template: KubeObject) -> KubeObject:
    """Return the replica set of a deployment's template."""
    digest = hash_of(canonical(msgspec.json.encode(template)), None)
    selector = copy.deepcopy((deployment["spec"] or {}).get("selector") or {})
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), HASH_LABEL: digest}
    metadata = template.setdefault("metadata", {})
    metadata["labels"] = {**(metadata.get("labels") or {}), HASH_LABEL: digest}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{name_of(deployment)}-{digest}",
            "namespace": namespace_of(deployment),
            "uid": "-",
        },
        "spec": {"selector": selector, "template": template},
    }


def _claim(pod: KubeObject, owner: KubeObject, workload: Workload) -> Iterator[KubeObject]:
    """Name a pod of a stateful set, give it its volumes, and yield the claims to be made."""
    spec = owner["spec"]
    name = f"{name_of(owner)}-{(spec.get('ordinals') or {}).get('start') or 0}"
    pod["metadata"]["name"] = name
    pod["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] = name
    held = {
        (namespace_of(claim), name_of(claim))
        for claim in workload.objects.get("persistentVolumeClaims", ())
    }
    volumes = {str(v.get("name")): v for v in pod["spec"].get("volumes") or ()}
    for template in spec.get("volumeClaimTemplates") or ():
        volume = name_of(template)
        claim_name = f"{volume}-{name}"
        volumes[volume] = {
            "name": volume,
            "persistentVolumeClaim": {"claimName": claim_name},
        }
        if (namespace_of(owner), claim_name) in held:
            continue
        claim = copy.deepcopy(template)
        claim |= {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}
        claim["metadata"] |= {"name": claim_name, "namespace": namespace_of(owner), "uid": "-"}
        claim_spec = claim.setdefault("spec", {})
        chosen = _default_class(workload)
        if chosen and "storageClassName" not in claim_spec:
            claim_spec["storageClassName"] = chosen
        claim["status"] = {"phase": "Pending"}
        yield claim
    pod["spec"]["volumes"] = list(volumes.values())


def _default_class(workload: Workload) -> str:
    """Return the default storage class, the newest of several as upstream does; "" for none."""
    found = [
        obj
        for obj in workload.objects.get("storageClasses", ())
        if (obj["metadata"].get("annotations") or {}).get(_DEFAULT_CLASS) == "true"
    ]
    found.sort(key=name_of)
    found.sort(key=lambda obj: obj["metadata"].get("creationTimestamp") or "", reverse=True)
    return name_of(found[0]) if found else ""


def _read(
    made: _Made, others: list[KubeObject], workload: Workload, source: str | None
) -> PodSource:
    """Return a pod as the reader of snapshots takes it, so that there is one set of rules."""
    classes = [
        {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass"} | obj
        for obj in workload.objects.get("priorityClasses", ())
        if not any(o["kind"] == "PriorityClass" and name_of(o) == name_of(obj) for o in others)
    ]
    node = {"apiVersion": "v1", "kind": "Node"} | workload.nodes[0]
    names = {name_of(node) for node in workload.nodes}
    others = [obj for obj in others if obj["kind"] != "Node" or name_of(obj) not in names]
    items = [node, *classes, *others, made.pod]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "objects.json")
        with open(path, "wb") as file:
            file.write(msgspec.json.encode({"kind": "List", "apiVersion": "v1", "items": items}))
        try:
            found = read_workload(path)
        except InputError as error:
            label = error.object
            if made.origin and label == label_of("Pod", made.pod):
                label = f"{made.origin}, its pod template"
            raise InputError(error.reason, source=source, object=label, field=error.field) from None
    if not len(found.pods):
        raise InputError("no pod in it", source=source)
    pod, new = found.pod(0), _new(found, others, workload)
    alone = dataclasses.replace(
        workload, pods=found.pods, objects=merged_objects(workload.objects, new)
    )
    warnings = (*_unranked(pod), *pod_warnings(alone))
    return PodSource(pod, found.pods, new, made.origin, warnings)


def _new(
    found: Workload, others: list[KubeObject], workload: Workload
) -> dict[str, list[KubeObject]]:
    """Return the objects of the file, and those that the reader implies and nobody has."""
    given = {(SCHEDULED[o["kind"]].lister, _key(o)) for o in others if o["kind"] in SCHEDULED}
    return {
        plural: [
            obj
            for obj in objects
            if (plural, _key(obj)) in given
            or _key(obj) not in set(map(_key, workload.objects.get(plural, ())))
        ]
        for plural, objects in found.objects.items()
    }


def merged_objects(
    objects: Mapping[str, Sequence[KubeObject]], more: Mapping[str, Sequence[KubeObject]]
) -> dict[str, list[KubeObject]]:
    """Return both; of two objects of a name, the one of ``more``."""
    merged: dict[str, list[KubeObject]] = {}
    for plural in (*objects, *(plural for plural in more if plural not in objects)):
        added = more.get(plural, ())
        names = {(namespace_of(obj), name_of(obj)) for obj in added}
        kept = [o for o in objects.get(plural, ()) if (namespace_of(o), name_of(o)) not in names]
        merged[plural] = [*kept, *added]
    return merged


def _key(obj: KubeObject) -> tuple[str, str]:
    return namespace_of(obj), name_of(obj)


def _unranked(pod: KubeObject) -> tuple[str, ...]:
    """Return what is to be said where a pod's priority is not known."""
    name = pod["spec"].get("priorityClassName")
    if not name or "priority" in pod["spec"]:
        return ()
    return (f"the PriorityClass {name} is not in the snapshot: the priority counts as 0",)
