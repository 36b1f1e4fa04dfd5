"""Kubernetes quantities: ``500m`` cores, ``1.5Gi`` bytes, ``12e6``, exactly.

Source: ``k8s.io/apimachinery/pkg/api/resource`` v0.34.1 (quantity.go, amount.go, suffix.go).

Differences from upstream, all of them beyond what a real cluster holds:

- A magnitude of ``10**MAGNITUDE_DIGITS_MAX`` or more, or a text longer than ``TEXT_LENGTH_MAX``, is
  refused. Upstream keeps ``1e9999999`` (and takes an exponent modulo 2^32).
- `Quantity.value` and `Quantity.milli_value` stop at the limits of int64, where upstream returns 0
  or a wrapped number ("undefined"). Negative fractions round away from zero, where upstream rounds
  a few of them towards it.
- The canonical form of a multiple of 1000E is written with an exponent (``1e21``), as upstream does
  since v0.37; v0.34 drops the exponent.
- A JSON number that was decoded to a float has lost its notation: ``1e3`` prints as ``1k``.
"""

from __future__ import annotations

import functools
import math
import re
from typing import Final, Literal

Format = Literal["DecimalSI", "BinarySI", "DecimalExponent"]

MAGNITUDE_DIGITS_MAX: Final = 256
TEXT_LENGTH_MAX: Final = 1024
INT64_MAX: Final = 2**63 - 1
INT64_MIN: Final = -(2**63)

FORMAT_WRONG: Final = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)
SUFFIX_WRONG: Final = "unable to parse quantity's suffix"
TOO_LARGE: Final = f"quantity has more than {MAGNITUDE_DIGITS_MAX} digits"
TOO_LONG: Final = f"quantity is longer than {TEXT_LENGTH_MAX} characters"

_NANO: Final = 10**9
_MICRO: Final = 10**6
# Decimal digits that upstream keeps in an int64; only such values keep the text they came in.
_INT64_DIGITS: Final = 18

_DECIMAL_EXPONENT_OF: Final = {
    "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18,
}  # fmt: skip
_DECIMAL_SUFFIX_OF: Final = {exponent: text for text, exponent in _DECIMAL_EXPONENT_OF.items()}
_BINARY_EXPONENT_OF: Final = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_BINARY_SUFFIXES: Final = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")

# As lax as upstream's scanner, which takes "-", "." and "Ki" for zero.
_PARTS: Final = re.compile(
    r"([+-]?)0*([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)", re.ASCII
)
_EXPONENT: Final = re.compile(r"[eE]([+-]?[0-9]+)", re.ASCII)


class QuantityError(ValueError):
    """A text is not a quantity; the message is upstream's."""


@functools.total_ordering
class Quantity:
    """An exact number of cores, bytes or things, immutable.

    Two quantities are equal when their amounts are, whatever their notation.

    Attributes
    ----------
    nano : int
        The amount in units of 10^-9; any size.
    format : {"DecimalSI", "BinarySI", "DecimalExponent"}
        The family of suffixes that `str` writes it with.
    """

    __slots__ = ("_text", "format", "nano")

    nano: int
    format: Format

    def __init__(self, nano: int, format: Format = "DecimalSI", text: str | None = None) -> None:
        self.nano = nano
        self.format = format
        self._text = text

    def value(self) -> int:
        """Return the amount in whole units, rounded away from zero, within int64."""
        return _scaled(self.nano, _NANO)

    def milli_value(self) -> int:
        """Return the amount in thousandths, rounded away from zero, within int64."""
        return _scaled(self.nano, _MICRO)

    def __str__(self) -> str:
        """Return upstream's canonical form, or the text it came in where upstream keeps that."""
        if self._text is None:
            self._text = _canonical(self.nano, self.format)
        return self._text

    def __repr__(self) -> str:
        return f"Quantity({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.nano == other.nano

    def __lt__(self, other: Quantity) -> bool:
        return self.nano < other.nano

    def __hash__(self) -> int:
        return hash(self.nano)

    def __add__(self, other: Quantity) -> Quantity:
        """Return the exact sum, in the format of the first that is not zero."""
        return Quantity(self.nano + other.nano, self.format if self.nano else other.format)


