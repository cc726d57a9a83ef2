"""The worked examples of the fleet maths, through the functions that the product calls; ids in brackets."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from advisor.decision.states import fold
from advisor.domain.assumptions import FleetAssumptions, Overheads, PolicyName
from advisor.domain.comparison import Comparison
from advisor.domain.fleet import Demand, Offer, Plan
from advisor.domain.units import Month
from advisor.domain.usage import WorkloadUsage
from advisor.domain.verdict import State
from advisor.projection.autoscaled import following, overload, wanted
from advisor.projection.committed import base
from advisor.projection.compare import compare, not_buyable
from advisor.projection.crossing import first_month
from advisor.projection.demand import demand
from advisor.projection.forecast import Past, holt, theil_sen, trend, variance
from advisor.projection.packing import Tenant, pack
from advisor.projection.policies import plan
from advisor.projection.probability import payback_months, probability_cheaper, ratio_needed
from advisor.projection.run_rate import projected
from advisor.projection.staircase import Staircase
from advisor.projection.subset import Fixed, Project, Tree, best
from tests.unit import builders as a

NOVEMBER = Month(2026, 11)  # 30 days: its calendar hours are the examples' 720
CONV_INPUT, CONV_OUTPUT = 1155, 211  # mean lengths of the Azure conversation trace
CONV = a.profile(prefill=16_908, decode=5_246)
CONV_SECONDS = CONV_INPUT / 16_908 + CONV_OUTPUT / 5_246
GPU_HOURS = 300e6 / (CONV_INPUT + CONV_OUTPUT) * CONV_SECONDS / 3600
PAIR = 300e6 / (69 * 3600)  # tokens/s of the article's two GPUs: 300 million tokens in 69 busy hours
MEASURED = 12_977.0  # tokens/s of one A100 at the conversation's mix: 9.50 requests/s x 1,366 tokens
DAY = [*([0.0] * 8), 1.2, 1.9, 2.4, 2.6, 2.2, 2.5, 2.7, 2.3, 1.1, 0.8, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0]
"""GPUs at 100 %, by the hour."""


def close(left: float | Decimal | None, right: float) -> bool:
    return left is not None and math.isclose(float(left), right, rel_tol=1e-6)


def monthly(egress: str = "0", storage: str = "0", **more: Any) -> FleetAssumptions:
    """720 hours; GPUs, egress and storage alone."""
    overheads = replace(a.NOTHING_ELSE, egress_per_month=Decimal(egress), storage_per_month=Decimal(storage))
    return a.fleet(overheads=overheads, **more)


def planned(policy: PolicyName, needed: Demand, offer: Offer, fleet: FleetAssumptions) -> Plan:
    found = plan(policy, needed, offer, fleet)
    assert isinstance(found, Plan)
    return found


def weighed(
    usage: WorkloadUsage, tokens_per_second: float, fleet: FleetAssumptions, *, tensor_parallel: int = 1
) -> Comparison:
    """A month against A100s at $2.49."""
    found = compare(
        usage,
        offers=[a.offer("2.49")],
        profiles=[a.profile(tokens_per_second, tensor_parallel=tensor_parallel)],
        fleet=fleet,
        policy=a.policy(),
    )
    assert isinstance(found, Comparison)
    return found


def article(tokens_per_second: float = PAIR / 2) -> Comparison:
    """The article's month: 300 million tokens at $0.10, 720 hours, $120 egress and $45 storage."""
    return weighed(a.flat_month(300e6, "30.00", month=NOVEMBER), tokens_per_second, monthly("120", "45"))


def conversation_month() -> Demand:
    share, hours = CONV_INPUT / (CONV_INPUT + CONV_OUTPUT), NOVEMBER.hours
    bins = a.shape(3600, [300e6 * share / hours] * hours, [300e6 * (1 - share) / hours] * hours)
    return demand(a.month_usage(bins, month=NOVEMBER), CONV, a.fleet())


