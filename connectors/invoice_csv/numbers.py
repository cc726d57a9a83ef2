"""Counts and amounts as people and consoles write them: exact, and refused where they could mean two things."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from advisor.contract.shown import shown

MOST_DIGITS = 40
SAME_SEPARATOR = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2019": "'"})
DOLLARS = frozenset({"USD", "AUD", "BRL", "CAD", "HKD", "MXN", "NZD", "SGD", "TWD"})
SIGNS = {
    "$": DOLLARS,
    "US$": frozenset({"USD"}),
    "€": frozenset({"EUR"}),
    "£": frozenset({"GBP"}),
    "¥": frozenset({"JPY", "CNY"}),
    "₹": frozenset({"INR"}),
}
"""The currencies that a sign may stand for."""
AMOUNT = re.compile(
    r"(?P<open>\()?\s*(?P<before>[-+\u2212])?\s*(?P<prefix>[^\W\d_]+|[^\w\s().,'+\u2212-]|US\$)?\s*(?P<after>[-+\u2212])?\s*"
    r"(?P<number>[0-9.,][0-9.,'\s]*(?:[eE][-+]?[0-9]+)?)\s*(?P<suffix>[^\W\d_]+|[^\w\s().,'+\u2212-]|US\$)?\s*(?P<close>\))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberStyle:
    """How numbers are written: the decimal mark, and what groups thousands (nothing, unless said)."""

    decimal: str = "."
    thousands: str = ""


def count_of(text: str, style: NumberStyle) -> int:
    """A whole number, not negative. Raises ValueError with the reason.

    >>> count_of("1.234.567", NumberStyle(decimal=",", thousands="."))
    1234567
    """
    if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS:
        return int(text)
    if re.fullmatch(r"[0-9.,]+[eE]\+?[0-9]+", text.strip()):
        raise ValueError(f"{shown(text.strip())} has been rounded by a spreadsheet: export it as a plain number")
    number = number_of(text, style)
    if number != int(number):
        raise ValueError(f"{shown(text.strip())} is no whole number")
    return int(number)


def amount_of(text: str, style: NumberStyle, currency: str) -> Decimal:
    """An exact amount of *currency*; `(12.30)` is negative. Raises ValueError where a sign contradicts the currency.

    >>> amount_of("-$1,234.50", NumberStyle(thousands=","), "USD"), amount_of("1e-7", NumberStyle(), "USD")
    (Decimal('-1234.50'), Decimal('1E-7'))
    """
    found = AMOUNT.fullmatch(_plain(text))
    if not found or bool(found["open"]) != bool(found["close"]):
        raise ValueError(f"{shown(text.strip())} is no amount{_as(style)}")
    negations = [part for part in found.group("open", "before", "after") if part]
    marks = [mark for mark in found.group("prefix", "suffix") if mark]
    if len(negations) > 1 or len(marks) > 1:
        raise ValueError(f"{shown(text.strip())} is no amount: it has more than one sign")
    for mark in marks:
        if mark.upper() != currency and currency not in SIGNS.get(mark, ()):
            raise ValueError(f"{shown(text.strip())} is not marked as {currency}: correct the amount or the currency")
    number = number_of(found["number"], style)
    return -number if negations and negations[0] != "+" else number


def number_of(text: str, style: NumberStyle) -> Decimal:
    """An unsigned number in *style*. Raises ValueError where it is written otherwise."""
    plain = _plain(text)
    if not _pattern(style.decimal, style.thousands).fullmatch(plain):
        raise ValueError(f"{shown(text.strip())} is no number{_as(style)}")
    number = Decimal(plain.replace(style.thousands, "").replace(style.decimal, "."))
    if max(len(number.as_tuple().digits), abs(number.adjusted())) > MOST_DIGITS:
        raise ValueError(f"{shown(text.strip())} has too many digits to be true")
    return number


@cache
def _pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    point, group = re.escape(decimal), re.escape(thousands)
    grouped = rf"|[0-9]{{1,3}}(?:{group}[0-9]{{3}})+" if thousands else ""
    return re.compile(rf"(?:(?:[0-9]+{grouped})(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][-+]?[0-9]{{1,3}})?")


def _plain(text: str) -> str:
    return text.strip().translate(SAME_SEPARATOR)


def _as(style: NumberStyle) -> str:
    return f" with decimal = {style.decimal!r} and thousands = {style.thousands!r}"
