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

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, overload

STANDARD_RESOURCES: Mapping[str, str] = {
    "cpu": "cpu",
    "memory": "memory",
    "ephemeral_storage": "ephemeral-storage",
}


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
        A name cannot be the name of a field.

    Examples
    --------
    >>> @policy(resources={"gpu": "nvidia.com/gpu"})
    ... def keep_gpus_free(node, pod):
    ...     return -node.free_gpu if pod.gpu == 0 else node.requested_gpu
    """
    names = {**STANDARD_RESOURCES, **(resources or {})}
    for name in names:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise ValueError(f"{name!r} cannot be the name of a field; use a-z, 0-9 and _")

    def decorate(decorated: Callable[..., Any]) -> UserPolicy:
        return UserPolicy(decorated, names)

    return decorate if function is None else decorate(function)
