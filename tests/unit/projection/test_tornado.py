"""Each assumption moved alone: what the saving does, and the value at which the savings gates turn."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from advisor.domain.assumptions import ALL_POLICIES, Commitment, FleetAssumptions, PolicyName, SwitchPolicy
from advisor.domain.fleet import Grade, Infeasible, Plan
from advisor.domain.odds import Assumption, Flip, Odds
from advisor.domain.units import Money
from advisor.domain.usage import WorkloadUsage
from advisor.projection.avoidable import avoidable, bills_of
from advisor.projection.demand import demand
from advisor.projection.policies import plan
from advisor.projection.tornado import tornado
from advisor.projection.tornado_case import Case
from advisor.projection.tornado_search import bisected, crossings, grid
from tests.unit import builders as a

POLICY = SwitchPolicy()
FLEET = FleetAssumptions()
OFFERS = (a.offer(), a.offer("1.60", commitment="1-year"))
WAVE = 1 + 0.6 * np.sin(np.arange(744) / 24 * 2 * math.pi)
NEAR = 3e-6


def month(cost: str = "12000", volume: float = 1.0) -> WorkloadUsage:
    tokens = WAVE * volume
    return a.month_usage(
        a.shape(3600, (tokens * 40e6).tolist(), (tokens * 6e6).tolist(), (tokens[::-1] * 20e6).tolist()),
        cost=Decimal(cost) * Decimal(repr(volume)),
    )


def planned(
    policy: PolicyName,
    usage: WorkloadUsage,
    fleet: FleetAssumptions = FLEET,
    *,
    speed: float = 1.0,
    price: float = 1.0,
) -> Plan:
    needed = demand(usage, a.profile(prefill=22_000, decode=2_400, grade=Grade.PUBLISHED).scaled(speed), fleet)
    offers = [replace(one, price_per_gpu_hour=one.price_per_gpu_hour * Decimal(repr(price))) for one in OFFERS]
    found = plan(policy, needed, offers[0], fleet, offers)
    if isinstance(found, Infeasible):
        found = plan("static", needed, offers[0], fleet)
    assert isinstance(found, Plan)
    return found


def case_of(policy: PolicyName, cost: str = "12000") -> Case:
    usage = month(cost)
    return Case.of(planned(policy, usage), FLEET, POLICY, a.usd(cost))


def saved(policy: PolicyName, flip: Flip, value: float, cost: str = "12000") -> tuple[Money, Money]:
    """The saving and the bill where an assumption is *value*, everything planned anew."""
    ratio = value / flip.current
    usage, fleet, speed, price = month(cost), FLEET, 1.0, 1.0
    match flip.assumption:
        case Assumption.THROUGHPUT:
            speed = ratio
        case Assumption.GPU_PRICE:
            price = ratio
        case Assumption.SERVERLESS_PRICE:
            usage = month(str(Decimal(cost) * Decimal(repr(ratio))))
        case Assumption.VOLUME:
            usage = month(cost, ratio)
        case Assumption.BURST:
            fleet = replace(FLEET, burst=value)
        case Assumption.CACHE_CARRY_OVER:
            fleet = replace(FLEET, cache_carry_over=value)
        case Assumption.UTILIZATION:
            fleet = replace(FLEET, utilization=value)
        case Assumption.ENGINEERING_HOURS:
            over = replace(FLEET.overheads, engineering_hours_per_month=Decimal(repr(value)))
            fleet = replace(FLEET, overheads=over)
        case Assumption.MIGRATION:
            over = replace(FLEET.overheads, migration_hours=Decimal(0), migration_one_off=Decimal(repr(value)))
            fleet = replace(FLEET, overheads=over)
    assert usage.cost is not None
    return usage.cost - planned(policy, usage, fleet, speed=speed, price=price).cost.total, usage.cost


def good(saving: Money, bill: Money) -> bool:
    return saving.over(bill) >= POLICY.min_savings_ratio and saving.amount >= POLICY.min_savings


CASES = [(policy, bill) for policy in ALL_POLICIES for bill in ("9000", "12000", "20000")]


@pytest.mark.parametrize(("policy", "bill"), CASES, ids=str)
def test_at_the_value_named_the_gates_turn_and_just_before_it_they_do_not(policy: PolicyName, bill: str) -> None:
    case = case_of(policy, bill)
    found = tornado(case)
    turning = [flip for flip in found if flip.flips_at is not None]
    assert turning
    for flip in turning:
        assert flip.flips_at is not None
        before = flip.flips_at * (1 + math.copysign(NEAR, flip.current - flip.flips_at))
        assert good(*saved(policy, flip, flip.flips_at, bill)) is not case.holds, flip
        assert good(*saved(policy, flip, before, bill)) is case.holds, flip


@pytest.mark.parametrize("policy", ALL_POLICIES)
def test_both_ends_save_what_the_policy_itself_says(policy: PolicyName) -> None:
    found = tornado(case_of(policy))
    assert {flip.assumption for flip in found} >= set(Assumption) - {
        Assumption.PEAK_TO_MEAN,
        Assumption.BURST,
        Assumption.CACHE_CARRY_OVER,
    }
    for flip in found:
        low, high = (saved(policy, flip, end)[0] for end in (flip.low, flip.high))
        assert flip.savings_low.amount == pytest.approx(low.amount, abs=Decimal("0.01")), flip
        assert flip.savings_high.amount == pytest.approx(high.amount, abs=Decimal("0.01")), flip


def test_assumptions_are_sorted_by_how_far_they_move_the_saving() -> None:
    swings = [flip.swing for flip in tornado(case_of("hybrid"))]
    assert swings == sorted(swings, reverse=True)
    assert swings[0] > swings[-1]


@pytest.mark.parametrize("policy", ["static", "hybrid"])
def test_between_now_and_the_value_named_nothing_turns(policy: PolicyName) -> None:
    case = case_of(policy)
    for flip in tornado(case):
        if flip.flips_at is None:
            continue
        for value in np.geomspace(flip.current, flip.flips_at, 25)[:-1]:
            assert good(*saved(policy, flip, float(value))) is case.holds, (flip.assumption, value)


def test_a_staircase_is_not_stepped_over() -> None:
    """The bill of a full replica just pays for it; from there on every further token takes one more.

    Volume is 0.98 of one replica at 70 %: the gates are met from 0.998 of it to exactly 1, less than a grid is wide.
    """
    fleet = a.fleet(redundancy=0, hours_per_month="calendar", burst=1.0)
    usage = a.flat_month(0.98 * 0.7 * 1e4 * 3600 * 744, "3000")
    policy = SwitchPolicy(min_savings_ratio=0.0, min_savings=Decimal(0))
    bill = a.usd(3000)
    price = str(bill.amount / Decimal("0.98") * Decimal("0.998") / 744)
    found = plan("static", demand(usage, a.profile(1e4), fleet), a.offer(price), fleet)
    assert isinstance(found, Plan)
    case = Case.of(found, fleet, policy, bill)
    assert not case.holds
    [volume] = [flip for flip in tornado(case) if flip.assumption is Assumption.VOLUME]
    assert volume.flips_at == pytest.approx(usage.tokens.total * 0.998 / 0.98, rel=1e-6)


@pytest.mark.parametrize("policy", ALL_POLICIES)
def test_a_plan_far_from_paying_hangs_on_no_single_assumption(policy: PolicyName) -> None:
    usage = month("30")
    found = tornado(
        Case.of(replace(planned(policy, month()), demand=planned(policy, usage).demand), FLEET, POLICY, a.usd(30))
    )
    assert [flip.assumption for flip in found if flip.flips_at is not None] == []
    assert Odds(
        probability_cheaper=0.0, savings_p10=a.usd(-2), savings_p90=a.usd(-1), draws=1, seed=1, met=False, flips=found
    ).nearest_flips(3) == ()  # fmt: skip


def test_what_the_facts_show_or_nothing_costs_is_no_assumption() -> None:
    fleet = replace(FLEET, overheads=a.NOTHING_ELSE)
    usage = a.month_usage(a.shape(300, np.repeat(WAVE * 4e6, 12).tolist()), cost="12000")
    found = plan("static", demand(usage, a.profile(22_000), fleet), a.offer(), fleet)
    assert isinstance(found, Plan)
    moved = {flip.assumption for flip in tornado(Case.of(found, fleet, POLICY, a.usd(12_000)))}
    assert moved == {
        Assumption.THROUGHPUT, Assumption.GPU_PRICE, Assumption.SERVERLESS_PRICE, Assumption.VOLUME,
        Assumption.UTILIZATION,
    }  # fmt: skip


@pytest.mark.parametrize("width", [86400, 744 * 3600])
def test_days_and_months_hide_the_busiest_hour_too(width: int) -> None:
    usage = a.month_usage(a.shape(width, [30e9 / (744 * 3600 / width)] * (744 * 3600 // width)), cost="20000")
    for policy in ("static", "hybrid"):
        needed = demand(usage, a.profile(22_000), FLEET)
        found = plan(policy, needed, a.offer(), FLEET)
        assert isinstance(found, Plan)
        flips = {flip.assumption: flip for flip in tornado(Case.of(found, FLEET, POLICY, a.usd(20_000)))}
        peak = flips[Assumption.PEAK_TO_MEAN]
        assert [peak.low, peak.high] == pytest.approx([3 * math.exp(-0.4), 3 * math.exp(0.4)])
        for end, saving in ((peak.low, peak.savings_low), (peak.high, peak.savings_high)):
            fleet = replace(FLEET, peak_to_mean=end)
            again = plan(policy, demand(usage, a.profile(22_000), fleet), a.offer(), fleet)
            assert isinstance(again, Plan)
            assert saving.amount == pytest.approx((a.usd(20_000) - again.cost.total).amount, abs=Decimal("0.01"))


def test_the_change_needed_is_a_ratio_and_the_nearest_comes_first() -> None:
    def flip(assumption: Assumption, at: float | None) -> Flip:
        return Flip(
            assumption=assumption, unit="", current=2.0, low=1.0, high=3.0, savings_low=a.usd(1), savings_high=a.usd(4),
            flips_at=at,
        )  # fmt: skip

    far, near, never = flip(Assumption.VOLUME, 1.0), flip(Assumption.GPU_PRICE, 3.0), flip(Assumption.BURST, None)
    assert [far.change, near.change] == pytest.approx([math.log(2), math.log(1.5)])
    assert never.change == math.inf
    assert far.swing == a.usd(3)
    found = Odds(
        probability_cheaper=0.5, savings_p10=a.usd(1), savings_p90=a.usd(2), draws=1, seed=1, met=False,
        flips=(never, far, near),
    )  # fmt: skip
    assert found.nearest_flips(3) == (near, far)
    assert found.nearest_flips(1) == (near,)


def test_a_larger_or_smaller_bill_leaves_what_the_commitment_says() -> None:
    promise = [Commitment(provider="aws", floor_per_month=Decimal(4000), until=date(2027, 1, 31))]
    usage = month("12000")
    bills = {seller: part + a.usd(500) for seller, part in bills_of(usage).items()}
    left = avoidable(usage, promise, bills)
    case = Case.of(planned("static", usage), FLEET, POLICY, left, promise, bills)
    for factor in (0.1, 0.3, 1.0, 2.5):
        times = Decimal(repr(factor))
        lines = tuple(replace(one, billed=one.billed and one.billed * times) for one in usage.lines)
        other = replace(usage, cost=a.usd(12_000) * times, lines=lines)
        grown = {seller: part + a.usd(500) for seller, part in bills_of(other).items()}
        assert case.avoidable(np.array([factor]))[0] == pytest.approx(float(avoidable(other, promise, grown).amount))


def test_of_an_open_month_the_covered_share_of_the_least_saving_is_asked() -> None:
    usage = replace(month("1240"), closed=False, days_covered=10)
    case = Case.of(planned("static", usage), FLEET, POLICY, a.usd(1240))
    assert case.needed == pytest.approx(1000 * 10 / 31)


def test_the_crossing_nearest_by_ratio_is_found_on_either_side() -> None:
    found = crossings(
        lambda factors: [(one < 0.5) | (one > 1.5) for one in factors],
        [grid((0.1, 10.0), np.array([])), grid((0.1, 1.2), np.array([])), grid((0.8, 1.2), np.array([]))],
        now=False,
    )
    assert found[:2] == [pytest.approx(1.5, rel=1e-5), pytest.approx(0.5, rel=1e-5)]
    assert found[0] is not None
    assert found[0] > 1.5
    assert found[2] is None


def test_bisection_ends_on_the_other_side() -> None:
    at = bisected(lambda value: value >= 0.3, 0.7, (0.0, 1.0))
    assert at is not None
    assert 0.3 - 1e-5 < at < 0.3
    assert bisected(lambda value: value >= 0.0, 0.7, (0.0, 1.0)) is None
