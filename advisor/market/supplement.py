"""The shipped supplement to the price catalog: hosts and models that it lacks, each row dated and with its source."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files

from advisor.market.models import canonical
from advisor.market.rates import Rates, Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A model as one host sells it in one tier, with its prices by the day on which they were read."""

    host: str
    tier: str
    model_raw: str
    schedule: Schedule


@cache
def listed() -> tuple[Listed, ...]:
    """All of the supplement. A later row of the same host, model and tier holds from the day it was read."""
    text = files("advisor.market").joinpath("token_supplement.csv").read_text(encoding="utf-8")
    found: dict[tuple[str, str, str], list[Rates]] = defaultdict(list)
    for row in csv.DictReader(text.splitlines()):
        found[row["host"], row["tier"], row["model"]].append(_rates(row))
    return tuple(
        Listed(host=host, tier=tier, model_raw=model_raw, schedule=by_reading_day(rates))
        for (host, tier, model_raw), rates in found.items()
    )


def by_reading_day(rates: Sequence[Rates]) -> Schedule:
    """Prices read on several days: each holds from the day it was read, the first one before that too."""
    ordered = sorted(rates, key=lambda rate: rate.checked_on or date.min)
    later = (rate.checked_on or date.min for rate in ordered[1:])
    return Schedule((date.min, *later), tuple(ordered))


def _rates(row: Mapping[str, str]) -> Rates:
    return Rates(
        input=Decimal(row["input"]),
        output=Decimal(row["output"]),
        cache_read=Decimal(row["cache_read"]) if row["cache_read"] else None,
        cache_write=Decimal(row["cache_write"]) if row["cache_write"] else None,
        currency=row["currency"],
        source=row["source"],
        checked_on=date.fromisoformat(row["checked_on"]),
    )


def supplement(host: str, model_raw: str, model_id: str | None, tier: str) -> tuple[Listed, ...]:
    """The rows that price a model at a host in one tier: the one of its own id, else every spelling of it."""
    there = [one for one in listed() if one.host == host and one.tier == tier]
    wanted = {name.lower() for name in (model_raw, model_raw.partition("/")[2])}
    if exact := [one for one in there if one.model_raw.lower() in wanted]:
        return tuple(exact[:1])
    return tuple(one for one in there if model_id and (known := canonical(one.model_raw)) and known.id == model_id)
