"""Errors of a command, in kubectl's words and with its exit code.

Source: ``k8s.io/kubectl/pkg/cmd/util/helpers.go`` v0.32, and recorded answers of kubectl 1.32.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pykube_core.api.machinery.status import StatusError


class CommandError(Exception):
    """A command cannot do what it was asked; the message is for people, and the exit code is 1."""


def failure_text(error: CommandError | StatusError, *, alone: bool = True) -> str:
    """Return what kubectl prints of an error.

    Parameters
    ----------
    alone : bool
        Nothing else failed: it is then called an error, and an object that breaks rules is told
        with one line for each.
    """
    if isinstance(error, CommandError):
        return f"error: {error}" if alone else str(error)
    details = error.details or {}
    if error.reason == "Invalid" and alone and details.get("kind"):
        head = f'The {details["kind"]} "{details.get("name", "")}" is invalid'
        causes = [f"{cause['field']}: {cause['message']}" for cause in details.get("causes", ())]
        if len(causes) < 2:
            return ": ".join([head, *causes])
        # Upstream leaves a space at the end of the first line.
        return "\n* ".join([f"{head}: ", *causes])
    reason = f" ({error.reason})" if error.reason else ""
    return f"Error from server{reason}: {error.message}"


def failure_lines(errors: Sequence[CommandError | StatusError]) -> str:
    """Return what kubectl prints of several errors, a line for each that differs."""
    alone = len(errors) == 1
    lines = dict.fromkeys(failure_text(error, alone=alone) for error in errors)
    return "\n".join(lines)


def with_source(error: StatusError, doing: str, source: str) -> StatusError:
    """Return an error of the API that says which file it is about."""
    from pykube_core.api.machinery.status import StatusError

    message = f'error when {doing} "{source}": {error.message}'
    return StatusError(error.code, error.reason, message, error.details)
