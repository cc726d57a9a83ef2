"""How sure a saving is, and what would turn it, in the check document."""

from __future__ import annotations

from advisor.domain.comparison import Comparison
from advisor.domain.odds import Flip
from advisor.reporting.fields import Json, finite, total


def savings_spread(found: Comparison | None) -> dict[str, Json]:
    """`p10` and `p90` are percentiles of the saving over all draws."""
    return {
        "p10": total(found.odds.savings_p10) if found else None,
        "p90": total(found.odds.savings_p90) if found else None,
    }


def tornado(found: Comparison | None) -> list[Json]:
    """Assumptions moved alone, widest swing of the saving first."""
    return [_flip(one) for one in (found.odds.flips if found else ())]


def _flip(flip: Flip) -> dict[str, Json]:
    """`flips_at` is where the savings gates are no longer met, or first; null where no plausible value does it."""
    return {
        "assumption": flip.assumption.value,
        "unit": flip.unit,
        "current": flip.current,
        "low": flip.low,
        "high": flip.high,
        "savings_low": total(flip.savings_low),
        "savings_high": total(flip.savings_high),
        "flips_at": finite(flip.flips_at),
    }
