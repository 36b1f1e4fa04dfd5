"""C and the reader of everything on the same texts: where C reads at all, it reads the same."""

import gzip
import json
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from yaml_json import yaml_to_json

from _pykube_hotcore.native._documents import YamlWriter, find_all, json_end
from pykube_core.api.machinery.errors import InputError
from pykube_core.api.machinery.yaml_documents import read_yaml

FILE = Path(__file__).parents[1] / "conformance/sigs-yaml-v1.6.0/documents.jsonl.gz"
RECORDED = [json.loads(line)["text"] for line in gzip.decompress(FILE.read_bytes()).splitlines()]
ATOMS = [
    *("a", "b: ", "- ", "\n", "  ", " ", '"', "'", "|\n", "|-\n", "&x ", "*x", "{", "}", "[", "]"),
    *(", ", ",", ":", "#c", " # d", "1", "0", "08", "1.5", "true", "~", "\\", "\\n", "---\n"),
    *("...\n", "\t", "é", "<<: ", "!!str ", "? ", "e3", "-", "k: v\n", "- 1\n", "  - z\n", "\r"),
]
WORDS = [
    *("a", "b c", "", "1", "true", "x: y", "- z", "a\nb", "a\n", "\n a", "  lead", "trail ", "é☃"),
    *("it's", 'q"q', "#h", "a #b", "~", "0x1", "1e3", "10.0.0.1", "long " * 30, "y" * 90, "t\tx"),
    *("\\n", "k\n\nl\n\n", "|", "@", "0b12-aa", "1.0", "2026-01-01", "y", "n", "<<", "\u2028"),
]
KEYS = ["a", "b", "k k", "1", "true", "x: y", "é", "", "- a", "~", "'q'", "a.b/c", "y", "0x1"]
VALUES = st.recursive(
    st.one_of(
        st.sampled_from(WORDS), st.booleans(), st.none(), st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False, width=32),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=15,
)  # fmt: skip


@st.composite
def dumped(draw):
    """Draw a text as a program writes it, in any of its styles."""
    value = draw(VALUES)
    shared = {"first": value, "again": value} if draw(st.booleans()) else value
    return yaml.safe_dump(
        shared,
        default_flow_style=draw(st.sampled_from([False, None, True])),
        width=draw(st.sampled_from([20, 80, 9999])),
        indent=draw(st.sampled_from([2, 4])),
        allow_unicode=draw(st.booleans()),
        default_style=draw(st.sampled_from([None, None, '"', "'", "|"])),
    )


@st.composite
def damaged(draw):
    """Draw a recorded or a dumped text with pieces taken out and put in."""
    text = draw(st.one_of(st.sampled_from(RECORDED), dumped()))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        until = at + draw(st.integers(0, 2))
        text = text[:at] + draw(st.sampled_from(["", *ATOMS])) + text[until:]
    return text


def same(found, expected):
    return json.dumps(found, sort_keys=True) == json.dumps(expected, sort_keys=True)


def check(text):
    found = yaml_to_json(text.encode())
    if found is None:
        return
    value = json.loads(bytes(found)) if len(found) else None
    try:
        documents = list(read_yaml("x", text.encode()))
    except InputError:
        assert "\\'" in text, text  # Kubernetes knows this escape, and libyaml does not.
        return
    assert len(documents) <= 1
    assert same(value, documents[0] if documents else None), text


@settings(max_examples=600, deadline=None)
@given(st.one_of(dumped(), damaged(), st.lists(st.sampled_from(ATOMS)).map("".join)))
@example("a: |\n  x\n \ty\n")
@example("a: 'x\n  y' \nb: \"x\\\n  y\"\n")
@example("- a\n- - b\n  - &c d: e\n")
def test_whatever_c_reads_the_reader_of_everything_reads_the_same(text):
    check(text)


def test_c_reads_what_programs_write_in_all_their_styles():
    """Whatever it leaves to others costs a thousand times as much."""
    rest = [1, 1.5, True, None, {}, [], {"a": "b", "1": [["c"], [{"d": "e"}]]}]
    shared = {"a": 1}
    words = [*WORDS, "#h", "~", "100m", "0644", "k: |", "-5", "[a]", "{a: b}", "&a", "*a", "!a"]
    rare = {"\u2028", "1e3", "y", "n"}  # A line break, and what PyYAML alone takes for text.
    items = [[word, {"name": word, "rest": [shared, *rest]}] for word in words if word not in rare]
    pod = json.loads(json.dumps({"kind": "List", "items": items})) | {"a": [shared, shared]}
    for width in (20, 80, 9999):
        text = yaml.safe_dump(pod, default_flow_style=False, width=width, allow_unicode=True)
        assert json.loads(bytes(yaml_to_json(text.encode()))) == pod


@settings(max_examples=200, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=4), st.sampled_from(["", " ", "\n"]))
def test_json_ends_where_its_value_ends(values, between):
    texts = [json.dumps({"v": value}, ensure_ascii=False).encode() for value in values]
    data, at = between.encode().join(texts), 0
    for text in texts:
        end = json_end(data, at)
        assert data[at:end] == text
        at = end + len(between)
    assert json_end(data[:-1], len(data) - len(texts[-1])) is None


@given(st.binary(max_size=40), st.binary(min_size=1, max_size=3), st.data())
def test_marks_are_found_as_bytes_find_them(text, mark, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    expected, at = [], text.find(mark, start, end)
    while at >= 0:
        expected.append(at)
        at = text.find(mark, at + len(mark), end)
    assert find_all(text, mark, start, end) == expected


def test_offsets_outside_a_text_are_refused():
    for start, end in ((-1, 1), (0, 4), (2, 1)):
        with pytest.raises(ValueError, match="is not in a text of 3"):
            YamlWriter().json_at(b"a: ", start, end)
        with pytest.raises(ValueError, match="is not in a text of 3"):
            find_all(b"a: ", b"a", start, end)


@pytest.mark.parametrize("depth", [99, 100, 101])
def test_c_reads_up_to_its_depth_and_leaves_the_rest_to_others(depth):
    text = b"a: " + b"[" * (depth - 1) + b"]" * (depth - 1) + b"\n"
    assert (yaml_to_json(text) is not None) == (depth <= 100)
    assert next(iter(read_yaml("x", text))) is not None


@pytest.mark.parametrize("size", [999, 1000, 1001])
def test_c_reads_keys_up_to_their_limit(size):
    text = b"k" * size + b": 1\n"
    assert (yaml_to_json(text) is not None) == (size <= 1000)


@pytest.mark.parametrize("count", [65535, 65536, 65537])
def test_c_reads_mappings_up_to_their_limit(count):
    text = b"".join(b"k%d: 1\n" % number for number in range(count))
    assert (yaml_to_json(text) is not None) == (count <= 65536)