def test_the_articles_fleet_costs_3750_60_against_a_30_dollar_invoice() -> None:
    """[seed-01] [seed-02] The article prints $3,587 for GPUs and $3,752 in all; 2 x 2.49 x 720 is 3,585.60."""
    found = article()
    static = found.chosen
    assert static.policy == "static"
    assert static.replicas == 1 + 1, "one carries it, one is redundancy"
    assert static.cost.gpu == a.usd("2.49") * (2 * 720) == a.usd("3585.60")
    assert static.cost.total == a.usd("3750.60")
    assert found.serverless == a.usd("30.00")
    assert found.serverless == a.usd("0.10") * 300
    assert static.price_per_million is not None
    assert close(static.price_per_million.amount, 12.502)
    assert close(-found.savings.over(static.cost.total), 0.9920012797952328)
    assert close(1 - found.serverless.over(a.usd(3752)), 0.9920042643923241), "with the article's own total"


def test_the_articles_fleet_is_busy_9_58_percent_and_pays_3241_98_for_idling() -> None:
    """[seed-03] 69 of 720 hours: idle are 651 hours of two GPUs. 69 hours imply 1,207.73 tokens/s."""
    static = article().chosen
    assert close(PAIR, 1207.729468599034)
    assert close(static.utilization, 69 / 720)
    assert close(static.utilization, 0.09583333333333334)
    assert close(static.idle_cost.amount, 651 * 2 * 2.49)
    assert static.idle_cost.cents() == Decimal("3241.98")


def test_fifty_tokens_a_second_do_not_fit_the_articles_69_hours() -> None:
    """[seed-03] 300e6 / 50 / 3600 = 1,667 hours: more than two months of one stream, whatever the article says."""
    needed = article(50).chosen.demand
    assert close(needed.replica_seconds / 3600, 1666.6666666666667)
    assert close(needed.mean_replicas, 2.314814814814815)
    assert close(needed.replica_seconds / 3600 / 69, 24.154589371980677), "69 hours would take 24 streams at once"


def test_demand_shares_time_between_prefill_and_decode() -> None:
    """[demand-01]"""
    needed = demand(a.month_usage(a.shape(300, [CONV_INPUT], [CONV_OUTPUT])), CONV, a.fleet())
    assert close(needed.replica_seconds, 1155 / 16_908 + 211 / 5_246)
    assert close(needed.replica_seconds, 0.1085319796190656)
    assert close(1 / needed.replica_seconds, 9.213874136543732)
    assert close((CONV_INPUT + CONV_OUTPUT) / needed.replica_seconds, 12586.152070518738)


def test_cached_input_counts_a_twentieth_of_an_uncached_token() -> None:
    """[demand-02]"""
    cached = a.month_usage(a.shape(300, [693], [211], cache_read=[462]))
    whole = a.month_usage(a.shape(300, [693 + 462], [211]))
    needed = demand(cached, CONV, a.fleet()).replica_seconds
    assert close(needed, (693 + 0.05 * 462) / 16_908 + 211 / 5_246)
    assert close(needed, 0.08257385328833458)
    assert close(1 - needed / demand(whole, CONV, a.fleet()).replica_seconds, 0.23917490883185744)


def test_a_months_demand_is_its_gpu_hours() -> None:
    """[demand-03]"""
    needed = conversation_month()
    assert close(needed.usage.tokens.input, 253660322.10834554)
    assert close(needed.usage.tokens.output, 46339677.89165447)
    assert close(needed.replica_seconds / 3600, 6.62103340770288)
    assert close(needed.replica_seconds / 3600 / 0.7, 9.458619153861259)
    assert close(needed.mean_replicas, 0.009195879732920667)


def test_the_fractional_fleet_is_shown_as_not_buyable_and_the_whole_one_is_compared() -> None:
    """[policy-a-equivalent] [policy-a2-integer-floor] 9.46 GPU-hours x $2.49 would be $23.55; one GPU is $1,792.80."""
    fleet = monthly("120", "45")
    found = planned("equivalent", conversation_month(), a.offer("2.49"), fleet)
    fraction = float(not_buyable(found, fleet).amount)
    assert close(fraction, GPU_HOURS / 0.7 * 2.49)
    assert close(fraction, 23.551961693114535)
    assert close(fraction + 120 + 45, 188.55196169311455)
    assert found.replicas == 1
    assert found.cost.gpu == a.usd("1792.80")
    assert found.cost.total == a.usd("1957.80")
    assert close(found.utilization, 0.009195879732920667)


