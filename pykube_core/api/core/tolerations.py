"""Whether a pod may live with a taint.

Source: ``k8s.io/api/core/v1/toleration.go`` v0.34.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final


def tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    """Return whether a toleration is good for a taint, both as they stand in objects."""
    effect, key = toleration.get("effect"), toleration.get("key") or ""
    if effect and effect != taint.get("effect"):
        return False
    operator = toleration.get("operator") or "Equal"
    if key and key != taint.get("key"):
        return False
    if operator == "Exists":
        return True
    same = (toleration.get("value") or "") == (taint.get("value") or "")
    return operator == "Equal" and same


NOT_READY: Final = "node.kubernetes.io/not-ready"
UNREACHABLE: Final = "node.kubernetes.io/unreachable"
