"""Suffixes of files, and the content that they promise."""

from __future__ import annotations

import os
from collections.abc import Sequence

from pykube_core.api.machinery.errors import InputError
from pykube_core.files import Path, is_replaceable


def check_suffix(path: Path, what: str, suffixes: Sequence[str]) -> None:
    """Refuse a name that promises a format which is not written; a name may promise none.

    Raises
    ------
    InputError
        Naming the suffixes that are had.
    """
    given = os.fspath(path)
    suffix = os.path.splitext(given)[1].lower()
    if suffix and suffix not in suffixes and is_replaceable(given):
        reason = f"{what} is not written as {suffix}, only as {' or '.join(suffixes)}"
        raise InputError(reason, source=given)
