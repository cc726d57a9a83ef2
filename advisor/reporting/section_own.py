"""Workloads on own GPUs: what they cost beside the projection and beside serverless, and what they saved."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from advisor.domain.dedicated import Followed, Realized
from advisor.domain.verdict import Verdict
from advisor.reporting import words


def on_own_gpus(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """For each workload that own GPUs serve: actual beside predicted, serverless, savings, and what is owed still."""
    for verdict in verdicts:
        if verdict.followed:
            said = (*_said(verdict.followed), *_realized(verdict.realized))
            yield f"{words.name(verdict.usage.workload.name)}: {'; '.join(map(words.plain, said))}"


def _said(found: Followed) -> Iterator[str]:
    predicted = f"predicted from {found.predicted_from.title}" if found.predicted_from else "predicted"
    if found.gpu_cost is not None:
        fleet = f"{found.gpus:,} x {found.gpu} " if found.gpus else "own GPUs "
        plan = found.predicted_gpu_cost
        yield f"{fleet}cost {words.money(found.gpu_cost)}{f' ({predicted}: {words.money(plan)})' if plan else ''}"
    if found.utilization is not None:
        share = found.predicted_utilization
        beside = "" if share is None else f" ({predicted}: {words.percent(share)})"
        yield f"{words.percent(found.utilization)} utilized{beside}"
    if found.own_share is not None and found.own_tokens:
        yield f"they carry {words.percent(found.own_share)} of {_tokens(found)} tokens"
    if found.cost is not None and found.serverless is not None:
        asks = f"serverless at {found.host} would ask {words.money(found.serverless)} for the same"
        yield f"all in {words.money(found.cost)}, of that {words.money(found.running_cost)} engineering and other costs"
        yield asks
    if found.paid_twice:
        yield f"paid twice this month: {words.money(found.still_serverless)} of serverless beside"
    if found.still_owed is not None and found.still_owed.amount:
        months = words.counted(found.months_committed, "month")
        yield f"{words.money(found.still_owed)} stays owed for {months}, until {found.commitment_until}"
    yield from found.missing


def _tokens(found: Followed) -> str:
    share = found.own_share or math.nan
    return words.tokens(found.own_tokens / share)


def _realized(found: Realized | None) -> Iterator[str]:
    if found is None or found.saved is None:
        return
    known = "" if found.months == found.of_months else f", known of {words.of(found.months, found.of_months, 'months')}"
    verb = "saved" if found.saved.amount >= 0 else "lost"
    amount = found.saved if found.saved.amount >= 0 else -found.saved
    yield f"{verb} {words.money(amount)} since {found.since}{known}"
