"""The same traffic seen twice: refused unless declared, and then counted once."""

from __future__ import annotations

from datetime import date

import pytest

from advisor.domain.facts import Basis
from advisor.errors import ConfigError
from tests.unit.ingest.stored import OCTOBER, book, charge, hourly

HUGGING_FACE_ID = "meta-llama/Llama-3.1-8B-Instruct"  # spelt alike by many hosts


def test_two_sources_on_different_days_are_one_traffic_in_two_files() -> None:
    early = hourly({date(2026, 10, day): 5 for day in range(1, 16)})
    late = hourly({date(2026, 10, day): 5 for day in range(16, 32)}, source="late")
    (usage,) = book([early, late]).usage(OCTOBER)
    assert usage.tokens.total == 31 * 5
    assert usage.closed


def test_a_source_that_does_not_name_its_host_may_be_any_host() -> None:
    with pytest.raises(ConfigError, match="both count tokens"):
        book([hourly(5), hourly(5, source="unnamed", provider="", model_raw=HUGGING_FACE_ID)])


def test_two_invoices_for_one_model_are_refused() -> None:
    with pytest.raises(ConfigError, match="both bill"):
        book([hourly(5)], [charge("1"), charge("1", source="console")])


def test_an_invoice_and_a_gateways_estimate_are_not_two_invoices() -> None:
    estimates = [charge("9", day, 1, source="logs", basis=Basis.ESTIMATED) for day in OCTOBER.days()]
    (usage,) = book([hourly(5)], [charge("1"), *estimates]).usage(OCTOBER)
    assert usage.cost is not None
    assert usage.cost.amount == 1
    assert usage.cost_basis is Basis.BILLED


def test_a_source_of_money_and_one_of_tokens_need_no_declaration() -> None:
    (usage,) = book([hourly(5)], [charge("1")]).usage(OCTOBER)
    assert usage.cost_basis is Basis.BILLED


def test_either_side_may_declare_the_overlap() -> None:
    for who, whom in (("logs", "copy"), ("copy", "logs")):
        found = book([hourly(5), hourly(5, source="copy")], overlaps={who: frozenset({whom})})
        (usage,) = found.usage(OCTOBER)
        assert usage.tokens.total == 31 * 5


def test_of_overlapping_sources_the_one_that_misses_the_month_gives_way() -> None:
    gone = hourly({date(2026, 10, day): 5 for day in range(1, 11)}, requests=1)
    whole = hourly(7, source="invoice")
    (usage,) = book([gone, whole], overlaps={"invoice": frozenset({"logs"})}).usage(OCTOBER)
    assert usage.tokens.total == 31 * 7
    assert usage.closed


def test_a_day_on_which_overlapping_sources_differ_is_named_although_the_month_agrees() -> None:
    counted = hourly({**dict.fromkeys(OCTOBER.days(), 100), date(2026, 10, 12): 40, date(2026, 10, 13): 160})
    (usage,) = book([counted, hourly(100, source="invoice")], overlaps={"invoice": frozenset({"logs"})}).usage(OCTOBER)
    drift = usage.reconciliation
    assert drift
    assert drift.drift_ratio == 0
    assert drift.worst_day
    assert drift.worst_day.day == date(2026, 10, 12)
    assert abs(drift.worst_day.ratio) == pytest.approx((100 - 40) / 100)
