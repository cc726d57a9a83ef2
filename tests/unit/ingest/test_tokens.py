"""Disjoint token counts: input is what was sent once, in Python and in SQL alike."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.domain.facts import InputIncludes, Tokens
from advisor.errors import AdvisorError
from advisor.ingest.tokens import disjoint, disjoint_sql, fitting

counts = st.integers(0, 2**63 - 1)
optional = st.none() | counts
includes = st.sampled_from(InputIncludes)


@given(includes, counts, counts, optional, optional)
def test_taking_cached_tokens_out_of_input_that_includes_them_changes_no_total(
    kind: InputIncludes, uncached: int, output: int, read: int | None, write: int | None
) -> None:
    stated = uncached
    stated += (read or 0) if kind is not InputIncludes.NOTHING else 0
    stated += (write or 0) if kind is InputIncludes.CACHE else 0
    found = disjoint(kind, input_tokens=stated, output_tokens=output, cache_read_tokens=read, cache_write_tokens=write)
    assert found.consistent
    assert found.tokens == Tokens(uncached_input=uncached, output=output, cache_read=read, cache_write=write)


def test_more_cached_tokens_than_input_are_kept_as_if_they_were_counted_apart() -> None:
    found = disjoint(InputIncludes.CACHE_READ, input_tokens=2, output_tokens=5, cache_read_tokens=95_500)
    assert not found.consistent
    assert found.tokens == Tokens(uncached_input=2, output=5, cache_read=95_500)


@settings(deadline=None)
@given(includes, counts, optional, optional)
def test_sql_and_python_give_the_same_counts(
    kind: InputIncludes, stated: int, read: int | None, write: int | None
) -> None:
    expressions = disjoint_sql(kind, input_tokens="i", cache_read="r", cache_write="w")
    query = f"SELECT {', '.join(expressions)} FROM (SELECT ?::BIGINT AS i, ?::BIGINT AS r, ?::BIGINT AS w)"
    found = disjoint(kind, input_tokens=stated, output_tokens=0, cache_read_tokens=read, cache_write_tokens=write)
    assert duckdb.execute(query, [stated, read, write]).fetchall() == [(found.tokens.uncached_input, found.consistent)]


def test_the_largest_count_fits_and_the_next_names_what_it_counts() -> None:
    assert fitting(2**63 - 1, "x") == 2**63 - 1
    with pytest.raises(AdvisorError, match=r"log.csv:7: output_tokens is 9223372036854775808, which does not fit"):
        fitting(2**63, "log.csv:7: output_tokens")
