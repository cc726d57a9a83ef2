"""A replay in words: one sentence for all workloads, what it does not cover, and what it assumes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from advisor.domain.backtest import Backtest, Place, Replay
from advisor.domain.facts import Basis, PullStatus
from advisor.domain.units import Money, Month
from advisor.domain.verdict import State
from advisor.reporting import words


def headline(found: Backtest) -> str:
    """What following the advice would have saved or cost, then what stands beside it."""
    said = [_sentence(found), *_blocked(found)]
    lacking = [replay for replay in found.replays if replay.courses is None]
    if lacking and found.courses:
        said.append(
            f"{words.of(len(lacking), len(found.replays), 'workloads')} could not be replayed: {_names(lacking)}."
        )
    months = [one for replay in found.compared for one in replay.months]
    if left_out := sum(one.cost is None for one in months):
        rest = " of the rest" if lacking else ""
        said.append(f"{words.of(left_out, len(months), 'workload months')}{rest} {_be(left_out)} not counted.")
    for status, how in ((PullStatus.FAILED, "failed"), (PullStatus.PARTIAL, "read in part")):
        if names := [words.name(source.name) for source in found.sources if source.status is status]:
            count = words.of(len(names), len(found.sources), "sources")
            said.append(f"{count} {how}: {words.listed(names)}, so no move rests on it.")
    return " ".join(said)


def _sentence(found: Backtest) -> str:
    courses = found.courses
    span = f"from {found.first.title} to {found.last.title}" if found.first < found.last else f"in {found.last.title}"
    if courses is None:
        return f"NOTHING CAN BE REPLAYED: {span} no month is closed and could be compared."
    guess = "" if _billed(found) else " on estimated bills"
    if any(replay.moves for replay in found.compared):
        share = f" ({words.percent(courses.saved.over(courses.serverless))})" if courses.saved.amount > 0 else ""
        effect = f"{_against(courses.saved)}{share}"
        said = f"Following the advice {span} would have {effect} compared with staying serverless, and"
    else:
        # A move that is advised on the last month only takes effect after it.
        advised = any(one.state is State.SWITCH for replay in found.replays for one in replay.months)
        none = "No advised move takes effect" if advised else "No move was advised"
        said = f"{none} {span}: following that is staying serverless, which"
    best = f"in hindsight {words.money(courses.regret)} less was possible"
    if not courses.regret.amount:
        best = "in hindsight nothing would have cost less"
    return f"{said} {_than(courses.dedicated - courses.following)} own GPUs from the start{guess}; {best}."


def _than(less: Money) -> str:
    if not less.amount:
        return "cost as much as"
    return f"cost {words.money(less)} less than" if less.amount > 0 else f"cost {words.money(-less)} more than"


def _against(saved: Money) -> str:
    if not saved.amount:
        return "cost the same"
    return f"saved {words.money(saved)}" if saved.amount > 0 else f"cost {words.money(-saved)} more"


def _billed(found: Backtest) -> bool:
    bases = {one.verdict.usage.cost_basis for replay in found.replays for one in replay.counted if one.verdict}
    return bases <= {Basis.BILLED}


def _blocked(found: Backtest) -> Iterator[str]:
    """What a team would have changed: said apart, for it was not advised."""
    held = [replay for replay in found.replays if replay.blocked]
    if not held:
        return
    costs = [(replay.courses.serverless, replay.with_team) for replay in held if replay.courses and replay.with_team]
    saved = sum((stay - able for stay, able in costs), Money.zero(found.currency))
    effect = f"would have {_against(saved)} there" if costs else "cannot be costed"
    yield f"The team alone stood against moving {_names(held)}: with one, following the advice {effect}."


def followed(replay: Replay) -> str:
    """`own GPUs from 2026-08; in hindsight own GPUs from 2026-05`; empty where nothing moves."""
    real = _moves(replay.moves)
    places = [(one.month, one.hindsight) for one in replay.counted if one.hindsight]
    before, moves = Place.SERVERLESS, []
    for month, place in places:
        if place is not before:
            moves.append((month, place))
            before = place
    if not real and not moves:
        return ""
    return f"{real or 'always serverless'}; in hindsight {_moves(moves) or 'always serverless'}"


def _moves(moves: Sequence[tuple[Month, Place]]) -> str:
    names = {Place.SERVERLESS: "serverless", Place.DEDICATED: "own GPUs"}
    return ", ".join(f"{names[place]} from {month}" for month, place in moves)


def not_counted(replay: Replay) -> Iterator[tuple[str, str]]:
    """The months that do not count and why, those in a row with one reason together."""
    for reason, some in groupby(replay.months, key=lambda one: one.not_counted):
        months = [one.month for one in some]
        if reason:
            span = str(months[0]) if len(months) == 1 else f"{months[0]} to {months[-1]}"
            yield span, reason


def assumptions(found: Backtest) -> tuple[str, ...]:
    """How it was replayed, ready to print."""
    return (
        "each month is judged from the months up to it alone, under this run's configuration, GPU offers and "
        "throughput, at token prices as of use; the facts are those stored now",
        f"advice is followed from the first day of the next month on, the first after "
        f"{words.counted(found.months_in_a_row, 'month')} at the earliest",
        f"a move to own GPUs costs {words.money(found.migration)} once, whole, however few months are left; going back "
        "costs nothing, and no GPU term outlasts its month",
        "own GPUs cost each month's own chosen plan, with what stays owed of the invoice to commitments; each workload "
        "as if it moved alone, with the fleet's whole engineering",
        "a month that does not count is left out of every course",
    )


def _be(count: int) -> str:
    return "is" if count == 1 else "are"


def _names(replays: Sequence[Replay]) -> str:
    return words.listed([words.name(replay.workload) for replay in replays])
