"""A whole Kubernetes in one Python process, with kube-scheduler's own decisions."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pykube_core.store import Store

__version__ = "0.1.0"

__all__ = ["Store", "__version__"]

# Loaded on first use, so that importing the package stays cheap.
_LAZY = {"Store": "pykube_core.store"}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_LAZY[name]), name)
    return value