def static_day(**changes: Any) -> Plan:
    fleet = a.fleet(**changes)
    usage = a.month_usage(a.shape(3600, [gpus * 3600 for _ in range(30) for gpus in DAY]), month=NOVEMBER)
    return planned("static", demand(usage, a.profile(1.0), fleet), a.offer("2.49"), fleet)


def test_static_is_sized_for_the_busiest_hour_and_its_burst() -> None:
    """[policy-b-static]"""
    found = static_day(burst=1.36)
    assert found.replicas == math.ceil(2.7 * 1.36 / 0.7) + 1 == 7
    assert found.cost.gpu == a.usd("2.49") * (7 * 720) == a.usd("12549.60")
    assert close(found.utilization, sum(DAY) / (24 * 7))
    assert close(found.utilization, 0.12619047619047621)
    bare = static_day(burst=1.0, redundancy=0)
    assert bare.replicas == 4
    assert close(bare.utilization, 0.22083333333333335)


def test_gpus_are_bought_in_whole_tensor_parallel_groups() -> None:
    """[policy-tp]"""
    fleet = a.fleet(hours_per_month=Decimal(730), burst=1.2)
    usage = a.flat_month(2.3 * 3600 * 730, "1", month=NOVEMBER)
    found = planned("static", demand(usage, a.profile(1.0, tensor_parallel=4), fleet), a.offer("2.49", gpus=4), fleet)
    assert found.replicas == math.ceil(2.3 * 1.2 / 0.7) + 1 == 5
    assert found.gpus == 5 * 4
    assert found.cost.gpu == a.usd("2.49") * (20 * 730) == a.usd("36354.00")


def stairs(fixed: float, price: float = 0.1e-6) -> Staircase:
    """One measured A100 a step."""
    return Staircase(
        price_per_token=price, cost_per_step=2.49 * 720, capacity_tokens=MEASURED * 3600 * 720 * 0.7, fixed=fixed
    )


@pytest.mark.parametrize(
    ("fixed", "fluid", "first", "permanent", "steps"),
    [
        (165.0, 6915930448.959503, 19_578_000_000.0, 73_362_000_000.0, (1, 4)),
        (2165.0, 90745390436.34743, 93_362_000_000.0, 165_074_000_000.0, (4, 8)),
    ],
    ids=["be-01", "be-02"],
)
def test_break_even_volumes_of_a_measured_a100(
    fixed: float, fluid: float, first: float, permanent: float, steps: tuple[int, int]
) -> None:
    found = stairs(fixed)
    assert not found.never()
    assert close(found.capacity_tokens, 23_545_468_800.0)
    assert close(found.marginal_price * 1e6, 0.07614203884528306)
    assert close(fixed / (0.1e-6 - found.marginal_price), fluid)
    assert close(found.first(), first)
    assert close(found.permanent(), permanent)
    assert tuple(math.ceil(tokens / found.capacity_tokens) for tokens in (first, permanent)) == steps


def test_dedicated_never_wins_at_the_articles_price_and_speed() -> None:
    """[be-03] The pair as one replica of two GPUs."""
    usage = a.flat_month(300e6, "30.00", month=NOVEMBER)
    found = weighed(usage, PAIR, monthly(), tensor_parallel=2).break_even
    assert found.never
    assert found.first_tokens is None
    assert found.permanent_tokens is None
    assert found.distance is None
    assert "1.636 USD per million" in found.never_because
    assert close(found.throughput_tokens_per_second, 19761.904761904767)
    pair = Staircase(
        price_per_token=0.1e-6, cost_per_step=2 * 2.49 * 720, capacity_tokens=PAIR * 3600 * 720 * 0.7, fixed=0
    )
    assert pair.never()
    assert close(pair.marginal_price * 1e6, 1.6362857142857143)


