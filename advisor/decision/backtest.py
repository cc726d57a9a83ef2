"""Replays one workload's months, each judged from the months up to it alone, and costs what was advised.

Going back follows the exit rule of `decision.states`; the least cost in hindsight is an exact dynamic programme.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from advisor.decision.states import Memory, fold
from advisor.domain.assumptions import ON_CALL_NEEDED, SwitchPolicy, Team
from advisor.domain.backtest import Costed, Courses, Place, Replay, ReplayedMonth
from advisor.domain.comparison import Comparison, Missing, NotCompared
from advisor.domain.units import Money, Month, Window
from advisor.domain.verdict import State, Verdict

ENOUGH = Team(engineering_hours_available=float("inf"), on_call_engineers=ON_CALL_NEEDED)
"""A team that no fleet is too much for: what would have been advised had the team not stood against it."""
NO_TRAFFIC = "its sources counted no traffic of it"
Judged = Comparison | NotCompared
Said = Sequence[tuple[Month, Verdict | None]]


def replay(
    history: Sequence[Judged], *, first: Month, last: Month, policy: SwitchPolicy, team: Team | None, migration: Money
) -> Replay | None:
    """The months *first* to *last* of *history*, which is one workload's, oldest first, from before *first* on.

    Each month is judged by the fold over the months up to it. What is advised on a month is followed from the next
    month on, so the advice on the month before *first* opens the replay; every course starts on serverless. A month
    counts if it is closed, was weighed, and is not one in which the workload ran on own GPUs; *migration* is paid
    whole at each move. None where the workload was not there yet.
    """
    months = _months(history, first, last)
    if not months:
        return None
    by_month = {one.usage.month: one for one in history}
    past = [_as_then(one) for one in history if one.usage.month <= last]
    said = judged(past, (months[0].plus(-1), *months), policy, team)
    places = followed(said, policy)
    replayed = [
        ReplayedMonth(month=month, verdict=verdict, followed=place, cost=cost, not_counted=why)
        for (month, verdict), place in zip(said[1:], places, strict=True)
        for cost, why in (_costed(by_month.get(month)),)
    ]
    counted = [(one.followed, one.cost) for one in replayed if one.cost]
    costs = [cost for _, cost in counted]
    best = cheapest_course(costs, migration)
    courses = Courses(
        following=course_cost(places, [one.cost for one in replayed], migration),
        serverless=course_cost([Place.SERVERLESS] * len(costs), costs, migration),
        dedicated=course_cost([Place.DEDICATED] * len(costs), costs, migration),
        hindsight=course_cost(best, costs, migration),
    )
    in_hindsight = iter(best)
    blocked = tuple(one.month for one in replayed if one.state is State.SWITCH_BLOCKED)
    able = followed(judged(past, (months[0].plus(-1), *months), policy, ENOUGH), policy) if blocked else ()
    return Replay(
        workload=history[0].usage.workload.name,
        months=tuple(replace(one, hindsight=next(in_hindsight)) if one.cost else one for one in replayed),
        courses=courses if costs else None,
        blocked=blocked,
        with_team=course_cost(able, [one.cost for one in replayed], migration) if blocked and costs else None,
    )


def judged(history: Sequence[Judged], months: Sequence[Month], policy: SwitchPolicy, team: Team | None) -> Said:
    """The verdict on each of *months* from what was there at its end; None where that does not hold the month."""
    said = []
    for month in months:
        until = [one for one in history if one.usage.month <= month]
        there = bool(until) and until[-1].usage.month == month
        said.append((month, fold(until, policy, team)[-1] if there else None))
    return said


def followed(said: Said, policy: SwitchPolicy) -> tuple[Place, ...]:
    """Where the advice of each month but the last puts the workload in the month after it.

    A SWITCH moves it to own GPUs. It goes back when the recommendation stands no longer: after `return_months` closed
    months in a row at or below `return_ratio`, months without traffic among them, or once it is ineligible. Months
    that are open or could not be weighed leave it where it is.
    """
    place, memory, places = Place.SERVERLESS, Memory(), []
    for _, verdict in said[:-1]:
        if place is Place.DEDICATED:
            memory = _after(memory, verdict, policy)
            if verdict is not None and not memory.standing:
                place = Place.SERVERLESS
        elif verdict is not None and verdict.state is State.SWITCH:
            place, memory = Place.DEDICATED, Memory(standing=True)
        places.append(place)
    return tuple(places)


def _after(memory: Memory, verdict: Verdict | None, policy: SwitchPolicy) -> Memory:
    """What is left of a recommendation after a month on own GPUs; see `states.fold`."""
    if verdict is None:
        return memory.lost(1, policy)
    if not verdict.usage.closed or verdict.usage.workload.serving == "dedicated":
        return memory
    if verdict.state is State.INELIGIBLE:
        return Memory()
    if found := verdict.comparison:
        return memory.lost(1 if found.savings_ratio <= policy.return_ratio else 0, policy)
    idle = isinstance(verdict.basis, NotCompared) and verdict.basis.missing is Missing.NO_USAGE
    return memory.lost(1, policy) if idle else memory


def course_cost(places: Sequence[Place], costs: Sequence[Costed | None], migration: Money) -> Money:
    """The sum of the months' costs where they were, and *migration* at each move from serverless to own GPUs.

    A month without a cost adds nothing; a move in it is paid all the same.
    """
    known = (cost.at(place) for place, cost in zip(places, costs, strict=True) if cost is not None)
    moves = sum(
        before is Place.SERVERLESS and after is Place.DEDICATED
        for before, after in pairwise((Place.SERVERLESS, *places))
    )
    return sum(known, migration * moves)


def cheapest_course(costs: Sequence[Costed], migration: Money) -> tuple[Place, ...]:
    """The cheapest places of all 2^n, from serverless; of equal ones serverless.

    b_0 = (0, -);  b_i(s) = min(b(s), b(d)) + s_i;  b_i(d) = min(b(s) + migration, b(d)) + d_i
    """
    nothing = migration * 0
    here: tuple[Money, tuple[Place, ...]] = (nothing, ())
    there: tuple[Money, tuple[Place, ...]] | None = None
    for cost in costs:
        stays = here if there is None or here[0] <= there[0] else there
        moved = (here[0] + migration, here[1])
        goes = moved if there is None or moved[0] < there[0] else there
        here = (stays[0] + cost.serverless, (*stays[1], Place.SERVERLESS))
        there = (goes[0] + cost.dedicated, (*goes[1], Place.DEDICATED))
    return here[1] if there is None or here[0] <= there[0] else there[1]


def _months(history: Sequence[Judged], first: Month, last: Month) -> tuple[Month, ...]:
    """The months of the replay from the first in which the workload was there."""
    there = [one.usage.month for one in history if one.usage.month <= last]
    if not there:
        return ()
    start = max(first, min(there))
    return tuple(Window(start.start, last.end).months()) if start <= last else ()


def _as_then(month: Judged) -> Judged:
    """A month as it was judged then: at no later token prices, and not yet on own GPUs where it moved since."""
    usage = replace(month.usage, cost_today=None)
    if usage.workload.serving == "dedicated" and not _on_own_gpus(month):
        usage = replace(usage, workload=replace(usage.workload, serving="serverless"))
    if isinstance(month, NotCompared):
        return replace(month, usage=usage)
    return replace(month, usage=usage, savings_today=None)


def _on_own_gpus(month: Judged) -> bool:
    workload = month.usage.workload
    since = workload.dedicated_since
    return workload.serving == "dedicated" and (not since or Month.parse(since) <= month.usage.month)


def _costed(month: Judged | None) -> tuple[Costed | None, str]:
    """What a month cost in each place, or why it does not count: missing is never zero."""
    if month is None:
        return None, NO_TRAFFIC
    if _on_own_gpus(month):
        return None, "it ran on own GPUs, whose invoice is not a serverless one"
    if isinstance(month, NotCompared):
        return None, month.detail
    if not month.usage.closed:
        return None, month.usage.open_because or "the month is not closed"
    owed = month.serverless - month.avoidable
    plan = month.chosen.cost.total - month.chosen.cost.migration
    return Costed(serverless=month.serverless, dedicated=plan + owed), ""
