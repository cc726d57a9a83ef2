"""What the draws say of a plan: the same every time, as brute force has it, and in the right direction."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
import pytest

from advisor.domain.assumptions import ALL_POLICIES, FleetAssumptions, PolicyName, Workload
from advisor.domain.fleet import Grade, Infeasible, Offer, Plan
from advisor.domain.usage import WorkloadUsage
from advisor.projection.demand import demand
from advisor.projection.policies import plan
from advisor.projection.probability import probability_cheaper
from advisor.projection.uncertainty import Hidden, odds, totals
from advisor.projection.uncertainty_draws import (
    BURST_SIGMA,
    DRAWS,
    ENGINEERING_RANGE,
    GPU_PRICE_RANGE,
    PEAK_TO_MEAN_SIGMA,
    STRATA,
    Floats,
    burst_at,
    draws_of,
    peak_to_mean_at,
    throughput_factor,
    triangular,
    uniform,
)
from advisor.projection.uncertainty_plan import Assumed, Replanned
from tests.unit import builders as a

FLEET = FleetAssumptions()
OFFERS = (a.offer(), a.offer("1.60", commitment="1-year"), a.offer("0.99", commitment="spot"))
HOURS = np.arange(744)
SMOOTH = 1 + 0.6 * np.sin(HOURS / 24 * 2 * math.pi) + 0.05 * np.cos(HOURS * 1.7)
FIVE = np.interp(np.arange(8928) / 12, HOURS, SMOOTH)


def five_minutes() -> WorkloadUsage:
    return a.month_usage(a.shape(300, FIVE * 5e6, FIVE * 5e5), cost="60000")


def hourly() -> WorkloadUsage:
    return a.month_usage(a.shape(3600, SMOOTH * 60e6, SMOOTH * 6e6), cost="60000")


def cached() -> WorkloadUsage:
    """The cache is read at night."""
    return a.month_usage(a.shape(3600, SMOOTH * 40e6, SMOOTH * 6e6, SMOOTH[::-1] * 40e6), cost="60000")


def daily() -> WorkloadUsage:
    return a.month_usage(a.shape(86400, SMOOTH[:31] * 24 * 60e6, SMOOTH[:31] * 24 * 6e6), cost="60000")


def widths() -> WorkloadUsage:
    return a.month_usage(
        a.shape(3600, SMOOTH * 40e6, SMOOTH * 4e6), a.shape(86400, SMOOTH[:31] * 24 * 20e6), cost="60000"
    )


def chatting() -> WorkloadUsage:
    return replace(hourly(), requests=int(45e9 / 4000), workload=Workload(name="chat", serve="x", slo="chat"))


MONTHS = {
    "five minutes": five_minutes, "hours": hourly, "cached": cached, "days": daily, "widths": widths,
    "slo": chatting,
}  # fmt: skip


@cache
def chosen(policy: PolicyName, month: str = "hours", gpus: int = 1, bill: str = "60000") -> Plan:
    offers = [replace(offer, gpus=gpus) for offer in OFFERS]
    usage = replace(MONTHS[month](), cost=a.usd(bill))
    needed = demand(usage, a.profile(prefill=22_000, decode=2_400, grade=Grade.PUBLISHED), FLEET)
    found = plan(policy, needed, offers[0], FLEET, offers)
    assert isinstance(found, Plan), found
    return found


def again(found: Plan) -> Replanned:
    return Replanned(plan=found, demand=found.demand, fleet=FLEET)


def one_by_one(found: Plan, which: list[int]) -> Floats:
    """The same draws with every assumption changed where it is kept, and the policy asked anew."""
    draws, fleet = draws_of(), FLEET
    hidden = Hidden.of(found.demand.usage, found.policy, fleet)
    slower = throughput_factor(found.profile, draws.throughput)
    dearer = uniform(GPU_PRICE_RANGE, draws.gpu_price)
    longer = triangular(ENGINEERING_RANGE[0], 1.0, ENGINEERING_RANGE[1], draws.engineering)
    burst, peak = burst_at(fleet.burst, draws.burst), peak_to_mean_at(fleet.peak_to_mean, draws.peak)
    carried = triangular(0.0, fleet.cache_carry_over, 1.0, draws.carry_over)
    costs = []
    for at in which:
        hours = fleet.overheads.engineering_hours_per_month * Decimal(float(longer[at]))
        other = replace(
            fleet,
            burst=float(burst[at]) if hidden.burst else fleet.burst,
            peak_to_mean=float(peak[at]) if hidden.peak else fleet.peak_to_mean,
            cache_carry_over=float(carried[at]) if hidden.carry_over else fleet.cache_carry_over,
            overheads=replace(fleet.overheads, engineering_hours_per_month=hours),
        )
        price = Decimal(float(dearer[at]))
        offer, *beside = (_times(one, price) for one in (found.offer, *found.beside))
        needed = demand(found.demand.usage, found.profile.scaled(float(slower[at])), other)
        drawn = plan(found.policy, needed, offer, other, beside)
        if isinstance(drawn, Infeasible):
            drawn = plan("static", needed, offer, other)
        assert isinstance(drawn, Plan)
        costs.append(float(drawn.cost.total.amount))
    return np.array(costs)


def _times(offer: Offer, factor: Decimal) -> Offer:
    return replace(offer, price_per_gpu_hour=offer.price_per_gpu_hour * factor)


EXACT = [(policy, month) for month in ("five minutes", "hours", "slo") for policy in ALL_POLICIES]
STEPPED = [
    ("static", "cached"), ("static", "days"), ("static", "widths"), ("equivalent", "cached"), ("equivalent", "days"),
]  # fmt: skip
SHAPED = [
    ("autoscaled", "cached", 0.01), ("committed", "cached", 0.01), ("hybrid", "cached", 0.01),
    ("committed", "days", 0.05), ("hybrid", "days", 0.05), ("hybrid", "widths", 0.05),
]  # fmt: skip


@pytest.mark.parametrize("gpus", [1, 8])
@pytest.mark.parametrize(("policy", "month"), [*EXACT, *STEPPED], ids=str)
def test_every_draw_costs_what_the_policy_itself_says(policy: PolicyName, month: str, gpus: int) -> None:
    found = chosen(policy, month, gpus)
    which = list(range(0, DRAWS, 100))
    assert totals(again(found))[which] == pytest.approx(one_by_one(found, which), rel=1e-6)


@pytest.mark.parametrize("policy", ["autoscaled", "committed"])
def test_scaling_that_comes_too_late_in_some_draws_is_a_static_fleet_in_those(policy: PolicyName) -> None:
    """Every morning demand grows to 3.4 times the night's within an hour."""
    load = np.where(HOURS % 24 < 8, 0.29, 1.0) * 300e6
    usage = a.month_usage(a.shape(3600, load.tolist(), (load / 10).tolist()), cost="90000")
    profile = a.profile(prefill=22_000, decode=2_400, grade=Grade.PUBLISHED)
    found = plan(policy, demand(usage, profile, FLEET), OFFERS[0], FLEET, OFFERS)
    assert isinstance(found, Plan)
    draws = draws_of()
    needs = [profile.scaled(float(one)) for one in throughput_factor(profile, draws.throughput)]
    bursts = burst_at(FLEET.burst, draws.burst)
    which = list(range(0, DRAWS, 40))
    late = [
        isinstance(plan("autoscaled", demand(usage, needs[at], fleet), OFFERS[0], fleet), Infeasible)
        for at in which
        for fleet in [replace(FLEET, burst=float(bursts[at]))]
    ]
    assert 0 < sum(late) < len(late)
    assert totals(again(found))[which] == pytest.approx(one_by_one(found, which), rel=1e-9)


