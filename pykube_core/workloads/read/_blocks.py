"""Large lists, read some items at a time, so that a snapshot takes little more memory than a pod.

A list that a program wrote has the same few bytes between any two items. Where these bytes stand is
found as fast as a file is read. That the pieces between them are the items is not assumed: a piece
that is no object of its own is refused by whoever decodes it, and what is left of the list when its
items are taken out must be a list with one item in their place. A text that is an object cannot
begin with another one whole, so pieces that all decode are the items.

A text that does not fit raises, and the file is then read as a whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

import msgspec

from _pykube_hotcore.native._documents import YamlWriter, find_all, json_end
from pykube_core.api.machinery.documents import read_documents

Block = tuple[Sequence[memoryview | msgspec.Raw], str | None]
"""Items, and the kind that their list says they are of."""

FILE_BYTES_MIN: Final = 1 << 22
_BLOCK_BYTES: Final = 1 << 21
# An item is smaller, or the file is not read so.
_ITEM_BYTES_MAX: Final = 1 << 26
# The text before the items: fields that are scalars, and perhaps the metadata of the list.
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


class _Window:
    """The part of a file that is looked at: new bytes behind the rest of the old, in one buffer.

    Attributes
    ----------
    data : bytearray
        The buffer; its bytes up to `end` are text of the file.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.data = bytearray(2 * _BLOCK_BYTES)
        self.end = 0

    def read(self, start: int) -> bool:
        """Forget what is before an offset, and read on; False at the end of the file."""
        left = self.end - start
        if left > _ITEM_BYTES_MAX:
            raise NotSplit
        if left > len(self.data) // 2:
            grown = bytearray(2 * len(self.data))
            grown[:left] = self.data[start : self.end]
            self.data = grown
        else:
            self.data[:left] = self.data[start : self.end]
        with memoryview(self.data) as view:
            count = self._file.readinto(view[left:])  # type: ignore[attr-defined]
        self.end = left + (count or 0)
        return bool(count)


def read_blocks(file: BinaryIO) -> Iterator[Block]:
    """Yield the items of the list in a file, JSON or YAML, that holds nothing else.

    The texts of items are written over when the next are asked for.

    Raises
    ------
    NotSplit
        The file holds something else, which may come out at its very end.
    msgspec.DecodeError, InputError
        The same.
    """
    window = _Window(file)
    window.read(0)
    head = _JSON_HEAD.match(window.data, 0, window.end)
    if head is not None:
        return _json_blocks(window, head.end())
    head = _YAML_HEAD.match(window.data, 0, window.end)
    if head is not None and b"\r" not in head[0]:
        return _yaml_blocks(window, head.end(), bytes(head[1]))
    raise NotSplit


def _json_blocks(window: _Window, at: int) -> Iterator[Block]:
    head = bytes(window.data[:at])
    first_end = json_end(window.data, at)
    between = None
    if first_end is not None:
        between = _JSON_BETWEEN.match(window.data, first_end - 1, window.end)
    if between is None:
        raise NotSplit
    mark, step = bytes(between[0]), between.start(1) - between.start()
    of_items = None
    if b"kind" in head:
        of_items = _decode_list(head + b"{}]}").kind.removesuffix("List") or None
    while True:
        with memoryview(window.data) as view:
            items: list[memoryview] = []
            for end in find_all(window.data, mark, at, window.end):
                items.append(view[at : end + 1])
                at = end + step
            yield items, of_items
            for item in items:
                item.release()
        if not window.read(at):
            break
        at = 0
    rest = bytes(window.data[: window.end])
    last = json_end(rest, 0)
    if last is None:
        raise NotSplit
    found = _decode_list(head + b"{}" + rest[last:])
    if not found.kind.endswith("List") or [bytes(item) for item in found.items] != [b"{}"]:
        raise NotSplit
    yield [memoryview(rest)[:last]], of_items


def _yaml_blocks(window: _Window, at: int, indent: bytes) -> Iterator[Block]:
    head, mark = bytes(window.data[:at]), b"\n" + indent + b"- "
    writer = YamlWriter()
    while True:
        end = window.data.rfind(mark, at, window.end) + 1
        if end:
            yield _yaml_items(writer, window.data, at, end), None
            at = end
        if not window.read(at):
            break
        at = 0
    rest = bytes(window.data[: window.end])
    if not rest.endswith(b"\n"):
        rest += b"\n"
    tail = _YAML_TAIL.search(rest)
    stop = tail.end() if tail is not None else len(rest)
    found = list(read_documents("", head + indent + b"- {}\n" + rest[stop:]))
    whole = found[0] if len(found) == 1 else None
    if not isinstance(whole, dict) or whole.get("items") != [{}] or "kind" not in whole:
        raise NotSplit
    yield _yaml_items(writer, rest, 0, stop), str(whole["kind"]).removesuffix("List") or None


def _yaml_items(
    writer: YamlWriter, text: bytes | bytearray, start: int, end: int
) -> list[msgspec.Raw]:
    found = writer.json_at(text, start, end)
    if found is not None and found[1] == end:
        return _decode_items(found[0])
    # One rare item does not make a whole file slow.
    values = list(read_documents("", bytes(text[start:end])))
    if len(values) != 1 or not isinstance(values[0], list):
        raise NotSplit
    return [msgspec.Raw(json.dumps(value).encode()) for value in values[0]]
