"""Columns of the tables that ``kubectl get`` shows, and the cells that many kinds have.

Source: ``k8s.io/kubernetes/pkg/printers/internalversion/printers.go`` and
``k8s.io/apimachinery/pkg/util/duration`` v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from pykube_core.api.machinery.objects import Json, KubeObject, name_of
from pykube_core.api.machinery.times import NANO, parse_time


class Column(NamedTuple):
    """A column of a table; ``priority`` above 0 is shown by ``-o wide`` only."""

    name: str
    type: str = "string"
    format: str = ""
    priority: int = 0


NAME: Final = Column("Name", format="name")
AGE: Final = Column("Age")
NAME_AND_AGE: Final = (NAME, AGE)
NAME_AND_CREATED: Final = (NAME, Column("Created At", "date"))


def integers(*names: str) -> tuple[Column, ...]:
    """Return columns of integers."""
    return tuple(Column(name, "integer") for name in names)


def booleans(*names: str) -> tuple[Column, ...]:
    """Return columns of truth values."""
    return tuple(Column(name, "boolean") for name in names)


def strings(*names: str) -> tuple[Column, ...]:
    """Return columns of text."""
    return tuple(Column(name) for name in names)


def wide(*names: str) -> tuple[Column, ...]:
    """Return columns of text that ``-o wide`` alone shows."""
    return tuple(Column(name, priority=1) for name in names)


NONE: Final = "<none>"
UNKNOWN: Final = "<unknown>"
UNSET: Final = "<unset>"
_SHOWN_MAX: Final = 3


def since(text: str | None, now_ns: int) -> str:
    """Return how long ago a time stamp is, for people."""
    return UNKNOWN if not text else human_duration((now_ns - parse_time(text)) // NANO)


def human_duration(seconds: int) -> str:
    """Return a duration with two or three digits of precision, such as "5m30s" or "4h40m".

    >>> human_duration(16800)
    '4h40m'
    """
    if seconds < 0:
        return "0s" if seconds >= -1 else "<invalid>"
    minutes, hours = seconds // 60, seconds // 3600
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return _pair(minutes, "m", seconds % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _pair(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    days = hours // 24
    if hours < 192:
        return _pair(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    years = days // 365
    return _pair(years, "y", days % 365, "d") if days < 2920 else f"{years}y"


def name_and_age(obj: KubeObject, now_ns: int) -> list[Json]:
    """Return the cells of a resource that has no columns of its own."""
    return [name_of(obj), age(obj, now_ns)]


def name_and_created(obj: KubeObject, now_ns: int) -> list[Json]:
    """Return the cells of a resource that upstream's printers do not know."""
    return [name_of(obj), obj["metadata"].get("creationTimestamp")]


def label_text(labels: KubeObject | None) -> str:
    """Return labels, or a selector that is a plain map, in one cell."""
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or NONE


def first_of(texts: Iterable[str], most: int = _SHOWN_MAX, separator: str = ",") -> str:
    """Return the first texts in one cell, and how many more there are; "" for none."""
    listed = list(texts)
    shown = separator.join(listed[:most])
    return f"{shown} + {len(listed) - most} more..." if len(listed) > most else shown


def selector_text(selector: KubeObject) -> str:
    """Return a ``LabelSelector`` as ``kubectl get -o wide`` shows it; "<none>" when empty."""
    terms = [f"{key}={value}" for key, value in sorted(selector.get("matchLabels", {}).items())]
    for expression in selector.get("matchExpressions", ()):
        key, operator = expression["key"], expression["operator"]
        values = ",".join(sorted(expression.get("values", ())))
        match operator:
            case "Exists":
                terms.append(key)
            case "DoesNotExist":
                terms.append(f"!{key}")
            case _:
                terms.append(f"{key} {operator.lower()} ({values})")
    return ",".join(terms) or NONE


def age(obj: KubeObject, now_ns: int) -> str:
    """Return the cell of an object's age."""
    return since(obj["metadata"].get("creationTimestamp"), now_ns)


def _pair(whole: int, unit: str, rest: int, rest_unit: str) -> str:
    return f"{whole}{unit}{rest}{rest_unit}" if rest else f"{whole}{unit}"
