"""Verdicts beside the decisions recorded before: what is corrected, and what has made the difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from advisor.contract.store import Decision
from advisor.decision.record import Rules, assumed_by
from advisor.domain.correction import Correction
from advisor.domain.units import Month
from advisor.domain.verdict import Reason, State, Verdict

MATERIAL = Decimal("0.01")
"""Of an amount: a restatement that moves it by no more than this, and changes no verdict, is a silent revision."""
Assumed = Mapping[str, Any]
CONFIGURED = ("fleet", "policy", "team")
DATA = ("tokens", "serverless")


def last_told(decisions: Sequence[Decision]) -> dict[tuple[str, Month], Decision]:
    """The standing decision on each workload and closed month; *decisions* come newest first, as from a store."""
    told: dict[tuple[str, Month], Decision] = {}
    for decision in decisions:
        if decision.assumed.get("closed"):
            told.setdefault((decision.workload, decision.month), decision)
    return told


def restated(
    verdicts: Sequence[Verdict], told: Mapping[tuple[str, Month], Decision], rules: Rules
) -> tuple[Verdict, ...]:
    """Those verdicts on closed months whose data is another than the one that was decided on."""
    found = []
    for verdict in verdicts:
        before = told.get((verdict.usage.workload.name, verdict.usage.month))
        if before and verdict.usage.closed and _differs(before.assumed, assumed_by(verdict, rules), DATA):
            found.append(verdict)
    return tuple(found)


def corrections(
    verdicts: Sequence[Verdict], told: Mapping[tuple[str, Month], Decision], rules: Rules
) -> tuple[Correction, ...]:
    """What has to be told again: a closed month's verdict that is another, or an amount that moved by over 1 %.

    A verdict that differs by the user's own answer is none. Neither is an amount of a plan that moved with the
    configuration or the catalog while the verdict stands: no month is told again for each new GPU price.
    """
    found = []
    for verdict in verdicts:
        before = told.get((verdict.usage.workload.name, verdict.usage.month))
        if before is None or not verdict.usage.closed:
            continue
        now = assumed_by(verdict, rules)
        then_said = before.assumed.get("advised") or before.state
        said = verdict.advised or verdict.state
        if before.reason == Reason.CROSSING and verdict.forecast is None and said is State.STAY:
            said = State.WATCH  # no forecast is made any more of a month so long ago
        moved = _moved(before.assumed, now, "serverless")
        if _differs(before.assumed, now, DATA):
            moved = moved or _moved(before.assumed, now, "dedicated")
        if said.value != then_said or moved:
            found.append(
                Correction(
                    verdict=verdict,
                    state_before=before.state,
                    bill_before=_amount(before.assumed, "serverless"),
                    dedicated_before=_amount(before.assumed, "dedicated"),
                    told_at=before.decided_at,
                    causes=tuple(causes(before.assumed, now, data=True)),
                )
            )
    return tuple(found)


def causes(then: Assumed, now: Assumed, *, data: bool) -> Iterator[str]:
    """What is different between two decisions, ready to print: data (of one month), configuration, catalog."""
    if data and _differs(then, now, ("tokens",)):
        yield f"data: {_tokens(then):,} tokens became {_tokens(now):,}"
    if data and then.get("serverless") != now.get("serverless"):
        listed = now.get("basis") == "estimated" and not _differs(then, now, ("tokens",))
        what = "token price: the same tokens at" if listed else "data: the bill"
        yield f"{what} {_written(then, 'serverless')} became {_written(now, 'serverless')}"
    elif data and then.get("saved_today") != now.get("saved_today") and then.get("dedicated") == now.get("dedicated"):
        saved = f"{_written(then, 'saved_today')} became {_written(now, 'saved_today')}"
        yield f"token price: what would be saved at the prices of the day, {saved}"
    for table in CONFIGURED:
        for key, old, new in _keys(then.get(table), now.get(table)):
            yield f"config: [{table}] {key} {_shown(old)} became {_shown(new)}"
    yield from _catalog(then, now)


def _catalog(then: Assumed, now: Assumed) -> Iterator[str]:
    old, new = then.get("offer"), now.get("offer")
    if old and new:
        names = ("provider", "gpu", "commitment")
        if all(old.get(name) == new.get(name) for name in names):
            if _price(old) != _price(new):
                yield f"catalog: {_offer(new)} from {_price(old)} to {_price(new)} a GPU-hour"
        else:
            yield f"plan: the cheapest is on {_offer(new)} at {_price(new)}, was {_offer(old)} at {_price(old)}"
    before, after = then.get("profile"), now.get("profile")
    if before and after and (before.get("gpu"), before.get("model")) == (after.get("gpu"), after.get("model")):
        rates = [_rates(before), _rates(after)]
        if rates[0] != rates[1] and before.get("source") != after.get("source"):
            yield f"catalog: throughput of {after['model']} on {after['gpu']} from {rates[0]} to {rates[1]} tokens/s"


def _differs(then: Assumed, now: Assumed, names: Sequence[str]) -> bool:
    return any(then.get(name) != now.get(name) for name in names)


def _moved(then: Assumed, now: Assumed, name: str) -> bool:
    """Whether an amount is known on one side alone, or moved by more than is told again."""
    old, new = _amount(then, name), _amount(now, name)
    if old is None or new is None:
        return (old is None) != (new is None)
    return abs(new - old) > MATERIAL * abs(old)


def _amount(assumed: Assumed, name: str) -> Decimal | None:
    try:
        return Decimal(str(assumed[name]))
    except (KeyError, InvalidOperation):
        return None


def _written(assumed: Assumed, name: str) -> str:
    amount, currency = _amount(assumed, name), assumed.get("currency", "")
    if amount is None:
        return "unknown"
    return f"${amount:,.2f}" if currency == "USD" else f"{amount:,.2f} {currency}".rstrip()


def _tokens(assumed: Assumed) -> int:
    return sum(count for count in (assumed.get("tokens") or {}).values() if count)


def _keys(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The settings that differ, dotted."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            # A setting that one version knew and the other did not has no value to compare.
            if key in old and key in new:
                yield from _keys(old[key], new[key], f"{path}.{key}" if path else key)
    elif old != new:
        yield path, old, new


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"
    return "not stated" if value is None else "stated" if isinstance(value, Mapping) else str(value)


def _offer(offer: Assumed) -> str:
    return f"{offer.get('gpu')} at {offer.get('provider')} {offer.get('commitment')}"


def _price(offer: Assumed) -> str:
    price = offer.get("price_per_gpu_hour") or {}
    return f"{price.get('amount')} {price.get('currency')}"


def _rates(profile: Assumed) -> str:
    total = profile.get("total_tokens_per_second")
    if total:
        return f"{total:,.0f}"
    return f"{profile.get('prefill_tokens_per_second') or 0:,.0f} + {profile.get('decode_tokens_per_second') or 0:,.0f}"
