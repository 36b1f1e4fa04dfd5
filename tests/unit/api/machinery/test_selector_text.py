import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pykube_core.api.machinery.selector_text import parse_fields_text, parse_labels_text
from pykube_core.api.machinery.selectors import SelectorError


@pytest.mark.parametrize(
    ("text", "labels", "matches"),
    [
        ("", {}, True),
        ("a=b", {"a": "b"}, True),
        ("a==b,c", {"a": "b"}, False),
        ("a!=b", {}, True),
        ("!a", {"b": ""}, True),
        ("a in (x, y),b notin (z)", {"a": "y"}, True),
        ("a in (x,)", {"a": ""}, True),
        ("a=", {"a": ""}, True),
        ("n>5", {"n": "6"}, True),
        ("n<5", {"n": "6"}, False),
        (" example.com/a = b , c ", {"example.com/a": "b", "c": ""}, True),
    ],
)
def test_label_selector_as_text(text, labels, matches):
    assert parse_labels_text(text).matches(labels) is matches


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a===b", "unable to parse requirement: found '=', expected: identifier"),
        ("a,", "found '', expected: identifier after ','"),
        (",a", "found ',', expected: !, identifier, or 'end of string'"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
        ("a=b c", "found 'c', expected: ',' or 'end of string'"),
    ],
)
def test_bad_label_selector_is_refused_in_the_words_of_a_real_server(text, message):
    with pytest.raises(SelectorError) as error:
        parse_labels_text(text)
    assert str(error.value) == message


def test_field_selector_as_text():
    assert parse_fields_text("a.b=c,d!=e,f==") == (
        ("a.b", True, "c"),
        ("d", False, "e"),
        ("f", True, ""),
    )
    assert parse_fields_text(r"a=x\,y\=z\\") == (("a", True, "x,y=z\\"),)
    with pytest.raises(SelectorError, match="can't understand 'a'"):
        parse_fields_text("a")


@given(st.text(alphabet="ab=!,()<> in\\", max_size=30))
def test_any_text_is_a_selector_or_an_error(text):
    for parse in (parse_labels_text, parse_fields_text):
        with contextlib.suppress(SelectorError):
            parse(text)
