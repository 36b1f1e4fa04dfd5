"""Times of the API: texts of RFC 3339, and nanoseconds since the epoch."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

NANO: Final = 10**9

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


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
