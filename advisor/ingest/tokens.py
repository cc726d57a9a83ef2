"""The one conversion from a source's own "input" to disjoint token counts, in Python and in SQL."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.domain.facts import InputIncludes, Tokens
from advisor.errors import AdvisorError

MAX_COUNT = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Disjoint:
    """Disjoint counts. Where `consistent` is False, the source states more cached tokens than input that holds them:

    its counts are kept as they are, as if they were disjoint already.
    """

    tokens: Tokens
    consistent: bool


def disjoint(
    includes: InputIncludes,
    *,
    input_tokens: int,
    output_tokens: int,
    cache_read_tokens: int | None = None,
    cache_write_tokens: int | None = None,
) -> Disjoint:
    """Take out of *input_tokens* what it includes: uncached = input - reads (- writes). Nothing is ever clamped."""
    uncached = input_tokens
    if includes is not InputIncludes.NOTHING:
        uncached -= cache_read_tokens or 0
    if includes is InputIncludes.CACHE:
        uncached -= cache_write_tokens or 0
    return Disjoint(
        tokens=Tokens(
            uncached_input=uncached if uncached >= 0 else input_tokens,
            output=output_tokens,
            cache_read=cache_read_tokens,
            cache_write=cache_write_tokens,
        ),
        consistent=uncached >= 0,
    )


def disjoint_sql(includes: InputIncludes, *, input_tokens: str, cache_read: str, cache_write: str) -> tuple[str, str]:
    """The same as two SQL expressions over BIGINT columns: uncached input, and whether the row is consistent."""
    parts = {
        InputIncludes.NOTHING: [],
        InputIncludes.CACHE_READ: [cache_read],
        InputIncludes.CACHE: [cache_read, cache_write],
    }[includes]
    uncached = " - ".join([f"{input_tokens}::HUGEINT", *(f"coalesce({part}, 0)" for part in parts)])
    return f"CASE WHEN {uncached} >= 0 THEN {uncached} ELSE {input_tokens} END", f"({uncached} >= 0)"


def fitting(count: int, what: str) -> int:
    """*count*, if the store can hold it. Raises AdvisorError naming *what*: a count is never wrapped around."""
    if count > MAX_COUNT:
        raise AdvisorError(
            f"{what} is {count}, which does not fit 63 bits and cannot be summed exactly",
            "correct the row in the file; no real count is that large",
        )
    return count
