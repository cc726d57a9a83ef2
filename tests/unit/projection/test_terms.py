"""The same fleet on demand, for one year and for three: at the stable floor and at the optimum."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from advisor.domain.assumptions import FleetAssumptions, PolicyName
from advisor.domain.fleet import Infeasible, Offer, Plan
from advisor.domain.terms import Commit, Term
from advisor.projection.demand import demand
from advisor.projection.policies import plan
from advisor.projection.terms import terms
from tests.unit import builders as a
from tests.unit.projection.test_autoscaled import hourly

ON_DEMAND = a.offer("2.00")
YEAR, THREE = a.offer("1.00", commitment="1-year"), a.offer("0.50", commitment="3-year")
FLEET = a.fleet(hours_per_month="calendar", burst=1.0, redundancy=1)
BUSY = [0.7] * 16 + [2.1] * 8
"""One replica all day; three for eight hours, and a little longer until they are given back."""


def planned(day: list[float], fleet: FleetAssumptions, policy: PolicyName = "autoscaled") -> Plan | Infeasible:
    return plan(policy, demand(hourly(day), a.profile(1.0), fleet), ON_DEMAND, fleet, [YEAR])


def by_term(day: list[float], *offers: Offer, policy: PolicyName = "autoscaled") -> dict[str, Term]:
    found = planned(day, FLEET, policy)
    assert isinstance(found, Plan)
    return {one.commitment: one for one in terms(found, [ON_DEMAND, *offers], FLEET)}


def both(term: Term) -> tuple[Commit, Commit]:
    assert term.stable is not None
    assert term.optimum is not None
    return term.stable, term.optimum


def test_on_demand_commits_to_nothing_and_costs_what_the_plan_does() -> None:
    chosen = planned(BUSY, FLEET)
    assert isinstance(chosen, Plan)
    on_demand = terms(chosen, [ON_DEMAND], FLEET)[0]
    assert on_demand.offer == ON_DEMAND
    for found in both(on_demand):
        assert found.replicas == found.committed_hours == 0
        assert found.savings == a.usd(0)
        assert found.gpu == chosen.cost.gpu
        assert found.on_demand_hours == chosen.gpu_hours


def test_the_stable_floor_is_what_runs_19_hours_of_20() -> None:
    """One wanted and one to spare all day: two are committed; the two more of the busy hours are not."""
    stable, _ = both(by_term(BUSY, YEAR)["1-year"])
    assert stable.replicas == 2
    assert stable.committed_hours == 2 * 744
    assert stable.utilization == 1.0
    assert stable.savings.cents() == (Decimal("2.00") - Decimal("1.00")) * (2 * 744)


def test_a_deep_discount_pays_for_replicas_that_run_a_third_of_the_time() -> None:
    """At a quarter of the price, whatever runs more than 6 hours a day is worth a commitment; at half of it not."""
    found = by_term(BUSY, YEAR, THREE)
    stable, optimum = both(found["3-year"])
    assert (stable.replicas, optimum.replicas) == (2, 4)
    assert optimum.on_demand_hours == 0
    assert optimum.gpu == a.usd("0.50") * (4 * 744)
    assert optimum.savings > stable.savings
    assert optimum.utilization < 1
    assert both(found["1-year"])[1].replicas == 2


def test_a_term_that_nobody_sells_is_missing_not_free() -> None:
    found = by_term(BUSY, YEAR)
    assert found["1-year"].offer == YEAR
    assert found["3-year"] == Term(commitment="3-year", offer=None, stable=None, optimum=None)
    elsewhere = a.offer("0.10", provider="elsewhere", commitment="3-year")
    assert by_term(BUSY, elsewhere)["3-year"].offer is None, "another provider's price is not this one's"


def test_a_term_that_costs_more_than_on_demand_is_shown_with_its_loss() -> None:
    stable, optimum = both(by_term(BUSY, a.offer("2.50", commitment="1-year"))["1-year"])
    assert optimum.replicas == 0
    assert optimum.savings == a.usd(0)
    assert stable.savings.cents() == (Decimal("2.00") - Decimal("2.50")) * (2 * 744)


def test_a_fleet_that_runs_all_month_is_committed_whole() -> None:
    stable, optimum = both(by_term([0.7] * 24, YEAR, policy="static")["1-year"])
    assert stable == optimum
    assert stable.replicas == 2
    assert stable.on_demand_hours == 0


def test_whole_nodes_are_committed() -> None:
    fleet = a.fleet(hours_per_month="calendar", burst=1.0, redundancy=0)
    pair, year = a.offer("2.00", gpus=2), a.offer("1.00", gpus=2, commitment="1-year")
    chosen = plan("static", demand(hourly([0.7] * 24), a.profile(1.0), fleet), pair, fleet)
    assert isinstance(chosen, Plan)
    stable, _ = both(terms(chosen, [pair, year], fleet)[1])
    assert stable.replicas == 2
    assert stable.committed_hours == 2 * 744


@given(day=st.lists(st.floats(0.01, 4), min_size=24, max_size=24), price=st.decimals("0.20", "2.40", places=2))
@settings(max_examples=40, deadline=None)
def test_no_base_beats_the_optimum_and_it_never_costs_more_than_on_demand(day: list[float], price: Decimal) -> None:
    fleet = replace(FLEET, redundancy=4)
    chosen = planned(day, fleet)
    assume(isinstance(chosen, Plan))
    assert isinstance(chosen, Plan)
    on_demand, year, _ = terms(chosen, [ON_DEMAND, a.offer(str(price), commitment="1-year")], fleet)
    everything, (stable, optimum) = both(on_demand)[0], both(year)
    assert a.usd(0) <= optimum.savings
    assert stable.savings <= optimum.savings
    for one in (stable, optimum):
        assert one.savings == everything.gpu - one.gpu
        assert one.gpu.amount == pytest.approx(price * one.committed_hours + 2 * one.on_demand_hours)
