"""A command line said again, for a report: what it takes to get the same result."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator

# Where results go and how fast they come is no part of what they are.
_NOT_SAID = ("report", "picture", "output", "jobs", "timing", "help")


def said_again(options: argparse.Namespace) -> str:
    """Return the command with the options that were given, each by its longest name.

    Parameters
    ----------
    options
        As the parser under ``options.parser`` gave them; values are shown as they were typed.
    """
    parser: argparse.ArgumentParser = options.parser
    words = [*parser.prog.split(), *_words(parser, options)]
    return shlex.join(words)


def _words(parser: argparse.ArgumentParser, options: argparse.Namespace) -> Iterator[str]:
    for action in parser._actions:
        value = getattr(options, action.dest, None)
        if action.dest in _NOT_SAID or not action.option_strings or value == action.default:
            continue
        name = max(action.option_strings, key=len)
        if action.nargs == 0:
            yield name
            continue
        for each in value if isinstance(value, list | tuple) else [value]:
            yield name
            yield str(each)
