"""Streams of documents, JSON and YAML, as kubectl takes them from a file.

JSON documents may stand one behind the other with or without line breaks; YAML documents stand
between lines of ``---``. A stream that begins with a brace is JSON; if the first or second document
of it is none, the rest is YAML, which may hold JSON between its lines.

Source: ``k8s.io/apimachinery`` v0.34.1, ``util/yaml/decoder.go`` (``YAMLOrJSONDecoder``).
Differences: text in UTF-16 with a byte order mark is read as what it means.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec

from _pykube_hotcore.native._documents import YamlWriter, json_end
from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.json_faults import json_fault
from pykube_core.api.machinery.objects import Json
from pykube_core.api.machinery.yaml_errors import YamlError

_LINE: Final = "line "
_MARKER: Final = b"\n---"
_JSON_SPACE: Final = b" \t\r\n"
# So many JSON documents make a stream that never turns to YAML.
_JSON_ONLY: Final = 2
_GUESS_BYTES: Final = 4096
# So much that begins as JSON and is none is not tried as YAML, which takes long to fail.
_BIG_BYTES: Final = 1 << 20
_begins_as_json: Final = re.compile(rb'\{\s*"').match


class Document(NamedTuple):
    """One document of a stream that has content.

    Attributes
    ----------
    text : bytes or memoryview
        Its JSON.
    line : int
        The line of the file, from 1, that it begins on.
    """

    text: bytes | memoryview
    line: int


class _Object(msgspec.Struct):
    """Anything that is an object: decoding into it only looks at the syntax."""


_check_object: Final = msgspec.json.Decoder(_Object).decode


def read_documents(source: str, data: bytes) -> Iterator[Json]:
    """Yield the value of each document that is not empty.

    Raises
    ------
    InputError
        With the line, for bad syntax and duplicate keys.
    """
    for document in read_texts(source, data):
        yield _decode(source, document)


def read_texts(source: str, data: bytes) -> Iterator[Document]:
    """Yield the JSON of each document that is not empty.

    JSON of the stream itself is given as it stands, and may be malformed; what is made of YAML is
    not.

    Raises
    ------
    InputError
        With the line, for bad YAML.
    """
    data = plain_text(source, data)
    start, line, not_json = 0, 1, None
    if data[:_GUESS_BYTES].lstrip()[:1] == b"{":
        count = 0
        while True:
            after = _after_space(data, start)
            if after == len(data):
                return
            end = json_end(data, after) if data[after : after + 1] in (b"{", b"[") else None
            stop = len(data) if end is None else end
            text = data[after:stop] if stop - after < len(data) else data
            if count < _JSON_ONLY and (end is None or not _is_json(text)):
                not_json = Document(text, line + data.count(b"\n", start, after))
                break
            line += data.count(b"\n", start, after)
            yield Document(text, line)
            line += data.count(b"\n", after, stop)
            start, count = stop, count + 1
        if len(not_json.text) > _BIG_BYTES and _begins_as_json(not_json.text):
            raise json_syntax_error(source, *not_json)
        if count:
            stop = _after_first_break(data, start)
            line += data.count(b"\n", start, stop)
            start = stop
    try:
        for document in _read_yaml_texts(source, data, start, line):
            not_json = None
            yield document
    except InputError:
        if not_json is not None and not_json.text[:1] == b"{":
            raise json_syntax_error(source, *not_json) from None
        raise


def plain_text(source: str, data: bytes) -> bytes:
    """Return text in UTF-8 without a byte order mark.

    Raises
    ------
    InputError
        It is UTF-16 that is not whole.
    """
    if data.startswith(codecs.BOM_UTF8):
        return data[len(codecs.BOM_UTF8) :]
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode("utf-16").encode()
        except UnicodeDecodeError:
            raise InputError("bad UTF-16 text", source=source) from None
    return data


def json_syntax_error(source: str, text: bytes | memoryview, line: int = 1) -> InputError:
    """Return what is wrong with JSON that does not decode; its first line is this one."""
    fault = json_fault(bytes(text))
    behind = int(fault.object.removeprefix(_LINE)) - 1 if fault.object else 0
    return InputError(fault.reason, source=source, object=f"{_LINE}{line + behind}")


def _is_json(text: bytes) -> bool:
    try:
        _check_object(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _after_space(data: bytes, start: int) -> int:
    while start < len(data) and data[start] in _JSON_SPACE:
        start += 1
    return start


def _after_first_break(data: bytes, start: int) -> int:
    """Return where YAML begins behind JSON: behind the spaces, up to a line break."""
    while start < len(data) and data[start] in _JSON_SPACE:
        start += 1
        if data[start - 1] == 0x0A:
            break
    return start


def _read_yaml_texts(source: str, data: bytes, start: int, line: int) -> Iterator[Document]:
    """Yield the documents between lines that begin with "---"."""
    if start or not data.endswith(b"\n"):
        data = data[start:] + b"\n"
    writer = YamlWriter()
    start = 0
    while start < len(data):
        if not data.startswith(b"---", start):
            stop = None
            found = writer.json_at(data, start)
            if found is None:
                stop = data.find(_MARKER, start) + 1 or len(data)
                yield from _read_rare_text(source, data[start:stop], line)
            else:
                view, stop = found
                if bytes(view[:5]) not in (b"", b"null"):
                    # All there is needs no copy: the next call will not come.
                    whole = start == 0 and stop == len(data)
                    yield Document(view if whole else bytes(view), line)
            if stop == len(data):
                return
            line += data.count(b"\n", start, stop)
            start = stop
        end = data.index(b"\n", start) + 1
        behind = data[start + 3 : end].strip()
        if behind and not behind.startswith(b"#"):
            reason = f"invalid Yaml document separator: {behind.decode(errors='replace')}"
            raise YamlError(reason, source=source, object=f"line {line}")
        start, line = end, line + 1


def _read_rare_text(source: str, text: bytes, line: int) -> Iterator[Document]:
    """Yield the documents of a text that is YAML as programs do not write it, or none."""
    text = text.replace(b"\r\n", b"\n")
    # The reader of everything is slow to import, too.
    from pykube_core.api.machinery.yaml_documents import read_yaml

    for value in read_yaml(source, text, line):
        if value is not None:
            yield Document(json.dumps(value, ensure_ascii=False).encode(), line)


def _decode(source: str, document: Document) -> Json:
    """Return the value of JSON; a key that comes twice is an error."""

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(found)
        if len(value) < len(found):
            keys = [key for key, _ in found]
            twice = next(key for key in keys if keys.count(key) > 1)
            reason = f'key "{twice}" is already set in map'
            raise InputError(reason, source=source, object=f"line {document.line}")
        return value

    try:
        return json.loads(
            bytes(document.text), object_pairs_hook=pairs, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError):
        raise json_syntax_error(source, document.text, document.line) from None


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is not a number")
