"""Faults in the syntax of YAML, in words of our own that are Kubernetes' where it has any.

A parser's own texts differ from version to version; they are only told apart here.
"""

from __future__ import annotations

import re
from typing import Final

import yaml

from pykube_core.api.machinery.errors import InputError

# The words of go.yaml.in/yaml/v2 v2.4.2, and of kubectl with it.
_WORDS: Final = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"could not find expected ':'", "could not find expected ':'"),
        (
            r"(mapping values|(block )?sequence entries|mapping keys) (are )?not allowed",
            r"\1 are not allowed in this context",
        ),
        (r"cannot start any token", "found character that cannot start any token"),
        (r"did not find expected ('-' indicator|key|node content|<document start>)", r"\g<0>"),
        (r"did not find expected ',' or '(\]|\})'", r"\g<0>"),
        (r"did not find expected (whitespace|comment) or line break", r"\g<0>"),
        (r"did not find expected alphabetic or numeric character", r"\g<0>"),
        (r"did not find expected '!'", r"\g<0>"),
        (r"unexpected (document indicator|end of stream)", r"found unexpected \1"),
        (r"unknown escape character", "found unknown escape character"),
        (r"hexdecimal number|hexadecimal number", "did not find expected hexdecimal number"),
        (r"invalid Unicode character escape", "found invalid Unicode character escape code"),
        (r"tab character that violates indentation", r"found a \g<0>"),
        (r"tab character where an indentation space is expected", r"found a \g<0>"),
        (r"indentation indicator equal to 0", r"found an \g<0>"),
        (r"undefined tag handle", "found undefined tag handle"),
        (r"incompatible YAML document", "found incompatible YAML document"),
        (r"duplicate %(YAML|TAG) directive", r"found \g<0>"),
        (r"unknown directive name", "found unknown directive name"),
        (r"control characters|special characters", "control characters are not allowed"),
        (
            r"(invalid|unexpected|incomplete).*(UTF-8|octet|byte)|codec can't decode",
            "not UTF-8 text",
        ),
        (r"nesting depth|nested too", "nested more than 200 deep"),
    )
)
_UNTOLD: Final = "what stands here does not go on what stands before"


class YamlError(InputError):
    """A document is not YAML.

    Attributes
    ----------
    kubectl_line : int
        The line that kubectl names, which counts from the start of the document and is one less
        where a token is wrong and not a character; 0 when it names none.
    """

    kubectl_line = 0


def syntax_error(source: str, error: yaml.YAMLError, first_line: int) -> YamlError:
    """Return what a parser found, with the line of the file.

    Parameters
    ----------
    first_line : int
        The line of the file, from 1, that the document begins on.
    """
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = mark.line if mark is not None else None
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    where = f"line {first_line + line}" if line is not None else ""
    found = YamlError(f"bad YAML: {_words_of(problem)}", source=source, object=where)
    if line:
        found.kubectl_line = line + isinstance(error, yaml.scanner.ScannerError)
    return found


def _words_of(problem: str) -> str:
    for pattern, words in _WORDS:
        match = pattern.search(problem)
        if match is not None:
            return match.expand(words)
    return _UNTOLD
