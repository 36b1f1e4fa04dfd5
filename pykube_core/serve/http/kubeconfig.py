"""Kubeconfigs of control planes."""

from __future__ import annotations

from pathlib import Path

from pykube_core.api.machinery.yaml_text import yaml_text
from pykube_core.files import write_file


def write_kubeconfig(path: Path, url: str, token: str = "", namespace: str = "") -> None:
    """Write a kubeconfig whose only context is a control plane; with a token for its user alone."""
    name = "pykube"
    context = {"cluster": name, "user": name}
    if namespace:
        context["namespace"] = namespace
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": url}}],
        "contexts": [{"name": name, "context": context}],
        "users": [{"name": name, "user": {"token": token} if token else {}}],
        "current-context": name,
    }
    write_file(path, yaml_text(config).encode())
