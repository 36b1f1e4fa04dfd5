"""``pykube __complete``: kinds and names of objects, for the scripts of ``pykube completion``.

It is given the words of the command line, the last of which is under way, and prints what it may
become, one candidate a line; nothing where it does not know, or the cluster is in use.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pykube_core.cli.options import default_data_dir

# A key pressed waits for the answer: a larger snapshot takes longer than one likes to wait.
SNAPSHOT_BYTES_MAX = 32 << 20
_NAMESPACE = ("-n", "--namespace")
_VALUED = (
    *_NAMESPACE,
    *("-o", "--output", "-l", "--selector", "--field-selector", "-L", "--label-columns"),
    *("--data-dir", "--timeout", "--replicas", "--current-replicas", "--grace-period"),
    *("-f", "--file", "--filename", "--snapshot", "--policy", "--show"),
)
_EVERYTHING = "all"


class _Line(NamedTuple):
    """A command line that is under way: the options that matter, and its words."""

    options: dict[str, str]
    words: list[str]
    before: str
    word: str


def print_candidates(arguments: Sequence[str]) -> int:
    """Print candidates; the exit code is 0 whatever happens."""
    with contextlib.suppress(Exception):
        line = _read(arguments)
        found = sorted(set(_candidates(line)))
        print("".join(f"{name}\n" for name in found if name.startswith(line.word)), end="")
    return 0


def _read(arguments: Sequence[str]) -> _Line:
    *done, word = arguments or [""]
    options: dict[str, str] = {}
    words: list[str] = []
    before = ""
    for part in done:
        if before in _VALUED:
            options[before] = part
            before = ""
            continue
        name, equals, value = part.partition("=")
        if part.startswith("-"):
            options[name] = value
            before = "" if equals else part
        else:
            words.append(part)
            before = ""
    return _Line(options, words, before, word)


def _candidates(line: _Line) -> Iterator[str]:
    if line.before in _NAMESPACE:
        yield from _names(line, "namespaces")
        return
    if line.before in _VALUED or not line.words:
        return
    command, *words = line.words
    if command == "explain":
        if not words:
            yield from _pods(line)
    elif "/" in line.word:
        kind = line.word.partition("/")[0]
        yield from (f"{kind}/{name}" for name in _names(line, kind))
    elif not words:
        yield from _kinds()
    elif not any("/" in word for word in words):
        given = set(words[1:])
        for kind in words[0].split(","):
            yield from (name for name in _names(line, kind) if name not in given)


def _kinds() -> Iterator[str]:
    """Yield every kind, by its plural alone."""
    from pykube_core.api.builtin import BUILTIN

    yield _EVERYTHING
    for resource in BUILTIN.kept:
        yield resource.plural


def _names(line: _Line, kind: str) -> Iterator[str]:
    """Yield the names of the objects of a kind, in the namespace that the line names."""
    from pykube_core.api.builtin import BUILTIN
    from pykube_core.cli.resource_arguments import find_resources
    from pykube_core.store import Get, Store, prefix_end

    path = Path(line.options.get("--data-dir") or default_data_dir())
    namespace = next((line.options[n] for n in _NAMESPACE if n in line.options), "default")
    if "-A" in line.options or "--all-namespaces" in line.options:
        namespace = ""
    with Store(path, read_only=True) as store:
        for resource in find_resources(BUILTIN, kind):
            prefix = resource.range_prefix(namespace if resource.namespaced else "")
            for item in store.query(Get(prefix, prefix_end(prefix), keys_only=True)).kvs:
                yield resource.split_key(item.key)[1]


def _pods(line: _Line) -> Iterator[str]:
    """Yield the pods of the snapshot that the line names, else those of the cluster."""
    path = line.options.get("--snapshot")
    if not path:
        yield from _names(line, "pods")
        return
    if os.path.getsize(path) > SNAPSHOT_BYTES_MAX:
        return
    from pykube_core.workloads.read import read_workload

    for full in read_workload(path).pods.names:
        yield full.removeprefix("default/")
