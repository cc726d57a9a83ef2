"""GPU offers out of the price list of AWS, on demand and reserved, in every region."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from advisor.domain.fleet import CommitmentTerm, Offer
from advisor.domain.units import Money
from advisor.market.offer_refresh import Reading, Unread

FEED = "AWS price list"
GPUS = {
    "p3": "V100-16GB",
    "p3dn": "V100-32GB",
    "p4d": "A100-40GB",
    "p4de": "A100-80GB-SXM",
    "p5": "H100-80GB-SXM",
    "p5e": "H200-141GB",
    "p5en": "H200-141GB",
    "p6-b200": "B200-180GB",
    "p6-b300": "B300-288GB",
    "g4dn": "T4-16GB",
    "g5": "A10G-24GB",
    "g6": "L4-24GB",
    "gr6": "L4-24GB",
    "g6e": "L40S-48GB",
}
"""The GPU of each instance family: the list states their number, not which they are."""
WANTED = {
    "instanceFamily": "GPU instance",
    "operatingSystem": "Linux",
    "tenancy": "Shared",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
    "marketoption": "OnDemand",  # capacity blocks are listed beside it at no price
}
TERMS: dict[str, tuple[CommitmentTerm, int]] = {"1yr": ("1-year", 1), "3yr": ("3-year", 3)}
UPFRONT = ("No Upfront", "Partial Upfront", "All Upfront")
HOURS_A_YEAR = 8760


def reading(today: date, client: Any = None) -> Reading | Unread:
    """What the list holds of every GPU instance, shared tenancy and Linux; *client* stands in for boto3's.

    Needs credentials with the permission `pricing:GetProducts`; AWS_ENDPOINT_URL_PRICING names another server. A
    reservation is priced in its standard class, at the payment option that asks least up front, with that payment
    spread over the hours of its term.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in WANTED.items()]
    rows: list[Offer] = []
    skipped = Counter[str]()
    try:
        pages = client or _client()
        for page in pages.get_paginator("get_products").paginate(ServiceCode="AmazonEC2", Filters=filters):
            for text in page["PriceList"]:
                rows += _offers(json.loads(text), today, skipped)
    except (BotoCoreError, ClientError) as error:
        return Unread(provider="aws", feed=FEED, reason=f"{error} (it needs pricing:GetProducts)")
    except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError) as error:
        return Unread(provider="aws", feed=FEED, reason=f"its answer has a shape that is not known: {error!r}")
    return Reading(provider="aws", feed=FEED, rows=tuple(rows), skipped=skipped)


def _client() -> Any:
    import boto3
    from botocore.config import Config

    patience = Config(connect_timeout=10, read_timeout=60, retries={"mode": "standard", "max_attempts": 3})
    return boto3.client("pricing", region_name="us-east-1", config=patience)


def _offers(product: Mapping[str, Any], today: date, skipped: Counter[str]) -> Iterator[Offer]:
    attributes = product["product"]["attributes"]
    instance = attributes["instanceType"]
    family, gpus = instance.partition(".")[0], attributes.get("gpu", "")
    if family not in GPUS or not gpus.isdigit() or int(gpus) < 1:
        skipped[family if gpus.isdigit() else f"{family}, a part of a GPU"] += 1
        return
    prices = _prices(product["terms"])
    if not prices:
        skipped[f"{instance} without a price"] += 1
    for commitment, (price, paid) in prices.items():
        yield Offer(
            provider="aws",
            instance=instance,
            gpu=GPUS[family],
            gpus=int(gpus),
            price_per_gpu_hour=Money(round(price / int(gpus), 6).normalize(), "USD"),
            commitment=commitment,
            region=attributes["regionCode"],
            operated_by="you",
            tier="standard",
            source=f"{FEED} {product['version']}, {paid}",
            checked_on=today,
        )


def _prices(terms: Mapping[str, Any]) -> dict[CommitmentTerm, tuple[Decimal, str]]:
    """Dollars an hour and how they are paid, for each commitment that has a price above zero."""
    found: dict[CommitmentTerm, tuple[Decimal, str]] = {}
    for term in terms.get("OnDemand", {}).values():
        if (hourly := _parts(term).get("Hrs", Decimal(0))) > 0:
            found["on-demand"] = (hourly, "on demand")
    for option in UPFRONT:
        for term in terms.get("Reserved", {}).values():
            asked = term["termAttributes"]
            if asked["OfferingClass"] != "standard" or asked["PurchaseOption"] != option:
                continue
            commitment, years = TERMS[asked["LeaseContractLength"]]
            parts = _parts(term)
            price = parts.get("Hrs", Decimal(0)) + parts.get("Quantity", Decimal(0)) / (years * HOURS_A_YEAR)
            if price > 0:
                found.setdefault(commitment, (price, f"reserved {commitment}, {option.lower()}"))
    return found


def _parts(term: Mapping[str, Any]) -> dict[str, Decimal]:
    """Dollars by unit: `Hrs` an hour, `Quantity` once."""
    return {
        part["unit"]: Decimal(part["pricePerUnit"]["USD"])
        for part in term["priceDimensions"].values()
        if "USD" in part["pricePerUnit"]
    }
