"""Large lists, read some items at a time, so that a snapshot takes little more memory than a pod.

A list that a program wrote has the same few bytes between any two items. Where these bytes stand is
found as fast as a file is read. That the pieces between them are the items is not assumed: a piece
that is no object of its own is refused by whoever decodes it, and what is left of the list when its
items are taken out must be a list with one item in their place. A text that is an object cannot
begin with another one whole, so pieces that all decode are the items.

Whatever does not fit raises, and the file is then read as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

import msgspec

from _pykube_hotcore.native._documents import YamlWriter, json_end
from pykube_core.api.documents import read_documents

Block = tuple[Sequence[memoryview | msgspec.Raw], str | None]
"""Items, and the kind that their list says they are of."""

FILE_BYTES_MIN: Final = 1 << 22
_BLOCK_BYTES: Final = 1 << 21
# An item is smaller, or the file is not read so.
_ITEM_BYTES_MAX: Final = 1 << 26
# What stands before the items: fields that are scalars, and perhaps the metadata of the list.
_JSON_HEAD: Final = re.compile(
    rb'\s*\{[^{}\[\]]*(?:"metadata"\s*:\s*\{[^{}\[\]]*\}[^{}\[\]]*)?"items"\s*:\s*\[\s*(?=\{)'
)
_JSON_BETWEEN: Final = re.compile(rb'\}\s*,\s*(\{\s*"\w+"\s*:)')
_YAML_HEAD: Final = re.compile(rb"(?:[A-Za-z]+:[^\n]*\n)*?items:\n(?=( *)- )")
_YAML_TAIL: Final = re.compile(rb"\n(?=[^\s#-])")


class NotSplit(Exception):
    """A file is not what is read in blocks."""


class _List(msgspec.Struct):
    kind: str
    items: list[msgspec.Raw]


_decode_list: Final = msgspec.json.Decoder(_List).decode
_decode_items: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


def read_blocks(file: BinaryIO) -> Iterator[Block]:
    """Yield the items of the list in a file, JSON or YAML, that holds nothing else.

    The texts of items are gone when the next are asked for.

    Raises
    ------
    NotSplit
        The file holds something else, which may come out at its very end.
    msgspec.DecodeError, InputError
        The same.
    """
    data = file.read(_BLOCK_BYTES)
    head = _JSON_HEAD.match(data)
    if head is not None:
        return _json_blocks(file, data, head.end())
    head = _YAML_HEAD.match(data)
    if head is not None and b"\r" not in head[0]:
        return _yaml_blocks(file, data, head.end(), head[1])
    raise NotSplit


def _json_blocks(file: BinaryIO, data: bytes, at: int) -> Iterator[Block]:
    head = data[:at]
    first_end = json_end(data, at)
    between = _JSON_BETWEEN.match(data, first_end - 1) if first_end is not None else None
    if between is None:
        raise NotSplit
    mark, step = between[0], between.start(1) - between.start()
    of_items = _decode_list(head + b"{}]}").kind.removesuffix("List") if b"kind" in head else None
    while True:
        view = memoryview(data)
        items: list[memoryview] = []
        end = data.find(mark, at)
        while end >= 0:
            items.append(view[at : end + 1])
            at = end + step
            end = data.find(mark, at)
        yield items, of_items or None
        more = file.read(_BLOCK_BYTES)
        if not more:
            break
        data, at = _rest(data, at) + more, 0
    last = json_end(data, at)
    if last is None:
        raise NotSplit
    found = _decode_list(head + b"{}" + data[last:])
    if not found.kind.endswith("List") or [bytes(item) for item in found.items] != [b"{}"]:
        raise NotSplit
    yield [memoryview(data)[at:last]], of_items or None


def _yaml_blocks(file: BinaryIO, data: bytes, at: int, indent: bytes) -> Iterator[Block]:
    head, mark = data[:at], b"\n" + indent + b"- "
    writer = YamlWriter()
    while True:
        more = file.read(_BLOCK_BYTES)
        if not more:
            break
        end = data.rfind(mark, at) + 1
        if end:
            yield _yaml_items(writer, data[at:end]), None
            at = end
        data, at = _rest(data, at) + more, 0
    if not data.endswith(b"\n"):
        data += b"\n"
    end = data.rfind(mark, at) + 1 or at
    tail = _YAML_TAIL.search(data, end)
    stop = tail.end() if tail is not None else len(data)
    found = list(read_documents("", head + indent + b"- {}\n" + data[stop:]))
    whole = found[0] if len(found) == 1 else None
    if not isinstance(whole, dict) or whole.get("items") != [{}] or "kind" not in whole:
        raise NotSplit
    yield _yaml_items(writer, data[at:stop]), str(whole["kind"]).removesuffix("List") or None


def _rest(data: bytes, at: int) -> bytes:
    if len(data) - at > _ITEM_BYTES_MAX:
        raise NotSplit
    return data[at:]


def _yaml_items(writer: YamlWriter, text: bytes) -> list[msgspec.Raw]:
    found = writer.json_at(text, 0)
    if found is None or found[1] < len(text):
        raise NotSplit
    return _decode_items(found[0])
