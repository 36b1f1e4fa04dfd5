"""Values of a record against ours, both in their normal form."""

from __future__ import annotations

import functools
import re
from itertools import zip_longest
from typing import Final, NamedTuple

from pykube_core.api.machinery.objects import Json

_OPEN: Final = re.compile(
    r"<rv>|<uid-\d+>|<token>|<input>|<age>|<x>|<truncated>|<pem>|<podcidr>|(?<=hash=)[0-9A-F]{128}"
)
"""Names in a record that stand for any text; `<rv>` for any version."""
_UNCOMPARED: Final = frozenset(("description",))
_ABSENT: Final = "<absent>"


class Difference(NamedTuple):
    """One value that differs."""

    path: str
    expected: Json
    got: Json


def difference(expected: Json, got: Json, path: str = "") -> Difference | None:
    """Return the first difference between a recorded value and ours; None when they agree."""
    if isinstance(expected, dict) and "<truncated>" in expected:
        return None
    if isinstance(expected, dict) and isinstance(got, dict):
        for key in (*expected, *(key for key in got if key not in expected)):
            if key in _UNCOMPARED or (key == "resourceVersion" and _is_list(expected, got, path)):
                continue
            at = f"{path}.{key}" if path else str(key)
            found = difference(expected.get(key, _ABSENT), got.get(key, _ABSENT), at)
            if found is not None:
                return found
        return None
    if isinstance(expected, list) and isinstance(got, list):
        for number, (one, other) in enumerate(zip_longest(expected, got, fillvalue=_ABSENT)):
            found = difference(one, other, f"{path}[{number}]")
            if found is not None:
                return found
        return None
    if isinstance(expected, str) and isinstance(got, str):
        return None if text_agrees(expected, got) else Difference(path, expected, got)
    same = expected == got and isinstance(expected, bool) == isinstance(got, bool)
    return None if same else Difference(path, expected, got)


def text_agrees(expected: str, got: str) -> bool:
    """Say whether a text is the recorded one, whatever stands where the record leaves it open."""
    if expected == got:
        return True
    if "<" not in expected:
        return False
    pattern = _pattern(expected)
    return pattern is not None and pattern.fullmatch(got) is not None


@functools.cache
def _pattern(expected: str) -> re.Pattern[str] | None:
    parts = _OPEN.split(expected)
    if len(parts) == 1:
        return None
    return re.compile(".*?".join(map(re.escape, parts)), re.DOTALL)


def _is_list(expected: dict[str, Json], got: dict[str, Json], path: str) -> bool:
    """Say whether metadata are those of a list, whose version depends on all other objects."""
    return path == "metadata" and "name" not in expected and "name" not in got