def test_the_articles_two_and_five_billion_are_capacities_not_crossings() -> None:
    """[be-04]"""
    fleet = monthly("120", "46.40", redundancy=0)  # with which the article's $3,752 comes out
    two = weighed(a.flat_month(2e9, "200.00", month=NOVEMBER), PAIR, fleet, tensor_parallel=2).equivalent
    assert two.replicas == 1
    assert close(two.utilization, 0.6388888888888888)
    assert close(2e9 / two.utilization, 3130434782.608696)
    assert close(2e9 / two.utilization * 0.7, 2191304347.826087)
    assert two.cost.total == a.usd("3752.00")
    assert two.price_per_million == a.usd("1.876")
    five = weighed(a.flat_month(5e9, "500.00", month=NOVEMBER), PAIR, fleet, tensor_parallel=2).equivalent
    assert close(five.demand.mean_replicas / 0.7, 2.2817460317460316)
    assert close(five.demand.mean_replicas / 2, 0.798611111111111)
    assert a.usd(3752) * 1_000_000 / 5_000_000_000 == a.usd("0.7504")


@pytest.mark.parametrize(
    ("tokens", "bill", "rate"), [(5e9, "500", 0.6944444444444444), (2e9, "200", 0.2777777777777778)]
)
def test_one_gpu_would_have_to_cost_cents_to_carry_the_articles_volumes(tokens: float, bill: str, rate: float) -> None:
    """[be-04] At $0.10 a million."""
    found = weighed(a.flat_month(tokens, bill, month=NOVEMBER), MEASURED, monthly()).break_even
    assert found.gpu_hour_price is not None
    assert close(found.gpu_hour_price.amount, rate)


def test_one_a100_at_two_billion_tokens_costs_90_cents_a_million() -> None:
    """[be-04]"""
    found = weighed(a.flat_month(2e9, "200", month=NOVEMBER), MEASURED, monthly()).break_even
    assert found.price_per_million is not None
    assert close(found.price_per_million.amount, 0.8964000000000001)


def test_a_toy_staircase_wins_in_three_intervals() -> None:
    """[be-05-staircase-small] 7 a replica that carries 10, fixed 5, price 1."""
    toy = Staircase(price_per_token=1.0, cost_per_step=7.0, capacity_tokens=10.0, fixed=5.0)
    assert close(5 / (1 - toy.marginal_price), 16.666666666666664)
    assert close(toy.first(), 19.0)
    assert close(toy.permanent(), 33.0)
    assert toy.winning_intervals() == ((19.0, 20.0), (26.0, 30.0), (33.0, math.inf))


def test_other_break_evens_of_thirty_billion_tokens() -> None:
    """[be-06]"""
    found = weighed(a.flat_month(30e9, "3000", month=NOVEMBER), MEASURED, monthly("120", "45"))
    assert found.equivalent.replicas == 2
    assert found.equivalent.cost.total == a.usd("3750.60")
    even = found.break_even
    assert even.price_per_million is not None
    assert close(even.price_per_million.amount, 0.12502)
    assert close(even.utilization, 0.5329942719169815)
    assert close(even.throughput_tokens_per_second, 9880.952380952383)
    assert even.gpu_hour_price is not None
    assert close(even.gpu_hour_price.amount, 1.96875)


def test_replicas_that_follow_the_day_run_50_gpu_hours_of_it() -> None:
    """[policy-c-autoscale] In bins of an hour: one late on the way up, two that have to be low on the way down."""
    demanded = np.array(DAY)
    running = following(wanted(demanded, 0.7, 1), lag=1, down=2)
    assert running.tolist() == [1] * 9 + [2, 3] + [4] * 7 + [2, 2] + [1] * 4
    assert running.sum() == 50
    assert close(running.sum() * 30 * 2.49, 3735.0)
    assert close(sum(DAY) / running.sum(), 0.424)
    assert close(overload(demanded, running), (1.2 - 1) / sum(DAY))
    assert close(overload(demanded, running), 0.009433962264150943)


