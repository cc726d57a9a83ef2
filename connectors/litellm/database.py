"""Reads LiteLLM's PostgreSQL: one daily table, or the spend logs page by page; prompts and answers never."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from advisor.contract.source import Record
from advisor.domain.units import Window
from advisor.errors import ConfigError, SourceError

from .calls import FLAT_COST_KEY

if TYPE_CHECKING:
    from psycopg import Connection

DAILY = "LiteLLM_DailyUserSpend"
"""The daily table that all requests are written to. The others are views of the same requests: teams and tags leave out
or repeat some, and the global one is rolled up from this one later."""
LOGS = "LiteLLM_SpendLogs"
PAGE_ROWS = 5_000
CONNECT_SECONDS = 15
STATEMENT_MILLISECONDS = 300_000
# What Prisma, LiteLLM's own client, takes in an address and PostgreSQL's library refuses.
PRISMA_ONLY = frozenset(
    {"schema", "connection_limit", "pool_timeout", "pgbouncer", "statement_cache_size", "sslaccept"}
)
LOG_COLUMNS = (
    "request_id", "startTime", "model", "model_group", "custom_llm_provider", "status", "cache_hit", "prompt_tokens",
    "completion_tokens", "spend",
)  # fmt: skip
NEEDED = frozenset({"request_id", "startTime", "model", "prompt_tokens", "completion_tokens", "spend"})
DAY_COUNTS = (
    "prompt_tokens", "completion_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "api_requests",
    "successful_requests", "failed_requests",
)  # fmt: skip
Row = dict[str, Any]


@contextmanager
def database(address: str) -> Iterator[Connection[Row]]:
    """A connection that can only read. Raises SourceError, in which neither address nor password shows."""
    try:
        import psycopg
        from psycopg.rows import dict_row
    except ImportError as error:
        raise SourceError(
            "reading LiteLLM's database needs a PostgreSQL client, which is not installed",
            'pip install "inference-advisor[postgres]"',
        ) from error
    clean, schema = _clean(address)
    try:
        # What is set is set for one transaction: behind a pooler, others use the same session afterwards.
        connection = psycopg.connect(
            clean, connect_timeout=CONNECT_SECONDS, row_factory=dict_row, prepare_threshold=None
        )
        connection.read_only = True
    except psycopg.ProgrammingError:  # its words quote the address, and with it the password
        raise _no_address() from None
    except psycopg.OperationalError as error:
        why = " ".join(str(error).split())
        refused = "authentication failed" in why or "does not exist" in why
        raise SourceError(
            f"LiteLLM's database gives no connection: {why}",
            "check database_url: user, password, host and database"
            if refused
            else "check that the database can be reached from here",
            transient=not refused,
        ) from error
    try:
        with connection:
            for name, value in (("TimeZone", "UTC"), ("statement_timeout", str(STATEMENT_MILLISECONDS))):
                connection.execute("SELECT set_config(%s, %s, true)", (name, value))
            if schema:
                connection.execute("SELECT set_config('search_path', %s, true)", (f'"{schema}"',))
            yield connection
    except psycopg.errors.InsufficientPrivilege as error:
        raise SourceError(
            f"no access: {error.diag.message_primary}",
            f'GRANT SELECT ON "{DAILY}", "{LOGS}" TO the user of database_url',
        ) from error
    except psycopg.Error as error:
        why = error.diag.message_primary or " ".join(str(error).split()) or type(error).__name__
        passing = isinstance(error, psycopg.OperationalError)
        raise SourceError(
            f"LiteLLM's database fails: {why}",
            "try again later, or read a shorter time" if passing else "",
            transient=passing,
        ) from error


def _clean(address: str) -> tuple[str, str]:
    """An address as PostgreSQL's library takes it, and the schema that it names, if any. Raises ConfigError."""
    try:
        parts = urlsplit(address.strip())
        query = dict(parse_qsl(parts.query))
    except ValueError:
        raise _no_address() from None
    if parts.scheme not in ("postgresql", "postgres"):
        raise _no_address()
    kept = {name: value for name, value in query.items() if name not in PRISMA_ONLY}
    schema = query.get("schema", "")
    if '"' in schema or "," in schema:
        raise _no_address()
    return urlunsplit(parts._replace(query=urlencode(kept))), schema


