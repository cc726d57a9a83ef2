"""Where the catalog and its supplement tell different prices of one id at one host."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from advisor.market.catalog import exactly
from advisor.market.models import canonical
from advisor.market.rates import Rates
from advisor.market.supplement import listed

TOLERANCE = Decimal("0.10")


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Two prices of one model at one host: `used` is the catalog's, which counts, `other` the supplement's."""

    host: str
    model_raw: str
    model_id: str
    tier: str
    used: Rates
    other: Rates


def disagreements(on: date, tolerance: Decimal = TOLERANCE) -> tuple[Disagreement, ...]:
    """Every price of input or output that differs by more than *tolerance* of the lower of the two."""
    found = []
    for one in listed():
        known = canonical(one.model_raw)
        model_id = known.id if known else one.model_raw
        schedule = exactly(one.host, one.model_raw, model_id, one.tier)
        used, other = schedule and schedule.on(on), one.schedule.on(on)
        if isinstance(used, Rates) and isinstance(other, Rates) and _differ(used, other, tolerance):
            found.append(
                Disagreement(
                    host=one.host, model_raw=one.model_raw, model_id=model_id, tier=one.tier, used=used, other=other
                )
            )
    return tuple(found)


def _differ(left: Rates, right: Rates, tolerance: Decimal) -> bool:
    if left.currency != right.currency:
        return False
    pairs = ((left.input, right.input), (left.output, right.output))
    return any(abs(one - two) > tolerance * min(one, two) for one, two in pairs)
