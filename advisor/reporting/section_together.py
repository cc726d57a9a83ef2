"""Which workloads would move together, in words: what each carries whole alone is counted once."""

from __future__ import annotations

from collections.abc import Iterator

from advisor.domain.assumptions import ON_CALL_NEEDED
from advisor.domain.portfolio import Move, Portfolio
from advisor.domain.report import Findings
from advisor.domain.verdict import Gate
from advisor.reporting import words

MOST_NAMES = 8
HELD = {
    Gate.SOURCE: "a source was not read whole",
    Gate.MONTH_OPEN: "its month is not closed",
    Gate.DRIFT: "its sources differ",
    Gate.MONTHLY_SHAPE: "only monthly totals",
    Gate.WEAK_OFFER: "no sound GPU price",
    Gate.CREDIT_PERIOD: "owed to a commitment",
}
"""Why a workload joins no move, in a few words."""


def together(findings: Findings) -> Iterator[str]:
    """Nothing where fewer than two workloads could move: there is then nothing to share."""
    found = findings.portfolio
    if found is None or found.considered < 2:
        return
    yield from _move(found)
    for pool in found.shared:
        plan, apart = pool.plan, words.counted(pool.replicas_apart, "replica")
        yield words.plain(
            f"{_names(pool.names)} on the same replicas of {plan.profile.model}: {plan.policy}, "
            f"{plan.replicas:,} in place of {apart}, which is {words.money(pool.savings)} of it"
        )
    for one in found.side_by_side:
        memory = f"{one.memory_gb:.0f} of {one.usable_memory_gb:.0f} GB"
        busiest = f"{words.percent(one.peak)} of its time in the busiest bin, {words.percent(one.allowed_peak)} may be"
        yield words.plain(
            f"{_names(one.names)} would fit one {one.gpu} side by side ({memory}, {busiest}): counted nowhere, for no "
            "engines were measured that way"
        )
    if found.beyond:
        yield f"the team's {words.number(found.hours_available or 0)} h are the limit: {_saves(found.beyond)}"
    if found.best.names and not found.able:
        lacking = "the team is not stated" if found.hours_available is None else f"{ON_CALL_NEEDED} on call are needed"
        yield f"{lacking}: until then nothing moves"
    if found.held:
        names = ", ".join(
            f"{words.name(name)} ({HELD.get(gate, gate.value)})" for name, gate in found.held[:MOST_NAMES]
        )
        more = f" and {len(found.held) - MOST_NAMES} more" if len(found.held) > MOST_NAMES else ""
        yield f"not counted, whatever they would save: {names}{more}"


def _move(found: Portfolio) -> Iterator[str]:
    """The best set, how it compares with each alone, and whether any other could save more."""
    best = found.best
    if not best.names:
        within = "" if found.hours_available is None else f" within {words.number(found.hours_available)} h"
        yield f"none of {found.considered:,} pays{within}, even with what they share counted once{_bound(found)}"
        return
    losing = [name for name, alone in zip(best.names, found.alone, strict=True) if alone.amount <= 0]
    if len(best.names) == 1:
        alone = "; no other one adds to it"
    elif len(losing) == len(best.names):
        alone = "; each alone would not save anything"
    else:
        each = zip(best.names[:MOST_NAMES], found.alone, strict=False)
        alone = f"; alone {', '.join(f'{words.name(name)} {words.money(saved)}' for name, saved in each)}"
    low = words.money(found.low_end) if found.low_end.amount > 0 else f"a loss of {words.money(-found.low_end)}"
    yield f"{_saves(best)}{alone}; at the low end of the throughput band {low}{_bound(found)}"
    yield "for information: each verdict rests on its workload alone, with the whole of the shared cost"


def _saves(move: Move) -> str:
    """`chat + rag save $2,380 a month with 35 h of engineering`."""
    verb = "saves" if len(move.names) == 1 else "save"
    hours = words.number(move.engineering_hours)
    return f"{_names(move.names)} {verb} {words.money(move.savings)} a month with {hours} h of engineering"


def _bound(found: Portfolio) -> str:
    return "" if found.proved else f"; no choice can save more than {words.money(found.at_most)}"


def _names(names: tuple[str, ...]) -> str:
    shown = [words.name(name) for name in names[:MOST_NAMES]]
    more = [f"{len(names) - MOST_NAMES} more"] if len(names) > MOST_NAMES else []
    return " + ".join([*shown, *more])
