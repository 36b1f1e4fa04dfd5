"""A policy of the user's own: one decorated function over a node and a pod.

    import pykube_core as pk

    @pk.policy
    def tightest(node, pod):
        return -(node.free_cpu - pod.cpu)

The function is compiled by Numba and called inside the engine; it may use numbers, branches,
``math`` and other compiled functions, and must not depend on anything else. Units are those of the
engine: millicores, bytes, counts.
"""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any, Final, overload

_BEHIND: Final = ".function"

STANDARD_RESOURCES: Mapping[str, str] = {
    "cpu": "cpu",
    "memory": "memory",
    "ephemeral_storage": "ephemeral-storage",
}


_KINDS: Final = ("allocatable", "requested", "free")
_COUNTS: Final = ("pods", "pod_slots")


def node_fields(resources: Iterable[str]) -> tuple[str, ...]:
    """Return the fields of a node for these names of resources."""
    return (*(f"{kind}_{name}" for name in resources for kind in _KINDS), *_COUNTS)


def pod_fields(resources: Iterable[str]) -> tuple[str, ...]:
    """Return the fields of a pod for these names of resources."""
    return tuple(resources)


@dataclass(frozen=True)
class UserPolicy:
    """A function that scores a node for a pod; higher is better.

    Attributes
    ----------
    function : callable
        ``function(node, pod)``. ``node.allocatable_R``, ``node.requested_R``, ``node.free_R`` and
        ``pod.R`` for each resource R, ``node.pods`` and ``node.pod_slots``; all int64.
    resources : mapping
        Resource by the name R that the function uses.
    """

    function: Callable[..., Any]
    resources: Mapping[str, str] = field(default_factory=lambda: dict(STANDARD_RESOURCES))

    @property
    def plugin(self) -> str:
        """Name of the score plugin that stands for the function in a profile."""
        return self.function.__name__

    def __call__(self, node: Any, pod: Any) -> Any:  # noqa: ANN401
        """Score one node in plain Python."""
        return self.function(node, pod)


@overload
def policy(function: Callable[..., Any], /) -> UserPolicy: ...


@overload
def policy(*, resources: Mapping[str, str]) -> Callable[[Callable[..., Any]], UserPolicy]: ...


def policy(
    function: Callable[..., Any] | None = None, /, *, resources: Mapping[str, str] | None = None
) -> Any:
    """Make a policy of a function of a node and a pod.

    Parameters
    ----------
    function
        See :class:`UserPolicy`.
    resources
        Further resources by the name that the function uses, for example
        ``{"gpu": "nvidia.com/gpu"}`` for ``node.free_gpu`` and ``pod.gpu``.

    Raises
    ------
    ValueError
        A name cannot be the name of a field, or what it stands for names no resource.
    TypeError
        The decorated object is no Python function.

    Examples
    --------
    >>> @policy(resources={"gpu": "nvidia.com/gpu"})
    ... def keep_gpus_free(node, pod):
    ...     return -node.free_gpu if pod.gpu == 0 else node.requested_gpu
    """
    names = {**STANDARD_RESOURCES, **(resources or {})}
    for name in names:
        if keyword.iskeyword(name) or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise ValueError(f"{name!r} cannot be the name of a field; use a-z, 0-9 and _")
        if not isinstance(names[name], str) or not names[name]:
            raise ValueError(f"{name}: {names[name]!r} is not the name of a resource")

    def decorate(decorated: Callable[..., Any]) -> UserPolicy:
        # A function that Numba compiled already is compiled anew, for the engine's own loop.
        decorated = getattr(decorated, "py_func", decorated)
        if not isinstance(decorated, FunctionType):
            what = f"{type(decorated).__name__} {getattr(decorated, '__name__', '')}".strip()
            raise TypeError(f"a policy is a Python function of a node and a pod, not a {what}")
        _make_findable(decorated)
        return UserPolicy(decorated, names)

    return decorate if function is None else decorate(function)


def _make_findable(decorated: Callable[..., Any]) -> None:
    """Let pickle, which sends a function by its name, find the one behind a decorated name.

    Once the decorator is done, ``module.tightest`` is the policy and no longer the function, which
    is ``module.tightest.function`` then: that is its name from here on. Libraries that send a
    function by value, as cloudpickle does for those of a notebook, still can.
    """
    name = getattr(decorated, "__qualname__", "")
    module = sys.modules.get(getattr(decorated, "__module__", None) or "")
    if not name or name.endswith(_BEHIND) or getattr(module, name, None) is decorated:
        return  # An undecorated function that has its name already: ``policy(function)``.
    decorated.__qualname__ = name + _BEHIND
