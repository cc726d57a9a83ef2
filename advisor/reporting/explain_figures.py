"""How figures are written where arithmetic is shown: with so many digits that a reader can repeat it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from advisor.domain.fleet import Plan, Profile
from advisor.domain.units import Money
from advisor.domain.usage import WorkloadUsage
from advisor.reporting import words

DIGITS = 6
"""Significant digits of what is not a whole number: a product of several still agrees to four."""


def figure(value: float | Decimal) -> str:
    """`70,000,000,000`, `2.01397`, `0.0000123`: whole numbers in full, others with six significant digits."""
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        return words.UNKNOWN
    places = max(0, DIGITS - 1 - number.adjusted()) if number else 0
    whole, _, decimals = f"{number:,.{places}f}".partition(".")
    decimals = decimals.rstrip("0")
    return f"{whole}.{decimals}" if decimals else whole


def amount(money: Money) -> str:
    """`$3,705.12`, `-EUR 40.00`: half-even cents."""
    return _signed(money, f"{abs(money.cents()):,f}")


def rate(money: Money) -> str:
    """A price of one thing, `$2.49` or `$0.431543`: two decimals at least, six significant digits at most."""
    whole, _, decimals = figure(abs(money.amount)).partition(".")
    return _signed(money, f"{whole}.{decimals.ljust(2, '0')}")


def _signed(money: Money, digits: str) -> str:
    sign = "$" if money.currency == "USD" else f"{words.plain(money.currency)} "
    return f"{'-' if money.amount < 0 else ''}{sign}{digits}"


def percentage(ratio: float) -> str:
    """`40.28 %`."""
    return f"{ratio * 100:,.2f} %"


def share_of_month(usage: WorkloadUsage) -> str:
    """` x 30 / 31` where days are left out: monthly amounts are counted for the covered share of the month."""
    days = usage.month.day_count
    return "" if usage.days_covered == days else f" x {usage.days_covered} / {days}"


def tokens_carried(plan: Plan, utilization: float) -> float:
    """What one replica carries in the month at a utilization, at the traffic's own mix: V / g x 3600 x H x U."""
    needed = plan.demand
    return needed.usage.tokens.total / needed.replica_seconds * 3600 * float(needed.hours) * utilization


def tokens_per_second(profile: Profile) -> str:
    """The rates of one replica, in words."""
    if profile.total_tokens_per_second is not None:
        return f"{figure(profile.total_tokens_per_second)} tokens/s of input and output together"
    prefill, decode = profile.prefill_tokens_per_second or 0.0, profile.decode_tokens_per_second or 0.0
    return f"{figure(prefill)} tokens/s of input or {figure(decode)} tokens/s of output, each alone"


def sourced(source: str, when: date | None) -> str:
    """A source and its date."""
    return f"{words.plain(source) or 'no source'}, {words.day(when)}"
