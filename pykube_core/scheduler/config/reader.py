"""Strict reading of JSON objects: each field is asked for by name and type, the rest is refused.

Differences from kube-scheduler's decoder: all errors are reported at once, and an unknown field is
named with the closest known one.
"""

import difflib
import re
from collections.abc import Mapping
from typing import Any, Final

from pykube_core.scheduler.config.fields import FieldErrors, child, index, type_name

_INT_BITS_MAX: Final = {32: 2**31 - 1, 64: 2**63 - 1}
_DURATION: Final = re.compile(r"[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|[-+]?0")
_DURATION_PART: Final = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_UNIT_NS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}


class ObjectReader:
    """Reads the fields of one JSON object.

    Every method takes a field's name and returns its value, or the default if the field is absent,
    null or of a wrong type; a wrong type is recorded in ``errors``. Call :meth:`finish` last: it
    records the fields that nobody asked for.
    """

    __slots__ = ("_known", "errors", "path", "value")

    def __init__(self, value: Mapping[str, Any], path: str, errors: FieldErrors) -> None:
        self.value = value
        self._known: set[str] = set()
        self.path = path
        self.errors = errors

    def at(self, name: str) -> str:
        """Return the path of a field of this object."""
        return child(self.path, name)

    def raw(self, name: str) -> object:
        """Return a field as it stands, None if it is absent."""
        self._known.add(name)
        return self.value.get(name)

    def _typed(self, name: str, kind: type | tuple[type, ...], expected: str) -> object:
        value = self.raw(name)
        if value is None:
            return None
        if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
            return value
        self.errors.invalid(self.at(name), value, f"must be {expected}, not {type_name(value)}")
        return None

    def string(self, name: str, default: str = "") -> str:
        """Read a string."""
        value = self._typed(name, str, "a string")
        return value if isinstance(value, str) else default

    def boolean(self, name: str, default: bool = False) -> bool:
        """Read a boolean."""
        value = self._typed(name, bool, "a boolean")
        return value if isinstance(value, bool) else default

    def number(self, name: str, default: float = 0.0) -> float:
        """Read a number."""
        value = self._typed(name, (int, float), "a number")
        return value if isinstance(value, (int, float)) else default

    def optional_integer(self, name: str, bits: int = 32) -> int | None:
        """Read a signed integer of 32 or 64 bits, None if it is absent."""
        value = self.raw(name)
        if value is None:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            detail = f"must be an integer, not {type_name(value)}"
            if isinstance(value, float):
                detail = "must be an integer"
            self.errors.invalid(self.at(name), value, detail)
            return None
        if not -_INT_BITS_MAX[bits] - 1 <= value <= _INT_BITS_MAX[bits]:
            self.errors.invalid(self.at(name), value, f"must fit in {bits} bits")
            return None
        return value

    def integer(self, name: str, default: int, bits: int = 32) -> int:
        """Read a signed integer of 32 or 64 bits."""
        value = self.optional_integer(name, bits)
        return default if value is None else value

    def duration_ns(self, name: str, default: int) -> int:
        """Read a duration as Go writes it ("15s", "1m30s"); nanoseconds."""
        text = self.string(name)
        if not text:
            return default
        if _DURATION.fullmatch(text) is None:
            self.errors.invalid(self.at(name), text, 'must be a duration such as "15s"')
            return default
        # Go adds up whole units and cuts each part's fraction to nanoseconds.
        total = sum(
            int(float(count) * _UNIT_NS[unit] + 0.5)
            if "." in count
            else int(count) * _UNIT_NS[unit]
            for count, unit in _DURATION_PART.findall(text)
        )
        return -total if text.startswith("-") else total

    def elements(self, name: str) -> list[Any]:
        """Read a list of anything, empty if it is absent."""
        value = self._typed(name, list, "a list")
        return value if isinstance(value, list) else []

    def strings(self, name: str) -> tuple[str, ...]:
        """Read a list of strings."""
        values = self.elements(name)
        for position, value in enumerate(values):
            if not isinstance(value, str):
                detail = f"must be a string, not {type_name(value)}"
                self.errors.invalid(index(self.at(name), position), value, detail)
        return tuple(value for value in values if isinstance(value, str))

    def nested(self, name: str) -> "ObjectReader | None":
        """Read an object, None if it is absent."""
        value = self._typed(name, dict, "an object")
        if not isinstance(value, dict):
            return None
        return ObjectReader(value, self.at(name), self.errors)

    def objects(self, name: str) -> "list[ObjectReader]":
        """Read a list of objects; what is no object is recorded and left out."""
        readers = []
        for position, value in enumerate(self.elements(name)):
            path = index(self.at(name), position)
            if isinstance(value, dict):
                readers.append(ObjectReader(value, path, self.errors))
            else:
                self.errors.invalid(path, value, f"must be an object, not {type_name(value)}")
        return readers

    def finish(self) -> None:
        """Record every field of the object that was not asked for."""
        for name in self.value:
            if name in self._known:
                continue
            close = difflib.get_close_matches(name, sorted(self._known), n=1)
            hint = f', did you mean "{close[0]}"?' if close else ""
            self.errors.add(self.at(name), f'unknown field "{name}"{hint}')
