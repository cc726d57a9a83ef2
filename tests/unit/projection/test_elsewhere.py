"""The same tokens at other hosts: what they would cost there, and which of them a move has to beat."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from advisor.domain.assumptions import ExchangeRate, Workload
from advisor.domain.comparison import Comparison, Elsewhere
from advisor.domain.units import Month
from advisor.domain.usage import WorkloadUsage
from advisor.market.token_prices import OwnPrice
from advisor.projection.elsewhere import elsewhere
from advisor.projection.weigh import Scales
from tests.unit import builders as a

MODEL = "llama-3.1-8b"


def price(host: str, rate: str, tier: str = "on_demand", **more: Any) -> OwnPrice:
    return OwnPrice(
        model=MODEL, input=Decimal(rate), output=Decimal(rate), provider=host, tier=tier,
        **{"currency": "USD", "source": "a price list", **more},
    )  # fmt: skip


def month(**changes: Any) -> WorkloadUsage:
    return a.flat_month(10e9, "2200", **changes)


def at(host: str, found: tuple[Elsewhere, ...], tier: str = "on_demand") -> Elsewhere | None:
    return next((one for one in found if (one.host, one.tier) == (host, tier)), None)


def test_tokens_times_the_other_hosts_price_cheapest_first() -> None:
    found = elsewhere(month(), MODEL, {"acme"}, own=[price("acme", "0.05"), price("zenith", "0.04")])
    acme, zenith = at("acme", found), at("zenith", found)
    assert acme
    assert zenith
    assert acme.cost == a.usd("0.05") * 10_000
    assert found.index(zenith) < found.index(acme)
    assert (acme.allowed, zenith.allowed) == (True, False)
    assert list(found) == sorted(found, key=lambda one: one.cost.amount)


def test_the_shipped_catalog_knows_other_hosts_with_source_and_date() -> None:
    found = elsewhere(month(), MODEL, ())
    assert len({one.host for one in found}) >= 5
    assert all(one.source and one.checked_on for one in found)


def test_what_is_paid_already_is_not_another_host() -> None:
    assert at("aws", elsewhere(month(), MODEL, {"aws"})) is None


def test_batch_gates_only_a_workload_that_may_wait() -> None:
    own = [price("aws", "0.05", "batch")]
    at_once, later = month(), month(workload=Workload(name="jobs", serve=MODEL, slo="batch"))
    shown = at("aws", elsewhere(at_once, MODEL, {"aws"}, own=own), "batch")
    assert shown
    assert not shown.allowed
    gating = at("aws", elsewhere(later, MODEL, {"aws"}, own=own), "batch")
    assert gating
    assert gating.allowed


def test_a_price_is_the_one_of_the_months_last_day() -> None:
    own = [
        price("acme", "0.10"),
        price("acme", "0.05", start=date(2026, 10, 31)),
        price("acme", "0.01", start=date(2026, 11, 1)),
    ]
    found = at("acme", elsewhere(month(month=Month(2026, 10)), MODEL, (), own=own))
    assert found
    assert found.cost == a.usd("0.05") * 10_000


def test_a_host_without_a_cache_price_is_left_out_where_cached_tokens_occur() -> None:
    cached = a.month_usage(a.shape(3600, [1e9], cache_read=[5e8]), cost="500")
    own = [price("acme", "0.05"), price("zenith", "0.05", cache_read=Decimal("0.01"))]
    found = elsewhere(cached, MODEL, (), own=own)
    assert at("acme", found) is None
    zenith = at("zenith", found)
    assert zenith
    assert zenith.cost == a.usd("0.05") * 1_000 + a.usd("0.01") * 500


def test_another_currency_is_converted_or_left_out() -> None:
    own = [price("acme", "0.10", currency="EUR")]
    assert at("acme", elsewhere(month(), MODEL, (), own=own)) is None
    rate = ExchangeRate(
        from_currency="EUR", to_currency="USD", rate=Decimal("1.10"), date=date(2026, 10, 31), source="ECB"
    )
    found = at("acme", elsewhere(month(), MODEL, (), own=own, exchange=[rate]))
    assert found
    assert found.cost == a.usd("0.11") * 10_000


def test_a_substitute_takes_its_own_number_of_tokens() -> None:
    workload = Workload(name="chat", serve=MODEL, token_ratio=1.2, approved_by="cto")
    found = at("acme", elsewhere(month(workload=workload), MODEL, (), own=[price("acme", "0.05")]))
    assert found
    assert found.cost == a.usd("0.05") * 12_000


@pytest.mark.parametrize(("hosts", "allowed"), [((), False), (("acme",), True), (("Acme",), True)])
def test_allowed_are_the_configured_hosts_and_by_default_those_already_paid(
    hosts: tuple[str, ...], allowed: bool
) -> None:
    scales = Scales(
        fleet=a.fleet(), policy=a.policy(allowed_hosts=hosts), commitments=(), offers=(a.offer(),),
        own_profiles=(a.profile(12_000),), own_prices=(price("acme", "0.05"), price("together", "0.06")),
    )  # fmt: skip
    (alone,) = scales.weigh([month()])
    assert isinstance(alone, Comparison)
    acme = at("acme", alone.elsewhere)
    assert acme
    assert acme.allowed is allowed
    line = replace(month().lines[0], provider="together")
    other = month(workload=Workload(name="other", serve=MODEL), lines=(line,))
    beside = scales.weigh([month(), other])[0]
    assert isinstance(beside, Comparison)
    together = at("together", beside.elsewhere)
    assert together
    assert together.allowed is (not hosts), "another workload pays it"
