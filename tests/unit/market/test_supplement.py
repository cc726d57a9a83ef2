"""The supplement to the price catalog: complete rows, history that is kept, and where it disagrees."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from advisor.market import disagreement
from advisor.market.disagreement import disagreements
from advisor.market.models import canonical
from advisor.market.rates import Rates, Schedule
from advisor.market.supplement import Listed, by_reading_day, listed, supplement

NOVEMBER = date(2026, 11, 25)


def price(input_price: str, checked_on: date) -> Rates:
    return Rates(
        input=Decimal(input_price),
        output=Decimal("0.88"),
        cache_read=None,
        cache_write=None,
        currency="USD",
        source="test",
        checked_on=checked_on,
    )


def test_every_row_is_of_a_known_open_model_and_says_when_and_where_it_was_read() -> None:
    assert len(listed()) > 100
    for one in listed():
        known = canonical(one.model_raw)
        assert known is not None, one.model_raw
        assert (known.open_weights, known.modelled) == (True, True), one.model_raw
        for rates in one.schedule.rates:
            assert isinstance(rates, Rates)
            assert rates.source, one.model_raw
            assert rates.checked_on, one.model_raw
            assert rates.input > 0, one.model_raw
            assert rates.output > 0, one.model_raw


def test_no_model_is_listed_twice_by_a_host_and_tier() -> None:
    uses = Counter((one.host, one.tier, one.model_raw.lower()) for one in listed())
    assert [key for key, count in uses.items() if count > 1] == []


def test_later_row_holds_from_the_day_it_was_read_and_the_first_one_before() -> None:
    first, second = price("0.10", date(2026, 9, 1)), price("0.20", date(2026, 11, 1))
    for order in ([first, second], [second, first]):
        found = by_reading_day(order)
        days = (date(2026, 8, 1), date(2026, 10, 31), date(2026, 11, 1))
        assert [found.on(day) for day in days] == [first, first, second]


def test_row_of_the_id_itself_goes_before_other_spellings_of_its_model() -> None:
    exact = supplement("deepinfra", "meta-llama/meta-llama-3.1-8b-instruct", "llama-3.1-8b", "on_demand")
    loose = supplement("deepinfra", "Llama 3.1 8B", "llama-3.1-8b", "on_demand")
    assert [one.model_raw for one in exact] == ["meta-llama/Meta-Llama-3.1-8B-Instruct"]
    assert len(loose) == 2
    assert supplement("deepinfra", "Llama 3.1 8B", "llama-3.1-8b", "batch") == ()


def test_sources_that_differ_by_more_than_a_tenth_are_shown_with_both_prices() -> None:
    found = {(one.host, one.model_raw): one for one in disagreements(NOVEMBER)}
    turbo = found["together", "meta-llama/Llama-3.3-70B-Instruct-Turbo"]
    assert (turbo.used.input, turbo.other.input) == (Decimal("0.88"), Decimal("1.04"))
    assert turbo.used.source.startswith("genai-prices")


@pytest.mark.parametrize(
    ("other", "shown"),
    [
        ("0.88", False),
        ("0.968", False),  # 0.88 x 1.10: a tenth is not more than a tenth
        ("0.969", True),
        ("0.80", False),  # 0.80 x 1.10 = 0.88
        ("0.79", True),
    ],
)
def test_tenth_is_counted_from_the_lower_price(monkeypatch: pytest.MonkeyPatch, other: str, shown: bool) -> None:
    row = Listed(
        host="together",
        tier="on_demand",
        model_raw="meta-llama/Llama-3.3-70B-Instruct-Turbo",
        schedule=Schedule((date.min,), (price(other, NOVEMBER),)),
    )
    monkeypatch.setattr(disagreement, "listed", lambda: (row,))
    assert bool(disagreements(NOVEMBER)) is shown
