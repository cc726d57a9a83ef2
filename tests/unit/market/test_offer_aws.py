"""Offers out of AWS's price list, from answers of the API in its own shape."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from advisor.domain.fleet import Offer
from advisor.market.aws_price_list import reading
from advisor.market.offer_refresh import Reading, Unread
from tests.unit.market.catalogs import product

TODAY = date(2026, 11, 24)
FILTERS = {
    "instanceFamily": "GPU instance", "operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA",
    "capacitystatus": "Used", "marketoption": "OnDemand",
}  # fmt: skip


@pytest.fixture(scope="module")
def client() -> Any:
    import boto3

    return boto3.client("pricing", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")


@pytest.fixture
def stub(client: Any) -> Iterator[Any]:
    from botocore.stub import Stubber

    with Stubber(client) as stubber:
        yield stubber


def expected(token: str = "") -> dict[str, Any]:
    filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in FILTERS.items()]
    return {"ServiceCode": "AmazonEC2", "Filters": filters, **({"NextToken": token} if token else {})}


def rows(client: Any, stub: Any, *products: str) -> tuple[Offer, ...]:
    stub.add_response("get_products", {"PriceList": list(products)}, expected())
    found = reading(TODAY, client)
    assert isinstance(found, Reading), found
    return found.rows


def test_on_demand_price_is_that_of_the_instance_split_over_its_gpus(client: Any, stub: Any) -> None:
    (offer,) = rows(client, stub, product("p5.48xlarge", "8", on_demand="55.0400000000"))
    assert (offer.provider, offer.gpu, offer.gpus, offer.region) == ("aws", "H100-80GB-SXM", 8, "us-east-1")
    assert offer.price_per_gpu_hour.amount == Decimal("55.04") / 8
    assert (offer.instance, offer.commitment, offer.checked_on) == ("p5.48xlarge", "on-demand", TODAY)
    assert offer.source == "AWS price list 20261120150000, on demand"


def test_every_page_is_read(client: Any, stub: Any) -> None:
    pages = [product("g6.xlarge", "1", on_demand="0.8048")], [product("g5.xlarge", "1", on_demand="1.006")]
    stub.add_response("get_products", {"PriceList": pages[0], "NextToken": "more"}, expected())
    stub.add_response("get_products", {"PriceList": pages[1]}, expected("more"))
    found = reading(TODAY, client)
    assert isinstance(found, Reading)
    assert [offer.gpu for offer in found.rows] == ["L4-24GB", "A10G-24GB"]


def test_reservation_is_priced_at_the_standard_class_and_the_least_payment_up_front(client: Any, stub: Any) -> None:
    listed = product(
        "g6e.xlarge",
        "1",
        reserved=(
            ("1yr", "standard", "All Upfront", "0", "8760"),
            ("1yr", "standard", "No Upfront", "1.25", "0"),
            ("1yr", "convertible", "No Upfront", "1.35", "0"),
            ("3yr", "standard", "All Upfront", "0", "15768"),
            ("3yr", "standard", "Partial Upfront", "0.4", "7884"),
        ),
    )
    prices = {offer.commitment: offer for offer in rows(client, stub, listed)}
    assert set(prices) == {"1-year", "3-year"}
    assert prices["1-year"].price_per_gpu_hour.amount == Decimal("1.25")
    assert prices["3-year"].price_per_gpu_hour.amount == Decimal("0.4") + Decimal(7884) / (3 * 8760)
    assert prices["3-year"].source == "AWS price list 20261120150000, reserved 3-year, partial upfront"


def test_instances_without_a_whole_known_gpu_or_a_price_are_counted_and_left_out(client: Any, stub: Any) -> None:
    stub.add_response(
        "get_products",
        {
            "PriceList": [
                product("g6f.large", "0.125", on_demand="0.2"),
                product("g3.4xlarge", "1", on_demand="1.14"),
                product("p5.48xlarge", "8", on_demand="0.0000000000"),
            ]
        },
        expected(),
    )
    found = reading(TODAY, client)
    assert isinstance(found, Reading)
    assert found.rows == ()
    assert dict(found.skipped) == {"g6f, a part of a GPU": 1, "g3": 1, "p5.48xlarge without a price": 1}


def test_refusal_by_aws_is_told_with_the_permission_that_it_takes(client: Any, stub: Any) -> None:
    stub.add_client_error("get_products", "AccessDeniedException", "not authorized", 400)
    found = reading(TODAY, client)
    assert isinstance(found, Unread)
    assert "not authorized" in found.reason
    assert "pricing:GetProducts" in found.reason


@pytest.mark.parametrize("answer", ["{", "[]", '{"product": {}}', product("p5.48xlarge", "8", on_demand="dear")])
def test_answer_of_another_shape_is_a_failure_that_says_so(client: Any, stub: Any, answer: str) -> None:
    stub.add_response("get_products", {"PriceList": [answer]}, expected())
    found = reading(TODAY, client)
    assert isinstance(found, Unread)
    assert "shape" in found.reason
