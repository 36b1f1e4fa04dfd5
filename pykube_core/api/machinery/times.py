"""Times of the API: texts of RFC 3339, and nanoseconds since the epoch."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

NANO: Final = 10**9

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TIME_RE: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_MICRO_DIGITS: Final = 7  # With the point.


def parse_time(text: str) -> int:
    """Return a time stamp of the API as nanoseconds since the epoch.

    Raises
    ------
    ValueError
        It is none, or has no time zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"no time zone: {text}")
    since = moment - _EPOCH
    return (since.days * 86400 + since.seconds) * NANO + since.microseconds * 1000


def time_text(time_ns: int) -> str:
    """Return a time as most of the API has it, in whole seconds.

    >>> time_text(1_500_000_000)
    '1970-01-01T00:00:01Z'
    """
    return _seconds_text(time_ns // NANO)


@lru_cache(1024)  # Much happens in one second.
def _seconds_text(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_time_text(time_ns: int) -> str:
    """Return a time as leases and events have it, in microseconds.

    >>> micro_time_text(1_500_000_000)
    '1970-01-01T00:00:01.500000Z'
    """
    moment = datetime.fromtimestamp(time_ns // NANO, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ns % NANO // 1000:06d}Z"


def canonical_time(text: str, *, micro: bool) -> str | None:
    """Return a time stamp as an API server keeps it, in UTC; None when it is none.

    Parameters
    ----------
    micro : bool
        It is one of the microseconds that leases and events have; others lose their fraction.

    Examples
    --------
    >>> canonical_time("2026-11-23T05:16:02.5+01:00", micro=False)
    '2026-11-23T04:16:02Z'
    """
    match = _TIME_RE.fullmatch(text)
    if match is None or (micro and len(match[1] or "") != _MICRO_DIGITS):
        return None
    try:
        moment = datetime.fromisoformat(text)
        if match[2] != "Z":
            moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    if micro or match[1] or match[2] != "Z":
        return moment.isoformat("T", "microseconds" if micro else "seconds")[:-6] + "Z"
    return text
