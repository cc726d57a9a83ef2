"""A month in the book: what was used, what pays for it, which days are known of both, and whether it is closed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from advisor.domain.assumptions import ExchangeRate, Workload
from advisor.domain.facts import Basis, PullStatus
from advisor.domain.units import Money, Month
from advisor.domain.usage import WorkloadUsage
from advisor.errors import ConfigError
from advisor.ingest.book import Book
from advisor.market.token_prices import OwnPrice
from tests.unit.ingest.stored import LIST, LLAMA, NOW, OCTOBER, book, charge, hourly

MILLION = 1_000_000
SAME = {"invoice": frozenset({"logs"})}


def usd(amount: str | Decimal) -> Money:
    return Money(Decimal(amount), "USD")


def only(found: Book, month: Month = OCTOBER) -> WorkloadUsage:
    (usage,) = found.usage(month)
    return usage


def days(first: int, last: int) -> list[date]:
    return [date(2026, 10, day) for day in range(first, last + 1)]


def test_tokens_without_an_invoice_cost_their_list_price_and_say_estimated() -> None:
    usage = only(book([hourly(MILLION, output=MILLION // 2)]))
    assert usage.tokens.total == 31 * (MILLION + MILLION // 2)
    assert usage.cost == usd(31 * (Decimal("0.20") + Decimal("0.60") / 2))
    assert usage.cost_basis is Basis.ESTIMATED
    assert usage.billed is None
    assert usage.closed


def test_a_price_change_inside_a_month_prices_each_day_at_its_own_price() -> None:
    later = OwnPrice(
        model="llama-3.1-8b", input=Decimal("0.10"), output=Decimal("0.10"), currency="USD", source="cut",
        start=date(2026, 10, 21),
    )  # fmt: skip
    usage = only(book([hourly(MILLION)], prices=[LIST, later]))
    assert usage.cost == usd(20 * Decimal("0.20") + 11 * Decimal("0.10"))
    assert usage.cost_today == usd(31 * Decimal("0.10"))


def test_billed_money_beats_the_list_price_and_keeps_its_discount_at_todays_prices() -> None:
    later = OwnPrice(
        model="llama-3.1-8b", input=Decimal("0.10"), output=Decimal("0.60"), currency="USD", source="cut",
        start=date(2026, 11, 1),
    )  # fmt: skip
    usage = only(book([hourly(MILLION)], [charge("3.10")], overlaps=SAME, prices=[LIST, later]))
    assert usage.cost == usage.billed == usd("3.10")
    assert usage.cost_basis is Basis.BILLED
    assert usage.estimated == usd(31 * Decimal("0.20"))
    assert usage.cost_today == usd(Decimal("3.10") / 2)


def test_an_unknown_price_makes_the_cost_unknown_never_zero() -> None:
    usage = only(book([hourly(MILLION, model_raw="acme-9b", provider="acme")]))
    assert usage.cost is None
    assert "acme" in usage.cost_problem
    assert "[[prices]]" in usage.cost_problem


def test_cached_tokens_without_a_cache_price_make_the_cost_unknown() -> None:
    usage = only(book([hourly(MILLION, cache_read=5)]))
    assert usage.cost is None
    assert "cache read" in usage.cost_problem


def test_a_day_missing_on_one_side_is_left_out_of_both_and_nothing_is_scaled_up() -> None:
    logs = hourly(dict.fromkeys(days(1, 30), MILLION))
    bill = [charge("1.00", day, 1) for day in days(2, 31)]
    usage = only(book([logs], bill, overlaps=SAME))
    assert usage.missing_days == (date(2026, 10, 1), date(2026, 10, 31))
    assert usage.days_covered == 29
    assert usage.tokens.total == 29 * MILLION
    assert usage.cost == usd("29")
    assert usage.closed, "one day is missing on each side, two are allowed"


def test_a_month_with_three_missing_days_is_open_and_names_them() -> None:
    usage = only(book([hourly(dict.fromkeys(days(4, 31), MILLION))]))
    assert not usage.closed
    assert "3 of 31 days" in usage.open_because
    assert "2026-10-01" in usage.open_because


def test_a_monthly_charge_counts_for_the_share_of_days_that_are_known() -> None:
    usage = only(book([hourly(dict.fromkeys(days(1, 30), MILLION))], [charge("31.00")], overlaps=SAME))
    assert usage.cost == usd("30")


def test_an_invoice_is_final_three_days_after_the_month_unless_its_source_says() -> None:
    early = NOW.replace(day=2)
    unsaid = only(book([hourly(MILLION)], [charge("5")], now=early))
    assert not unsaid.closed
    assert "final on 2026-11-04" in unsaid.open_because
    assert only(book([hourly(MILLION)], [charge("5", final=True)], now=early)).closed
    assert not only(book([hourly(MILLION)], [charge("5", final=False)])).closed
    assert only(book([hourly(MILLION)], now=early)).closed, "without billed money no final cost is awaited"


def test_the_running_month_is_open_and_today_is_not_a_known_day() -> None:
    november = Month(2026, 11)
    counted = {day: MILLION for day in november.days() if day <= NOW.date()}
    usage = only(book([hourly(counted, month=november)]), november)
    assert not usage.closed
    assert usage.open_because == "the month is not over"
    assert usage.days_covered == NOW.day - 1


def test_an_invoice_that_has_not_come_yet_keeps_the_month_open() -> None:
    september = Month(2026, 9)
    logs = hourly({**dict.fromkeys(september.days(), MILLION), **dict.fromkeys(OCTOBER.days(), MILLION)})
    found = book([logs], [charge("30", september.start.date(), 30)], overlaps=SAME)
    assert only(found, september).closed
    october = only(found)
    assert not october.closed
    assert "'invoice' has no charge for it yet" in october.open_because
    assert october.cost_basis is Basis.ESTIMATED


def test_two_currencies_are_never_added() -> None:
    euros = charge("31.00", currency="EUR")
    usage = only(book([hourly(MILLION)], [euros], overlaps=SAME))
    assert usage.cost is None
    assert "EUR -> USD" in usage.cost_problem
    assert "[[exchange_rates]]" in usage.cost_problem
    rate = ExchangeRate(
        from_currency="EUR", to_currency="USD", rate=Decimal("1.08"), date=date(2026, 10, 31), source="ECB"
    )
    assert only(book([hourly(MILLION)], [euros], overlaps=SAME, exchange=[rate])).cost == usd(31 * Decimal("1.08"))


def test_declared_overlaps_take_money_from_the_bill_and_tokens_from_the_finer_source() -> None:
    counted = hourly(dict.fromkeys(OCTOBER.days(), MILLION), requests=7)
    billed = hourly(dict.fromkeys(OCTOBER.days(), MILLION + MILLION // 50), source="invoice", requests=7)
    usage = only(book([counted, billed], [charge("9.99")], overlaps=SAME))
    assert usage.tokens.total in (31 * MILLION, 31 * (MILLION + MILLION // 50)), "never the sum of both"
    assert usage.cost == usd("9.99")
    assert usage.reconciliation is not None
    assert (usage.reconciliation.billed_source, usage.reconciliation.counted_source) == ("invoice", "logs")
    assert usage.reconciliation.drift_ratio == pytest.approx(0.02 / 1.02)


def test_the_same_traffic_twice_is_refused_naming_the_fix() -> None:
    with pytest.raises(ConfigError, match="both count tokens of llama") as refused:
        book([hourly(MILLION), hourly(MILLION, source="copy")])
    assert 'overlaps = ["logs"]' in refused.value.hint or 'overlaps = ["copy"]' in refused.value.hint


def test_the_same_model_at_two_providers_is_two_traffics() -> None:
    elsewhere = hourly(MILLION, source="together", provider="together", model_raw="meta-llama/Llama-3.1-8B-Instruct")
    usage = only(book([hourly(MILLION), elsewhere]))
    assert usage.tokens.total == 2 * 31 * MILLION
    assert {line.provider for line in usage.lines} == {"aws", "together"}


def test_one_charge_for_several_tiers_is_spread_by_list_price_and_adds_up() -> None:
    batch = OwnPrice(
        model="llama-3.1-8b", input=Decimal("0.10"), output=Decimal("0.30"), currency="USD", source="list",
        tier="batch",
    )  # fmt: skip
    usage = only(
        book(
            [hourly(MILLION), hourly(MILLION, tier="batch")],
            [charge("1.00", tier="whatever")],
            prices=[LIST, batch],
            overlaps=SAME,
        )
    )
    billed = {line.tier: line.billed for line in usage.lines}
    assert billed["on_demand"] is not None
    assert billed["batch"] is not None
    assert billed["on_demand"].cents() == Decimal("0.67")
    assert billed["on_demand"] + billed["batch"] == usd("1.00")


def test_charges_that_name_tiers_pay_for_their_own_tier() -> None:
    lines = only(
        book(
            [hourly(MILLION), hourly(MILLION, tier="batch")],
            [charge("5.00"), charge("2.00", tier="batch")],
            overlaps=SAME,
        )
    ).lines
    assert {line.tier: line.billed for line in lines} == {"on_demand": usd("5.00"), "batch": usd("2.00")}


def test_a_gateways_estimate_is_used_where_it_covers_every_day_with_tokens() -> None:
    whole = [charge("1.50", day, 1, source="logs", basis=Basis.ESTIMATED) for day in OCTOBER.days()]
    usage = only(book([hourly(MILLION)], whole))
    assert usage.cost == usd(31 * Decimal("1.50"))
    assert usage.cost_basis is Basis.ESTIMATED


def test_a_gateways_estimate_that_lacks_days_is_not_taken_for_the_whole() -> None:
    some = [charge("1.50", day, 1, source="logs", basis=Basis.ESTIMATED) for day in days(1, 20)]
    usage = only(book([hourly(MILLION)], some))
    assert usage.cost == usd(31 * Decimal("0.20")), "the list price of all days, not 20 days of estimates"


def test_money_that_belongs_to_no_model_is_an_issue_with_its_amount() -> None:
    found = book([hourly(MILLION)], [charge("5.00"), charge("1.25", model_raw="")], overlaps=SAME)
    assert only(found).cost == usd("5.00")
    assert ["$1.25 in 2026-10 belongs to no model" in issue.message for issue in found.issues(OCTOBER)] == [True]


def test_a_model_that_is_billed_but_not_counted_is_there_without_tokens() -> None:
    found = book([hourly(MILLION)], [charge("5.00"), charge("80.00", model_raw="openai.gpt-oss-120b-1:0")])
    silent = next(usage for usage in found.usage(OCTOBER) if usage.workload.name == "gpt-oss-120b")
    assert silent.cost == usd("80.00")
    assert silent.tokens.total == 0
    assert not silent.closed
    assert "no source counts its tokens" in silent.open_because


def test_a_workload_whose_source_is_silent_on_the_month_does_not_vanish() -> None:
    september = Month(2026, 9)
    found = book([hourly(dict.fromkeys(september.days(), MILLION))])
    assert only(found, september).closed
    october = only(found)
    assert october.tokens.total == 0
    assert not october.closed
    assert "31 of 31 days" in october.open_because


def test_a_workload_that_ended_while_its_source_goes_on_is_gone() -> None:
    september = Month(2026, 9)
    found = book(
        [
            hourly(dict.fromkeys(september.days(), MILLION)),
            hourly(MILLION, model_raw="openai.gpt-oss-120b-1:0"),
        ]
    )
    assert [usage.workload.name for usage in found.usage(OCTOBER)] == ["gpt-oss-120b"]


def test_a_partial_source_marks_the_workload_whichever_side_it_is_on() -> None:
    for name in ("logs", "invoice"):
        found = book([hourly(MILLION)], [charge("5")], overlaps=SAME, status={name: PullStatus.PARTIAL})
        assert only(found).source_status is PullStatus.PARTIAL


def test_workloads_share_a_models_bill_by_what_they_used() -> None:
    found = book(
        [hourly(3 * MILLION, model_raw=f"us.{LLAMA}"), hourly(MILLION)],
        [charge("40.00", model_raw="Llama 3.1 8B")],
        overlaps=SAME,
        workloads=[Workload(name="a", models=("us.*",)), Workload(name="b", models=("meta.*",))],
    )
    assert {usage.workload.name: usage.cost for usage in found.usage(OCTOBER)} == {"a": usd("30.00"), "b": usd("10.00")}


def test_months_run_from_the_first_fact_to_the_last_without_a_gap() -> None:
    found = book([hourly({date(2026, 7, 5): 1, date(2026, 10, 5): 1})])
    assert found.months() == tuple(Month(2026, month) for month in (7, 8, 9, 10))
    assert found.months_until(Month(2026, 9)) == tuple(Month(2026, month) for month in (7, 8, 9))
    assert book([]).months_until(OCTOBER) == (OCTOBER,)


def test_usage_lines_name_the_price_they_were_estimated_with() -> None:
    (line,) = only(book([hourly(MILLION)])).lines
    assert (line.model_raw, line.price_source, line.estimated) == (LLAMA, "a price list", usd(31 * Decimal("0.20")))