@pytest.mark.parametrize(("policy", "month", "off"), SHAPED, ids=str)
def test_draws_that_share_a_shape_of_the_month_are_right_on_average(policy: PolicyName, month: str, off: float) -> None:
    """Each of the strata takes the median of its shapes: single draws are further off, their mean is not."""
    found = chosen(policy, month)
    which = list(range(0, DRAWS, 10))
    drawn, exact = totals(again(found))[which], one_by_one(found, which)
    assert np.abs(drawn / exact - 1).mean() < off
    assert drawn.mean() == pytest.approx(exact.mean(), rel=off)


@pytest.mark.parametrize("policy", ALL_POLICIES)
def test_a_fleet_of_hundreds_is_costed_in_blocks_within_half_a_percent(policy: PolicyName) -> None:
    usage = a.month_usage(a.shape(3600, SMOOTH * 60e8, SMOOTH * 6e8), cost="4000000")
    found = plan(policy, demand(usage, a.profile(prefill=22_000, decode=2_400), FLEET), OFFERS[0], FLEET, OFFERS)
    assert isinstance(found, Plan)
    assert found.replicas > 200
    which = list(range(0, DRAWS, 250))
    assert totals(again(found))[which] == pytest.approx(one_by_one(found, which), rel=0.005)


@pytest.mark.parametrize("month", MONTHS)
@pytest.mark.parametrize("policy", ["static", "hybrid"])
def test_what_nothing_moves_costs_what_the_plan_does(policy: PolicyName, month: str) -> None:
    found = chosen(policy, month)
    assert again(found).total(Assumed())[0] == pytest.approx(float(found.cost.total.amount), rel=1e-12)


