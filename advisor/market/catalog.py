"""The shipped catalog of token prices: genai-prices, offline, as schedules of dated rates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from importlib.metadata import version
from typing import Any

from advisor.domain.facts import ON_DEMAND
from advisor.market.models import canonical
from advisor.market.rates import Rates, Schedule, Unpriced

FIX = "add [[prices]]"
# The package states no date of its own: the day of its release, from the package index.
RELEASED = {"0.2.3": date(2026, 11, 10)}
# What marks a tier's prices in the catalog.
TIERS: Mapping[str, Mapping[str, str]] = {
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
}
# Charges beside tokens, which a count of tokens cannot tell.
BESIDE_TOKENS = ("requests_kcount", "output_reasoning_mtok")


def edition() -> str:
    """The catalog with its version; cheap, as the catalog itself is not imported."""
    return f"genai-prices {version('genai-prices')}"


@cache
def _snapshot() -> Any:
    from genai_prices import data_snapshot

    return data_snapshot.get_snapshot()


def schedule(host: str, model_raw: str, model_id: str | None, tier: str) -> Schedule:
    """All prices of a model at a host in one tier. Without a host, only a closed model's own maker is taken."""
    if tier != ON_DEMAND and tier not in TIERS:
        return Schedule.never(f"no {tier} price of {model_raw} is known: {FIX}")
    if not host:
        return _of_its_maker(model_raw, tier)
    sellers = {seller.id: seller for seller in _snapshot().providers}
    if host not in sellers:
        return Schedule.never(f"{edition()} has no prices of {host}: {FIX}")
    seller = sellers[host]
    for name in dict.fromkeys((model_raw, model_raw.rpartition("/")[2])):
        if (found := seller.find_model(name)) and _same(found, model_id):
            return _dated(found, tier, edition())
    if same := _spelt_otherwise(seller, model_id):
        if len({repr(model.prices) for model in same}) > 1:
            ids = ", ".join(sorted(model.id for model in same)[:3])
            return Schedule.never(f"{host} prices {model_raw} in several ways ({ids}): {FIX}")
        return _dated(same[0], tier, f"{edition()}, there as {same[0].id}")
    for maker in seller.fallback_model_providers or ():
        if (found := sellers[maker].find_model(model_raw.rpartition("/")[2])) and _same(found, model_id):
            return _dated(found, tier, f"{edition()}, the price of {maker}")
    return Schedule.never(f"{edition()} has no price of {model_raw} at {host}: {FIX}")


def _of_its_maker(model_raw: str, tier: str) -> Schedule:
    known = canonical(model_raw)
    if known is None or known.open_weights:
        return Schedule.never(f"no host of {model_raw} is stated: set `provider` on its source, or {FIX}")
    try:
        maker, found = _snapshot().find_provider_model(model_raw.rpartition("/")[2], None, None, None)
    except LookupError:
        return Schedule.never(f"{model_raw} is not in {edition()}: {FIX}")
    return _dated(found, tier, f"{edition()}, the price of {maker.id}")


def _same(model: Any, model_id: str | None) -> bool:
    """Whether a match of the catalog, which may be loose, agrees with ours: a fine-tune is not its base model."""
    known = canonical(model.id)
    return known is None or not known.open_weights or known.id == model_id


def _spelt_otherwise(seller: Any, model_id: str | None) -> list[Any]:
    """The seller's rows of one open model under any spelling. Variants after a colon (`:free`) are other goods."""
    return [
        model
        for model in seller.models
        if not re.search(r":[^\d]", model.id)
        and (known := canonical(model.id))
        and known.open_weights
        and known.id == model_id
    ]


def _dated(model: Any, tier: str, source: str) -> Schedule:
    """A catalog row as a schedule. A day's price is asked of the catalog itself at each day on which one starts."""
    rows = model.prices if isinstance(model.prices, list) else []
    limits = [row.constraint for row in (*rows, *(model.price_variants or ())) if row.constraint is not None]
    if any(not hasattr(limit, "start_date") for limit in limits):
        return Schedule.never(f"the price of {model.id} depends on the time of day: {FIX}")
    starts = sorted({date.min, *(limit.start_date for limit in limits)})
    return Schedule(tuple(starts), tuple(_on(model, tier, day, source) for day in starts))


def _on(model: Any, tier: str, day: date, source: str) -> Rates | Unpriced:
    noon = datetime.combine(day, time(12), tzinfo=UTC)
    price = model.get_prices(noon).__dict__ if tier == ON_DEMAND else _variant(model, TIERS[tier], noon)
    rates = {part: _base(price.get(f"{part}_mtok")) for part in ("input", "output", "cache_read", "cache_write")}
    if rates["input"] is None or rates["output"] is None:
        what = "price" if tier == ON_DEMAND else f"{tier} price"
        return Unpriced(reason=f"{source} has no full {what} of {model.id} for that day: {FIX}")
    if any(price.get(part) for part in BESIDE_TOKENS):
        return Unpriced(reason=f"{model.id} is not charged by input and output tokens alone: {FIX}")
    return Rates(
        input=rates["input"],
        output=rates["output"],
        cache_read=rates["cache_read"],
        cache_write=rates["cache_write"],
        currency="USD",
        source=source,
        checked_on=RELEASED.get(version("genai-prices")),
    )


def _variant(model: Any, when: Mapping[str, str], moment: datetime) -> dict[str, Any]:
    """The prices stated for a tier itself. What it does not state is unknown, never the price on demand."""
    prices: dict[str, Any] = {}
    for variant in model.price_variants or ():
        if variant.when == when and (variant.constraint is None or variant.constraint.active(moment)):
            prices = {**variant.prices.__dict__, **prices}
    return prices


def _base(price: Any) -> Decimal | None:
    """The un-tiered rate: a month is never priced as one giant request, which would hit the long-context tier."""
    return None if price is None else Decimal(getattr(price, "base", price))
