"""One sentence for the whole portfolio, and what must be said beside it."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.domain.facts import ON_DEMAND, Basis, PullStatus
from advisor.domain.report import Findings
from advisor.domain.units import Money
from advisor.domain.verdict import Reason, State, Verdict
from advisor.reporting import words

LONGEST_REASON = 160
UNJUDGED = (State.INELIGIBLE, State.INSUFFICIENT_DATA)
UNDER_WAY = (Reason.MOVING, Reason.MIGRATING, Reason.RETURNING)
"""Reasons of a workload that stays as it is in no sense: it moves, as its user said or its traffic shows."""


def sentences(findings: Findings) -> tuple[str, ...]:
    """What to do, then what it does not cover: other workloads, missing data, sources that failed."""
    verdicts = findings.verdicts
    moves, blocked = findings.moves, _of(verdicts, State.SWITCH_BLOCKED)
    judged = [verdict for verdict in verdicts if verdict.state not in UNJUDGED]
    lacking = _of(verdicts, State.INSUFFICIENT_DATA)
    under_way = [verdict for verdict in verdicts if verdict.reason in UNDER_WAY]
    if moves:
        said = [_move(findings), *_rest(verdicts, moves, blocked)]
        said += [f"{_would_save(findings, blocked)}."] if blocked else []
        said += _asks_less(moves)
    elif blocked:
        said = [f"MOVE BLOCKED: {_would_save(findings, blocked)}.", *_rest(verdicts, blocked)]
    elif judged:
        said = [_stay([verdict for verdict in judged if verdict not in under_way], len(verdicts), len(under_way))]
    else:
        return (*_nothing(findings, lacking), *_sources(findings))
    if under_way:
        said.append(f"{_names(under_way)} {_be(under_way)} on the way already.")
    if lacking:
        said.append(f"{_share(lacking, verdicts)} not enough data: {_names(lacking)}.")
    return (*said, *_sources(findings))


def _move(findings: Findings) -> str:
    """`MOVE 1 OF 4: move extract to your own GPUs: saves $4,746 a month (31 %).`"""
    there, back = _of(findings.moves, State.SWITCH), _of(findings.moves, State.RETURN)
    steps = []
    if there:
        steps.append(f"{_names(there)} to {_operator(there)}")
    if back:
        steps.append(f"{_names(back)} back to serverless")
    saved = _saving(there, findings.currency) + _back_saves(back, findings.currency)
    # Each plan alone carries the whole fleet's engineering hours, so several together save more than this sum.
    least = "at least " if len(there) > 1 else ""
    share = f" ({words.percent(saved.over(_bill(there, findings.currency)))})" if there and not back else ""
    guess = "" if all(v.usage.cost_basis is Basis.BILLED for v in findings.moves) else " on estimated bills"
    move = f"MOVE {len(findings.moves):,} OF {len(findings.verdicts):,}: move {' and '.join(steps)}"
    if saved.amount <= 0:
        # A recommendation stands until its exit rule, and a month may lose a little before that.
        return f"{move}: recommended before, though this month it would cost {words.money(-saved)} more{guess}."
    return f"{move}: saves {least}{words.money(saved)} a month{share}{guess}."


def _asks_less(moves: Sequence[Verdict]) -> list[str]:
    """A host that is not allowed, and would still ask less than the fleet: a move should not be made without asking."""
    for verdict in _of(moves, State.SWITCH):
        found = verdict.comparison
        one = next((one for one in found.elsewhere if one.tier == ON_DEMAND), None) if found else None
        if found and one and one.cost < found.chosen.cost.total:
            return [f"But first ask whether {one.host} may serve {_name(verdict)}: {words.money(one.cost)} a month."]
    return []


def _would_save(findings: Findings, blocked: Sequence[Verdict]) -> str:
    """`extract (1 of 4) would save $4,746 a month (31 %) on your own GPUs, but the team is not stated`"""
    saved = _saving(blocked, findings.currency)
    share = words.percent(saved.over(_bill(blocked, findings.currency)))
    reasons = {_reason(verdict.reason_text) for verdict in blocked}
    why = "the team is not stated"
    if any(verdict.reason is not Reason.TEAM_NOT_STATED for verdict in blocked):
        why = f"the team is too small{f': {reasons.pop()}' if len(reasons) == 1 else ''}"
    least = "at least " if len(blocked) > 1 else ""
    effect = f"save {least}{words.money(saved)} a month ({share})"
    if saved.amount <= 0:
        effect = f"cost {words.money(-saved)} more this month"
    count = words.of(len(blocked), len(findings.verdicts))
    return f"{_names(blocked)} ({count}) would {effect} on {_operator(blocked)}, but {why}"


def _rest(verdicts: Sequence[Verdict], *acted: Sequence[Verdict]) -> list[str]:
    return ["Keep the rest as is."] if len(verdicts) > sum(map(len, acted)) else []


def _stay(judged: Sequence[Verdict], whole: int, under_way: int = 0) -> str:
    """Nothing more to move: what is watched, or how far the nearest workload is from it."""
    kept = f"all {whole:,}" if whole > 1 else "the one workload"
    if under_way:
        kept = "the rest" if whole > under_way else "everything else"
    watched = [one for one in _of(judged, State.WATCH) if one.reason is not Reason.CROSSING]
    near = [one for one in _of(judged, State.WATCH) if one.reason is Reason.CROSSING]
    if near and not watched:
        soon = f"{words.of(len(near), whole)} {_be(near)} likely to become cheaper on own GPUs within six months"
        return f"STAY: keep {kept} as is. {soon}: {_names(near)}."
    if watched:
        held = next((one.detail for one in watched[0].gates if not one.met), "") if len(watched) == 1 else ""
        return (
            f"STAY: keep {kept} as is. {words.of(len(watched), whole)} {_be(watched)} cheaper on own GPUs this month, "
            f"but held back: {_names(watched)}{f' ({_reason(held)})' if held else ''}."
        )
    ratios = [(ratio, _name(verdict)) for verdict in judged if (ratio := _ratio(verdict)) is not None]
    if not ratios:
        return f"STAY: keep {kept} as is."
    ratio, name = min(ratios)
    return f"STAY: keep {kept} as is. Nearest to a move is {name}: own GPUs cost {words.times(ratio)} its bill."


def _nothing(findings: Findings, lacking: Sequence[Verdict]) -> list[str]:
    """No workload was judged: why, and which way an open month leans."""
    title = findings.month.title
    if not findings.verdicts:
        return [f"NOTHING CAN BE SAID YET: there is no usage in {title}."]
    if not lacking:
        whole = len(findings.verdicts)
        runs = f"none of the {whole:,} workloads can run" if whole > 1 else "the one workload cannot run"
        return [f"STAY: {runs} on own GPUs: closed weights, or a model that is not known or not modelled here."]
    waiting = [verdict for verdict in lacking if verdict.reason is Reason.NO_CLOSED_MONTH]
    first = (waiting or lacking)[0]
    why = _reason(first.reason_text)
    if not waiting:
        return [
            f"NOTHING CAN BE SAID YET: {_share(lacking, findings.verdicts)} not enough data. {_name(first)}: {why}."
        ]
    said = [f"NOTHING CAN BE SAID YET: {title} is not closed: {why}."]
    return [*said, *_leanings(waiting, len(findings.verdicts))]


def _leanings(waiting: Sequence[Verdict], whole: int) -> list[str]:
    moving = [verdict for verdict in waiting if verdict.leaning is State.SWITCH]
    if moving:
        verb = "leans" if len(moving) == 1 else "lean"
        return [f"So far {words.of(len(moving), whole)} {verb} to a move: {_names(moving)}."]
    return ["So far nothing leans to a move."] if any(verdict.leaning for verdict in waiting) else []


def _sources(findings: Findings) -> list[str]:
    said = []
    for status, singular, plural in (
        (PullStatus.FAILED, "failed", "failed"),
        (PullStatus.PARTIAL, "was read in part", "were read in part"),
    ):
        names = [words.name(s.name) for s in findings.sources if s.status is status]
        if names:
            count = f"{len(names):,} of {words.counted(len(findings.sources), 'source')}"
            said.append(f"{count} {singular if len(names) == 1 else plural}: {words.listed(names)}.")
    return said


def _be(some: Sequence[Verdict]) -> str:
    return "is" if len(some) == 1 else "are"


def _share(some: Sequence[Verdict], every: Sequence[Verdict]) -> str:
    return f"{words.of(len(some), len(every))} {'has' if len(some) == 1 else 'have'}"


def _of(verdicts: Sequence[Verdict], state: State) -> list[Verdict]:
    return [verdict for verdict in verdicts if verdict.state is state]


def _name(verdict: Verdict) -> str:
    return words.name(verdict.usage.workload.name)


def _names(verdicts: Sequence[Verdict]) -> str:
    return words.listed([_name(verdict) for verdict in verdicts])


def _reason(text: str) -> str:
    return words.shorten(words.plain(text), LONGEST_REASON).rstrip(".")


def _operator(verdicts: Sequence[Verdict]) -> str:
    operators = {v.comparison.chosen.offer.operated_by for v in verdicts if v.comparison}
    if operators == {"vendor"}:
        return "a vendor's dedicated endpoint"
    return "your own GPUs" if operators == {"you"} else "dedicated GPUs"


def _saving(verdicts: Sequence[Verdict], currency: str) -> Money:
    return sum((v.comparison.savings for v in verdicts if v.comparison), Money.zero(currency))


def _back_saves(verdicts: Sequence[Verdict], currency: str) -> Money:
    """What leaving own GPUs would save, without what stays owed of them."""
    excess = [v.followed.excess for v in verdicts if v.followed]
    return sum((amount for amount in excess if amount is not None), Money.zero(currency))


def _bill(verdicts: Sequence[Verdict], currency: str) -> Money:
    return sum((v.comparison.serverless for v in verdicts if v.comparison), Money.zero(currency))


def _ratio(verdict: Verdict) -> float | None:
    """What the chosen plan costs over what leaving would save; None where nothing is to be left or saved."""
    found = verdict.comparison
    if found is None or not found.avoidable.amount or verdict.followed is not None:
        return None
    return found.chosen.cost.total.over(found.avoidable)