def test_three_replicas_of_a_stepped_day_are_committed() -> None:
    """[policy-d-commit] The third runs two thirds of the day, more than 1.79 / 2.99 of it; the fourth a third."""
    nodes = np.array([1] * 8 + [3] * 8 + [6] * 8)
    assert [float((nodes >= k).mean()) for k in (1, 2, 3, 4, 5, 6)] == pytest.approx([1, *[2 / 3] * 2, *[1 / 3] * 3])
    committed = base(nodes, 1.79 / 2.99)
    assert committed == 3
    assert close(committed * 24 * 1.79 + np.maximum(0, nodes - committed).sum() * 2.99, 200.64)
    assert close(nodes.sum() * 2.99, 239.2)
    assert close(nodes.max() * 24 * 1.79, 257.76)


@pytest.mark.parametrize(("used", "rented"), [(0.532, False), (0.534, True)])
def test_a_base_replica_is_rented_from_the_same_53_percent_on(used: float, rented: bool) -> None:
    """[policy-e-spill]"""
    tokens = used * MEASURED * 3600 * 720
    usage = a.flat_month(tokens, Decimal(repr(tokens * 0.1e-6)), month=NOVEMBER)
    fleet = a.fleet(burst=1.0)
    found = plan("hybrid", demand(usage, a.profile(MEASURED), fleet), a.offer("2.49"), fleet)
    assert isinstance(found, Plan) is rented


def test_a_replica_pays_for_itself_from_53_percent_on() -> None:
    """[policy-e-spill] A full GPU hour carries 46.7 million tokens, worth $4.67 at $0.10: $2.49 of it is 53 %."""
    hour = weighed(a.flat_month(MEASURED * 3600 * 720, "3363.6384", month=NOVEMBER), MEASURED, monthly())
    assert close(hour.usage.tokens.total / 720 / 1e6, 46.7172)
    assert close(hour.serverless.amount / 720, 4.67172)
    assert close(hour.break_even.utilization, 0.5329942719169815)


def test_only_a_monthly_total_is_sized_for_an_assumed_peak() -> None:
    """[burst-01]"""
    fleet = a.fleet(peak_to_mean=3.0, burst=1.2)
    usage = a.month_usage(a.shape(720 * 3600, [2160.0 * 3600], start=NOVEMBER.start), month=NOVEMBER)
    needed = demand(usage, a.profile(1.0), fleet)
    assert close(needed.mean_replicas, 3.0)
    assert close(needed.peak_replicas, 3.0 * 3.0 * 1.2)
    found = planned("static", needed, a.offer(), fleet)
    assert found.replicas == math.ceil(10.8 / 0.7) + 1 == 17
    assert close(found.utilization, 0.17647058823529413)


@pytest.mark.parametrize(
    ("hour_peak", "burst", "ceiling"),
    [
        (1.67, 1.06, 0.39543554400632697),
        (2.99, 1.06, 0.22086199280620933),
        (3.0, 1.0, 0.2333333333333333),
        (4.32, 1.24, 0.13067502986857824),
    ],
    ids=["azure conversation", "azure code", "the article's profile", "median tenant"],
)
def test_a_static_fleet_can_never_average_the_target(hour_peak: float, burst: float, ceiling: float) -> None:
    """[burst-02-util-ceiling] U / (peak to mean x burst), the limit of many replicas without redundancy."""
    fleet, hours = a.fleet(burst=burst, redundancy=0), NOVEMBER.hours
    bins = [hour_peak] + [(hours - hour_peak) / (hours - 1)] * (hours - 1)
    usage = a.month_usage(a.shape(3600, [value * 3600 * 1e6 for value in bins]), month=NOVEMBER)
    found = planned("static", demand(usage, a.profile(1.0), fleet), a.offer(), fleet)
    assert close(found.utilization, ceiling)
    assert found.utilization <= ceiling


def test_a_february_has_672_hours_unless_told_otherwise() -> None:
    """[hours-01]"""
    february = Month(2026, 2)
    assert a.fleet(hours_per_month="calendar").hours(february) == 28 * 24 == 672
    assert a.fleet(hours_per_month=Decimal(720)).hours(february) == 720
    assert a.fleet(hours_per_month=Decimal(730)).hours(february) == 8760 / 12


def test_probability_of_two_lognormal_totals() -> None:
    """[dec-01-prob]"""
    assert math.isclose(probability_cheaper(1000, 800, 0.15, 0.20), 0.8139573810560978, rel_tol=1e-9)


