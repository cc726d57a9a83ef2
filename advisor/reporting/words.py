"""How figures and names are written wherever people read them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from zoneinfo import ZoneInfo

from advisor.domain.units import Money

UNKNOWN = "-"
"""What stands where nothing is known. Never 0."""
JOINERS = "\u200c\u200d"
"""Invisible, but they belong to emoji and to several scripts; every other invisible character is shown escaped."""
LONGEST_NAME = 40
LONGEST_TEXT = 500
SCALES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
WHOLE = Decimal(1)
CENTS = Decimal("0.01")
MOST_IN_FULL = Decimal(10**10)


def plain(text: str) -> str:
    """*text* on one line, safe to print: white space as single spaces, unprintable characters as `\\x1b`."""
    shown = "".join(mark if mark.isprintable() or mark in JOINERS or mark.isspace() else _escape(mark) for mark in text)
    return " ".join(shown.split())


def _escape(mark: str) -> str:
    return mark.encode("unicode_escape").decode("ascii")


def shorten(text: str, limit: int) -> str:
    """*text* in at most *limit* characters, its end kept too, with `…` where something was left out."""
    if len(text) <= limit:
        return text
    tail = max(0, (limit - 1) // 3)
    return text[: limit - 1 - tail] + "…" + text[len(text) - tail :]


def name(text: str) -> str:
    """A name inside a sentence: safe to print, and short enough to read on."""
    return shorten(plain(text), LONGEST_NAME)


def brief(text: str) -> str:
    """A text that somebody else wrote, such as a source's warning: safe to print, and no wall of it."""
    return shorten(plain(text), LONGEST_TEXT)


def listed(names: Sequence[str], limit: int = 3) -> str:
    """`a`, `a and b`, `a, b and c`, `a, b, c and 4 more`."""
    shown = list(names[:limit])
    if len(names) > limit:
        shown.append(f"{len(names) - limit} more")
    return " and ".join(([", ".join(shown[:-1])] if shown[:-1] else []) + shown[-1:])


def of(part: int, whole: int, noun: str = "") -> str:
    """`1 of 4`, `1 of 4 workloads`."""
    return f"{part:,} of {whole:,}{f' {noun}' if noun else ''}"


def counted(number: int, noun: str) -> str:
    """`1 replica`, `2 replicas`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def money(amount: Money | None) -> str:
    """Whole units as `$15,400`, `-$40` or `EUR 15,400`; cents below ten, billions from ten of them.

    `<$0.01` is what would look like nothing.
    """
    if amount is None:
        return UNKNOWN
    size = abs(amount.amount)
    if size and size < CENTS / 2:
        return f"<{'-' if amount.amount < 0 else ''}{_sign(amount.currency)}0.01"
    if size >= MOST_IN_FULL:
        return _signed(amount, f"{float(size) / 1e9:,.2f}B" if size < MOST_IN_FULL**2 else f"{size:.2e}")
    step = CENTS if size < 10 and size != size.to_integral_value() else WHOLE
    return _signed(amount, f"{size.quantize(step, rounding=ROUND_HALF_EVEN):,f}")


def price(amount: Money | None) -> str:
    """A price that was worked out, as `$0.1973` or `$11.51`: four significant digits, two decimals at least."""
    if amount is None:
        return UNKNOWN
    size = abs(amount.amount)
    places = max(2, 3 - size.adjusted()) if size else 2
    return quote(Money(round(amount.amount, places), amount.currency))


def quote(amount: Money) -> str:
    """A price that somebody quoted, with all its digits: `$2.7447`, `$2.50`."""
    whole, _, decimals = f"{abs(amount.amount):f}".partition(".")
    return _signed(amount, f"{int(whole):,}.{decimals.rstrip('0').ljust(2, '0')}")


def origin(source: str) -> str:
    """Where a figure is from, short enough for a line: `github:NVIDIA/TensorRT-LLM`, `vendors.example`.

    `explain` and the JSON give the whole address.
    """
    if source.startswith("github:"):
        return plain(source.partition("@")[0])
    if "://" in source:
        return plain(source.split("/")[2])
    return name(source) if source else "no source"


def _signed(amount: Money, digits: str) -> str:
    return f"{'-' if amount.amount < 0 else ''}{_sign(amount.currency)}{digits}"


def _sign(currency: str) -> str:
    return "$" if currency == "USD" else f"{currency} "


def tokens(count: float | None) -> str:
    """`70.0B`, `950.0M`, `12.3k`, `999`. An infinite count is `never`."""
    if count is None:
        return UNKNOWN
    if math.isinf(count):
        return "never"
    for scale, letter in SCALES:
        # 999,960 reads 1.0M, not 1000.0k: what rounds up to a scale is written in it.
        if abs(count) >= scale * 0.99995:
            return f"{count / scale:,.1f}{letter}"
    return f"{count:,.0f}"


def percent(ratio: float | None) -> str:
    """`31 %`, `-4 %`, `0.4 %` below one per cent."""
    if ratio is None or not math.isfinite(ratio):
        return UNKNOWN
    if 0 < abs(ratio) < 0.0005:
        return f"<{'-' if ratio < 0 else ''}0.1 %"
    return f"{ratio * 100:.1f} %" if 0 < abs(ratio) < 0.00995 else f"{ratio * 100:.0f} %"


def times(ratio: float) -> str:
    """`2.8x`."""
    return f"{ratio:,.1f}x"


def number(value: float | Decimal) -> str:
    """`12,977`, `46.5`, `0.05`: as many decimals as it needs, at most four significant ones below 1,000."""
    size = float(value)
    return f"{size:,.0f}" if abs(size) >= 1000 or size.is_integer() else f"{size:.4g}"


def day(when: date | None) -> str:
    """`2026-10-28`, or `undated`."""
    return "undated" if when is None else f"{when:%Y-%m-%d}"


def days(which: Iterable[date]) -> str:
    """Days as spans: `2026-10-03 to 2026-10-05, 2026-10-09`."""
    spans: list[list[date]] = []
    for one in sorted(set(which)):
        if spans and one - spans[-1][-1] == timedelta(days=1):
            spans[-1][1:] = [one]
        else:
            spans.append([one])
    return ", ".join(" to ".join(day(end) for end in span) for span in spans)


def moment(when: datetime, timezone: str) -> str:
    """`2026-11-24 12:00 UTC`, in the zone named."""
    return f"{when.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M} {timezone}"
