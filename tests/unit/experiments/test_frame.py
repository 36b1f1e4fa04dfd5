import nanoarrow as na
import pytest

from pykube_core.experiments.frame import Frame

FRAME = Frame({"name": ["a", None], "count": [1, 2], "share": [0.5, None], "mixed": [1, 2.5]})


def test_rows_and_columns_agree():
    assert Frame.of_rows(FRAME.rows()).rows() == FRAME.rows()
    assert FRAME.columns == ("name", "count", "share", "mixed")
    assert FRAME["count"] == [1, 2]
    assert len(FRAME) == 2


def test_missing_keys_are_nulls():
    assert Frame.of_rows([{"a": 1}, {"b": "x"}]).rows() == [
        {"a": 1, "b": None},
        {"a": None, "b": "x"},
    ]


def test_columns_of_different_length_are_refused():
    with pytest.raises(ValueError, match="differ in length"):
        Frame({"a": [1], "b": []})


def test_arrow_stream_holds_types_values_and_nulls():
    stream = na.ArrayStream(FRAME)
    assert [field.type.name for field in stream.schema.fields] == [
        "STRING",
        "INT64",
        "DOUBLE",
        "DOUBLE",
    ]
    assert stream.read_all().to_pylist() == FRAME.rows()
    assert na.Schema(FRAME).n_fields == 4


def test_an_empty_frame_streams_no_rows():
    assert na.ArrayStream(Frame({"a": []})).read_all().to_pylist() == []


def test_csv_quotes_what_needs_it():
    assert Frame({"a": ["x,y", None], "b": [1, 0.25]}).to_csv() == 'a,b\n"x,y",1\n,0.25\n'
