"""Workloads of the benchmarks' clusters."""

SET_COUNT = 20


def replica_sets(pod_count, requests):
    """Return twenty replica sets of together so many pods, alike but for their labels."""
    return [_replica_set(f"web-{at}", pod_count // SET_COUNT, requests) for at in range(SET_COUNT)]


def _replica_set(name, replicas, requests):
    labels = {"app": name}
    container = {"name": "c", "image": "httpd", "resources": {"requests": requests}}
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    }
    metadata = {"name": name}
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": spec}
