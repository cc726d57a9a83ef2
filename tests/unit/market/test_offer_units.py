"""Throughput units of a vendor: stated in a configuration, they are priced like GPUs with the profile of one unit."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from advisor import config
from advisor.domain.assumptions import FleetAssumptions, FleetOnly, SwitchPolicy
from advisor.domain.comparison import Comparison
from advisor.errors import ConfigError
from advisor.market.offers import offers
from advisor.market.profiles import profiles
from advisor.projection.compare import compare
from tests.unit import builders as a

OFFER = {
    "provider": "Azure",
    "gpu": "azure-ptu:gpt-4o",
    "gpus": 5,
    "price_per_gpu_hour": "1.00",
    "unit": "throughput-unit",
    "operated_by": "vendor",
    "source": "quote 4711",
}
PROFILE = {
    "model": "gpt-4o",
    "gpu": "Azure-PTU:GPT-4o",
    "total_tokens_per_second": 500,
    "source": "load test 2026-11-01",
}


def stated(**changes: Any) -> config.Config:
    fleet = {"offers": [{**OFFER, **changes}], "profiles": [PROFILE]}
    return config.parse({"sources": [{"name": "prod", "kind": "request-log"}], "fleet": fleet}, Path())


def test_units_and_their_profile_make_a_closed_model_comparable() -> None:
    found = stated()
    month = a.flat_month(1000 * 3600 * 744, "20000", models_raw=("gpt-4o",))
    comparison = compare(
        month,
        offers=offers([table.offer("USD") for table in found.offers], FleetOnly(providers=("azure",))),
        profiles=profiles(
            "gpt-4o",
            own=[table.profile() for table in found.profiles],
            input_length=None,
            output_length=None,
            input_share=None,
        ),
        fleet=FleetAssumptions(),
        policy=SwitchPolicy(),
    )
    assert isinstance(comparison, Comparison)
    # 1,000 tokens/s of demand at 500 a unit and 70 %: three units, sold five together, at $1.00 an hour each.
    assert (comparison.equivalent.replicas, comparison.equivalent.gpus) == (3, 5)
    assert comparison.equivalent.cost.gpu == a.usd(5 * 744)
    assert comparison.equivalent.cost.staging == a.usd(0)
    assert comparison.engineering_hours == Decimal(6)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"gpu": "gpt-4o"}, "a throughput unit is named UNIT:MODEL"),
        ({"unit": "gpu"}, "a GPU has no colon"),
        ({"operated_by": "you"}, 'add operated_by = "vendor"'),
    ],
)
def test_unit_that_is_stated_by_halves_is_refused_with_what_to_write(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        stated(**changes)
    assert "fleet.offers.0" in raised.value.message
    assert said in raised.value.message


def test_units_need_no_apology() -> None:
    assert stated().not_yet() == ()
