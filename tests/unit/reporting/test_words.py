"""How figures and names are written."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from advisor.domain.units import Money
from advisor.reporting import words


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        ("15400", "USD", "$15,400"),
        ("15400.49", "USD", "$15,400"),
        ("0.5", "USD", "$0.50"),
        ("2.5", "USD", "$2.50"),
        ("9.999", "USD", "$10.00"),
        ("12.5", "USD", "$12"),
        ("13.5", "USD", "$14"),
        ("3", "USD", "$3"),
        ("0", "USD", "$0"),
        ("-40", "USD", "-$40"),
        ("15400", "EUR", "EUR 15,400"),
        ("-1234.5", "EUR", "-EUR 1,234"),
        ("0.004", "USD", "<$0.01"),
        ("9999999999", "JPY", "JPY 9,999,999,999"),
        ("12345678901", "USD", "$12.35B"),
    ],
)
def test_money_is_whole_half_even_and_never_looks_like_nothing(amount: str, currency: str, written: str) -> None:
    assert words.money(Money(Decimal(amount), currency)) == written


def test_an_unknown_figure_is_a_dash_and_never_zero() -> None:
    assert {words.money(None), words.price(None), words.tokens(None), words.percent(None)} == {"-"}
    assert words.percent(-math.inf) == "-"


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        ("0.22", "$0.22"),
        ("0.197349", "$0.1973"),
        ("11.5108", "$11.51"),
        ("0.0000123456", "$0.00001235"),
        ("0", "$0.00"),
    ],
)
def test_a_computed_price_has_four_significant_digits(amount: str, written: str) -> None:
    assert words.price(Money(Decimal(amount), "USD")) == written


@pytest.mark.parametrize(("amount", "written"), [("2.7447", "$2.7447"), ("2.5", "$2.50"), ("12.29125", "$12.29125")])
def test_a_quoted_price_keeps_all_its_digits(amount: str, written: str) -> None:
    assert words.quote(Money(Decimal(amount), "USD")) == written


@pytest.mark.parametrize(
    ("count", "written"),
    [
        (70e9, "70.0B"), (950e6, "950.0M"), (12_300, "12.3k"), (999, "999"), (0, "0"), (999_960, "1.0M"),
        (999_940, "999.9k"), (2.5e12, "2.5T"), (-1.2e6, "-1.2M"), (math.inf, "never"),
    ],
)  # fmt: skip
def test_tokens_are_written_in_the_scale_they_round_to(count: float, written: str) -> None:
    assert words.tokens(count) == written


@pytest.mark.parametrize(
    ("ratio", "written"),
    [
        (0.31, "31 %"),
        (-0.04, "-4 %"),
        (0.004, "0.4 %"),
        (0.00995, "1 %"),
        (0.0001, "<0.1 %"),
        (0.0, "0 %"),
        (1, "100 %"),
    ],
)
def test_a_small_share_is_not_rounded_to_none(ratio: float, written: str) -> None:
    assert words.percent(ratio) == written


def test_lists_count_what_they_leave_out() -> None:
    assert words.listed(["a"]) == "a"
    assert words.listed(["a", "b"]) == "a and b"
    assert words.listed(["a", "b", "c"]) == "a, b and c"
    assert words.listed(list("abcdefg")) == "a, b, c and 4 more"


def test_days_are_written_as_spans() -> None:
    october = [date(2026, 10, day) for day in (9, 3, 4, 5, 31)] + [date(2026, 11, 1)]
    assert words.days(october) == "2026-10-03 to 2026-10-05, 2026-10-09, 2026-10-31 to 2026-11-01"
    assert words.days([]) == ""


def test_a_moment_is_told_in_the_readers_zone() -> None:
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert words.moment(noon, "UTC") == "2026-11-24 12:00 UTC"
    assert words.moment(noon, "Asia/Tokyo") == "2026-11-24 21:00 Asia/Tokyo"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\n\tb\u00a0c", "a b c"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\u202eleft", "\\u202eleft"),
        ("nul\x00", "nul\\x00"),
        ("half \ud83d", "half \\ud83d"),
        ("👩‍💻 漢字 é", "👩‍💻 漢字 é"),
    ],
)
def test_text_from_outside_cannot_move_the_cursor_or_hide(text: str, shown: str) -> None:
    assert words.plain(text) == shown
    words.plain(text).encode("utf-8")


def test_a_shortened_name_keeps_both_ends_and_says_so() -> None:
    assert words.shorten("x" * 40, 40) == "x" * 40
    short = words.shorten("us.meta.llama3-3-70b-instruct-v1:0-production", 20)
    assert len(short) == 20
    assert short == "us.meta.llama…uction"
