"""Places where runs are carried out: executors, and the words for an argument that is none."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from concurrent.futures import Executor, ProcessPoolExecutor
from typing import Final

from pykube_core.api.machinery.errors import InputError
from pykube_core.scheduler.policies.user_policy import UserPolicy

_WANTED: Final = "executor: expected a concurrent.futures.Executor"
# The executor to pass instead, by the package and the name of a class; "" stands for any name.
_INSTEAD: Final = {
    ("distributed", "Client"): "pass client.get_executor()",
    (
        "joblib",
        "",
    ): "pass loky.get_reusable_executor(), or concurrent.futures.ProcessPoolExecutor()",
    ("ray", ""): "wrap Ray in the RayExecutor of docs/comparing.md",
    ("multiprocessing", ""): "pass concurrent.futures.ProcessPoolExecutor()",
    ("dask", ""): "pass distributed.Client().get_executor()",
}


def check_executor(executor: object) -> None:
    """Refuse what is no executor.

    Raises
    ------
    TypeError
        It names what to pass instead.
    """
    if isinstance(executor, Executor):
        return
    if isinstance(executor, type):
        if issubclass(executor, Executor):
            raise TypeError(f"{_WANTED}, got its class: pass {executor.__name__}()")
        raise TypeError(f"{_WANTED}, got the class {executor.__name__}")
    if isinstance(executor, int):
        hint = f"pass concurrent.futures.ProcessPoolExecutor({max(1, int(executor))})"
        raise TypeError(f"{_WANTED}, got the number {executor}: {hint}")
    for kind in type(executor).__mro__:
        package = kind.__module__.partition(".")[0]
        hint = _INSTEAD.get((package, kind.__name__), _INSTEAD.get((package, ""), ""))
        if hint:
            raise TypeError(f"{_WANTED}, got {_named(executor)}: {hint}")
    module = getattr(executor, "__name__", "")
    if module == "ray":
        raise TypeError(f"{_WANTED}, got the module ray: {_INSTEAD['ray', '']}")
    raise TypeError(
        f"{_WANTED}, such as ThreadPoolExecutor() or ProcessPoolExecutor(), got {_named(executor)}"
    )


def check_policies_travel(executor: Executor, policies: Iterable[object]) -> None:
    """Refuse policies that the standard library's processes would not find.

    Raises
    ------
    InputError
        With the policy and what to do.
    """
    if not isinstance(executor, ProcessPoolExecutor):
        return
    for given in policies:
        if not isinstance(given, UserPolicy):
            continue
        try:
            pickle.dumps(given)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise InputError(
                "other processes cannot find its function: define it under its own name at the top "
                "of a module, or take a ThreadPoolExecutor",
                object=f'policy "{given.plugin}"',
            ) from error


def _named(value: object) -> str:
    kind = type(value)
    return f"{'' if kind.__module__ == 'builtins' else kind.__module__ + '.'}{kind.__qualname__}"