def test_where_a_policy_has_no_plan_a_static_fleet_carries_the_traffic() -> None:
    """At a hundredth of the price of its tokens no replica is busy enough to pay for itself."""
    found, static = chosen("hybrid"), chosen("static")
    rest = again(found).total(Assumed(serverless_price=0.01))
    assert rest[0] == pytest.approx(float(static.cost.total.amount))


def test_the_same_question_has_the_same_answer_to_the_last_digit() -> None:
    found = chosen("hybrid", "cached")
    first = odds(found, FLEET, a.usd(30_000))
    draws_of.cache_clear()
    assert odds(found, FLEET, a.usd(30_000)) == first
    assert (first.draws, first.seed) == (2_000, 20_261_101)


def test_the_draws_are_the_same_on_every_machine() -> None:
    """Pinned: a change of these figures changes every P(cheaper) that was ever reported."""
    draws = draws_of()
    assert draws.burst[:2].tolist() == pytest.approx([-1.2146489782339953, -0.2050923157152085], abs=1e-9)
    assert draws.gpu_price[:2].tolist() == pytest.approx([0.86675, 0.52225], abs=1e-9)
    assert (np.diff(draws.throughput) > 0).all()


def test_two_plans_alike_meet_identical_draws() -> None:
    one, two = chosen("static"), replace(chosen("static"))
    assert one is not two
    assert (totals(again(one)) == totals(again(two))).all()


def test_policies_meet_the_same_draws_so_that_a_difference_is_no_accident() -> None:
    """A static fleet with a spare is dearer than the rule in every single draw."""
    assert (totals(again(chosen("static"))) > totals(again(chosen("equivalent")))).all()


def test_every_input_is_spread_evenly_and_none_follows_another() -> None:
    draws = draws_of()
    columns = [
        draws.throughput, draws.burst, draws.peak, draws.carry_over, draws.gpu_price, draws.engineering,
    ]  # fmt: skip
    for column in (draws.carry_over, draws.gpu_price, draws.engineering):
        assert np.sort(column) == pytest.approx((np.arange(DRAWS) + 0.5) / DRAWS)
    apart = np.corrcoef(columns) - np.eye(len(columns))
    assert np.abs(apart).max() < 0.10
    for stratum in range(STRATA):
        within = draws.carry_over[draws.stratum == stratum]
        assert within.max() - within.min() < 1 / STRATA


def test_draws_that_do_not_make_even_strata_are_refused() -> None:
    with pytest.raises(ValueError, match="1001 draws do not make 8 strata"):
        draws_of(1_001)


def test_inputs_have_the_spread_that_is_stated() -> None:
    draws = draws_of()
    profile = a.profile(1e6, grade=Grade.PUBLISHED)
    assert np.log(throughput_factor(profile, draws.throughput)).std() == pytest.approx(0.30, rel=0.02)
    skewed = throughput_factor(replace(profile, low=0.6, high=1.4), draws.throughput)
    assert np.quantile(skewed, [0.1, 0.5, 0.9]) == pytest.approx([0.6, 1.0, 1.4], rel=0.01)
    assert np.log(burst_at(1.35, draws.burst)[draws.burst > -1]).max() > math.log(1.35) + 2 * BURST_SIGMA
    assert np.median(peak_to_mean_at(3.0, draws.peak)) == pytest.approx(3.0, rel=0.01)
    assert np.log(peak_to_mean_at(30.0 / 8, np.array([1.0])))[0] == pytest.approx(math.log(30 / 8) + PEAK_TO_MEAN_SIGMA)
    hours = triangular(20, 30, 40, draws.engineering)
    assert (hours.mean(), hours.min() > 20, hours.max() < 40) == (pytest.approx(30), True, True)
    assert hours.std() == pytest.approx(10 / math.sqrt(6), rel=0.01)
    assert np.quantile(triangular(0.0, 0.7, 1.0, draws.carry_over), 0.7) == pytest.approx(0.7, abs=0.01)


