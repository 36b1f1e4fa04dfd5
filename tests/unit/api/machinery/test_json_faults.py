from typing import Annotated, Literal

import msgspec
import pytest

from pykube_core.api.machinery.json_faults import NOT_DECODED, json_fault
from pykube_core.api.machinery.structures import decoder_of


class Item(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    count: Annotated[int, msgspec.Meta(ge=-8, le=7)] = 0
    ratio: float = 0.0
    ready: bool = False
    port: int | str = 0
    policy: Literal["Always", "Never"] = "Always"


class Whole(msgspec.Struct):
    kind: str | None = None
    items: list[Item] | None = None
    labels: dict[str, str] = {}
    rest: msgspec.Raw = msgspec.Raw()


DECODER = msgspec.json.Decoder(Whole)
TOO_EARLY = "the JSON text ends too early"
FAULTS = {
    "nothing": (b"", f"line 1: {TOO_EARLY}"),
    "cut in a list": (b'{"items":\n [', f"line 2: {TOO_EARLY}"),
    "cut in a string": (b'{"kind": "Po', f"line 1: {TOO_EARLY}"),
    "cut behind a backslash": (b'{"kind": "Po\\', f"line 1: {TOO_EARLY}"),
    "cut in a word": (b'{"kind": nu', f"line 1: {TOO_EARLY}"),
    "cut behind a comma": (b'{"kind": null,', f"line 1: {TOO_EARLY}"),
    "no JSON": (b'{"kind":\n x: 1}', 'line 2: not valid JSON at "x: 1}"'),
    "more behind it": (b"{}\n[1]", 'line 2: not valid JSON at "[1]"'),
    "not UTF-8": (b'{"kind":\n"\xff"}', "line 2: not UTF-8 text"),
    "not a number": (b'{"kind": NaN}', "a number or a character in it cannot be read"),
    "half a character": (b'{"kind": "\\ud800"}', "a number or a character in it cannot be read"),
    "deep": (b'{"rest": ' + b"[" * 200_000, "nested too deep"),
    "no object": (b"[1]", "expected an object, got [1]"),
    "null for a map": (b'{"labels": null}', "labels: expected an object, got null"),
    "value of a map": (b'{"labels": {"app": 7}}', "labels[app]: expected a string, got 7"),
    "no list": (b'{"items": 7}', "items: expected a list or null, got 7"),
    "item of a list": (
        b'{"items": [{"name": "a"}, 7]}',
        "items[1]: expected an object, got 7",
    ),
    "missing field": (b'{"items": [{}]}', "items[0].name: Required value"),
    "unknown field": (b'{"items": [{"name": "a", "nmae": 1}]}', "items[0].nmae: unknown field"),
    "number out of range": (
        b'{"items": [{"name": "a", "count": 8}]}',
        "items[0].count: expected an integer from -8 to 7, got 8",
    ),
    "fraction": (
        b'{"items": [{"name": "a", "count": 1.5}]}',
        "items[0].count: expected an integer from -8 to 7, got 1.5",
    ),
    "word for a number": (
        b'{"items": [{"name": "a", "ratio": "1"}]}',
        'items[0].ratio: expected a number, got "1"',
    ),
    "number for a word": (
        b'{"items": [{"name": "a", "ready": 0}]}',
        "items[0].ready: expected true or false, got 0",
    ),
    "none of two types": (
        b'{"items": [{"name": "a", "port": []}]}',
        "items[0].port: expected an integer or a string, got []",
    ),
    "none of some words": (
        b'{"items": [{"name": "a", "policy": "Maybe"}]}',
        'items[0].policy: expected "Always" or "Never", got "Maybe"',
    ),
    "long value": (
        b'{"kind": {"a": "' + b"x" * 99 + b'"}}',
        f'kind: expected a string or null, got {{"a":"{"x" * 71}...',
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), FAULTS.values(), ids=FAULTS)
def test_text_that_msgspec_refuses_is_told_of_in_our_own_words(text, words):
    with pytest.raises(NOT_DECODED):
        DECODER.decode(text)
    assert str(json_fault(text, DECODER)).startswith(words)


def test_what_msgspec_takes_is_no_fault():
    text = b'{"kind": null, "items": [{"name": "a", "count": 7, "ratio": 1, "port": "x"}], "x": 1}'
    DECODER.decode(text)
    assert "expected" not in str(json_fault(text, DECODER))


def test_types_that_decode_themselves_say_in_their_own_words_what_is_wrong():
    text = b'{"spec": {"containers": [{"resources": {"limits": {"cpu": "1x"}}}]}}'
    decoder = decoder_of("core.v1.Pod")
    with pytest.raises(NOT_DECODED):
        decoder.decode(text)
    fault = json_fault(text, decoder)
    assert fault.field == "spec.containers[0].resources.limits[cpu]"
    assert fault.reason.startswith("quantities must match")


def test_the_first_decoder_that_refuses_is_the_one_that_is_told_of():
    class Other(msgspec.Struct):
        kind: int

    fault = json_fault(b'{"kind": "x"}', DECODER, msgspec.json.Decoder(Other))
    assert str(fault) == 'kind: expected an integer, got "x"'
