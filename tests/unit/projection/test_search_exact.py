"""The pruned search against trying every candidate, on the real shipped offers and throughput."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from advisor.domain.assumptions import ALL_POLICIES, FleetAssumptions, FleetOnly, Overheads, PolicyName, Workload
from advisor.domain.fleet import CommitmentTerm, Demand, Infeasible, Offer, Plan, Profile
from advisor.domain.usage import WorkloadUsage
from advisor.market.offers import offers as shipped_offers
from advisor.market.profiles import profiles as shipped_profiles
from advisor.projection import search
from advisor.projection.bounds import bound
from advisor.projection.policies import plan
from advisor.projection.search import RUNNERS_UP, by_evidence, cheapest, pairs
from tests.unit import builders as a

SHIPPED = shipped_offers((), FleetOnly())
MODELS = ("llama-3.1-8b", "llama-3.3-70b", "gpt-oss-120b", "qwen3-14b")
HOURS = 744


@cache
def table() -> tuple[Offer, ...]:
    """The shipped offers, with terms and spot beside every third of them: the shipped table holds no commitment."""
    terms: tuple[tuple[CommitmentTerm, str], ...] = (("1-year", "0.71"), ("3-year", "0.52"), ("spot", "0.4"))
    more = [
        replace(offer, commitment=term, price_per_gpu_hour=offer.price_per_gpu_hour * Decimal(share))
        for at, offer in enumerate(SHIPPED)
        for term, share in terms
        if offer.commitment == "on-demand" and at % 3 == 0
    ]
    vendor = [
        replace(offer, provider="vendor", operated_by="vendor", price_per_gpu_hour=offer.price_per_gpu_hour * 2)
        for offer in SHIPPED[:6]
    ]
    return (*SHIPPED, *more, *vendor)


@cache
def measured(model: str) -> tuple[Profile, ...]:
    return tuple(shipped_profiles(model, own=(), input_length=None, output_length=None, input_share=0.8))


def by_trying_every_one(
    policy: PolicyName, candidates: Sequence[tuple[Offer, Demand]], fleet: FleetAssumptions
) -> list[Plan]:
    """The cheapest plan of each provider and GPU, cheapest first; ties go as the product documents them."""
    tried = [plan(policy, needed, offer, fleet, table()) for offer, needed in candidates]
    plans = sorted((found for found in tried if isinstance(found, Plan)), key=search._cheapest_first)
    firsts: dict[tuple[str, str], Plan] = {}
    for found in plans:
        firsts.setdefault((found.offer.provider, found.offer.gpu), found)
    return list(firsts.values())[: 1 + RUNNERS_UP]


shapes = st.builds(
    lambda levels, idle, peak: [*levels, peak, *[0.0] * idle],
    levels=st.lists(st.floats(0, 1, allow_subnormal=False), min_size=1, max_size=30),
    idle=st.sampled_from([0, 0, 3, 40, 700]),
    peak=st.floats(0.01, 3),
)


def month(model: str, shape: list[float], tokens: float, price: float, slo: Any) -> WorkloadUsage:
    bins = np.resize(np.asarray(shape), HOURS)
    bins = np.maximum(bins * tokens / max(bins.sum(), 1e-9), 0.0)
    bins[0] += 1e6
    usage = a.month_usage(
        a.shape(3600, list(bins * 0.8), list(bins * 0.2)),
        cost=str(round(float(bins.sum()) / 1e6 * price, 2) + 1),
        models_raw=(model,),
        workload=Workload(name="w", serve=model, slo=slo),
    )
    return replace(usage, requests=max(1, usage.tokens.total // 2_600))


fleets = st.builds(
    lambda redundancy, least, burst, utilization, overheads: a.fleet(
        hours_per_month="calendar", policies=ALL_POLICIES, redundancy=redundancy, min_replicas=least, burst=burst,
        utilization=utilization, overheads=overheads,
    ),
    redundancy=st.integers(0, 2), least=st.integers(1, 4), burst=st.sampled_from([1.0, 1.35, 4.0]),
    utilization=st.sampled_from([0.5, 0.7, 0.9]), overheads=st.sampled_from([a.NOTHING_ELSE, Overheads()]),
)  # fmt: skip
months = st.builds(
    month,
    model=st.sampled_from(MODELS),
    shape=shapes,
    tokens=st.floats(1, 1e6).map(lambda x: 1e7 * x),
    price=st.sampled_from([0.1, 1.0, 10.0, 40.0]),
    slo=st.sampled_from(["", "chat", "interactive", "batch"]),
)


@pytest.mark.parametrize("policy", ALL_POLICIES)
@settings(max_examples=50, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(usage=months, fleet=fleets)
def test_the_winner_and_the_runners_up_are_those_that_trying_every_candidate_finds(
    policy: PolicyName, usage: WorkloadUsage, fleet: FleetAssumptions
) -> None:
    for candidates in by_evidence(pairs(usage, table(), measured(usage.workload.serve), fleet)):
        best, others = cheapest(policy, candidates, fleet, table())
        every = by_trying_every_one(policy, list(candidates), fleet)
        if isinstance(best, Infeasible):
            assert not every
        else:
            assert [_said(found) for found in (best, *others)] == [_said(found) for found in every]


def _said(found: Plan) -> tuple[Any, ...]:
    return found.cost.total, found.offer, found.profile, found.replicas, found.beside


@pytest.mark.parametrize("policy", ALL_POLICIES)
@settings(max_examples=50, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(usage=months, fleet=fleets)
def test_no_plan_costs_less_than_its_bound(policy: PolicyName, usage: WorkloadUsage, fleet: FleetAssumptions) -> None:
    for offer, needed in pairs(usage, table(), measured(usage.workload.serve), fleet):
        found, least = plan(policy, needed, offer, fleet, table()), bound(policy, needed, offer, fleet)
        if isinstance(found, Plan):
            assert least is not None
            rates = [float(one.price_per_gpu_hour.amount) for one in (offer, *found.beside)]
            assert float(found.cost.total.amount) >= least(min(rates)) > 0


def test_few_candidates_are_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A steady month, and one of eight busy hours a day; every policy, the winner and five runners-up."""
    tried, every = 0, 0

    def counted(*args: Any) -> Plan | Infeasible:
        nonlocal tried
        tried += 1
        return plan(*args)

    monkeypatch.setattr(search, "plan", counted)
    fleet = a.fleet(hours_per_month="calendar", policies=ALL_POLICIES, overheads=Overheads())
    for model in MODELS:
        for shape in ([1.0], [1.0] * 8 + [0.0] * 16):
            candidates = pairs(month(model, shape, 5e11, 1.0, ""), table(), measured(model), fleet)
            for policy in ALL_POLICIES:
                cheapest(policy, candidates, fleet, table())
                every += len(candidates)
    assert 0 < tried < every / 4, f"{tried} of {every}"
