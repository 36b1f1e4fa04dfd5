"""Batches of puts, and the forms that fill them."""

import re
from array import array

import pytest
from hypothesis import given
from hypothesis.strategies import binary, integers, lists, text, tuples

from pykube_core.store import Form, Puts, RequestError, Store

PLAIN = text(max_size=8).filter(lambda part: not re.search("[\x00-\x1f]", part))
PARTS = lists(PLAIN | integers(0, 3), max_size=8)


def filled(parts, row):
    return "".join(part if isinstance(part, str) else row[part] for part in parts).encode()


def form(parts):
    text = "".join(part if isinstance(part, str) else chr(part + 1) for part in parts)
    return Form(text.encode())


@given(PARTS, lists(tuples(PARTS, tuples(PLAIN, PLAIN, PLAIN, PLAIN), integers(0)), max_size=8))
def test_forms_are_filled_with_the_fields_of_their_row(key, rows):
    rows = [(value, fields, revision % 2**62) for value, fields, revision in rows]
    fields = [field for _, own, _ in rows for field in own]
    forms = [form(value) for value, _, _ in rows]
    puts = Puts.filled(form(key), forms, fields, [revision for _, _, revision in rows])
    assert len(puts) == len(rows)
    assert list(puts) == [
        (filled(key, fields), filled(value, fields), revision) for value, fields, revision in rows
    ]


@given(lists(tuples(binary(max_size=8), binary(max_size=8), integers(0, 9))), integers(-9, 9))
def test_a_part_of_a_batch_is_a_batch(items, at):
    puts = Puts.of(*([item[column] for item in items] for column in range(3)))
    assert list(puts) == items
    assert puts.request_bytes == sum(2 * len(key) + len(value) for key, value, _ in items)
    assert list(puts[:at]) == items[:at]
    assert list(puts[at:]) == items[at:]


def test_a_field_with_a_zero_byte_and_a_gap_without_a_field_are_refused():
    key, value = Form(b"\1"), Form(b"\2")
    for fields in (["a", "b"], [b"a", b"b"]):
        assert list(Puts.filled(key, [value], fields, [0])) == [(b"a", b"b", 0)]
    for fields in (["a", "b\0"], ["a"]):
        with pytest.raises(Exception, match="invalid argument"):
            Puts.filled(key, [value], fields, [0])
    with pytest.raises(ValueError, match="as many fields"):
        Puts.filled(key, [value, value], ["a", "b", "c"], [0, 0])


def test_columns_of_other_lengths_are_refused():
    for columns in (([b"k"], [b"v", b"w"], [0]), ([b"k"], [b"v"], []), ([b"k"], [b"v"], [0, 0])):
        with pytest.raises(ValueError, match="as many"):
            Puts.of(*columns)
    for revisions in ([], [0, 0]):
        with pytest.raises(ValueError, match="as many"):
            Puts.filled(Form(b"\1"), [Form(b"\2")], ["a", "b"], revisions)


@pytest.mark.parametrize("sizes", [[1, 1], [3], [2, 2]])
def test_sizes_that_are_not_those_of_the_data_are_refused(sizes):
    with pytest.raises(ValueError, match="as many"):
        Puts(b"abc", array("q", sizes), [0])


@pytest.mark.parametrize("sizes", [[-1, 4], [4, -1]])
def test_negative_sizes_are_refused_by_the_store(sizes):
    with Store(salt=1) as store, pytest.raises(RequestError):
        store.put_if(Puts(b"abc", array("q", sizes), [0]))
