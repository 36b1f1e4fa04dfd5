import json

import pytest

from pykube_core.api.machinery.documents import read_documents, read_texts
from pykube_core.api.machinery.errors import InputError

ONE, TWO = {"a": 1}, {"b": [2]}


def read(text):
    return list(read_documents("x", text.encode() if isinstance(text, str) else text))


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1}{"b":[2]}',
        '{"a":1}\n{"b":[2]}\n',
        '  {"a": 1}\r\n\r\n{"b":\n[2]}',
        '{"a":1}\n---\n{"b":[2]}\n',
        '{"a":1}\n---\nb:\n- 2\n',
        "a: 1\n---\nb: [2]",
        "---\na: 1\n--- # second\nb:\n  - 2\n---\n",
        "a: 1\r\n---\r\nb:\r\n- 2\r\n",
        "# only words\n---\n---\na: 1\n---\nnull\n---\nb: [2]\n",
    ],
)
def test_streams_of_json_and_yaml_are_read_document_by_document(text):
    assert read(text) == [ONE, TWO]


def test_ndjson_of_many_documents_is_read_whole():
    documents = [{"number": number, "text": '}{\\"' * 3} for number in range(1000)]
    assert read("\n".join(json.dumps(document) for document in documents)) == documents


def test_byte_order_marks_and_utf_16_are_read():
    assert read(b"\xef\xbb\xbf" + b'{"a":1}') == [ONE]
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        mark = "" if encoding == "utf-16" else "\ufeff"
        assert read((mark + '{"a":1}').encode(encoding)) == [ONE]
        assert read((mark + "a: 1\n").encode(encoding)) == [ONE]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a":1}\n{"b":', "x: line 2: the JSON text ends too early"),
        ('{"a":1}\n{"b":2}\n\n{"c":', "x: line 4: the JSON text ends too early"),
        ('{"a":1}\n{"b":2}\n{"c" 3}', 'x: line 3: not valid JSON at "3}"'),
        ('{"a":1}\n{"a":2}\n{"a":NaN}', "x: line 3: a number or a character in it cannot be read"),
        (b'{"a":1}\n{"b":"\xff"}', "x: line 2: not UTF-8 text"),
        (b"\xff\xfe{", "x: bad UTF-16 text"),
        ('{"a":1,"a":2}', 'x: line 1: key "a" is already set in map'),
        ("a: 1\n---\nb: 1\nb: 2\n", 'x: line 4: key "b" is already set in map'),
        ("a: 1\n---\nb: [2\n", "x: line 4: bad YAML: did not find expected ',' or ']'"),
        ("a: 1\n--- b\n", "x: line 2: invalid Yaml document separator: b"),
        ("a: 1\n\tb: 2\n", "x: line 2: bad YAML: found a tab character that violates indentation"),
        ("a: b: c\n", "x: line 1: bad YAML: mapping values are not allowed in this context"),
        ("a: .nan\n", "x: line 1: NaN has no place in JSON"),
        ("a: !!int b\n", "x: line 1: cannot decode !!str `b` as a !!int"),
        ("~: 1\n", "x: line 1: a key must be text"),
        ("a: *b\n", "x: line 1: unknown anchor 'b' referenced"),
        ("a: &b [*b]\n", "x: line 1: anchor 'b' value contains itself"),
    ],
)
def test_what_is_wrong_is_told_with_the_line_of_the_file(text, reason):
    with pytest.raises(InputError) as error:
        read(text)
    assert str(error.value).startswith(reason)


def test_documents_know_the_line_they_begin_on():
    text = b'\n{"a":1}\n\n{"b":2} {"c":3}\n'
    assert [(bytes(found.text), found.line) for found in read_texts("x", text)] == [
        (b'{"a":1}', 2),
        (b'{"b":2}', 4),
        (b'{"c":3}', 4),
    ]
    assert [found.line for found in read_texts("x", b"a: 1\n---\n\nb: 2\n---\nc: 08_\n")] == [
        1,
        3,
        6,
    ]


def test_merged_keys_give_way_to_those_behind_them_and_not_to_those_before():
    assert read("a: 1\n<<: {a: 2, b: 2}\nb: 3\n") == [{"a": 2, "b": 3}]
    assert read("<<: [{a: 1}, {a: 2, b: 2}]\n") == [{"a": 1, "b": 2}]


def test_aliases_are_values_of_their_own():
    (found,) = read("a: &x [1]\nb: *x\nc: !!str &y 1\nd: *y\n")
    assert found == {"a": [1], "b": [1], "c": "1", "d": "1"}
    assert found["a"] is not found["b"]


def test_a_bomb_of_aliases_is_refused_at_once():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(InputError, match="excessive aliasing"):
        read("\n".join(lines))
