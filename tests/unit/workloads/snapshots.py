"""Snapshots as kubectl writes them, for tests; their pods come from a server."""

import json

from pykube_core.workloads.read import read_workload

HOSTNAME, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"


def node(name, cpu="64", **labels):
    amounts = {"cpu": cpu, "memory": "256Gi", "pods": "110"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "uid": f"n-{name}", "labels": {HOSTNAME: name, **labels}},
        "status": {"capacity": amounts, "allocatable": amounts},
    }


def pod(name, namespace="default", node=None, labels=None, owner=None, annotations=None, **spec):
    metadata = {
        "name": name,
        "namespace": namespace,
        "uid": f"u-{name}",
        "labels": labels or {},
        "annotations": annotations or {},
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    if owner is not None:
        reference = {"apiVersion": owner[0], "kind": owner[1], "name": owner[2], "uid": "u-owner"}
        metadata["ownerReferences"] = [reference | {"controller": True}]
    if node is not None:
        spec["nodeName"] = node
    containers = [{"name": "c", "image": "i", "resources": {"requests": {"cpu": "100m"}}}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": containers, **spec},
        "status": {"phase": "Running" if node else "Pending"},
    }


def obj(api_version, kind, name, namespace=None, **fields):
    metadata = {"name": name, "uid": f"u-{kind}-{name}", **fields.pop("metadata", {})}
    if namespace is not None:
        metadata["namespace"] = namespace
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def claim(name, **fields):
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        **fields.pop("spec", {}),
    }
    return obj("v1", "PersistentVolumeClaim", name, "default", spec=spec, **fields)


def uses(claim_name):
    return [{"name": "data", "persistentVolumeClaim": {"claimName": claim_name}}]


def storage_class(name="std", provisioner="x.csi", binding="WaitForFirstConsumer"):
    return obj(
        "storage.k8s.io/v1",
        "StorageClass",
        name,
        provisioner=provisioner,
        volumeBindingMode=binding,
    )


def write(folder, *items):
    path = folder / "cluster.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    return path


def read(folder, *items, **options):
    return read_workload(write(folder, *items), **options)
