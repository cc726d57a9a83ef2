"""How many tokens one unit of a bill is: `Tokens`, `1K tokens`, `1000 Tokens`, `Million Input Tokens`."""

from __future__ import annotations

import re

SCALES = {
    "k": 1_000, "thousand": 1_000,
    "m": 1_000_000, "mm": 1_000_000, "million": 1_000_000,
    "b": 1_000_000_000, "billion": 1_000_000_000,
}  # fmt: skip
NUMBER = rf"(?:(?P<count>\d[\d,]*)\s*)?(?P<scale>{'|'.join(SCALES)})?"
# Between the number and "tokens" stand the kind of tokens, as in "Million 1 hour Cache Write Input Tokens".
UNIT = rf"{NUMBER}\b[\s_-]*(?:(?:1[\s-])?(?!per\b)[a-z]+[\s_-]+){{0,6}}?tokens?\b"
IN_COLUMN = re.compile(rf"\s*{UNIT}", re.IGNORECASE)
IN_TEXT = re.compile(rf"(?:(?P<per>\bper\s+)|^|\|)\s*{UNIT}", re.IGNORECASE)
AT_END = re.compile(r"(?:^|\s)(?P<count>\d[\d,]*)(?P<scale>[km])\s+tokens?\s*$", re.IGNORECASE)
BARE = re.compile(rf"\s*{NUMBER}\s*", re.IGNORECASE)
RATES = re.compile(r"\btpm\b|per minute|/\s*min|\bhours?\b(?!\s+cache)|second", re.IGNORECASE)


def tokens_in(unit: str, *, of_tokens: bool = False) -> int | None:
    """The tokens in one *unit*, or None where it does not count tokens or does not say how many.

    With *of_tokens*, the meter is known to count tokens, and `1K` or `1M` alone says enough.

    >>> tokens_in("1K tokens"), tokens_in("Tokens"), tokens_in("Million Input Tokens"), tokens_in("Units")
    (1000, 1, 1000000, None)
    """
    if RATES.search(unit):
        return None
    found = IN_COLUMN.match(unit) or (BARE.fullmatch(unit) if of_tokens and unit.strip() else None)
    return _size(found) if found else None


def tokens_described(text: str) -> int | None:
    """The tokens in the unit that a description prices: `$0.72 per 1M input tokens`; None where it names no number.

    A description that only says "input tokens" leaves open whether it prices one or a million of them.
    """
    if RATES.search(text):
        return None
    said = [one for one in IN_TEXT.finditer(text) if one["scale"] or (one["per"] and one["count"])]
    found = said[-1] if said else AT_END.search(text)
    return _size(found) if found else None


def _size(found: re.Match[str]) -> int:
    count = int(found["count"].replace(",", "")) if found["count"] else 1
    return count * SCALES.get((found["scale"] or "").lower(), 1)
