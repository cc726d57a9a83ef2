"""What GPUs rent for: provenance of every shipped row, and how own quotes and restrictions change the list."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

import pytest

from advisor.domain.assumptions import FleetOnly
from advisor.domain.fleet import CommitmentTerm, Offer
from advisor.domain.units import Money
from advisor.errors import MarketError
from advisor.market.gpus import canonical_gpu
from advisor.market.offers import age_days, offers, shipped

ANYWHERE = FleetOnly()
# Dollars per GPU hour beyond which a row is a typing error, not a price: a third and three times the table's extremes.
PLAUSIBLE = {"RTX-4090": (0.1, 2), "L40S": (0.3, 5), "A10-": (0.4, 4), "A100": (0.4, 15), "GH200": (0.8, 7)}
DEARER = (0.5, 37)


def quote(gpu: str = "A100-80GB", provider: str = "runpod", commitment: CommitmentTerm = "on-demand") -> Offer:
    return Offer(
        provider=provider,
        gpu=gpu,
        gpus=1,
        price_per_gpu_hour=Money(Decimal("2.49"), "USD"),
        commitment=commitment,
        region="us",
        operated_by="you",
        tier="standard",
        source="quote",
        checked_on=None,
        own=True,
    )


@pytest.mark.parametrize("offer", shipped(), ids=lambda offer: f"{offer.provider}-{offer.gpu}-{offer.checked_on}")
def test_shipped_row_has_a_source_a_canonical_gpu_and_a_plausible_price(offer: Offer) -> None:
    low, high = next((bounds for gpu, bounds in PLAUSIBLE.items() if offer.gpu.startswith(gpu)), DEARER)
    assert offer.source.startswith(("https://", "github:"))
    assert canonical_gpu(offer.gpu) == offer.gpu
    assert offer.provider == offer.provider.lower()
    assert offer.tier in ("standard", "community")
    assert offer.gpus in (1, 2, 4, 8)
    assert low < offer.price_per_gpu_hour.amount < high
    assert offer.price_per_gpu_hour.currency == "USD"
    assert offer.checked_on is None or date(2026, 1, 1) <= offer.checked_on <= date(2026, 11, 24)


def test_offers_without_restriction_hold_only_what_may_carry_a_move() -> None:
    assert {offer.weakness for offer in offers((), ANYWHERE)} == {""}


def test_offers_take_the_newest_row_of_a_provider() -> None:
    rows = [
        offer
        for offer in shipped()
        if (offer.provider, offer.gpu, offer.tier) == ("runpod", "H100-80GB-SXM", "standard")
    ]
    assert len(rows) == 3
    used = [offer for offer in offers((), ANYWHERE) if (offer.provider, offer.gpu) == ("runpod", "H100-80GB-SXM")]
    assert [offer.checked_on for offer in used] == [max(offer.checked_on for offer in rows if offer.checked_on)]


def test_offers_name_each_provider_node_commitment_and_region_once() -> None:
    seen: dict[tuple[object, ...], int] = defaultdict(int)
    for offer in offers((), ANYWHERE):
        seen[offer.provider, offer.gpu, offer.gpus, offer.commitment, offer.tier, offer.region] += 1
    assert set(seen.values()) == {1}


def test_own_quote_replaces_the_same_provider_gpu_and_commitment_only() -> None:
    before, after = offers((), ANYWHERE), offers([quote()], ANYWHERE)
    replaced = {offer for offer in before if offer.provider == "runpod" and offer.gpu.startswith("A100-80GB")}
    assert len(replaced) == 2
    assert set(after) == set(before) - replaced | {quote()}


def test_own_quote_of_another_commitment_replaces_nothing() -> None:
    reserved = quote(commitment="1-year")
    assert set(offers([reserved], ANYWHERE)) == {reserved, *offers((), ANYWHERE)}


def test_own_quote_is_known_by_its_providers_and_gpus_other_spellings() -> None:
    assert set(offers([quote("A100 80GB", "RunPod")], ANYWHERE)) == set(offers([quote()], ANYWHERE))


def test_own_quote_for_an_unknown_gpu_is_refused() -> None:
    with pytest.raises(MarketError):
        offers([quote("A100-81GB")], ANYWHERE)


def test_community_rows_are_used_where_their_provider_is_named() -> None:
    named = offers((), FleetOnly(providers=("vast",)))
    assert {offer.provider for offer in named} == {"vast"}
    assert {offer.weakness for offer in named} == {"a community offer without an SLA"}


def test_naming_a_provider_does_not_prefer_its_weakest_offer() -> None:
    named = offers((), FleetOnly(providers=("RunPod",)))
    assert {offer.provider for offer in named} == {"runpod"}
    assert {offer.weakness for offer in named} == {""}


def test_offers_can_be_restricted_to_gpus_and_regions() -> None:
    only_gpu = offers((), FleetOnly(gpus=("A100-80GB",)))
    assert {offer.gpu for offer in only_gpu} == {"A100-80GB-SXM", "A100-80GB-PCIe"}
    only_region = offers((), FleetOnly(regions=("us-east-1",)))
    assert {offer.region for offer in only_region} == {"us-east-1"}


def test_age_is_in_days_and_unknown_without_a_date() -> None:
    dated = next(offer for offer in shipped() if offer.checked_on == date(2026, 11, 9))
    assert age_days(dated, date(2026, 11, 24)) == 24 - 9
    assert age_days(quote(), date(2026, 11, 24)) is None
