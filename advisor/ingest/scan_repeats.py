"""Finds the records of a scan that repeat a request id, and leaves one of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

IDS_AT_ONCE = 4_000_000
"""Request ids that are compared at once, by parts of their digests; with the engine's own they take some 300 MB."""


def drop_repeated(engine: DuckDBPyConnection) -> list[str]:
    """Delete all but the latest record of each request id from `kept`, wherever it lies; a warning says how many.

    Of records at one time, the one that counts most is left.
    """
    ((rows,),) = engine.execute("SELECT count(id) FROM kept WHERE fault = 0").fetchall()
    repeated = differing = 0
    parts = -(-rows // IDS_AT_ONCE)
    for part in range(parts):
        mine = f"fault = 0 AND id IS NOT NULL AND hash(id) % {parts} = {part}"  # dividing 128 bits is slow
        engine.execute(f"""\
CREATE OR REPLACE TEMP TABLE surplus AS
SELECT row, counts IS DISTINCT FROM first_value(counts) OVER same AS differs, row_number() OVER same AS place
FROM (SELECT rowid AS row, id, second, cost, model, tier,
             (uncached, cache_read, cache_write, output, requests) AS counts
      FROM kept WHERE {mine} AND id IN (SELECT id FROM kept WHERE {mine} GROUP BY id HAVING count(*) > 1))
WINDOW same AS (PARTITION BY id ORDER BY second DESC, counts DESC, cost DESC NULLS LAST, model, tier, row)
QUALIFY place > 1""")
        ((count, unequal),) = engine.execute("SELECT count(*), count(*) FILTER (differs) FROM surplus").fetchall()
        repeated, differing = repeated + count, differing + unequal
        if count:
            engine.execute("DELETE FROM kept WHERE rowid IN (SELECT row FROM surplus)")
    if not repeated:
        return []
    other = f"; {counted(differing, 'has', 'have')} other counts than the one kept: is request_id unique?"
    dropped = f"{counted(repeated, 'repeats', 'repeat')} a request_id and {'was' if repeated == 1 else 'were'} dropped"
    return [f"{dropped}, of {rows:,} that have one{other if differing else ''}"]


def counted(number: int, one: str, more: str) -> str:
    """`1 record repeats`, `2,000 records repeat`."""
    return f"1 record {one}" if number == 1 else f"{number:,} records {more}"
