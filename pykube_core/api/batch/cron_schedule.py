"""Schedules of cron jobs: five fields, or a word such as ``@hourly``.

Source: ``github.com/robfig/cron/v3`` (parser.go) v3.0.1, with its words for what is wrong.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from pykube_core.api.machinery.field_errors import quoted

_DESCRIPTORS: Final = frozenset(
    "@yearly @annually @monthly @weekly @daily @midnight @hourly".split()
)
_EVERY: Final = "@every "
_DURATION_RE: Final = re.compile(
    r"[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+)", re.ASCII
)
_INTEGER_RE: Final = re.compile("[+-]?[0-9]+", re.ASCII)


class ScheduleError(ValueError):
    """A text is no schedule."""


class _Bounds(NamedTuple):
    least: int
    most: int
    names: tuple[str, ...] = ()


_MONTHS: Final = tuple("jan feb mar apr may jun jul aug sep oct nov dec".split())
_DAYS: Final = tuple("sun mon tue wed thu fri sat".split())
_FIELDS: Final = (
    _Bounds(0, 59), _Bounds(0, 23), _Bounds(1, 31), _Bounds(1, 12, _MONTHS), _Bounds(0, 6, _DAYS),
)  # fmt: skip


def check_schedule(text: str) -> None:
    """Refuse a text that is no schedule.

    Raises
    ------
    ScheduleError
        It is none.
    """
    if not text:
        raise ScheduleError("empty spec string")
    if text.startswith(("TZ=", "CRON_TZ=")):
        text = text.partition(" ")[2].strip()
    if text.startswith(_EVERY):
        _check_duration(text.removeprefix(_EVERY))
        return
    if text.startswith("@"):
        if text not in _DESCRIPTORS:
            raise ScheduleError(f"unrecognized descriptor: {text}")
        return
    fields = text.split()
    if len(fields) != len(_FIELDS):
        shown = f"[{' '.join(fields)}]"
        raise ScheduleError(f"expected exactly {len(_FIELDS)} fields, found {len(fields)}: {shown}")
    for field, bounds in zip(fields, _FIELDS, strict=True):
        for part in filter(None, field.split(",")):
            _check_range(part, bounds)


def _check_range(text: str, bounds: _Bounds) -> None:
    span, *steps = text.split("/")
    ends = span.split("-")
    step = 1
    if ends[0] in ("*", "?"):
        start, end = bounds.least, bounds.most
    else:
        start = end = _value(ends[0], bounds)
        if len(ends) == 2:
            end = _value(ends[1], bounds)
        elif len(ends) > 2:
            raise ScheduleError(f"too many hyphens: {text}")
    if len(steps) == 1:
        step = _integer(steps[0])
        if len(ends) == 1:  # "N/step" means "N-max/step".
            end = bounds.most
    elif steps:
        raise ScheduleError(f"too many slashes: {text}")
    if start < bounds.least:
        why = f"beginning of range ({start}) below minimum ({bounds.least})"
    elif end > bounds.most:
        why = f"end of range ({end}) above maximum ({bounds.most})"
    elif start > end:
        why = f"beginning of range ({start}) beyond end of range ({end})"
    elif not step:
        why = "step of range should be a positive number"
    else:
        return
    raise ScheduleError(f"{why}: {text}")


def _value(text: str, bounds: _Bounds) -> int:
    lowered = text.lower()
    if lowered in bounds.names:
        return bounds.names.index(lowered) + bounds.least
    return _integer(text)


def _integer(text: str) -> int:
    problem = "" if _INTEGER_RE.fullmatch(text) else "invalid syntax"
    if not problem and len(text.lstrip("+-0")) > 18:
        problem = "value out of range"
    if problem:
        why = f"strconv.Atoi: parsing {quoted(text)}: {problem}"
        raise ScheduleError(f"failed to parse int from {text}: {why}")
    if int(text) < 0:
        raise ScheduleError(f"negative number ({int(text)}) not allowed: {text}")
    return int(text)


def _check_duration(text: str) -> None:
    if not _DURATION_RE.fullmatch(text):
        why = f"time: invalid duration {quoted(text)}"
        raise ScheduleError(f"failed to parse duration {_EVERY}{text}: {why}")
