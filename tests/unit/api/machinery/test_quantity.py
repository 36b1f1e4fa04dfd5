import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pykube_core.api.machinery.quantity import (
    INT64_MAX,
    INT64_MIN,
    Quantity,
    QuantityError,
    parse_quantity,
    quantity_value,
)

FORMAT_WRONG = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)

SUFFIXES = {
    "n": Fraction(1, 10**9), "u": Fraction(1, 10**6), "m": Fraction(1, 1000), "": Fraction(1),
    "k": Fraction(10**3), "M": Fraction(10**6), "G": Fraction(10**9), "T": Fraction(10**12),
    "P": Fraction(10**15), "E": Fraction(10**18), "Ki": Fraction(2**10), "Mi": Fraction(2**20),
    "Gi": Fraction(2**30), "Ti": Fraction(2**40), "Pi": Fraction(2**50), "Ei": Fraction(2**60),
    "e3": Fraction(1000), "E-3": Fraction(1, 1000), "e+6": Fraction(10**6),
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "nano", "format"),
    [
        ("0", 0, "DecimalSI"), ("0Ki", 0, "BinarySI"), ("5n", 5, "DecimalSI"),
        ("4u", 4000, "DecimalSI"), ("3m", 3 * 10**6, "DecimalSI"), ("9", 9 * 10**9, "DecimalSI"),
        ("50k", 5 * 10**13, "DecimalSI"), ("1E", 10**27, "DecimalSI"),
        ("3Ei", 3 * 2**60 * 10**9, "BinarySI"), ("1E-3", 10**6, "DecimalExponent"),
        ("1e3", 10**12, "DecimalExponent"), ("1.3E+6", 13 * 10**14, "DecimalExponent"),
        ("100.035k", 100035 * 10**9, "DecimalSI"), ("1.G", 10**18, "DecimalSI"),
        (".001", 10**6, "DecimalSI"), ("3.001n", 4, "DecimalSI"), ("1.1E-9", 2, "DecimalExponent"),
        ("0.0000000001", 1, "DecimalSI"), ("0.00000012345", 124, "DecimalSI"),
        ("9Ei", INT64_MAX * 10**9, "BinarySI"), ("-9Ei", -INT64_MAX * 10**9, "BinarySI"),
        ("9223372036854775807Ki", INT64_MAX * 10**9, "BinarySI"), ("12E", 12 * 10**27, "DecimalSI"),
        ("0.05Gi", 536870912 * 10**8, "BinarySI"), ("0.000000000001Ki", 2, "DecimalSI"),
        ("-", 0, "DecimalSI"), (".", 0, "DecimalSI"), ("Ki", 0, "BinarySI"),
        (" 1 ", 10**9, "DecimalSI"), ("1e-999999999999", 1, "DecimalExponent"),
    ],
)  # fmt: skip
def test_texts_parse_to_the_amount_and_format_that_upstream_gives(text, nano, format):
    quantity = parse_quantity(text)
    assert (quantity.nano, quantity.format) == (nano, format)


@pytest.mark.parametrize("text", ["", "aoeu", "1.1.M", "1+1.0M", "0.1am", "-3.01e-x", "1 Gi", "٣"])
def test_malformed_text_is_refused_in_upstreams_words(text):
    with pytest.raises(QuantityError) as error:
        parse_quantity(text)
    assert str(error.value) == FORMAT_WRONG


@pytest.mark.parametrize("text", ["0.1mi", ".5i", "1i", "1e", "1Ei5", "1ki", "1K", "1e" + "9" * 30])
def test_unknown_suffix_is_refused_in_upstreams_words(text):
    with pytest.raises(QuantityError, match=r"^unable to parse quantity's suffix$"):
        parse_quantity(text)


ABSURD = {
    "exponent": "1e9999999",
    "exponent that wraps in 32 bits": "1e4294967296",
    "digits": "9" * 300,
    "long text": "1" * 5000,
    "int": 10**300,
    "int beyond Python's own digits": 10**100000,
}


