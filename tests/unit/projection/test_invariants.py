"""What must hold of every answer, whatever the traffic, the prices and the fleet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from advisor import check
from advisor.decision.states import fold
from advisor.domain.assumptions import ALL_POLICIES, Commitment, FleetOnly, Overheads, PolicyName
from advisor.domain.comparison import Comparison, NotCompared
from advisor.domain.fleet import Grade, Offer, Plan, Profile
from advisor.domain.units import Money, Month
from advisor.domain.usage import WorkloadUsage
from advisor.market.offers import offers as shipped_offers
from advisor.market.profiles import profiles as shipped_profiles
from advisor.projection.compare import compare
from advisor.projection.demand import demand
from advisor.projection.policies import plan
from advisor.reporting.render import render
from tests.unit import builders as a

OFFERS = shipped_offers((), FleetOnly())
KNOWN: tuple[Profile, ...] = tuple(
    one
    for one in shipped_profiles("llama-3.1-8b", own=(), input_length=None, output_length=None, input_share=0.8)
    if one.grade is Grade.PUBLISHED
)
FLEET = a.fleet(hours_per_month="calendar", policies=ALL_POLICIES, overheads=Overheads())
quick = settings(max_examples=40, deadline=None, phases=(Phase.explicit, Phase.generate))

days = st.lists(st.floats(0, 1, allow_subnormal=False), min_size=24, max_size=24).filter(lambda day: max(day) > 0.01)
tokens = st.floats(8, 13).map(lambda power: 10.0**power)
bills = st.floats(2, 6).map(lambda power: str(round(10**power, 2)))
factors = st.floats(1.0, 20.0)


def a_month(day: Sequence[float], total: float, bill: str, *, covered: int = 31, **changes: Any) -> WorkloadUsage:
    """A day of 24 levels, over and over, that come to *total* tokens in 31 days."""
    hours = np.tile(np.asarray(day), covered)
    hours *= total / 31 / sum(day)
    missing = a.OCTOBER.days()[covered:]
    return a.month_usage(
        a.shape(3600, list(hours * 0.8), list(hours * 0.2)),
        cost=bill, days_covered=covered, missing_days=missing, **changes,
    )  # fmt: skip


def judged(usage: WorkloadUsage, **changes: Any) -> Comparison:
    values: dict[str, Any] = {"offers": OFFERS, "profiles": KNOWN, "fleet": FLEET, "policy": a.policy()}
    found = compare(usage, **{**values, **changes})
    assert isinstance(found, Comparison)
    return found


@quick
@given(day=days, total=tokens, bill=bills, owed=st.decimals(0, 10**6, places=2))
def test_a_saving_never_exceeds_what_is_spent(day: list[float], total: float, bill: str, owed: Decimal) -> None:
    promise = Commitment(provider="aws", floor_per_month=owed, until=date(2027, 1, 31))
    found = judged(a_month(day, total, bill), commitments=[promise])
    assert found.savings <= found.avoidable <= found.serverless
    assert found.savings_ratio <= 1
    assert found.low_end_savings <= found.serverless


def planned(policy: PolicyName, usage: WorkloadUsage, offer: Offer, **changes: Any) -> Money | None:
    """A plan's total; None where there is none. The year's price stays what it is."""
    fleet = replace(FLEET, **changes)
    year = a.offer("1.60", commitment="1-year")
    found = plan(policy, demand(usage, a.profile(12_000.0), fleet), offer, fleet, [year])
    return found.cost.total if isinstance(found, Plan) else None


@pytest.mark.parametrize("policy", ALL_POLICIES)
@quick
@given(day=days, total=tokens, more=factors)
def test_more_demand_at_the_same_price_per_token_never_costs_less(
    policy: PolicyName, day: list[float], total: float, more: float
) -> None:
    each = 2e-7
    less = planned(policy, a_month(day, total, str(total * each)), a.offer())
    larger = planned(policy, a_month(day, total * more, str(total * more * each)), a.offer())
    assert less is None or larger is None or float(larger.amount) >= float(less.amount) * (1 - 1e-9)


@pytest.mark.parametrize("policy", ALL_POLICIES)
@quick
@given(day=days, total=tokens, bill=bills, price=st.decimals("0.5", "5", places=2), more=st.decimals(0, 5, places=2))
def test_a_dearer_hour_never_costs_less(
    policy: PolicyName, day: list[float], total: float, bill: str, price: Decimal, more: Decimal
) -> None:
    usage = a_month(day, total, bill)
    cheap = planned(policy, usage, a.offer(str(price)))
    dear = planned(policy, usage, a.offer(str(price + more)))
    assert cheap is None or dear is None or float(dear.amount) >= float(cheap.amount) * (1 - 1e-9)


@pytest.mark.parametrize("policy", ["equivalent", "static", "autoscaled", "committed"])
@quick
@given(day=days, total=tokens, covered=st.integers(1, 30), hours=st.integers(0, 300))
def test_more_hours_never_cost_less(
    policy: PolicyName, day: list[float], total: float, covered: int, hours: int
) -> None:
    """More days of the same traffic, and more hours of engineers and of staging."""
    short, whole = a_month(day, total, "1000", covered=covered), a_month(day, total, "1000")
    less, more = planned(policy, short, a.offer()), planned(policy, whole, a.offer())
    assert less is None or more is None or less < more
    longer = Overheads(
        engineering_hours_per_month=Decimal(30 + hours), staging_replica_hours=Decimal(220 + hours),
        migration_hours=Decimal(120 + hours),
    )  # fmt: skip
    kept = planned(policy, whole, a.offer(), overheads=longer)
    assert (kept is None) == (more is None)
    assert kept is None or more is None or kept >= more


@quick
@given(
    day=days, total=tokens, bill=bills, gpu=st.sampled_from(sorted({one.gpu for one in KNOWN})),
    price=st.decimals("0.05", "6", places=2), gpus=st.sampled_from([1, 2, 4, 8]),
    term=st.sampled_from(["on-demand", "1-year", "spot"]), kept=st.integers(1, 36),
)  # fmt: skip
def test_one_more_offer_never_raises_the_lowest_cost(
    day: list[float], total: float, bill: str, gpu: str, price: Decimal, gpus: int, term: Any, kept: int
) -> None:
    sold = {one.gpu for one in OFFERS[:kept]} & {one.gpu for one in KNOWN}
    assume(sold)
    usage, new = a_month(day, total, bill), a.offer(str(price), gpu, gpus, commitment=term)
    before = judged(usage, offers=OFFERS[:kept])
    after = judged(usage, offers=(*OFFERS[:kept], new))
    assert after.chosen.cost.total <= before.chosen.cost.total
    assert after.equivalent.cost.total <= before.equivalent.cost.total


def in_currency(usage: WorkloadUsage, rate: Decimal) -> WorkloadUsage:
    def converted(money: Money | None) -> Money | None:
        return None if money is None else Money(money.amount * rate, "XXX")

    lines = (replace(one, billed=converted(one.billed), estimated=converted(one.estimated)) for one in usage.lines)
    return replace(
        usage, lines=tuple(lines), cost=converted(usage.cost), cost_today=converted(usage.cost_today),
        billed=converted(usage.billed), estimated=converted(usage.estimated),
    )  # fmt: skip


@quick
@given(
    day=days, total=tokens, per_million=st.sampled_from([0.05, 0.3, 1.0, 4.0]),
    rate=st.decimals("0.01", "200", places=4).filter(lambda rate: rate > 0),
)  # fmt: skip
def test_a_conversion_alone_never_flips_a_verdict(
    day: list[float], total: float, per_million: float, rate: Decimal
) -> None:
    """Everything in another currency: the bill, the offers, what engineers cost, the least saving."""
    ours, theirs = Overheads(), Overheads(engineering_hourly_rate=100 * rate)
    usage = a_month(day, total, str(round(total / 1e6 * per_million, 2) + 1))
    foreign = [replace(one, price_per_gpu_hour=Money(one.price_per_gpu_hour.amount * rate, "XXX")) for one in OFFERS]
    here = judged(usage, fleet=replace(FLEET, overheads=ours))
    policy = a.policy(min_savings=1000 * rate)
    there = judged(in_currency(usage, rate), offers=foreign, fleet=replace(FLEET, overheads=theirs), policy=policy)
    assert there.savings_ratio == pytest.approx(here.savings_ratio, rel=1e-9, abs=1e-9)
    assert _state([here] * 3, a.policy()) == _state([there] * 3, policy)


def _state(months: Sequence[Comparison | NotCompared], policy: Any) -> tuple[Any, ...]:
    last = fold(a.consecutive(months), policy, a.ABLE_TEAM)[-1]
    return last.state, last.reason, [gate.met for gate in last.gates]


@quick
@given(day=days, total=tokens, bill=bills, lookback=st.integers(1, 12))
def test_how_many_months_are_looked_back_on_never_scales_a_months_saving(
    day: list[float], total: float, bill: str, lookback: int
) -> None:
    month = judged(a_month(day, total, bill))
    last = fold(a.consecutive([month] * lookback), a.policy(), a.ABLE_TEAM)[-1].comparison
    assert last is not None
    assert last.usage.month == Month(2026, 1).plus(lookback - 1)
    assert (last.savings, last.savings_ratio) == (month.savings, month.savings_ratio)


@quick
@given(day=days, total=tokens, spare=st.integers(0, 2), target=st.floats(0.3, 1.0), burst=st.floats(1, 3))
def test_the_busiest_bin_of_a_static_fleet_is_never_fuller_than_the_target(
    day: list[float], total: float, spare: int, target: float, burst: float
) -> None:
    fleet = replace(FLEET, redundancy=spare, utilization=target, burst=burst)
    found = plan("static", demand(a_month(day, total, "1"), a.profile(12_000.0), fleet), a.offer(), fleet)
    assert isinstance(found, Plan)
    assert found.utilization_peak <= target * (1 + 1e-8)


@quick
@given(
    per_million=st.floats(0.08, 3), rate=st.floats(2_000, 40_000), fixed=st.booleans(), sold=st.sampled_from([1, 2, 8]),
    beyond=st.floats(1.000001, 50),
)  # fmt: skip
def test_at_the_permanent_crossing_the_sign_of_the_saving_flips_and_stays(
    per_million: float, rate: float, fixed: bool, sold: int, beyond: float
) -> None:
    fleet = a.fleet(hours_per_month="calendar", overheads=Overheads() if fixed else a.NOTHING_ELSE)

    def at(volume: float) -> Comparison:
        bill = str(Decimal(round(volume)) * Decimal(repr(per_million)) / 1_000_000)
        return judged(a.flat_month(volume, bill), offers=[a.offer(gpus=sold)], profiles=[a.profile(rate)], fleet=fleet)

    where = at(1e9).break_even.permanent_tokens
    assume(where is not None and where < 1e15)
    assert where is not None

    def saved(volume: float) -> Money:
        found = at(volume)
        return found.serverless - found.equivalent.cost.total

    assert saved(where * (1 - 1e-6)) < a.usd(0)
    assert saved(where * (1 + 1e-6)) > a.usd(0)
    assert saved(where * beyond) > a.usd(0)


CONFIG = """
[advisor]
state = "{state}"
[[sources]]
name = "logs"
kind = "request-log"
path = "{path}"
provider = "aws"
currency = "USD"
[sources.columns]
timestamp = "at"
model = "model"
input_tokens = "read"
output_tokens = "written"
request_id = "id"
cost = "paid"
"""


def _answered(folder: Path, name: str, files: Sequence[Sequence[str]]) -> dict[str, Any]:
    """What `check` says of October when these files of rows are read, without what tells when it was asked."""
    (folder / name).mkdir()
    for number, rows in enumerate(files):
        text = "\n".join(["at,model,read,written,id,paid", *rows]) + "\n"
        (folder / name / f"part-{number}.csv").write_text(text)
    config = folder / f"{name}.toml"
    config.write_text(CONFIG.format(state=f"{name}.db", path=f"{name}/*.csv"))
    findings = check(config, month=a.OCTOBER, now=a.NOW)
    found = json.loads(render(findings, "json"))
    assert found["workloads"][0]["savings"]["money"] is not None, "there is something to compare"
    return {key: found[key] for key in ("workloads", "portfolio", "headline", "month_closed")}


def test_splitting_a_file_and_permuting_its_rows_change_nothing(tmp_path: Path) -> None:
    draw = np.random.default_rng(7)
    rows = [
        f"2026-10-{day:02d}T{hour:02d}:{minute:02d}:00Z,meta.llama3-1-8b-instruct-v1:0,{draw.integers(1, 10**8)},"
        f"{draw.integers(1, 10**7)},r-{day}-{hour}-{minute},{draw.integers(1, 900)}.{draw.integers(100, 999)}"
        for day in range(1, 32)
        for hour in range(24)
        for minute in (1, 40)
    ]
    whole = _answered(tmp_path, "whole", [rows])
    mixed = [rows[at] for at in draw.permutation(len(rows))]
    cuts = sorted(int(at) for at in draw.integers(1, len(rows), 4))
    parts = [mixed[start:end] for start, end in pairwise([0, *cuts, len(rows)])]
    assert sum(map(len, parts)) == len(rows)
    assert _answered(tmp_path, "permuted", [mixed]) == whole
    assert _answered(tmp_path, "split", parts) == whole
    assert _answered(tmp_path, "less", [rows[:-1]]) != whole, "a row less is seen"
