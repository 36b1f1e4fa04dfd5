"""Errors of fields, collected and worded as Kubernetes' validation words them.

Source: kubernetes v1.34.1, apimachinery/pkg/util/validation/field/errors.go.
"""

import json
from collections.abc import Iterable

from pykube_core.api.machinery.errors import InputError


def child(path: str, name: str) -> str:
    """Return the path of a field of the object at ``path``."""
    return f"{path}.{name}" if path else name


def index(path: str, position: int) -> str:
    """Return the path of an element of the list at ``path``."""
    return f"{path}[{position}]"


def quoted(value: object) -> str:
    """Return a value as an error message shows it: strings in quotes, the rest as JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


class FieldErrors:
    """The errors that were found in one document, in the order in which they were found."""

    def __init__(self) -> None:
        self._found: list[tuple[str, str]] = []

    def __len__(self) -> int:
        return len(self._found)

    def add(self, path: str, reason: str) -> None:
        """Record ``reason`` for the field at ``path``; a second equal one is dropped."""
        if (path, reason) not in self._found:
            self._found.append((path, reason))

    def invalid(self, path: str, value: object, detail: str) -> None:
        """Record a value that is not allowed."""
        self.add(path, f"Invalid value: {quoted(value)}: {detail}")

    def required(self, path: str, detail: str = "") -> None:
        """Record a value that is missing."""
        self.add(path, f"Required value: {detail}" if detail else "Required value")

    def duplicate(self, path: str, value: object) -> None:
        """Record a value that must be unique and is not."""
        self.add(path, f"Duplicate value: {quoted(value)}")

    def not_supported(self, path: str, value: object, supported: Iterable[str]) -> None:
        """Record a value that is none of those which the field may have."""
        names = ", ".join(quoted(name) for name in supported)
        self.add(path, f"Unsupported value: {quoted(value)}: supported values: {names}")

    def forbidden(self, path: str, detail: str) -> None:
        """Record a field that may not be set."""
        self.add(path, f"Forbidden: {detail}")

    def raise_if_any(self, source: str | None, object: str) -> None:
        """Raise what was found as one error.

        Raises
        ------
        InputError
            If anything was recorded. Its field is that of the first error; the others follow in
            its reason, each with its field.
        """
        if not self._found:
            return
        (path, reason), *others = self._found
        reasons = [reason, *(f"{at}: {why}" if at else why for at, why in others)]
        raise InputError("; ".join(reasons), source=source, object=object, field=path)


def type_name(value: object) -> str:
    """Return what a JSON value is, in words."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case _:
            return "an object"