def parse_quantity(value: object) -> Quantity:
    """Return the quantity that a decoded JSON value stands for.

    Parameters
    ----------
    value : str, int, float or None
        As JSON may hold it; ``null`` is zero and white space around a string is dropped, as
        upstream's decoder does.

    Raises
    ------
    QuantityError
        With upstream's words, when the value is no quantity.
    """
    if isinstance(value, str):
        return _parse_text(value)
    if value is None:
        return Quantity(0)
    if isinstance(value, int) and not isinstance(value, bool):
        # Digits of an int cost quadratic time, and Python refuses them beyond 4,300.
        if value.bit_length() > 4 * MAGNITUDE_DIGITS_MAX:
            raise QuantityError(TOO_LARGE)
        return _parse_text(str(value))
    if isinstance(value, float) and math.isfinite(value):
        text = repr(value)
        return _parse_text(text.removesuffix(".0"))
    raise QuantityError(FORMAT_WRONG)


def quantity_value(value: object) -> int:
    """Return `Quantity.value` of a decoded JSON value: bytes, or a count."""
    return parse_quantity(value).value()


def _parse_text(text: str) -> Quantity:
    if len(text) > TEXT_LENGTH_MAX:
        raise QuantityError(TOO_LONG)
    text = text.strip()
    match = _PARTS.fullmatch(text)
    if match is None or not text:
        raise QuantityError(FORMAT_WRONG)
    sign, whole, fraction, suffix = match.groups()
    whole, fraction = whole or "0", fraction or ""
    base, exponent, format = _interpret(suffix)
    digits = whole + fraction
    # A value of 10 ** (MAGNITUDE_DIGITS_MAX - 1) or less passes whatever its notation.
    significant = len(digits.lstrip("0"))
    if significant == 0:
        return Quantity(0, format)
    decimal = exponent if base == 10 else 0
    if significant - len(fraction) + decimal > MAGNITUDE_DIGITS_MAX:
        raise QuantityError(TOO_LARGE)
    numerator = int(digits) if base == 10 else int(digits) << exponent
    nano = _to_nano(numerator, decimal - len(fraction) + 9, significant)
    if format == "BinarySI":
        nano = min(nano, INT64_MAX * _NANO)
        if nano < _NANO:
            format = "DecimalSI"
    canonical = _keeps_text(whole, fraction, base, exponent)
    return Quantity(-nano if sign == "-" else nano, format, text if canonical else None)


def _interpret(suffix: str) -> tuple[int, int, Format]:
    """Return base, exponent and format of a suffix."""
    exponent = _DECIMAL_EXPONENT_OF.get(suffix)
    if exponent is not None:
        return 10, exponent, "DecimalSI"
    exponent = _BINARY_EXPONENT_OF.get(suffix)
    if exponent is not None:
        return 2, exponent, "BinarySI"
    match = _EXPONENT.fullmatch(suffix)
    if match is None or not INT64_MIN <= int(match[1]) <= INT64_MAX:
        raise QuantityError(SUFFIX_WRONG)
    return 10, int(match[1]), "DecimalExponent"


def _to_nano(numerator: int, scale: int, digits: int) -> int:
    """Return numerator * 10**scale, rounded up; numerator > 0 has this many decimal digits."""
    if scale >= 0:
        return int(numerator * 10**scale)
    # A power of ten beyond the numerator's digits is never built; 19 digits are 2^60 or more.
    if -scale > digits + 19:
        return 1
    return -int(-numerator // 10**-scale)


def _keeps_text(whole: str, fraction: str, base: int, exponent: int) -> bool:
    """Say whether upstream takes the text it was given for canonical."""
    digits = whole + fraction
    if base == 2:
        precision = 15 - len(whole) - exponent * 3 // 10 - 1
        return not fraction and precision >= 0 and int(whole) & 7 != 0
    scale = exponent - len(fraction)
    return (
        len(digits) <= _INT64_DIGITS
        and scale >= -9
        and scale % 3 == 0
        and not digits.endswith("000")
        and digits[0] != "0"
    )


def _scaled(nano: int, unit: int) -> int:
    """Return nano / unit rounded away from zero, held within int64."""
    scaled = -(-nano // unit) if nano >= 0 else nano // unit
    return max(INT64_MIN, min(INT64_MAX, scaled))


def _canonical(nano: int, format: Format) -> str:
    """Return the number with the largest suffix that leaves it whole."""
    if nano == 0:
        return "0"
    if format == "BinarySI" and abs(nano) >= 1024 * _NANO and nano % _NANO == 0:
        amount, thousands = nano // _NANO, 0
        while amount % 1024 == 0:
            amount, thousands = amount // 1024, thousands + 1
        return f"{amount}{_BINARY_SUFFIXES[thousands]}"
    amount, exponent = nano, -9
    while amount % 1000 == 0:
        amount, exponent = amount // 1000, exponent + 3
    if format != "DecimalExponent" and exponent in _DECIMAL_SUFFIX_OF:
        return f"{amount}{_DECIMAL_SUFFIX_OF[exponent]}"
    return f"{amount}e{exponent}" if exponent else str(amount)
