"""Why a plan lost: the largest part of the difference, with both of its figures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from advisor.domain.assumptions import ALL_POLICIES
from advisor.domain.comparison import Comparison
from advisor.domain.fleet import Grade, Plan
from advisor.projection.compare import compare
from advisor.reporting.lost import lost_because
from advisor.reporting.plans_json import feasible
from tests.unit import builders as a

H100 = "H100-80GB-SXM"


def judged(*others: Any, profiles: Any = (), bill: str = "20000", **fleet: Any) -> Comparison:
    """1.3 replicas of 100,000 tokens a second: two, and a spare one, of $2.00 an hour."""
    found = compare(
        a.flat_month(1.3 * 1e5 * 3600 * 744, bill),
        offers=[a.offer("2.00"), *others],
        profiles=[a.profile(1e5), *profiles],
        fleet=a.fleet(hours_per_month="calendar", burst=1.0, **fleet),
        policy=a.policy(),
    )
    assert isinstance(found, Comparison)
    assert found.chosen.offer.price_per_gpu_hour == a.usd("2.00")
    return found


def runner_up(*others: Any, **more: Any) -> str | None:
    found = judged(*others, **more)
    [plan] = found.alternatives
    return lost_because(plan, found)


def test_a_dearer_hour_of_the_same_gpus() -> None:
    assert runner_up(a.offer("2.50", provider="lambda")) == "a GPU-hour is dearer: $2.50 against $2.00"


def test_gpus_that_are_sold_in_larger_nodes() -> None:
    said = runner_up(a.offer("1.90", provider="lambda", gpus=8))
    assert said == f"more GPU-hours: {8 * 744:,} against {3 * 744:,}, as GPUs are sold by 8"


def test_slower_replicas_of_which_more_are_needed() -> None:
    said = runner_up(a.offer("1.90", gpu=H100), profiles=[a.profile(0.4e5, gpu=H100)])
    assert said == f"more GPU-hours: {6 * 744:,} against {3 * 744:,}, as 6 x 1 GPUs run it, not 3 x 1"


def test_a_tie_goes_to_the_better_known_throughput_or_to_the_name() -> None:
    published = a.profile(1e5, gpu=H100, grade=Grade.PUBLISHED)
    assert runner_up(a.offer("2.00", gpu=H100), profiles=[published]) == "a tie, on weaker evidence"
    assert runner_up(a.offer("2.00", provider="zeta")) == "a tie, taken by name"


def test_an_estimate_is_not_taken_however_cheap() -> None:
    found = judged(a.offer("0.10", gpu=H100), profiles=[a.profile(9e5, gpu=H100, grade=Grade.ESTIMATE)])
    assert found.unmeasured is not None
    assert lost_because(found.unmeasured, found) == "by an estimate, and the chosen one is measured"


def test_what_is_left_to_serverless_and_fixed_costs_are_named_where_they_are_most_of_it() -> None:
    found = judged()
    chosen = found.chosen
    spills = replace(chosen, cost=replace(chosen.cost, serverless=a.usd(900)))
    assert lost_because(spills, found) == "more is left to serverless: $900.00 against $0.00"
    runs = replace(chosen, cost=replace(chosen.cost, engineering=a.usd(3000)))
    assert lost_because(runs, found) == "fixed costs are higher: $3,000.00 against $0.00"


def test_every_plan_but_the_chosen_one_says_by_how_much_and_why() -> None:
    found = judged(policies=ALL_POLICIES, bill="100000")
    plans = [plan for plan in found.plans if isinstance(plan, Plan)]
    assert len(plans) >= 3
    for plan in plans:
        value, more = feasible(plan, found), plan.cost.total - found.chosen.cost.total
        if plan is found.chosen:
            assert (value["dearer_by"], value["lost_because"]) == (None, None)
        else:
            assert value["dearer_by"] == {"amount": f"{more.cents():f}", "currency": "USD"}
            assert value["lost_because"]