def test_a_margin_of_19_percent_gives_a_probability_of_80() -> None:
    """[dec-02-margin-for-80]"""
    ratio = ratio_needed(0.80, 0.25)
    assert math.isclose(ratio, 1.2341781813738433, rel_tol=1e-9)
    assert math.isclose(1 - 1 / ratio, 0.18974422405779723, rel_tol=1e-9)
    assert math.isclose(probability_cheaper(ratio, 1.0, 0.0, 0.25), 0.80, rel_tol=1e-9)


def test_payback_counts_the_migration_once() -> None:
    """[dec-03-payback] Flat: 12,000 / 1,500."""
    assert payback_months(12_000, 1_500) == 8
    assert payback_months(12_000, 0) == math.inf


def test_a_recommendation_comes_after_three_good_months_and_goes_after_two_bad_ones() -> None:
    """[dec-05-hysteresis] Between 20 % and -5 % it stays as it is."""
    savings = (0.05, 0.22, 0.25, 0.18, 0.24, 0.28, 0.30, 0.10, -0.02, -0.08, -0.10, 0.10)
    probabilities = (0.60, 0.85, 0.90, 0.80, 0.88, 0.90, 0.95, 0.70, 0.45, 0.30, 0.25, 0.70)
    history = [
        replace(a.weighed(str(ratio), month=Month(2025, 11).plus(position)), probability_cheaper=probability)
        for position, (ratio, probability) in enumerate(zip(savings, probabilities, strict=True))
    ]
    states = [verdict.state for verdict in fold(history, a.policy(), a.ABLE_TEAM)]
    assert [position for position, state in enumerate(states) if state is State.SWITCH] == [6, 7, 8, 9]


def test_all_in_cost_counts_staging_engineering_and_migration() -> None:
    """[dec-07-fixed-included]"""
    overheads = Overheads(egress_per_month=Decimal(120), storage_per_month=Decimal(45))
    fleet = a.fleet(hours_per_month=Decimal(730), overheads=overheads)
    usage = a.flat_month(1324.206681540576 * 3600, "6000", month=NOVEMBER)
    found = planned("equivalent", demand(usage, a.profile(1.0), fleet), a.offer("2.49"), fleet)
    assert found.replicas == 3
    assert found.cost.gpu == a.usd("2.49") * (3 * 730) == a.usd("5453.10")
    assert found.cost.staging == a.usd("2.49") * 220 == a.usd("547.80")
    assert found.cost.engineering == a.usd(30 * 100)
    assert found.cost.migration == a.usd(120 * 100) / 12
    assert found.cost.total == a.usd("10165.90")
    assert a.usd(6000) - found.cost.total == a.usd("-4165.90")


SAVINGS = {"a": (900, 10, "g1"), "b": (700, 8, "g1"), "c": (-200, 6, "g1"), "d": (350, 12, "g2"), "e": (2600, 14, "g3")}
"""Dollars a month before what is shared, engineering hours, and the pool."""


def movable() -> Tree:
    """[dec-04-subset] Five models in three pools, on a platform that costs $1,500 whatever moves."""
    return Tree(
        projects=[
            Project(name=name, value=Decimal(saved), hours=Decimal(hours), pool=pool)
            for name, (saved, hours, pool) in SAVINGS.items()
        ],
        pools={
            pool: Fixed(amount=Decimal(fixed), under="platform")
            for pool, fixed in (("g1", 400), ("g2", 500), ("g3", 300))
        },
        platforms={"platform": Fixed(amount=Decimal(1500))},
        root=Fixed(amount=Decimal(0)),
    )


def test_what_is_shared_is_paid_once_by_the_models_that_move_together() -> None:
    """[dec-04-subset] g1 is worth 900 + 700 - 400, g2 nothing, g3 2,600 - 300: less 1,500 together."""
    found = best(movable().frontier())
    assert sorted(found.names) == ["a", "b", "e"]
    assert found.value == (900 + 700 - 400) + (2600 - 300) - 1500 == 2000


