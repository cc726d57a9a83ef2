"""What hosts list in the shipped catalog and its supplement, by model."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from typing import Any

from advisor.domain.facts import ON_DEMAND
from advisor.market.catalog import TIERS, dated, edition, snapshot
from advisor.market.models import canonical
from advisor.market.rates import Rates
from advisor.market.spelling import plain
from advisor.market.supplement import Listed, listed

FREE = ":free"
BATCH = ":batch"
# Rows of makers whose price the catalog took from a gateway, often for models that they do not sell themselves.
BORROWED = re.compile(r"imported from openrouter pricing|trusting open router", re.IGNORECASE)


def listings(model_id: str) -> tuple[Listed, ...]:
    """Every price of a model, in every tier that is priced at all. The supplement counts where the catalog has none
    of the model at that host. Left out are free variants, what its host calls deprecated, and rows of a maker whose
    price the catalog took from a gateway.
    """
    found = tuple(
        one for seller, model in _catalog().get(model_id, ()) for one in _of(seller, model) if _has_price(one)
    )
    sold = {(one.host, one.tier) for one in found}
    return (*found, *(one for one in _supplement().get(model_id, ()) if (one.host, one.tier) not in sold))


def listed_models() -> tuple[str, ...]:
    """The canonical ids, or plain names, of all models with a price, in order."""
    return tuple(sorted(_catalog().keys() | _supplement().keys()))


def listed_hosts() -> tuple[str, ...]:
    """The hosts that have a price of anything."""
    catalogued = (seller for sold in _catalog().values() for seller, _ in sold)
    return tuple(sorted({*catalogued, *(one.host for one in listed())}))


@cache
def _catalog() -> Mapping[str, list[tuple[str, Any]]]:
    models: dict[str, list[tuple[str, Any]]] = defaultdict(list)
    for seller in snapshot().providers:
        for model in seller.models:
            borrowed = BORROWED.search(model.price_comments or "")
            if not (model.deprecated or model.id.endswith(FREE) or borrowed):
                models[_id(model.id)].append((seller.id, model))
    return models


@cache
def _supplement() -> Mapping[str, list[Listed]]:
    models: dict[str, list[Listed]] = defaultdict(list)
    for one in listed():
        models[_id(one.model_raw)].append(one)
    return models


def _id(model_raw: str) -> str:
    known = canonical(model_raw)
    return known.id if known else plain(model_raw)


def _of(seller: str, model: Any) -> list[Listed]:
    # OpenRouter sells batches as a variant of the model, others as a tier of it.
    if model.id.endswith(BATCH):
        tiers = {"batch": ON_DEMAND}
    else:
        tiers = {ON_DEMAND: ON_DEMAND, **{tier: tier for tier in TIERS}}
    return [
        Listed(host=seller, tier=tier, model_raw=model.id, schedule=dated(model, theirs, edition()))
        for tier, theirs in tiers.items()
    ]


def _has_price(one: Listed) -> bool:
    """Whether any day has a price that is not nothing: a price of zero is a free tier or a mistake."""
    return any(isinstance(rates, Rates) and rates.input + rates.output for rates in one.schedule.rates)
