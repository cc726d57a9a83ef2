"""How the odds and the assumptions that would turn an answer are said, wherever people read them."""

from __future__ import annotations

import math
from decimal import Decimal

from advisor.domain.comparison import Comparison
from advisor.domain.odds import Assumption, Flip
from advisor.domain.units import Money, rounded_down
from advisor.reporting import words

NAMES = {
    Assumption.THROUGHPUT: "throughput",
    Assumption.GPU_PRICE: "GPU price",
    Assumption.SERVERLESS_PRICE: "token price",
    Assumption.VOLUME: "volume",
    Assumption.BURST: "burst",
    Assumption.PEAK_TO_MEAN: "peak to mean",
    Assumption.ENGINEERING_HOURS: "engineering",
    Assumption.MIGRATION: "migration",
    Assumption.CACHE_CARRY_OVER: "cache carry-over",
    Assumption.UTILIZATION: "utilization target",
}
FLIPS_SHOWN = 3
DIGITS = 3
"""Significant digits of a value that turns an answer, rounded away from what it is now."""


def probability(found: Comparison) -> float:
    """P(cheaper) to two digits, never more than it is."""
    return rounded_down(found.probability_cheaper, 2)


def spread(found: Comparison) -> str:
    """The middle 80 % of what the plan saves: `in 8 of 10 draws it saves $3,100 to $5,900`."""
    low, high = found.odds.savings_p10, found.odds.savings_p90
    if high.amount <= 0:
        return f"in 8 of 10 draws it costs {words.money(-high)} to {words.money(-low)} more"
    if low.amount < 0:
        return f"in 8 of 10 draws it is between costing {words.money(-low)} more and saving {words.money(high)}"
    return f"in 8 of 10 draws it saves {words.money(low)} to {words.money(high)}"


def would_have_to_be_true(found: Comparison) -> str:
    """What one assumption alone would have to be for the savings gates to be met, or no longer, soonest first."""
    odds = found.odds
    turn = "would be missed" if odds.met else "would be met"
    nearest = odds.nearest_flips(FLIPS_SHOWN)
    if not nearest:
        return f"no single assumption at a plausible value is enough: by none of them the savings gates {turn}"
    said = [f"{NAMES[flip.assumption]} {turning(flip)} (now {value(flip, flip.current)})" for flip in nearest]
    return f"what would have to be true: the savings gates {turn} at {' or '.join(said)}, each alone"


def turning(flip: Flip) -> str:
    """The value at which the answer turns, rounded away from the current one."""
    assert flip.flips_at is not None, "only what turns an answer is asked"
    return value(flip, outward(flip.flips_at, flip.current))


def outward(at: float, current: float) -> float:
    """*at* with DIGITS significant digits, on the side away from *current*."""
    if at <= 0:
        return at
    step = 10.0 ** (math.floor(math.log10(at)) - DIGITS + 1)
    return (math.ceil(at / step - 1e-6) if at > current else math.floor(at / step + 1e-6)) * step


def value(flip: Flip, number: float) -> str:
    """A value of an assumption with its unit: `$2.49 a GPU-hour`, `70.0B tokens`, `1.35x`."""
    amount = Money(Decimal(f"{number:.6g}"), flip.savings_low.currency)
    match flip.assumption:
        case Assumption.THROUGHPUT:
            return f"{words.number(round(number, 1))} tokens/s a replica"
        case Assumption.GPU_PRICE:
            return f"{words.price(amount)} a GPU-hour"
        case Assumption.SERVERLESS_PRICE:
            return f"{words.price(amount)} per M tokens"
        case Assumption.VOLUME:
            return f"{words.tokens(number)} tokens"
        case Assumption.ENGINEERING_HOURS:
            return f"{words.number(round(number, 1))} h a month"
        case Assumption.MIGRATION:
            return words.money(amount)
        case Assumption.CACHE_CARRY_OVER | Assumption.UTILIZATION:
            return f"{number * 100:.3g} %"
        case _:
            return f"{number:.3g}x"
