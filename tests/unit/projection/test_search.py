"""The search over the real shipped offers and throughput, against every combination worked out by hand."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from advisor.domain.assumptions import FleetOnly, Overheads, Workload
from advisor.domain.comparison import Comparison
from advisor.domain.fleet import Grade, Infeasible, Offer, Plan, Profile
from advisor.domain.units import HOUR_SECONDS
from advisor.market.gpus import same_gpu
from advisor.market.offers import offers as shipped_offers
from advisor.market.profiles import measured_models
from advisor.market.profiles import profiles as shipped_profiles
from advisor.projection.search import RUNNERS_UP, cheapest, pairs
from advisor.projection.weigh import Scales
from tests.unit import builders as a

OFFERS = shipped_offers((), FleetOnly())
U, HOURS, DAY_HOURS = 0.70, 744, 24


def by_hand(peak: float, mean: float, profile: Profile, offer: Offer) -> tuple[float, float] | None:
    """Totals of (equivalent, static) for tokens a second at the peak and on average; None if it cannot be bought."""
    rate, size = profile.total_tokens_per_second, profile.tensor_parallel
    assert rate is not None
    price = float(offer.price_per_gpu_hour.amount)

    def total(replicas: int) -> float | None:
        if size > offer.gpus and (size % offer.gpus or (offer.instance and offer.gpus < 8)):
            return None
        per_node = offer.gpus // size
        gpus = math.ceil(replicas / per_node) * offer.gpus if per_node else replicas * size
        return price * (gpus * HOURS + 220 * size) + 30 * 100 + 120 * 100 / 12

    small = total(max(1, math.ceil(mean / rate / U - 1e-9)))
    large = total(max(1, math.ceil(peak * 1.35 / rate / U - 1e-9)) + 1)
    return None if small is None or large is None else (small, large)


@pytest.mark.parametrize("model", measured_models())
@settings(max_examples=4, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(tokens=st.floats(1e6, 1e13), busy=st.floats(1.0, 10.0))
def test_the_search_finds_what_trying_every_shipped_offer_and_profile_finds(
    model: str, tokens: float, busy: float
) -> None:
    quiet = (DAY_HOURS - busy) / (DAY_HOURS - 1)
    mean = tokens / HOURS
    day = [mean * busy] + [mean * quiet] * (DAY_HOURS - 1)
    usage = a.month_usage(
        a.shape(HOUR_SECONDS, day * 31), cost="100000", models_raw=(model,), workload=Workload(name="w", serve=model)
    )
    scales = Scales(
        fleet=a.fleet(hours_per_month="calendar", overheads=Overheads()),
        policy=a.policy(),
        commitments=(),
        offers=OFFERS,
        own_profiles=(),
    )
    [found] = scales.weigh([usage])
    assert isinstance(found, Comparison)
    every = shipped_profiles(model, own=(), input_length=None, output_length=None, input_share=1.0)
    points = [profile for profile in every if profile.grade is Grade.PUBLISHED]
    totals = [
        both
        for profile in points
        for offer in OFFERS
        if offer.commitment == "on-demand" and same_gpu(offer.gpu, profile.gpu)
        if (both := by_hand(mean * busy / 3600, mean / 3600, profile, offer))
    ]
    assert float(found.equivalent.cost.total.amount) == pytest.approx(min(small for small, _ in totals))
    assert float(found.chosen.cost.total.amount) == pytest.approx(min(large for _, large in totals))


def searched(offers: list[Offer], profiles: list[Profile]) -> tuple[Plan | Infeasible, tuple[Plan, ...]]:
    usage = a.flat_month(1e9, "100")
    return cheapest("static", pairs(usage, offers, profiles, a.fleet()), a.fleet())


def test_only_on_demand_offers_of_a_measured_gpu_are_tried() -> None:
    offers = [
        a.offer("0.10", commitment="spot"),
        a.offer("0.20", commitment="1-year"),
        a.offer("0.30", commitment="3-year"),
        a.offer("0.40", gpu="H100-80GB-SXM"),
        a.offer("2.49"),
    ]
    assert [offer.price_per_gpu_hour for offer, _ in pairs(a.flat_month(1, "1"), offers, [a.profile(1.0)], a.fleet())] \
        == [a.usd("2.49")]  # fmt: skip


def test_an_offer_that_names_the_family_fits_both_of_its_forms_and_no_other_size() -> None:
    profiles = [a.profile(1.0, gpu=gpu) for gpu in ("A100-80GB-SXM", "A100-80GB-PCIe", "A100-40GB")]
    found = pairs(a.flat_month(1, "1"), [a.offer(gpu="A100-80GB")], profiles, a.fleet())
    assert {needed.profile.gpu for _, needed in found} == {"A100-80GB-SXM", "A100-80GB-PCIe"}


def test_a_faster_gpu_that_needs_fewer_replicas_beats_a_cheaper_hour() -> None:
    usage = a.flat_month(100 * 3600 * 744, "100")
    fast, slow = a.profile(150.0, gpu="H100-80GB-SXM"), a.profile(30.0)
    candidates = pairs(usage, [a.offer("1.00"), a.offer("2.00", gpu="H100-80GB-SXM")], [slow, fast], a.fleet())
    best, _ = cheapest("equivalent", candidates, a.fleet())
    assert isinstance(best, Plan)
    assert best.offer.gpu == "H100-80GB-SXM"
    assert best.replicas == 1


def test_of_plans_that_cost_the_same_the_better_known_throughput_is_taken() -> None:
    guess, known = a.profile(9_000.0, grade=Grade.ESTIMATE), a.profile(5_000.0, grade=Grade.OWN)
    for profiles in ([guess, known], [known, guess]):
        best, _ = searched([a.offer()], profiles)
        assert isinstance(best, Plan)
        assert best.profile.grade is Grade.OWN


@given(order=st.permutations(range(4)))
def test_the_order_of_offers_decides_nothing(order: list[int]) -> None:
    offers = [a.offer("2.00", provider=name, region=region) for name in ("b", "a") for region in ("us", "eu")]
    best, _ = searched([offers[position] for position in order], [a.profile(1e6)])
    assert isinstance(best, Plan)
    assert (best.offer.provider, best.offer.region) == ("a", "eu")


def test_runners_up_are_the_cheapest_of_each_other_provider_and_gpu_in_order() -> None:
    offers = [a.offer(str(Decimal("2.00") + step), provider=f"host-{step}") for step in range(9)]
    offers += [a.offer("2.50", provider="host-0"), a.offer("3.10", provider="host-1")]
    best, others = searched(offers, [a.profile(1e6)])
    assert isinstance(best, Plan)
    assert best.offer.provider == "host-0"
    assert [plan.offer.provider for plan in others] == [f"host-{step}" for step in range(1, RUNNERS_UP + 1)]
    assert others[0].offer.price_per_gpu_hour == a.usd(3), "not the dearer quote of the same host"


def test_the_reason_is_that_of_the_candidate_that_is_nearest_to_a_plan() -> None:
    """Twice the price for four times the throughput is nearer; a node that runs no replica is the farthest."""
    profiles = [
        a.profile(1e6),
        a.profile(4e6, gpu="H100-80GB-SXM"),
        a.profile(9e6, gpu="H200-141GB", tensor_parallel=2),
    ]
    offers = [a.offer("2.00"), a.offer("4.00", gpu="H100-80GB-SXM"), a.offer("0.10", gpu="H200-141GB", instance="one")]
    usage = a.flat_month(1e9, "100")
    found, others = cheapest("committed", pairs(usage, offers, profiles, a.fleet()), a.fleet())
    assert isinstance(found, Infeasible)
    assert found.reason.startswith("no committed offer of H100-80GB-SXM"), "1.00 an hour of the slower one's work"
    assert others == ()


def test_where_nothing_fits_the_first_reason_is_given() -> None:
    found, others = searched([a.offer(gpus=8)], [a.profile(1.0, tensor_parallel=12)])
    assert found == Infeasible(policy="static", reason="a replica of 12 GPUs does not fit nodes of 8")
    assert others == ()
