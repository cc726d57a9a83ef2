"""One month of one workload: what is compared with what, and why it sometimes cannot be."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from advisor.domain.assumptions import ALL_POLICIES, Commitment, Overheads
from advisor.domain.comparison import Comparison, Missing, NotCompared
from advisor.domain.facts import Tokens
from advisor.domain.fleet import Grade, Infeasible, Plan
from advisor.domain.units import Money
from advisor.domain.usage import WorkloadUsage
from advisor.projection.compare import compare
from tests.unit import builders as a

EVERY_POLICY = a.fleet(hours_per_month="calendar", policies=ALL_POLICIES)


def weigh(usage: WorkloadUsage, **changes: Any) -> Comparison | NotCompared:
    values: dict[str, Any] = {
        "offers": [a.offer("2.00")],
        "profiles": [a.profile(1e5)],
        "fleet": a.fleet(hours_per_month="calendar"),
        "policy": a.policy(),
    }
    return compare(usage, **{**values, **changes})


def compared(usage: WorkloadUsage, **changes: Any) -> Comparison:
    found = weigh(usage, **changes)
    assert isinstance(found, Comparison)
    return found


def missing(usage: WorkloadUsage, **changes: Any) -> tuple[Missing, str]:
    found = weigh(usage, **changes)
    assert isinstance(found, NotCompared)
    return found.missing, found.detail


def test_savings_are_the_invoice_less_the_cheapest_realistic_plan_and_their_ratio_is_over_the_invoice() -> None:
    found = compared(a.flat_month(1e9, "10000"))
    assert found.chosen.policy == "static"
    assert found.chosen.cost.total == a.usd("2.00") * (2 * 744)
    assert found.savings == a.usd(10_000) - a.usd("2.00") * (2 * 744)
    assert found.savings_ratio == pytest.approx((10_000 - 2 * 2.00 * 744) / 10_000)


def test_the_lower_bound_is_never_chosen() -> None:
    found = compared(a.flat_month(1e9, "10000"), fleet=a.fleet(policies=("equivalent",)))
    assert found.equivalent.cost.total < found.chosen.cost.total
    assert found.chosen.policy == "static"


def test_there_is_a_plan_or_a_reason_for_every_policy_configured() -> None:
    found = compared(a.flat_month(200e9, "10000"), fleet=EVERY_POLICY)
    assert [plan.policy for plan in found.plans] == list(ALL_POLICIES)
    assert [plan.policy for plan in found.plans if isinstance(plan, Infeasible)] == ["committed"]
    [refused] = [plan for plan in found.plans if isinstance(plan, Infeasible)]
    assert refused.reason.startswith("no committed offer of A100-80GB-SXM at runpod")


def test_the_cheapest_realistic_policy_is_chosen_with_what_it_pays_for_the_spill() -> None:
    """Two full replicas of 100,000 tokens a second, and serverless for bursts, need no spare one."""
    found = compared(a.flat_month(1.3 * 1e5 * 3600 * 744, "20000"), fleet=EVERY_POLICY)
    assert found.chosen.policy == "hybrid"
    assert found.chosen.cost.serverless.amount > 0
    assert found.savings == a.usd(20_000) - found.chosen.cost.gpu - found.chosen.cost.serverless
    assert all(found.chosen.cost.total <= plan.cost.total for plan in found.plans if isinstance(plan, Plan) \
        and plan.policy != "equivalent")  # fmt: skip


def test_a_committed_price_of_the_offers_is_found_and_the_low_end_is_weighed_at_it_too() -> None:
    year = a.offer("0.50", commitment="1-year")
    usage = a.flat_month(1.3 * 1e5 * 3600 * 744, "20000")
    found = compared(usage, fleet=EVERY_POLICY, offers=[a.offer("2.00"), year])
    assert found.chosen.policy == "committed"
    slower = math.ceil(1.3 * 1.35 / 0.7 / math.exp(-1.28 * 0.10)) + 1
    assert found.low_end_savings == a.usd(20_000) - a.usd("0.50") * (slower * 744)


def test_a_policy_that_has_no_plan_at_the_low_end_is_weighed_as_a_static_fleet() -> None:
    """A full hour of a replica is worth $3.00, u* = 2.00 / 3.00 = 67 %: at 0.88 of the throughput 76 %, never."""
    bill = Decimal("0.70") * 3 * 744
    found = compared(a.flat_month(0.7 * 1e5 * 3600 * 744, bill), fleet=replace(EVERY_POLICY, burst=1.0))
    assert found.chosen.policy == "hybrid"
    assert found.low_end_savings == a.usd(bill) - a.usd("2.00") * (3 * 744)
    assert found.low_end_savings < a.usd(0)


def test_what_is_chosen_is_always_among_the_plans_shown() -> None:
    found = compared(a.flat_month(1e9, "10000"), fleet=a.fleet(policies=("autoscaled",)))
    assert found.chosen in found.plans
    assert found.equivalent in found.plans


def test_a_commitment_lowers_the_saving_but_not_the_invoice_that_it_is_shared_by() -> None:
    promise = Commitment(provider="aws", floor_per_month=Decimal(4000), until=date(2027, 1, 31))
    found = compared(a.flat_month(1e9, "10000"), commitments=[promise])
    assert found.serverless == a.usd(10_000)
    assert found.avoidable == a.usd(6_000)
    assert found.savings == a.usd(6_000) - a.usd("2.00") * (2 * 744)
    assert found.savings_ratio == pytest.approx((6_000 - 2 * 2.00 * 744) / 10_000)


def test_the_low_end_is_planned_anew_in_whole_replicas() -> None:
    """A published rate may be x e^(-1.28 x 0.3) = 0.68 of what it says: 1.3 replicas become two, with one spare."""
    usage = a.flat_month(0.65 * 1000 * 3600 * 744, "10000")
    fleet = a.fleet(hours_per_month="calendar", burst=1.0)
    found = compared(usage, profiles=[a.profile(1000.0, grade=Grade.PUBLISHED)], fleet=fleet)
    assert found.chosen.replicas == 1 + 1
    assert found.low_end_savings == a.usd(10_000) - a.usd("2.00") * ((2 + 1) * 744)


@pytest.mark.parametrize("days", [31, 29, 1])
def test_payback_is_the_migration_over_a_months_saving_before_it_however_many_days_are_covered(days: int) -> None:
    """12,000 / (10,000 - 2 x 2 x 744), the month being flat and its bill too."""
    fleet = a.fleet(hours_per_month="calendar", overheads=replace(a.NOTHING_ELSE, migration_hours=Decimal(120)))
    usage = a.month_usage(a.shape(3600, [1e6] * 24 * days), cost=Decimal(10_000) * days / 31, days_covered=days)
    assert compared(usage, fleet=fleet).payback_months == pytest.approx(12_000 / (10_000 - 2 * 2 * 744))


def test_what_saves_nothing_never_pays_back() -> None:
    assert compared(a.flat_month(1e9, "100")).payback_months == math.inf


@pytest.mark.parametrize(
    ("today", "saved"), [("10000", 10_000 - 2976), ("7000", 7_000 - 2976), ("12000", 12_000 - 2976)]
)
def test_todays_prices_move_the_saving_by_what_they_move_the_bill(today: str, saved: int) -> None:
    assert compared(a.flat_month(1e9, "10000", cost_today=a.usd(today))).savings_today == a.usd(saved)


def test_no_price_of_today_is_unknown_not_unchanged() -> None:
    assert compared(a.flat_month(1e9, "10000", cost_today=None)).savings_today is None


def test_a_bill_of_nothing_saves_nothing() -> None:
    found = compared(a.flat_month(1e9, "0"))
    assert found.savings_ratio == -math.inf
    assert found.probability_cheaper == 0.0
    assert found.savings < a.usd(0)


def test_a_refund_larger_than_the_bill_is_no_saving() -> None:
    found = compared(a.flat_month(1e9, "-50"))
    assert found.avoidable == a.usd(0)
    assert found.savings_ratio == -math.inf


def test_the_hours_needed_are_those_of_whoever_operates_the_chosen_fleet() -> None:
    fleet = a.fleet(overheads=Overheads())
    assert compared(a.flat_month(1e9, "10000"), fleet=fleet).engineering_hours == 30
    assert compared(a.flat_month(1e9, "10000"), fleet=fleet, offers=[a.offer(operated_by="vendor")]) \
        .engineering_hours == 6  # fmt: skip


@pytest.mark.parametrize("tokens", [1.0, 1e6, 1e18])
def test_tiny_and_huge_volumes_are_compared(tokens: float) -> None:
    found = compared(a.flat_month(tokens * 744, "10000"))
    assert found.equivalent.replicas >= 1
    assert found.equivalent.utilization <= 0.70 + 1e-9
    assert math.isfinite(found.savings_ratio)


def test_a_month_without_tokens_is_not_compared() -> None:
    assert missing(a.flat_month(0, "10")) == (Missing.NO_USAGE, "no tokens in 2026-10")


def test_an_open_month_without_tokens_says_why_it_is_open() -> None:
    usage = a.flat_month(0, "10", closed=False, open_because="it was billed, but no source counts its tokens")
    assert missing(usage) == (Missing.NO_USAGE, "it was billed, but no source counts its tokens")


def test_tokens_that_take_no_gpu_any_time_are_not_compared() -> None:
    usage = replace(
        a.month_usage(a.shape(3600, [0.0], cache_read=[1e9])),
        tokens=Tokens(uncached_input=0, output=0, cache_read=10**9),
    )
    what, detail = missing(usage, fleet=a.fleet(cache_carry_over=1.0, cached_input_weight=0.0))
    assert what is Missing.NO_USAGE
    assert "cached_input_weight" in detail


def test_unknown_money_is_never_zero() -> None:
    assert missing(a.flat_month(1e9, None)) == (Missing.NO_COST, "no price is known: add [[prices]]")


def test_money_in_another_currency_without_a_rate_says_which_rate() -> None:
    problem = "no exchange rate EUR -> USD for 2026-10: add [[exchange_rates]]"
    assert missing(a.flat_month(1e9, None, cost_problem=problem)) == (Missing.NO_EXCHANGE_RATE, problem)


def test_offers_in_another_currency_than_the_invoice_are_never_compared_with_it() -> None:
    euro = a.offer(provider="ovh", price_per_gpu_hour=Money(Decimal("1.00"), "EUR"))
    what, detail = missing(a.flat_month(1e9, "10000"), offers=[a.offer(), euro])
    assert what is Missing.NO_EXCHANGE_RATE
    assert detail == "no exchange rate EUR -> USD for GPU offers: add [[exchange_rates]]"


def test_an_offer_that_is_not_used_needs_no_exchange_rate() -> None:
    euro = a.offer(gpu="H100-80GB-SXM", price_per_gpu_hour=Money(Decimal("1.00"), "EUR"))
    assert isinstance(weigh(a.flat_month(1e9, "10000"), offers=[a.offer(), euro]), Comparison)


def test_a_model_without_throughput_says_how_to_supply_it() -> None:
    what, detail = missing(a.flat_month(1e9, "10"), profiles=[])
    assert what is Missing.NO_PROFILE
    assert detail == "no measured throughput of llama-3.1-8b is known: add [[fleet.profiles]] with your own benchmark"


@pytest.mark.parametrize(
    "offers", [[], [a.offer(gpu="H100-80GB-SXM")], [a.offer(commitment="spot")]], ids=["none", "other GPU", "spot only"]
)
def test_no_usable_offer_names_the_gpus_that_are_looked_for(offers: list[Any]) -> None:
    what, detail = missing(a.flat_month(1e9, "10"), offers=offers)
    assert what is Missing.NO_OFFER
    assert detail == "no on-demand offer of A100-80GB-SXM is allowed: add [[fleet.offers]], or widen [fleet.only]"


def test_a_fleet_that_cannot_be_built_says_what_does_not_fit_whatever_policies_are_configured() -> None:
    found = missing(
        a.flat_month(1e9, "10"),
        offers=[a.offer(gpus=8)],
        profiles=[a.profile(1e5, tensor_parallel=12)],
        fleet=a.fleet(policies=ALL_POLICIES),
    )
    assert found == (Missing.NO_OFFER, "no fleet can be built: a replica of 12 GPUs does not fit nodes of 8")


def test_a_month_that_is_not_shown_is_weighed_the_same() -> None:
    given: dict[str, Any] = {
        "offers": [a.offer("2.49"), a.offer("1.99", provider="lambda")],
        "profiles": [a.profile(12_000)],
        "fleet": a.fleet(),
        "policy": a.policy(),
    }
    shown, short = (compare(a.flat_month(30e9, "9000"), shown=shown, **given) for shown in (True, False))
    assert isinstance(shown, Comparison)
    assert isinstance(short, Comparison)
    assert (short.alternatives, short.unmeasured) == ((), None)
    assert shown.alternatives
    assert short.chosen.cost.total == shown.chosen.cost.total
    assert (short.savings, short.probability_cheaper) == (shown.savings, shown.probability_cheaper)
    assert short.odds == replace(shown.odds, flips=())
    assert shown.odds.flips


def test_the_probability_is_that_of_the_draws() -> None:
    found = compared(a.flat_month(1e9, "3100"))
    assert found.probability_cheaper == found.odds.probability_cheaper
    assert 0.5 < found.probability_cheaper < 1.0
    assert found.odds.savings_p10 < found.savings < found.odds.savings_p90