@pytest.mark.parametrize("ratio", [0.9, 1.0, 1.2, 1.5])
def test_in_fine_steps_with_throughput_alone_it_is_the_closed_form(
    ratio: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Phi(ln(S / D) / sigma); 700 replicas, facts of five minutes, a GPU price that is known, nothing beside it."""
    monkeypatch.setattr("advisor.projection.uncertainty.GPU_PRICE_RANGE", (1.0, 1.0))
    fleet = a.fleet(redundancy=0, hours_per_month="calendar")
    usage = a.month_usage(a.shape(300, [700 * 0.7 * 300 * 1e4] * 8928), cost="3000000")
    found = plan("static", demand(usage, a.profile(1e4, grade=Grade.PUBLISHED), fleet), a.offer(), fleet)
    assert isinstance(found, Plan)
    bill = found.cost.total * Decimal(str(ratio))
    drawn = odds(found, fleet, bill).probability_cheaper
    assert drawn == pytest.approx(probability_cheaper(ratio, 1.0, 0.0, 0.30), abs=0.006)


@pytest.mark.parametrize("policy", ALL_POLICIES)
def test_a_dearer_gpu_never_makes_a_plan_more_likely_cheaper(policy: PolicyName) -> None:
    found, asked = chosen(policy, bill="16000"), []
    for price in ("2.00", "2.25", "2.49", "2.75", "3.00"):
        factor = Decimal(price) / Decimal("2.49")
        dearer = replace(
            found, offer=_times(found.offer, factor), beside=tuple(_times(one, factor) for one in found.beside),
            cost=replace(found.cost, staging=found.cost.staging * factor),
        )  # fmt: skip
        asked.append(odds(dearer, FLEET, a.usd(16_000)).probability_cheaper)
    assert asked == sorted(asked, reverse=True)
    assert asked[0] > asked[-1]


def test_a_larger_bill_never_makes_it_less_likely_and_moves_both_percentiles_with_it() -> None:
    found = chosen("static")
    small, large = (odds(found, FLEET, a.usd(bill)) for bill in (15_000, 17_000))
    assert small.probability_cheaper < large.probability_cheaper
    assert large.savings_p10 - small.savings_p10 == a.usd(2_000)
    assert small.savings_p10 < small.savings_p90


def test_no_number_of_draws_makes_it_certain() -> None:
    found = chosen("static")
    assert odds(found, FLEET, a.usd(10**9)).probability_cheaper == 2_000 / 2_001
    assert odds(found, FLEET, a.usd(0)).probability_cheaper == 0.0


def test_what_the_facts_show_is_not_drawn() -> None:
    """Five minutes hide no burst, an hour no peak of the day, and without cache reads nothing can carry over."""
    seen: dict[str, Any] = {month: Hidden.of(MONTHS[month](), "static", FLEET) for month in MONTHS}
    assert [month for month, hidden in seen.items() if not hidden.burst] == ["five minutes"]
    assert [month for month, hidden in seen.items() if hidden.peak] == ["days", "widths"]
    assert [month for month, hidden in seen.items() if hidden.carry_over] == ["cached"]


def test_draws_that_are_stratified_say_it_closer_than_twice_as_many_that_are_not() -> None:
    """sqrt(P (1 - P) / 4,000) = 0.0077 at one half; over 20 seeds."""
    found = chosen("static")
    bill = found.cost.total
    asked = [odds(found, FLEET, bill, seed=seed).probability_cheaper for seed in range(20)]
    mean = float(np.mean(asked))
    assert 0.2 < mean < 0.8
    assert float(np.std(asked)) < math.sqrt(mean * (1 - mean) / 4_000)
