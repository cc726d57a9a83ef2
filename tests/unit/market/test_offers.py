"""What GPUs rent for: provenance of every shipped row, and how own quotes and restrictions change the list."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from advisor.domain.assumptions import FleetOnly
from advisor.domain.fleet import CommitmentTerm, Offer
from advisor.domain.units import Money
from advisor.errors import MarketError
from advisor.market.gpus import canonical_gpu
from advisor.market.offers import age_days, in_force, offers, shipped, stale

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


def listed(price: str = "1.85", **changes: Any) -> Offer:
    """A row as a refresh keeps it: RunPod's A100 SXM on the day after the shipped table's."""
    row = Offer(
        provider="runpod",
        gpu="A100-80GB-SXM",
        gpus=1,
        price_per_gpu_hour=Money(Decimal(price), "USD"),
        commitment="on-demand",
        region="EU-RO-1",
        operated_by="you",
        tier="standard",
        source="gpuhunt runpod 20261110-1",
        checked_on=date(2026, 11, 10),
    )
    return replace(row, **changes)


def of_runpod(*refreshed: Offer, only: FleetOnly = ANYWHERE) -> set[tuple[str, Decimal, str]]:
    """RunPod's standard A100s that a search may use: form, price and region."""
    return {
        (offer.gpu, offer.price_per_gpu_hour.amount, offer.region)
        for offer in offers((), only, refreshed)
        if offer.provider == "runpod" and offer.gpu.startswith("A100-80GB") and offer.tier == "standard"
    }


SHIPPED_SXM = ("A100-80GB-SXM", Decimal("1.79"), "")
SHIPPED_PCIE = ("A100-80GB-PCIe", Decimal("1.79"), "")


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


@pytest.mark.parametrize(("days", "old"), [(30, False), (31, True)])
def test_offer_is_stale_after_thirty_days(days: int, old: bool) -> None:
    assert stale(listed(), date(2026, 11, 10) + timedelta(days=days)) is old


def test_offer_without_a_date_is_not_called_stale() -> None:
    assert not stale(quote(), date(2030, 1, 1))


def test_newer_row_of_a_refresh_replaces_the_shipped_one() -> None:
    assert of_runpod() == {SHIPPED_SXM, SHIPPED_PCIE}
    assert of_runpod(listed()) == {("A100-80GB-SXM", Decimal("1.85"), "EU-RO-1"), SHIPPED_PCIE}


def test_older_row_of_a_refresh_gives_way_to_the_shipped_one() -> None:
    assert of_runpod(listed(checked_on=date(2026, 11, 8))) == {SHIPPED_SXM, SHIPPED_PCIE}


def test_row_of_a_family_replaces_older_rows_of_every_form() -> None:
    assert of_runpod(listed(gpu="A100-80GB")) == {("A100-80GB", Decimal("1.85"), "EU-RO-1")}


def test_row_without_a_source_or_a_date_replaces_nothing() -> None:
    assert of_runpod(listed(source=""), listed(checked_on=None)) == {SHIPPED_SXM, SHIPPED_PCIE}


def test_row_of_one_commitment_replaces_none_of_another() -> None:
    assert SHIPPED_SXM in of_runpod(listed(commitment="1-year"))


def test_row_of_one_region_replaces_none_of_another() -> None:
    aws = [offer for offer in offers((), ANYWHERE) if offer.provider == "aws"]
    assert {offer.region for offer in aws} == {"us-east-1"}
    elsewhere = listed(provider="aws", gpu="H100-80GB-SXM", gpus=8, region="eu-central-1", price="9")
    assert set(aws) | {elsewhere} == {offer for offer in in_force((), [elsewhere]) if offer.provider == "aws"}


def test_cheapest_region_stands_for_all_where_none_is_asked_for() -> None:
    dear, cheap = listed("2.10", region="US-KS-2"), listed("1.85", region="EU-RO-1")
    assert of_runpod(dear, cheap) == {("A100-80GB-SXM", Decimal("1.85"), "EU-RO-1"), SHIPPED_PCIE}
    assert of_runpod(dear, cheap, only=FleetOnly(regions=("US-KS-2",))) == {
        ("A100-80GB-SXM", Decimal("2.10"), "US-KS-2")
    }


def test_dearer_region_is_left_out_only_where_another_is_no_dearer_at_every_commitment() -> None:
    here = [listed("1.85"), listed("1.20", commitment="1-year")]
    cheaper_year = [listed("1.90", region="US"), listed("1.10", region="US", commitment="1-year")]
    dearer = [listed("1.95", region="IS"), listed("1.30", region="IS", commitment="1-year")]
    no_year = [listed("1.99", region="SE")]
    spot = [listed("2.50", region="CA"), listed("0.70", region="CA", commitment="spot")]
    found = set(offers((), ANYWHERE, [*dearer, *no_year, *spot, *cheaper_year, *here]))
    assert {offer for offer in found if offer.source == listed().source} == {*here, *cheaper_year, *spot}


def test_offers_in_force_hold_every_region_and_every_weak_row() -> None:
    rows = [listed("2.10", region="US-KS-2"), listed(), listed(tier="community", region="US")]
    assert set(rows) <= set(in_force((), rows))


def test_own_quote_replaces_refreshed_rows_too() -> None:
    assert listed() not in in_force([quote("A100 80GB")], [listed()])


def test_throughput_unit_is_an_offer_like_a_gpu() -> None:
    unit = replace(quote("Azure-PTU:gpt-4o", "Azure"), unit="throughput-unit", operated_by="vendor")
    only = FleetOnly(providers=("azure",), gpus=("azure-ptu:gpt-4o",))
    (found,) = offers([unit], only)
    assert (found.gpu, found.provider, found.operated_by) == ("azure-ptu:gpt-4o", "azure", "vendor")