def _no_address() -> ConfigError:
    return ConfigError(
        "database_url leads to a text that is no address of a PostgreSQL database",
        "write it as postgresql://user:password@host:5432/litellm; characters such as @ in it are %-encoded",
    )


def columns_of(connection: Connection[Row], table: str) -> frozenset[str]:
    """The columns of a table on the search path; none where it is absent."""
    found = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped",
        (f'"{table}"',),
    )
    return frozenset(row["attname"] for row in found)


def no_tables() -> SourceError:
    return SourceError(
        f'the database has no table "{DAILY}" or "{LOGS}"',
        "check which database database_url names; a schema is given as ?schema=NAME",
    )


def days(connection: Connection[Row], window: Window) -> Iterator[Record]:
    """The daily table, summed by day, model and provider, and by whether a row's prompt is less than what it cached."""
    known = columns_of(connection, DAILY)
    counts = [name for name in DAY_COUNTS if name in known]
    sums = ", ".join(f'sum("{name}") AS "{name}"' for name in counts)
    cached = " + ".join(name for name in counts if name.startswith("cache_")) or "0"
    last = (window.end - timedelta(microseconds=1)).astimezone(UTC).date()
    yield from connection.execute(
        f"""\
SELECT date, coalesce(nullif(model, ''), model_group, '') AS model, coalesce(custom_llm_provider, '') AS
       custom_llm_provider, prompt_tokens < {cached} AS outside, {sums}, sum(spend::numeric) AS spend
FROM "{DAILY}" WHERE date >= %s AND date <= %s AND api_key <> %s
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4""",
        (window.start.astimezone(UTC).date().isoformat(), last.isoformat(), FLAT_COST_KEY),
    )


def requests(connection: Connection[Row], window: Window) -> Iterator[Record]:
    """The spend logs that start in *window*, by the index on time and request, a page at a time. Raises SourceError."""
    known = columns_of(connection, LOGS)
    if missing := sorted(NEEDED - known):
        raise SourceError(f'the table "{LOGS}" has no column {missing[0]!r}', "check which database this is")
    names = ", ".join(f'"{name}"' for name in LOG_COLUMNS if name in known)
    # The metadata also holds who asked; of it only what the provider said of its tokens is read.
    usage = "metadata->'usage_object' AS usage_object" if "metadata" in known else "NULL AS usage_object"
    after, identity = _plain(window.start), ""
    while True:
        page = connection.execute(
            f"""\
SELECT {names}, {usage} FROM "{LOGS}"
WHERE ("startTime", request_id) > (%s, %s) AND "startTime" < %s
ORDER BY "startTime", request_id LIMIT {PAGE_ROWS}""",
            (after, identity, _plain(window.end)),
        ).fetchall()
        yield from page
        if len(page) < PAGE_ROWS:
            return
        after, identity = page[-1]["startTime"], page[-1]["request_id"]


def gateway_hits(connection: Connection[Row], until: datetime) -> tuple[int, int]:
    """How many requests, and tokens, the gateway answered from its own cache in the day before *until*."""
    if not columns_of(connection, LOGS) >= {*NEEDED, "cache_hit"}:
        return 0, 0
    row = connection.execute(
        f"""\
SELECT count(*) AS hits, coalesce(sum(prompt_tokens::bigint + completion_tokens), 0) AS tokens FROM "{LOGS}"
WHERE "startTime" >= %s AND "startTime" < %s AND lower(cache_hit) = 'true'""",
        (_plain(until - timedelta(days=1)), _plain(until)),
    ).fetchone()
    assert row is not None
    return int(row["hits"]), int(row["tokens"])


def _plain(moment: datetime) -> datetime:
    """A time as LiteLLM stores it: UTC, without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)