def test_a_cap_on_hours_takes_the_best_set_that_fits_it() -> None:
    """[dec-04-subset] a, b and e take 32 hours; of 26, a and e make more than b and e, or e alone."""
    found = best(movable().frontier(), Decimal(26))
    assert sorted(found.names) == ["a", "e"]
    assert found.hours == 10 + 14
    assert found.value == (900 - 400) + (2600 - 300) - 1500 == 1300


def test_small_models_share_gpus_that_memory_alone_would_leave_to_one() -> None:
    """[pack-01] 46 GB of weights and 4 x 6 GB of cache fit 0.9 x 80 GB; 0.75 of a GPU's time is more than 0.63."""
    models = {"m1": (0.10, 16), "m2": (0.25, 16), "m3": (0.35, 10), "m4": (0.05, 4)}
    tenants = [
        Tenant(name=name, memory_gb=weights + 6, load=np.array([peak])) for name, (peak, weights) in models.items()
    ]
    assert sum(tenant.memory_gb for tenant in tenants) == 70 <= 0.9 * 80
    assert close(sum(peak for peak, _ in models.values()), 0.75)
    packed = pack(tenants, 80, 0.70)
    assert len(packed) == 2 == math.ceil(0.75 / (0.70 * (1 - 0.10)))
    assert all(gpu.peak <= 0.63 for gpu in packed)
    assert sorted(name for gpu in packed for name in gpu.names) == sorted(models)
    alone = [
        demand(a.month_usage(a.shape(300, [peak * 300 * 1e6])), a.profile(1e6), a.fleet())
        for peak, _ in models.values()
    ]
    apart = [planned("static", needed, a.offer(), a.fleet(redundancy=0)).replicas for needed in alone]
    assert sum(apart) == 4


GROWING = Past(
    months=tuple(Month(2026, number) for number in range(1, 7)),
    logs=tuple(math.log(volume) for volume in (100, 112, 120, 135, 150, 160)),
)


def test_holts_damped_trend_at_fixed_weights() -> None:
    """[fc-01-holt-damped-fixed]"""
    expected = [169.85550976256837, 179.78402366134856, 189.2149324940773, 198.12500349286725, 206.50224586356478]
    assert np.exp(holt(GROWING, 6)).tolist() == pytest.approx([*expected, 214.34419301362786], rel=1e-9)


def test_a_damped_theil_sen_line_from_the_last_point() -> None:
    """[fc-02-damped-theilsen]"""
    expected = [169.59193803204298, 178.1958725861169, 185.85156067463762, 192.61694854419866, 198.5608126430287]
    assert np.exp(theil_sen(GROWING, 6)).tolist() == pytest.approx([*expected, 203.75708939688934], rel=1e-9)


def test_the_spread_of_a_month_is_shrunk_towards_twelve_percent() -> None:
    """[fc-03-shrunk-sigma] The interval at h is t_{8, .90} sqrt(v (h + h^2 / 20)); t_{8, .90} is 1.3968 in tables."""
    v, changes = variance(np.diff(GROWING.logs).tolist())
    assert v == pytest.approx(0.00675578158157456, rel=1e-9)
    assert changes == 5
    made = trend(GROWING, 6)
    assert made is not None
    assert made.half_width()[2] == pytest.approx(1.3968 * math.sqrt(v * (3 + 3**2 / 20)), rel=1e-4)


def test_a_running_month_is_projected_by_day_of_week() -> None:
    """[fc-04-partial-month] It begins on a Saturday: three days at their plain rate would make it 2,200."""
    index = (1.15, 1.25, 1.25, 1.2, 1.1, 0.55, 0.5)
    days = [date(2026, 8, day) for day in range(1, 31)]
    assert days[0].weekday() == 5
    known = dict(zip(days, (55.0, 50.0, 115.0), strict=False))
    assert sum(known.values()) / 3 * 30 == pytest.approx(2200.0)
    assert projected(days, known, index) == pytest.approx(2905.0, rel=1e-9)


def test_five_percent_a_month_take_nine_months_from_twenty_to_thirty() -> None:
    """[dec-06-crossing-month] 20 x 1.05^9 = 31.0, and 20 x 1.05^8 = 29.5."""
    met = np.array([[20 * 1.05**h >= 30 for h in range(1, 19)]])
    assert first_month(met, 1).tolist() == [9.0]
