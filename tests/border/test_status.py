import pytest

from _pykube_hotcore.native import NativeError, check, status_text


def test_negative_status_raises_with_the_words_of_c():
    with pytest.raises(NativeError, match="node: not found") as caught:
        check(-4, "node")
    assert caught.value.status == -4


def test_counts_pass_through():
    assert check(7) == 7


def test_no_memory_is_a_memory_error():
    with pytest.raises(MemoryError):
        check(-1, "nodes")


def test_unknown_status_has_text():
    assert status_text(-999) == "unknown status"
