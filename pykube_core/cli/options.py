"""Options that several commands share, as kubectl names them; imports nothing heavy."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Final

from pykube_core.workloads.contents import LACKS

DATA_DIR_VARIABLE: Final = "PYKUBE_DATA_DIR"
TIMEOUT_SECONDS: Final = 600.0

WORDS_HELP: Final = "KIND[.GROUP] [NAME...], KIND/NAME..., KIND,KIND, or all"
OUTPUTS: Final = (
    *("name", "json", "yaml", "jsonpath=", "jsonpath-as-json=", "jsonpath-file="),
    *("go-template=", "go-template-file="),
)
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def default_data_dir() -> Path:
    """Return the data directory where no option names one.

    ``$PYKUBE_DATA_DIR``; else ``pykube`` in ``$XDG_DATA_HOME``, which is ``~/.local/share``.
    """
    named = os.environ.get(DATA_DIR_VARIABLE)
    if named:
        return Path(named)
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path.home() / ".local" / "share") / "pykube"


def add_data_dir(parser: argparse.ArgumentParser) -> None:
    """Add where the cluster is kept."""
    parser.add_argument(
        "--data-dir",
        metavar="DIR",
        type=Path,
        help=f"where the cluster is kept (default: ${DATA_DIR_VARIABLE}, "
        "else ~/.local/share/pykube)",
    )


def data_dir(options: argparse.Namespace) -> Path:
    """Return the data directory that the options name."""
    return options.data_dir or default_data_dir()


def add_namespace(parser: argparse.ArgumentParser) -> None:
    """Add the namespace of a request."""
    parser.add_argument(
        "-n",
        "--namespace",
        metavar="NAMESPACE",
        default="",
        help="the namespace (default: default)",
    ).completion = "namespaces"  # type: ignore[attr-defined]


def add_strict(parser: argparse._ActionsContainer) -> None:
    """Add what a snapshot may not lack."""
    parser.add_argument(
        "--strict",
        metavar="LACK[,LACK]",
        type=_lacks,
        default=(),
        help=f"make it an error, not a warning, that the snapshot lacks something: "
        f"{', '.join(LACKS)}, or all",
    )


def _lacks(text: str) -> tuple[str, ...]:
    names = LACKS if text == "all" else tuple(text.split(","))
    for name in names:
        if name not in LACKS:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(LACKS)}, all")
    return names


def add_selectors(parser: argparse.ArgumentParser, *, fields: bool = True) -> None:
    """Add which objects are meant."""
    parser.add_argument(
        "-l", "--selector", metavar="SELECTOR", default="", help="labels, such as app=web,tier!=db"
    )
    if fields:
        parser.add_argument(
            "--field-selector",
            metavar="SELECTOR",
            default="",
            help="fields, such as spec.nodeName=host1",
        )


def add_words(parser: argparse.ArgumentParser, help: str = WORDS_HELP) -> None:
    """Add kinds and names, which a shell completes; they may stand between options."""
    action = parser.add_argument("words", metavar="WORD", nargs="*", help=help)
    action.completion = "kinds"  # type: ignore[attr-defined]
    parser.set_defaults(intermixed="words")


def add_output(parser: argparse.ArgumentParser, *formats: str) -> None:
    """Add the format of what is printed."""
    parser.add_argument(
        "-o", "--output", metavar="FORMAT", default="", help=f"one of {', '.join(formats)}"
    ).completion = formats  # type: ignore[attr-defined]


def add_object_output(parser: argparse.ArgumentParser, *formats: str) -> None:
    """Add the format that objects are printed in, ``formats`` besides those of every command."""
    add_output(parser, *formats, *OUTPUTS)
    parser.add_argument(
        "--template",
        metavar="TEMPLATE",
        default="",
        help="the template, where -o names only its language (alone: a go-template)",
    )
    parser.add_argument(
        "--allow-missing-template-keys",
        action="store_true",
        default=True,
        help="a member that is not there is no error in a template (default: true)",
    )
    parser.add_argument(
        "--show-managed-fields", action="store_true", help="managedFields in JSON and YAML"
    )


def add_dry_run(parser: argparse.ArgumentParser) -> None:
    """Add whether anything is written at all."""
    parser.add_argument(
        "--dry-run",
        choices=("none", "client", "server"),
        default="none",
        help="client: print the object and ask nobody; server: let the API check it, write nothing",
    )


def add_wait(parser: argparse.ArgumentParser) -> None:
    """Add how long the cluster runs on after a change."""
    parser.add_argument(
        "--wait",
        choices=("true", "false"),
        default="true",
        help="let the cluster run on until nothing is left to do (default: true)",
    )
    parser.add_argument(
        "--timeout",
        metavar="TIME",
        type=duration,
        default=TIMEOUT_SECONDS,
        help="run on for so much of the cluster's time at most (default: 10m)",
    )


def duration(text: str) -> float:
    """Return a duration such as ``90``, ``90s``, ``1m30s`` or ``2h`` in seconds.

    Raises
    ------
    argparse.ArgumentTypeError
        It is none.
    """
    total, number = 0.0, ""
    for character in text + ("" if text[-1:] in _UNITS else "s"):
        if character in _UNITS:
            try:
                total += float(number) * _UNITS[character]
            except ValueError:
                raise argparse.ArgumentTypeError(f"no duration: {text!r}") from None
            number = ""
        else:
            number += character
    return total