@pytest.mark.parametrize("value", ABSURD.values(), ids=ABSURD)
def test_absurd_magnitudes_are_refused_at_once(value):
    start = time.perf_counter()
    with pytest.raises(QuantityError):
        parse_quantity(value)
    assert time.perf_counter() - start < 0.1


def test_magnitude_limit_holds_at_the_edge():
    assert parse_quantity("1e255").nano == 10**264
    with pytest.raises(QuantityError):
        parse_quantity("1e256")


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("1.5", "1500m"), ("1.5Gi", "1536Mi"), ("1024Ki", "1Mi"), ("1024", "1024"), ("0.5", "500m"),
        ("1000m", "1"), ("100000", "100k"), ("1e5", "100e3"), ("1E6", "1E6"), ("12e6", "12e6"),
        ("0.1Ki", "102400m"), ("2048Mi", "2Gi"), ("0m", "0"), ("+5", "+5"), ("1.500", "1.500"),
        ("1000E", "1e21"), ("-1.5Gi", "-1536Mi"), ("0.0001k", "100m"), ("1025Ki", "1025Ki"),
        ("9Ei", "9223372036854775807"), ("1e-3", "1e-3"), ("1000e0", "1e3"),
    ],
)  # fmt: skip
def test_string_is_upstreams_canonical_form(text, canonical):
    assert str(parse_quantity(text)) == canonical


@pytest.mark.parametrize(
    ("value", "units", "milli"),
    [
        ("500u", 1, 1), ("1500m", 2, 1500), ("1n", 1, 1), ("-1500m", -2, -1500), (2, 2, 2000),
        (0.5, 1, 500), (1e22, INT64_MAX, INT64_MAX), ("-1e30", INT64_MIN, INT64_MIN),
        (None, 0, 0), ("9223372036854775807", INT64_MAX, INT64_MAX), (1000.0, 1000, 10**6),
    ],
)  # fmt: skip
def test_values_round_away_from_zero_and_stop_at_int64(value, units, milli):
    assert (quantity_value(value), parse_quantity(value).milli_value()) == (units, milli)


def test_sum_is_exact_and_keeps_the_format_of_what_is_not_zero():
    half_milli = parse_quantity("500u")
    assert (half_milli + half_milli).milli_value() == 1
    assert str(parse_quantity("0") + parse_quantity("2048Ki")) == "2Mi"


numbers = st.from_regex(r"\A[0-9]{1,12}(\.[0-9]{0,12})?\Z")
texts = st.builds(
    lambda sign, number, suffix: (sign, number, suffix),
    st.sampled_from(["", "-", "+"]),
    numbers,
    st.sampled_from(sorted(SUFFIXES)),
)


def amount(sign, number, suffix):
    exact = Fraction(number.rstrip(".")) * SUFFIXES[suffix] * 10**9
    nano = -(-exact.numerator // exact.denominator)
    if suffix.endswith("i"):
        nano = min(nano, INT64_MAX * 10**9)
    return -nano if sign == "-" else nano


@given(texts)
def test_any_legal_text_is_its_exact_amount_rounded_up_to_nano(parts):
    assert parse_quantity("".join(parts)).nano == amount(*parts)


@given(texts)
def test_canonical_text_reads_back_as_the_same_quantity_and_is_stable(parts):
    quantity = parse_quantity("".join(parts))
    again = parse_quantity(str(quantity))
    assert again == quantity
    assert hash(again) == hash(quantity)
    assert str(again) == str(quantity)


@given(texts, texts)
def test_order_is_the_order_of_amounts(left, right):
    a, b = parse_quantity("".join(left)), parse_quantity("".join(right))
    assert (a < b) == (amount(*left) < amount(*right))
    assert (a == b) == (amount(*left) == amount(*right))


@given(st.text(alphabet="0123456789.+-eEinumkKMGTP ", max_size=12))
def test_any_text_of_quantity_letters_parses_or_is_refused_cleanly(text):
    try:
        quantity = parse_quantity(text)
    except QuantityError:
        return
    assert isinstance(quantity, Quantity)
    assert parse_quantity(str(quantity)) == quantity
