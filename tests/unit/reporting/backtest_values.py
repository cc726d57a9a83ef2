"""Small replays: workloads of a $7,200 bill, from January 2026, under a move of $3,000."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from advisor.decision.backtest import Judged, replay
from advisor.domain.assumptions import Team, Workload
from advisor.domain.backtest import Backtest
from advisor.domain.comparison import Comparison, Missing, NotCompared
from advisor.domain.units import Month
from tests.unit import builders as a

JANUARY = Month(2026, 1)
MIGRATION = a.usd(3000)


def backtest(
    *workloads: tuple[str, list[Judged | str]], team: Team | None = a.ABLE_TEAM, last: int = 5, **changes: Any
) -> Backtest:
    """Named workloads with their consecutive months; a text is a closed month that saves this share of its bill."""
    replays = []
    for name, months in workloads:
        judged = [a.weighed(one) if isinstance(one, str) else one for one in months]
        named = [_named(one, name) for one in a.consecutive(judged)]
        found = replay(
            named, first=JANUARY, last=JANUARY.plus(last), policy=a.policy(), team=team, migration=MIGRATION
        )  # fmt: skip
        assert found
        replays.append(found)
    values: dict[str, Any] = {
        "first": JANUARY, "last": JANUARY.plus(last), "generated_at": a.NOW, "currency": "USD",
        "migration": MIGRATION, "months_in_a_row": 3, "sources": (), "issues": (),
    }  # fmt: skip
    return Backtest(**{**values, "replays": tuple(replays), **changes})


def _named(month: Comparison | NotCompared, name: str) -> Judged:
    return replace(month, usage=replace(month.usage, workload=Workload(name=name, serve="llama-3.1-8b")))


GOOD, LOSING = "0.30", "-0.10"
RISING: list[Judged | str] = [GOOD] * 6
"""Followed from April on: three months at 5,040 instead of 7,200, for a move of 3,000, save 3,480."""
DECLINING: list[Judged | str] = [*[GOOD] * 3, *[LOSING] * 3]
"""Followed for two months at 7,920 before it goes back: with the move it costs 4,440 more."""
DEAR: list[Judged | str] = ["-1"] * 6
CLOSED_WEIGHTS: list[Judged | str] = [a.missing(Missing.CLOSED_WEIGHTS)] * 6
GAP: list[Judged | str] = [*DEAR[:5], a.open_month()]
