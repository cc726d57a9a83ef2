"""The shipped catalog of token prices: genai-prices, offline, as schedules of dated rates."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from advisor.market.models import canonical
from advisor.market.token_prices import Rates, Schedule, Unpriced

# Our provider names follow OpenTelemetry; the catalog has its own.
PROVIDERS = {
    "aws.bedrock": "aws",
    "bedrock": "aws",
    "azure.ai.openai": "azure",
    "azure-openai": "azure",
    "gcp.vertex_ai": "google",
    "gcp.gemini": "google",
    "vertex": "google",
    "mistral_ai": "mistral",
    "x_ai": "x-ai",
    "xai": "x-ai",
    "together_ai": "together",
    "together-ai": "together",
    "fireworks_ai": "fireworks",
    "fireworks-ai": "fireworks",
}
FIX = "add [[prices]]"
# The package states no date of its own: the day on which we took a version, newest on the index.
CURRENT_ON = {"0.2.3": date(2026, 11, 24)}


@cache
def _catalog() -> tuple[Any, str, date | None]:
    """The catalog, its name with its version, and the day on which that version was current."""
    from importlib.metadata import version

    from genai_prices import data_snapshot

    release = version("genai-prices")
    return data_snapshot.get_snapshot(), f"genai-prices {release}", CURRENT_ON.get(release)


def schedule(provider: str, model_raw: str, model_id: str | None) -> Schedule | Unpriced:
    """All rates of a model at a host. Without a host, only a closed model's own maker is taken."""
    snapshot, source, checked_on = _catalog()
    if not provider:
        known = canonical(model_raw)
        if known is None or known.open_weights:
            return Unpriced(reason=f"no host of {model_raw} is stated: set `provider` on its source, or {FIX}")
        try:
            _, found = snapshot.find_provider_model(model_raw, None, None, None)
        except LookupError:
            return Unpriced(reason=f"{model_raw} is not in {source}: {FIX}")
        return _schedule(found, source, checked_on)
    name = PROVIDERS.get(provider.lower(), provider.lower())
    host = next((candidate for candidate in snapshot.providers if candidate.id == name), None)
    if host is None:
        return Unpriced(reason=f"{source} has no prices of {provider}: {FIX}")
    found = host.find_model(model_raw) or host.find_model(model_raw.rpartition("/")[2])
    if found is not None:
        return _schedule(found, source, checked_on)
    return _by_canonical_id(host.models, model_raw, model_id, provider, source, checked_on)


def _by_canonical_id(
    models: Iterable[Any], model_raw: str, model_id: str | None, provider: str, source: str, checked_on: date | None
) -> Schedule | Unpriced:
    """The host's rows of the same canonical model, if they all agree."""
    same = [model for model in models if model_id and (known := canonical(model.id)) and known.id == model_id]
    schedules = {
        repr(found): found for model in same if isinstance(found := _schedule(model, source, checked_on), Schedule)
    }
    if len(schedules) == 1:
        return next(iter(schedules.values()))
    if schedules:
        ids = ", ".join(sorted(model.id for model in same)[:3])
        return Unpriced(reason=f"{provider} prices {model_raw} in several ways ({ids}): use its own id, or {FIX}")
    return Unpriced(reason=f"{source} has no price of {model_raw} at {provider}: {FIX}")


def _schedule(model: Any, source: str, checked_on: date | None) -> Schedule | Unpriced:
    rows = model.prices if isinstance(model.prices, list) else [_Always(model.prices)]
    dated: list[tuple[date, Rates]] = []
    for row in rows:
        start = date.min if row.constraint is None else getattr(row.constraint, "start_date", None)
        if start is None:
            return Unpriced(reason=f"the price of {model.id} depends on the time of day: {FIX}")
        price = row.prices
        read, written = _base(price.input_mtok), _base(price.output_mtok)
        if read is None or written is None:
            return Unpriced(reason=f"{source} has no full price of {model.id}: {FIX}")
        dated.append(
            (
                start,
                Rates(
                    input=read,
                    output=written,
                    cache_read=_base(price.cache_read_mtok),
                    cache_write=_base(price.cache_write_mtok),
                    currency="USD",
                    source=source,
                    checked_on=checked_on,
                ),
            )
        )
    dated.sort(key=lambda item: item[0])
    return Schedule(starts=tuple(day for day, _ in dated), rates=tuple(rates for _, rates in dated))


class _Always:
    """A price without a date, shaped like a dated one."""

    def __init__(self, prices: Any) -> None:
        self.constraint = None
        self.prices = prices


def _base(price: Any) -> Decimal | None:
    """The un-tiered rate: a month is never priced as one giant request, which would hit the long-context tier."""
    if price is None:
        return None
    return Decimal(getattr(price, "base", price))
