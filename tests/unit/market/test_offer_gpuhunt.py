"""Offers out of gpuhunt's catalogs: read with the package itself where it is installed, else with its stand-in."""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from advisor.domain.fleet import Offer
from advisor.market.gpuhunt_feed import PROVIDERS, readings
from advisor.market.offer_refresh import Reading, Unread
from tests.unit.market.catalogs import STAND_IN, instance, publish

Read = Callable[..., Reading | Unread]


@pytest.fixture
def gpuhunt(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    if find_spec("gpuhunt") is None:
        monkeypatch.syspath_prepend(str(STAND_IN))
    yield importlib.import_module("gpuhunt")
    if "stand_in" in str(sys.modules["gpuhunt"].__file__):
        del sys.modules["gpuhunt"]


@pytest.fixture
def read(gpuhunt: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Publish a catalog of one provider, under gpuhunt's name for it, and read it under ours."""

    def publish_and_read(provider: str, *rows: dict[str, Any], version: str = "20261124-7224") -> Reading | Unread:
        monkeypatch.setenv("GPUHUNT_CATALOG_URL", publish(tmp_path, PROVIDERS[provider], *rows, version=version))
        (found,) = readings(gpuhunt, [provider])
        return found

    return publish_and_read


def offer(found: Reading | Unread) -> Offer:
    assert isinstance(found, Reading)
    (only,) = found.rows
    return only


def test_price_of_an_instance_is_split_over_its_gpus_and_keeps_where_and_when_it_was_listed(read: Read) -> None:
    found = offer(read("runpod", instance("NVIDIA H100 80GB HBM3", "H100", 80, price=31.92, gpus=8)))
    assert (found.provider, found.gpu, found.gpus, found.region) == ("runpod", "H100-80GB-SXM", 8, "EU-RO-1")
    assert found.price_per_gpu_hour.amount == Decimal("31.92") / 8
    assert (found.source, found.checked_on) == ("gpuhunt runpod 20261124-7224", date(2026, 11, 24))
    assert (found.commitment, found.tier, found.weakness, found.own) == ("on-demand", "standard", "", False)


def test_spot_rows_are_spot_offers(read: Read) -> None:
    row = instance("Standard_NC24ads_A100_v4", "A100", 80, price=0.9, at="eastus", spot=True)
    assert offer(read("azure", row)).commitment == "spot"


def test_runpods_rows_by_country_are_its_community_cloud(read: Read) -> None:
    found = offer(read("runpod", instance("NVIDIA A100-SXM4-80GB", "A100", 80, price=1.39, at="US")))
    assert found.weakness == "a community offer without an SLA"


@pytest.mark.parametrize(
    ("provider", "name", "listed", "memory", "gpu"),
    [
        ("aws", "p4de.24xlarge", "A100", 80, "A100-80GB-SXM"),
        ("aws", "p5.48xlarge", "H100", 80, "H100-80GB-SXM"),
        ("aws", "g5.xlarge", "A10G", 24, "A10G-24GB"),
        ("azure", "Standard_ND96amsr_A100_v4", "A100", 80, "A100-80GB-SXM"),
        ("azure", "Standard_NC24ads_A100_v4", "A100", 80, "A100-80GB-PCIe"),
        ("azure", "Standard_NC40ads_H100_v5", "H100NVL", 94, "H100-94GB-NVL"),
        ("lambda", "gpu_1x_h100_pcie", "H100", 80, "H100-80GB-PCIe"),
        ("lambda", "gpu_8x_a100_80gb_sxm4", "A100", 80, "A100-80GB-SXM"),
        ("nebius", "gpu-h100-sxm 8gpu-128vcpu-1600gb", "H100", 80, "H100-80GB-SXM"),
        ("oci", "BM.GPU.H100.8", "H100", 80, "H100-80GB-SXM"),
        ("verda", "8H100.80S.176V", "H100", 80, "H100-80GB-SXM"),
        ("runpod", "NVIDIA A100 80GB PCIe", "A100", 80, "A100-80GB-PCIe"),
        ("runpod", "AMD Instinct MI300X OAM", "MI300X", 192, "MI300X-192GB"),
        ("runpod", "something else", "A100", 80, "A100-80GB"),
        ("oci", "BM.GPU4.8", "A100", 40, "A100-40GB"),
        ("aws", "p6-b300.48xlarge", "B300", 270, "B300-288GB"),
    ],
)
def test_gpu_is_named_as_precisely_as_the_instance_says(
    read: Read, provider: str, name: str, listed: str, memory: float, gpu: str
) -> None:
    assert offer(read(provider, instance(name, listed, memory, price=2))).gpu == gpu


def test_rows_that_are_no_gpu_known_here_are_counted_and_left_out(read: Read) -> None:
    found = read(
        "azure",
        instance("Standard_NC6s_v2", "P100", 16, price=2),
        instance("Standard_NV6ads_A10_v5", "A10", 4, price=0.45),
        instance("a cluster", "H100", 80, price=32, gpus=8, flags="runpod-cluster"),
        instance("no GPU", "", "", price=0.4, gpus=0, gpu_vendor=""),
    )
    assert isinstance(found, Reading)
    assert found.rows == ()
    assert dict(found.skipped) == {"P100 of 16 GB": 1, "A10 of 4 GB": 1, "clusters of several nodes": 1}


def test_catalog_without_a_day_gives_undated_offers_that_carry_no_move(read: Read) -> None:
    found = offer(read("runpod", instance("NVIDIA L4", "L4", 24, price=0.5), version="latest"))
    assert (found.checked_on, found.weakness) == (None, "an offer without a date")


def test_provider_that_cannot_be_read_says_why_and_spares_the_others(
    gpuhunt: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "verda").mkdir()
    (tmp_path / "verda" / "version").write_text("20261124-1")
    row = instance("NVIDIA L4", "L4", 24, price=0.5)
    monkeypatch.setenv("GPUHUNT_CATALOG_URL", publish(tmp_path, "runpod", row))
    verda, runpod = readings(gpuhunt, ["verda", "runpod"])
    assert isinstance(verda, Unread)
    assert "catalog.zip" in verda.reason
    assert isinstance(runpod, Reading)
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("gpuhunt").propagate


def test_no_catalog_at_all_is_every_providers_own_failure(
    gpuhunt: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPUHUNT_CATALOG_URL", (tmp_path / "nowhere").as_uri())
    found = list(readings(gpuhunt, list(PROVIDERS)))
    assert [one.provider for one in found] == list(PROVIDERS)
    assert all(isinstance(one, Unread) and "nowhere" in one.reason for one in found)
