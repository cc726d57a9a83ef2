"""What a verdict remembers, as JSON values: the change of its bill, own GPUs, answers; and corrections."""

from __future__ import annotations

from decimal import Decimal

from advisor.domain.answers import Answer
from advisor.domain.correction import Correction
from advisor.domain.units import Money, Month
from advisor.domain.verdict import Verdict
from advisor.reporting.fields import Json, day, finite, moment, total


def change(verdict: Verdict) -> dict[str, Json] | None:
    """The bill since the last closed month: before + volume + price + mix = after, to the cent, null where a bill is
    not known; and settings and prices that are not as they were when an earlier month was decided."""
    found = verdict.variance
    if found is None and not verdict.differences:
        return None
    return {
        "since": str(found.since) if found else None,
        "before": total(found.before) if found else None,
        "after": total(found.after) if found else None,
        "volume": total(found.volume) if found else None,
        "price": total(found.price) if found else None,
        "mix": total(found.mix) if found else None,
        "differences": list(verdict.differences),
    }


def own_gpus(verdict: Verdict) -> dict[str, Json] | None:
    """A month on own GPUs; null for what serverless serves. `missing` says why figures in it are null."""
    found, realized = verdict.followed, verdict.realized
    if found is None:
        return None
    return {
        "gpu": found.gpu or None,
        "gpus": found.gpus,
        "tokens": found.own_tokens,
        "tokens_ratio": finite(found.own_share),
        "cost": {
            "gpu": total(found.gpu_cost),
            "running": total(found.running_cost),
            "total": total(found.cost),
            "sunk": total(found.sunk),
            "avoidable": total(found.avoidable),
        },
        "predicted": {
            "from": _month(found.predicted_from),
            "gpu": total(found.predicted_gpu_cost),
            "utilization": finite(found.predicted_utilization),
        },
        "utilization": finite(found.utilization),
        "serverless": {
            "host": found.host or None,
            "same_tokens": total(found.serverless),
            "still_paid": total(found.still_serverless),
        },
        "paid_twice": found.paid_twice,
        "saved": total(found.saved),
        "realized": {
            "since": str(realized.since) if realized else None,
            "saved": total(realized.saved) if realized else None,
            "months": realized.months if realized else None,
            "of_months": realized.of_months if realized else None,
        },
        "commitment": {
            "until": _month(found.commitment_until),
            "months_left": found.months_committed if found.commitment_until else None,
            "still_owed": total(found.still_owed) if found.commitment_until else None,
        },
        "missing": list(found.missing),
    }


def answer(said: Answer | None) -> dict[str, Json] | None:
    """The user's answer that a verdict follows, or the snooze that its messages wait for."""
    if said is None:
        return None
    return {
        "kind": said.kind.value,
        "month": _month(said.month),
        "until": day(said.until),
        "reason": said.reason or None,
        "who": said.who or None,
        "at": moment(said.at),
    }


def correction(one: Correction) -> dict[str, Json]:
    """A month that was told otherwise: what was told, what is now so, and why."""
    cost, found = one.verdict.usage.cost, one.verdict.comparison
    currency = cost.currency if cost else None
    return {
        "month": str(one.month),
        "workload": one.workload,
        "told_at": moment(one.told_at),
        "state_before": one.state_before,
        "state": one.verdict.state.value,
        "bill_before": _cents(one.bill_before, currency),
        "bill": total(cost),
        "dedicated_before": _cents(one.dedicated_before, currency),
        "dedicated": total(found.chosen.cost.total) if found else None,
        "causes": list(one.causes),
    }


def _cents(amount: Decimal | None, currency: str | None) -> Json:
    return total(Money(amount, currency)) if amount is not None and currency else None


def _month(month: Month | None) -> str | None:
    return str(month) if month else None
