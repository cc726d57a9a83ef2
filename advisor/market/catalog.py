"""The shipped price catalog, genai-prices read offline, as schedules of dated rates; a supplement fills its gaps."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from importlib.metadata import version
from typing import Any

from advisor.domain.facts import ON_DEMAND
from advisor.market.models import canonical
from advisor.market.rates import Rates, Schedule, Unpriced
from advisor.market.supplement import supplement

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
def snapshot() -> Any:
    """The catalog's own value of everything in it; the first call takes a third of a second."""
    from genai_prices import data_snapshot

    return data_snapshot.get_snapshot()


def schedule(host: str, model_raw: str, model_id: str | None, tier: str) -> Schedule:
    """All prices of a model at a host in one tier. Without a host, only a closed model's own maker is taken."""
    if tier != ON_DEMAND and tier not in TIERS:
        return Schedule.never(f"no {tier} price of {model_raw} is known: {FIX}")
    if not host:
        return _of_its_maker(model_raw, tier)
    sellers = {seller.id: seller for seller in snapshot().providers}
    if host in sellers and (found := _catalogued(sellers, host, model_raw, model_id, tier)):
        return found
    rows = supplement(host, model_raw, model_id, tier)
    if len({repr(row.schedule.rates) for row in rows}) > 1:
        return _ambiguous(host, model_raw, [row.model_raw for row in rows])
    if rows:
        return rows[0].schedule
    return Schedule.never(f"{edition()} has no price of {model_raw} at {host}: {FIX}")


def _catalogued(
    sellers: Mapping[str, Any], host: str, model_raw: str, model_id: str | None, tier: str
) -> Schedule | None:
    """What the catalog itself says of a model at a host; None where it does not know the model there."""
    seller = sellers[host]
    if found := _of_that_id(seller, model_raw, model_id):
        return dated(found, tier, edition())
    if same := _spelt_otherwise(seller, model_id):
        if len({repr(model.prices) for model in same}) > 1:
            return _ambiguous(host, model_raw, [model.id for model in same])
        return dated(same[0], tier, f"{edition()}, there as {same[0].id}")
    for maker in seller.fallback_model_providers or ():
        if (found := sellers[maker].find_model(model_raw.rpartition("/")[2])) and _same(found, model_id):
            return dated(found, tier, f"{edition()}, the price of {maker}")
    return None


def exactly(host: str, model_raw: str, model_id: str | None, tier: str) -> Schedule | None:
    """The prices of an id that the catalog knows at a host as it is written; None where it knows no such id."""
    seller = next((seller for seller in snapshot().providers if seller.id == host), None)
    found = seller and _of_that_id(seller, model_raw, model_id)
    return dated(found, tier, edition()) if found else None


def _of_that_id(seller: Any, model_raw: str, model_id: str | None) -> Any:
    for name in dict.fromkeys((model_raw, model_raw.rpartition("/")[2])):
        if (found := seller.find_model(name)) and _same(found, model_id):
            return found
    return None


def _ambiguous(host: str, model_raw: str, ids: Sequence[str]) -> Schedule:
    return Schedule.never(f"{host} prices {model_raw} in several ways ({', '.join(sorted(ids)[:3])}): {FIX}")


def _of_its_maker(model_raw: str, tier: str) -> Schedule:
    known = canonical(model_raw)
    if known is None or known.open_weights:
        return Schedule.never(f"no host of {model_raw} is stated: set `provider` on its source, or {FIX}")
    try:
        maker, found = snapshot().find_provider_model(model_raw.rpartition("/")[2], None, None, None)
    except LookupError:
        return Schedule.never(f"{model_raw} is not in {edition()}: {FIX}")
    return dated(found, tier, f"{edition()}, the price of {maker.id}")


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


def dated(model: Any, tier: str, source: str) -> Schedule:
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
