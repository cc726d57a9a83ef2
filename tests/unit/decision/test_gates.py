"""Every gate of a month: at its threshold, just below it, and in words."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from advisor.decision.gates import month_gates, price_today_gate, streak_gate, team_gate
from advisor.domain.assumptions import Team
from advisor.domain.comparison import Comparison
from advisor.domain.units import Money
from advisor.domain.verdict import Gate, GateResult
from tests.unit import builders as a

GOOD = a.weighed("0.30")


def gate(which: Gate, month: Comparison, **policy: Any) -> GateResult:
    return next(found for found in month_gates(month, a.policy(**policy)) if found.gate is which)


def test_a_good_month_meets_every_gate_of_its_own() -> None:
    assert all(found.met for found in month_gates(GOOD, a.policy()))


@pytest.mark.parametrize(
    ("which", "exact", "short"),
    [
        (Gate.SAVINGS_RATIO, {"savings_ratio": 0.20}, {"savings_ratio": 0.1999}),
        (Gate.MIN_SAVINGS, {"savings": a.usd(1000)}, {"savings": a.usd("999.99")}),
        (Gate.PROBABILITY, {"probability_cheaper": 0.80}, {"probability_cheaper": 0.7999}),
        (Gate.LOW_END, {"low_end_savings": a.usd("0.01")}, {"low_end_savings": a.usd(0)}),
        (Gate.PAYBACK, {"payback_months": 9.0}, {"payback_months": 9.01}),
        (Gate.EQUIVALENT, {"avoidable": GOOD.equivalent.cost.total + a.usd("0.01")},
         {"avoidable": GOOD.equivalent.cost.total}),
    ],
    ids=lambda value: value.value if isinstance(value, Gate) else "",
)  # fmt: skip
def test_a_gate_is_met_at_its_threshold_and_not_below(
    which: Gate, exact: dict[str, Any], short: dict[str, Any]
) -> None:
    assert gate(which, replace(GOOD, **exact)).met
    assert not gate(which, replace(GOOD, **short)).met


def differing(billed: int, counted: int, **changes: Any) -> Comparison:
    """A good month whose invoice bills so many tokens, while its log counts so many."""
    return a.weighed("0.30", reconciliation=a.drift(billed, counted), **changes)


@pytest.mark.parametrize(("counted", "met"), [(900, True), (1100, True), (899, False), (1101, False)])
def test_two_sources_may_differ_by_a_tenth_of_the_billed_tokens_either_way(counted: int, met: bool) -> None:
    assert gate(Gate.DRIFT, differing(1000, counted)).met is met


def test_the_drift_is_said_and_one_just_over_a_tenth_never_reads_as_a_tenth() -> None:
    apart = "two sources of the same traffic differ by"
    assert gate(Gate.DRIFT, differing(1000, 996)).detail == f"{apart} 0.4 % in tokens, at most 10 %"
    assert gate(Gate.DRIFT, differing(1000, 899)).detail == f"{apart} 10.1 % in tokens, over 10 %"
    assert gate(Gate.DRIFT, differing(100_000, 89_999)).detail == f"{apart} 10.1 % in tokens, over 10 %"


def test_a_bill_without_the_tokens_that_another_source_counts_is_drift_and_not_agreement() -> None:
    assert not gate(Gate.DRIFT, differing(0, 5)).met
    assert gate(Gate.DRIFT, differing(0, 0)).met


def test_traffic_that_one_source_sees_alone_cannot_drift() -> None:
    assert GOOD.usage.reconciliation is None
    assert gate(Gate.DRIFT, GOOD).met


def test_a_price_far_below_the_list_price_is_a_discount_and_no_drift() -> None:
    assert gate(Gate.DRIFT, differing(1000, 1000, estimated=a.usd(72_000))).met


def test_a_figure_just_short_of_its_threshold_never_reads_as_the_threshold() -> None:
    assert gate(Gate.SAVINGS_RATIO, replace(GOOD, savings_ratio=0.1999)).detail == "saves 19.9 %, under 20 %"
    assert gate(Gate.MIN_SAVINGS, replace(GOOD, savings=a.usd("999.99"))).detail == "saves $999 a month, under $1,000"
    assert gate(Gate.PROBABILITY, replace(GOOD, probability_cheaper=0.7999)).detail == "P(cheaper) 0.79, under 0.8"
    assert gate(Gate.PAYBACK, replace(GOOD, payback_months=9.01)).detail == "pays back in 9.1 months, over 9"


def test_figures_at_their_threshold_read_as_such() -> None:
    assert gate(Gate.SAVINGS_RATIO, replace(GOOD, savings_ratio=0.29)).detail == "saves 29 %, at least 20 %"
    assert gate(Gate.PROBABILITY, replace(GOOD, probability_cheaper=0.80)).detail == "P(cheaper) 0.80, at least 0.8"


def test_a_bill_of_nothing_and_a_payback_of_never_are_said_in_words() -> None:
    nothing = replace(GOOD, savings_ratio=-math.inf, payback_months=math.inf)
    assert gate(Gate.SAVINGS_RATIO, nothing).detail == "there is no bill to save from, under 20 %"
    assert gate(Gate.PAYBACK, nothing).detail == "never pays back, over 9"


def test_a_dearer_low_end_says_how_much_dearer() -> None:
    assert gate(Gate.LOW_END, replace(GOOD, low_end_savings=a.usd("-250"))).detail \
        == "at the low end of the throughput band it costs $250 more"  # fmt: skip


def test_other_currencies_are_named() -> None:
    saved = Money(Decimal("5000"), "EUR")
    usage = replace(GOOD.usage, cost=Money(Decimal(9000), "EUR"))
    found = gate(Gate.MIN_SAVINGS, replace(GOOD, usage=usage, savings=saved))
    assert found.detail == "saves EUR 5,000 a month, at least EUR 1,000"


def test_an_open_month_is_asked_for_its_days_share_of_the_least_saving() -> None:
    month = a.weighed("0.30", closed=False, days_covered=10)
    found = gate(Gate.MIN_SAVINGS, replace(month, savings=a.usd(323)))
    assert found.met
    assert found.detail == "saves $323 in 10 days, at least $322"
    assert not gate(Gate.MIN_SAVINGS, replace(month, savings=a.usd(322))).met, "1,000 x 10 / 31 = 322.58"


@pytest.mark.parametrize(
    ("today", "met"), [("7200", True), ("6300", True), ("6299", False), ("5040", False), ("0", False), ("-10", False)]
)
def test_todays_prices_are_asked_for_the_same_margins(today: str, met: bool) -> None:
    """The fleet costs 5,040: 20 % of 6,300 are 1,260; below that bill the ratio is short."""
    month = a.weighed("0.30", cost_today=a.usd(today))
    assert price_today_gate(month, a.policy()).met is met


def test_todays_prices_are_asked_for_the_least_saving_too() -> None:
    month = a.weighed("0.30", cost_today=a.usd(6300))
    assert not price_today_gate(month, a.policy(min_savings=Decimal(1261))).met


def test_streak_and_team_say_what_there_is_and_what_is_needed() -> None:
    assert streak_gate(2, a.policy()).detail == "month 2 of 3 in a row"
    assert streak_gate(7, a.policy()).detail == "month 3 of 3 in a row"
    month = replace(GOOD, engineering_hours=Decimal("30.0"))
    small = team_gate(month, Team(engineering_hours_available=12.5, on_call_engineers=1))
    assert small.detail == "12.5 h a month and 1 on call, 30 h and 2 needed"
