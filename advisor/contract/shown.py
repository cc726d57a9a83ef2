"""Shows a value that is not what it should be, without showing what a customer wrote: a prompt may stand anywhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

LONGEST = 40
FIGURE = r"[\d\s.,:;+\-/_%$€£¥()'T]*([Ee][+-]?\d+|[A-Za-z]{1,4})?[\d\s.,:;+\-/_%$€£¥()'TZ]*"
"""A number, an amount with its currency, or a date: at most one word of four letters."""
WORD = r"\s*[\w.+/#-]{0,12}\s*"
"""A short token, such as `n/a`, `unknown` or `0x10`."""
QUOTABLE = re.compile(f"({FIGURE})|({WORD})", re.ASCII)
"""What both say, also in the dialect of the scan engine."""


def shown(value: Any) -> str:
    """*value* as a message may quote it: a number, a date or a short word in full, of anything else its kind and size.

    >>> shown("1,234.50 USD"), shown("n/a"), shown(1.5), shown("Dear Sir, I was born in 1980"), shown(["Dear Sir"])
    ("'1,234.50 USD'", "'n/a'", '1.5', 'a text of 28 characters', 'a list of 1')
    """
    if value is None or isinstance(value, bool | int | float | Decimal):
        return str(value)[:LONGEST]
    if isinstance(value, str):
        plain = len(value) <= LONGEST and QUOTABLE.fullmatch(value)
        return repr(value) if plain else f"a text of {len(value):,} characters"
    if isinstance(value, Mapping):
        return "an object"
    return f"a list of {len(value):,}" if isinstance(value, list | tuple) else f"a {type(value).__name__}"
