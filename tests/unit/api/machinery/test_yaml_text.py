import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pykube_core.api.machinery.documents import read_documents
from pykube_core.api.machinery.yaml_text import json_text, yaml_text

TEXTS = st.text(
    st.one_of(
        st.sampled_from(" \n:#-'\"?&*!|>%@`{}[],~\\\t01.eEnyNY"), st.characters(codec="utf-8")
    ),
    max_size=120,
)
KEYS = st.text(st.sampled_from("abcABC019-._/"), min_size=1, max_size=12)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=4))
def test_what_is_printed_reads_back_as_what_it_was(value):
    assert list(read_documents("text", yaml_text(value).encode())) == [value]


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("plain", "plain"),
        ("", '""'),
        ("true", '"true"'),
        ("y", '"y"'),
        ("12", '"12"'),
        ("1e3", '"1e3"'),
        ("2026-11-23", '"2026-11-23"'),
        ("a: b", "'a: b'"),
        ("it's", "it's"),
        ("'", "''''"),
        ("a\n", "|\n  a"),
        ("a\nb", "|-\n  a\n  b"),
        (" a\n\n", "|2+\n   a\n"),
        ("a\tb", '"a\\tb"'),
        ("a \nb", '"a \\nb"'),
        ("\U0001f600", '"\\U0001F600"'),
    ],
)
def test_text_is_quoted_only_where_it_must_be(text, printed):
    assert yaml_text({"key": text}) == f"key: {printed}\n"


def test_long_text_is_folded_behind_eighty_columns():
    words = " ".join(["word"] * 40)
    lines = yaml_text({"key": words}).splitlines()
    assert max(map(len, lines)) <= 85
    assert yaml.safe_load(yaml_text({"key": words})) == {"key": words}


def test_keys_are_sorted_with_numbers_by_value():
    keys = ["b", "a10", "a2", "a", "A", "10", "2", "a-b"]
    printed = [line.partition(":")[0] for line in yaml_text(dict.fromkeys(keys, 1)).splitlines()]
    assert [key.strip('"') for key in printed] == ["2", "10", "A", "a", "a-b", "a2", "a10", "b"]


def test_json_has_escapes_as_go_writes_them():
    assert json_text({"b": "<&>", "a": "é\u2028"}) == (
        '{\n    "a": "é\\u2028",\n    "b": "\\u003c\\u0026\\u003e"\n}'
    )
