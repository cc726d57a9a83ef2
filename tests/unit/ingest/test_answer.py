"""`advisor usage`: exact sums by period, with nothing converted and nothing narrowed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from advisor.contract.store import Coverage
from advisor.domain.facts import Basis
from advisor.domain.units import DAY_SECONDS, Money, Window
from advisor.domain.usage import UNREPORTED, UsageAnswer
from advisor.errors import UsageError
from advisor.ingest.usage_answer import usage_answer
from tests.unit.ingest.stored import NOW, OCTOBER, charge, hourly, series


def answer(by: str, usage=(), costs=(), window: Window = OCTOBER.window, **more) -> UsageAnswer:  # type: ignore[no-untyped-def]
    return usage_answer(by, window, list(usage), list(costs), more.get("coverage", {}), {}, NOW, sources=("logs",))


def test_a_month_is_one_row_for_each_source_model_and_tier() -> None:
    found = answer("month", [hourly(10, output=1), hourly(5, tier="batch")])
    assert [(row.tier, row.tokens.total if row.tokens else 0) for row in found.rows] == [
        ("batch", 31 * 5),
        ("on_demand", 31 * 11),
    ]
    assert {row.model for row in found.rows} == {"llama-3.1-8b"}
    assert {row.period_start for row in found.rows} == {OCTOBER.start}


@pytest.mark.parametrize(("by", "rows"), [("day", 31), ("hour", 31), ("5min", 31)])
def test_every_grain_holds_the_same_total(by: str, rows: int) -> None:
    found = answer(by, [hourly(10)])
    assert len(found.rows) == rows
    assert sum(row.tokens.total for row in found.rows if row.tokens) == 310


def test_a_bucket_wider_than_the_grain_keeps_its_own_start_and_the_source_says_so() -> None:
    daily = series([int(OCTOBER.start.timestamp())], [240], width_seconds=DAY_SECONDS)
    found = answer("hour", [daily])
    assert [(row.period_start, row.tokens.total if row.tokens else 0) for row in found.rows] == [(OCTOBER.start, 240)]
    assert "by the day" in " ".join(found.sources[0].warnings)


def test_unreported_counts_stay_unknown() -> None:
    (row,) = answer("month", [hourly(10, requests=UNREPORTED)]).rows
    assert row.requests is None
    assert row.tokens is not None
    assert row.tokens.cache_read is None


def test_amounts_in_two_currencies_stay_apart_and_equal_ones_add_up_exactly() -> None:
    costs = [charge("0.1"), charge("0.2", date(2026, 10, 2), 1), charge("7", currency="EUR")]
    (row,) = answer("month", [], costs).rows
    assert row.tokens is None, "money alone says nothing of tokens"
    assert row.costs == (
        (Money(Decimal(7), "EUR"), Basis.BILLED),
        (Money(Decimal("0.3"), "USD"), Basis.BILLED),
    )


def test_an_estimate_is_never_added_to_a_bill() -> None:
    (row,) = answer("month", [], [charge("3"), charge("4", basis=Basis.ESTIMATED)]).rows
    assert sorted(basis.value for _, basis in row.costs) == ["billed", "estimated"]


def test_days_that_no_source_speaks_for_are_missing_up_to_yesterday() -> None:
    known = Coverage(usage_days=frozenset(OCTOBER.days()[:29]), cost_days=frozenset())
    (source,) = answer("month", [hourly(1)], coverage={"logs": known}).sources
    assert source.missing_days == (date(2026, 10, 30), date(2026, 10, 31))
    today = Window(datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 26, tzinfo=UTC))
    (source,) = answer("day", [], window=today).sources
    assert source.missing_days == (date(2026, 11, 23),)


def test_sums_beyond_63_bits_are_exact() -> None:
    big = 2**62
    found = answer("month", [hourly({date(2026, 10, 1): big, date(2026, 10, 2): big, date(2026, 10, 3): big})])
    assert found.rows[0].tokens is not None
    assert found.rows[0].tokens.total == 3 * big


def test_another_grain_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="'week'"):
        answer("week")


def test_an_unknown_model_has_no_canonical_name() -> None:
    (row,) = answer("month", [hourly(1, model_raw="our-tuned-thing")]).rows
    assert (row.model_raw, row.model) == ("our-tuned-thing", None)
