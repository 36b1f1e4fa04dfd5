"""Counts that may also be given as a percentage."""

from __future__ import annotations

import re
from typing import Final

from pykube_core.api.machinery.field_errors import NEGATIVE, FieldError, invalid
from pykube_core.api.machinery.objects import Json

_PERCENT_RE: Final = re.compile("[0-9]+%", re.ASCII)
_PERCENT_TEXT: Final = (
    "a valid percent string must be a numeric string followed by an ending '%' "
    "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
)


def validate_share(value: Json, path: str, most: int = 100) -> list[FieldError]:
    """Check a count, or a percentage that is not more than ``most``."""
    if value is None:
        return []
    if isinstance(value, int):
        return [invalid(path, value, NEGATIVE)] if value < 0 else []
    if not _PERCENT_RE.fullmatch(value):
        return [invalid(path, value, _PERCENT_TEXT)]
    digits = value[:-1].lstrip("0") or "0"
    if len(digits) > len(str(most)) or int(digits) > most:
        return [invalid(path, value, f"must not be greater than {most}%")]
    return []
