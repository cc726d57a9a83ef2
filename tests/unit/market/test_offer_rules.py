"""Which GPU prices are believed: ranges worked out from the shipped table's own dated standard rows."""

from __future__ import annotations

from decimal import Decimal

import pytest

from advisor.domain.fleet import Offer
from advisor.domain.units import Money
from advisor.market.gpus import FAMILIES, GPUS
from advisor.market.offer_rules import implausible, plausible
from advisor.market.offers import shipped
from tests.unit import builders as a

# Dated standard rows: A100 80 GB from 1.39 (RunPod PCIe, August) to 4.777 (Azure); per GB of memory from that 1.39 / 80
# to 12.29 / 80 (Azure H100).
A100 = (Decimal("0.3") * Decimal("1.39"), 3 * Decimal("4.777"))
PER_GB = (Decimal("0.3") * Decimal("1.39") / 80, 3 * Decimal("12.29") / 80)


@pytest.mark.parametrize("gpu", ["A100-80GB", "A100-80GB-SXM", "A100-80GB-PCIe"])
def test_range_is_that_of_the_family(gpu: str) -> None:
    found = plausible(gpu)
    assert found
    assert found[:2] == A100


@pytest.mark.parametrize(("gpu", "memory_gb"), [("L4-24GB", 24), ("MI300X-192GB", 192), ("T4-16GB", 16)])
def test_gpu_without_a_dated_row_is_judged_by_its_memory(gpu: str, memory_gb: int) -> None:
    found = plausible(gpu)
    assert found
    assert found[:2] == (PER_GB[0] * memory_gb, PER_GB[1] * memory_gb)


def test_every_gpu_has_a_range_and_every_shipped_price_is_inside_its_own() -> None:
    assert all(plausible(name) for name in {gpu.name for gpu in GPUS} | FAMILIES)
    assert [offer for offer in shipped() if implausible(offer)] == []


@pytest.mark.parametrize("price", [A100[0], Decimal("2.49"), A100[1]])
def test_price_within_the_range_is_believed(price: Decimal) -> None:
    assert implausible(a.offer(str(price), gpu="A100-80GB-SXM")) == ""


@pytest.mark.parametrize("price", [Decimal(0), A100[0] - Decimal("0.0001"), A100[1] + Decimal("0.0001"), Decimal(249)])
def test_price_outside_the_range_is_not_and_the_reason_names_it(price: Decimal) -> None:
    assert implausible(a.offer(str(price), gpu="A100-80GB-SXM")).startswith("outside $0.42 to $14.33 a GPU and hour")


def test_price_in_another_currency_or_of_a_throughput_unit_is_not_judged() -> None:
    assert implausible(in_yen("400")) == ""
    assert implausible(a.offer("400", gpu="azure-ptu:gpt-4o", unit="throughput-unit")) == ""


def in_yen(price: str) -> Offer:
    return a.offer("1", price_per_gpu_hour=Money(Decimal(price), "JPY"))
