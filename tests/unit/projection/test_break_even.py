"""What would have to change: each axis must lead to the figures that a comparison at that point gives."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.domain.assumptions import Overheads
from advisor.domain.comparison import Comparison
from advisor.projection.compare import compare
from tests.unit import builders as a

PRICE = Decimal("0.20")  # per million tokens
FIXED = Overheads(storage_per_month=Decimal(500), staging_replica_hours=Decimal(0), migration_hours=Decimal(0))


def month(tokens: float, *, rate: float = 10_000.0, gpu_price: str = "2.00", gpus: int = 1, **fleet: Any) -> Comparison:
    """A flat October at $0.20 a million, with fixed costs of 500 + 30 x 100."""
    found = compare(
        a.flat_month(tokens, Decimal(round(tokens)) * PRICE / 1_000_000),
        offers=[a.offer(gpu_price, gpus=gpus)],
        profiles=[a.profile(rate)],
        fleet=a.fleet(**{"overheads": FIXED, "hours_per_month": "calendar", **fleet}),
        policy=a.policy(min_savings=Decimal(0), min_savings_ratio=0.20),
    )
    assert isinstance(found, Comparison)
    return found


@settings(max_examples=25, deadline=None)
@given(
    tokens=st.floats(1e8, 5e11),
    gpus=st.sampled_from([1, 2, 8]),
    min_replicas=st.integers(1, 3),
    utilization=st.sampled_from([0.5, 0.7, 0.9]),
)
def test_a_comparison_at_the_first_crossing_breaks_even(
    tokens: float, gpus: int, min_replicas: int, utilization: float
) -> None:
    more: dict[str, Any] = {"gpus": gpus, "min_replicas": min_replicas, "utilization": utilization, "rate": 30_000.0}
    even = month(tokens, **more).break_even
    assert even.first_tokens is not None
    assert even.permanent_tokens is not None
    at_first, just_before = month(even.first_tokens * 1.000001, **more), month(even.first_tokens * 0.99, **more)
    assert at_first.equivalent.cost.total <= at_first.serverless
    assert just_before.equivalent.cost.total > just_before.serverless
    for factor in (1.000001, 1.3, 2.1, 7.7):
        later = month(even.permanent_tokens * factor, **more)
        assert later.equivalent.cost.total <= later.serverless


def test_a_node_of_eight_breaks_even_as_a_whole() -> None:
    """One replica of one GPU on a node of eight costs the node: eight GPUs, and carries eight replicas' tokens."""
    fast = 100_000.0
    node, single = month(1e9, rate=fast, gpus=8).break_even, month(1e9, rate=fast, gpus=1).break_even
    assert single.first_tokens == pytest.approx((2.00 * 744 + 3500) / 0.20e-6)
    assert node.first_tokens == pytest.approx((8 * 2.00 * 744 + 3500) / 0.20e-6)
    assert node.throughput_tokens_per_second == pytest.approx(single.throughput_tokens_per_second)


def test_gpus_of_a_node_that_no_replica_can_use_are_paid_all_the_same() -> None:
    """Replicas of three GPUs leave two of eight idle: a replica costs four."""
    found = compare(
        a.flat_month(1e9, "200"),
        offers=[a.offer("2.00", gpus=8)],
        profiles=[a.profile(10_000, tensor_parallel=3)],
        fleet=a.fleet(),
        policy=a.policy(),
    )
    assert isinstance(found, Comparison)
    assert found.break_even.throughput_tokens_per_second == pytest.approx(4 * 2.00 / (3600 * 0.7 * 0.20e-6))


def test_price_and_gpu_rate_break_even_with_fixed_costs_at_the_current_replicas() -> None:
    found = month(30e9)
    even = found.break_even
    assert even.price_per_million is not None
    assert even.gpu_hour_price is not None
    assert even.price_per_million == found.equivalent.cost.total * 1_000_000 / 30_000_000_000
    rented = month(30e9, gpu_price=str(even.gpu_hour_price.amount))
    assert rented.equivalent.replicas == found.equivalent.replicas
    assert float(rented.equivalent.cost.total.amount) == pytest.approx(float(found.serverless.amount))


def test_no_gpu_is_cheap_enough_where_fixed_costs_alone_exceed_the_bill() -> None:
    assert month(1e9).break_even.gpu_hour_price is None, "200 of bill against 3,500 of fixed costs"


def test_marginal_axes_ignore_fixed_costs() -> None:
    lean = replace(FIXED, storage_per_month=Decimal(0), engineering_hours_per_month=Decimal(0))
    dear, cheap = month(30e9).break_even, month(30e9, overheads=lean).break_even
    assert dear.utilization == cheap.utilization == pytest.approx(2.00 / (3600 * 10_000 * 0.20e-6))
    assert dear.throughput_tokens_per_second == cheap.throughput_tokens_per_second
    assert dear.throughput_tokens_per_second == pytest.approx(2.00 / (3600 * 0.7 * 0.20e-6))


def test_distance_is_the_bill_of_the_first_volume_that_meets_the_savings_gates() -> None:
    found = month(1e9)
    assert found.break_even.distance is not None
    tokens = float(found.break_even.distance.amount) / 0.20e-6
    there, before = month(tokens * 1.000001), month(tokens * 0.999)
    assert 1 - there.equivalent.cost.total.over(there.serverless) >= 0.20
    assert 1 - before.equivalent.cost.total.over(before.serverless) < 0.20


def test_never_says_which_price_or_throughput_would_change_it() -> None:
    """At 1,000 tokens/s a replica of $2.00 an hour costs 2 / (3.6 x 0.7) = $0.7937 a million."""
    even = month(1e9, rate=1_000.0).break_even
    assert even.never
    assert (even.first_tokens, even.permanent_tokens, even.distance, even.winning_intervals) == (None, None, None, ())
    assert "0.7937 USD per million" in even.never_because
    assert "the invoice 0.2;" in even.never_because
    assert "more than 3,968 tokens/s a replica (now 1,000)" in even.never_because
    assert not month(1e9, rate=1_000.0 * 0.7937 / 0.2 * 1.001).break_even.never


def test_a_replicas_pace_is_counted_in_the_invoices_tokens() -> None:
    """A substitute that needs twice the tokens halves the pace at which the invoice's tokens are served."""
    usage = a.flat_month(1e9, "200", workload=replace(a.flat_month(1, "1").workload, token_ratio=2.0))
    offers, profiles = [a.offer("2.00")], [a.profile(1_000)]
    found = compare(usage, offers=offers, profiles=profiles, fleet=a.fleet(), policy=a.policy())
    assert isinstance(found, Comparison)
    assert "(now 500)" in found.break_even.never_because


def test_a_bill_of_nothing_has_no_break_even_and_does_not_fail() -> None:
    offers, profiles = [a.offer("2.00")], [a.profile(1_000)]
    found = compare(a.flat_month(1e9, "0"), offers=offers, profiles=profiles, fleet=a.fleet(), policy=a.policy())
    assert isinstance(found, Comparison)
    even = found.break_even
    assert even.never
    assert "the invoice is zero" in even.never_because
    assert (even.utilization, even.throughput_tokens_per_second, even.gpu_hour_price) == (None, None, None)
