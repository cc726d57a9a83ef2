"""A workload's forecast with what it was made from."""

from __future__ import annotations

import math
from collections.abc import Iterator

from advisor.domain.forecast import HORIZON, Forecast
from advisor.reporting import words
from advisor.reporting.section_forecast import crossing, run_rate

SHOWN = 6


def forecast(found: Forecast) -> Iterator[str]:
    """The method, the volume of the next months, and when the savings gates would be met."""
    if found.run_rate:
        yield run_rate(found.run_rate)
    yield words.plain(found.method)
    if not found.points:
        return
    for point in found.points[:SHOWN]:
        yield (
            f"  {point.month}: {words.tokens(point.tokens)} tokens, 8 in 10 between {words.tokens(point.low)} and "
            f"{words.tokens(point.high)}"
        )
    if found.variance is not None:
        yield (
            f"a month's change varies by {math.sqrt(found.variance) * 100:.0f} % (shrunk towards 12 %, from "
            f"{words.counted(found.changes, 'change')}); the interval is t x sqrt(v (h + h^2 / 4n)) around ln(tokens)"
        )
    yield crossing(found)
    yield f"prices and mix are those of now; nothing is said beyond {HORIZON} months"
