"""The tables. Money is integer nano-units, times are Unix seconds (UTC), days are ISO dates, NULL is *not reported*."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, Table, Text, UniqueConstraint

tables = MetaData()

series = Table(
    "series",
    tables,
    Column("id", Integer, primary_key=True),
    Column("source", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("model_raw", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("width_seconds", Integer, nullable=False),
    UniqueConstraint("source", "scope", "provider", "model_raw", "tier", "width_seconds"),
)


def _counts() -> tuple[Column[int], ...]:
    return (
        Column("requests", BigInteger),
        Column("uncached_input", BigInteger, nullable=False),
        Column("cache_read", BigInteger),
        Column("cache_write", BigInteger),
        Column("output", BigInteger, nullable=False),
    )


def _charge_key(*, primary_key: bool) -> tuple[Column[str] | Column[int], ...]:
    """What a charge is for. The order serves both questions asked: of one source, and from a time on."""
    return (
        Column("source", Text, primary_key=primary_key, nullable=False),
        Column("start", BigInteger, primary_key=primary_key, nullable=False),
        Column("end", BigInteger, primary_key=primary_key, nullable=False),
        Column("scope", Text, primary_key=primary_key, nullable=False),
        Column("provider", Text, primary_key=primary_key, nullable=False),
        Column("model_raw", Text, primary_key=primary_key, nullable=False),
        Column("tier", Text, primary_key=primary_key, nullable=False),
        Column("component", Text, primary_key=primary_key, nullable=False),
        Column("currency", Text, primary_key=primary_key, nullable=False),
        Column("basis", Text, primary_key=primary_key, nullable=False),
    )


def _charge() -> tuple[Column[int], ...]:
    return (Column("nanos", BigInteger, nullable=False), Column("final", Integer))


usage_fact = Table(
    "usage_fact",
    tables,
    Column("series_id", Integer, ForeignKey("series.id"), primary_key=True),
    Column("start", BigInteger, primary_key=True),
    *_counts(),
    sqlite_with_rowid=False,
)

usage_history = Table(
    "usage_history",
    tables,
    Column("id", Integer, primary_key=True),
    Column("series_id", Integer, ForeignKey("series.id"), nullable=False),
    Column("start", BigInteger, nullable=False),
    *_counts(),
    Column("replaced_at", BigInteger, nullable=False),
)

cost_fact = Table("cost_fact", tables, *_charge_key(primary_key=True), *_charge(), sqlite_with_rowid=False)

cost_history = Table(
    "cost_history",
    tables,
    Column("id", Integer, primary_key=True),
    *_charge_key(primary_key=False),
    *_charge(),
    Column("replaced_at", BigInteger, nullable=False),
)

coverage = Table(
    "coverage",
    tables,
    Column("source", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("usage", Integer, nullable=False),
    Column("cost", Integer, nullable=False),
    sqlite_with_rowid=False,
)

pull = Table(
    "pull",
    tables,
    Column("id", Integer, primary_key=True),
    Column("source", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("window_start", BigInteger, nullable=False),
    Column("window_end", BigInteger, nullable=False),
    Column("pulled_at", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("complete_through", BigInteger),
    Column("rows", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("problems", Text, nullable=False),
    Column("warnings", Text, nullable=False),
    Index("pull_by_source", "source", "id"),
)

decision = Table(
    "decision",
    tables,
    Column("id", Integer, primary_key=True),
    Column("month", Text, nullable=False),
    Column("workload", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("assumed", Text, nullable=False),
    Column("decided_at", BigInteger, nullable=False),
    Index("decision_by_workload", "workload", "month", "id"),
)

answer = Table(
    "answer",
    tables,
    Column("id", Integer, primary_key=True),
    Column("workload", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("month", Text),
    Column("until", Text),
    Column("reason", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("answered_at", BigInteger, nullable=False),
    Index("answer_by_workload", "workload", "id"),
)

outbox = Table(
    "outbox",
    tables,
    Column("id", Integer, primary_key=True),
    Column("dedup_key", Text, nullable=False, unique=True),
    Column("channel", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text, nullable=False),
    Column("enqueued_at", BigInteger, nullable=False),
    Column("claimed_at", BigInteger),
    Column("settled_at", BigInteger),
    Column("provider_id", Text),
    Column("delivered_at", BigInteger),
    Column("note", Text, nullable=False),
    Column("stands_in_for", Text, nullable=False, server_default=""),
    Column("not_before", BigInteger),
    Index("outbox_by_state", "state", "id"),
)

period = Table(
    "period",
    tables,
    Column("job", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease_owner", Text, nullable=False),
    Column("lease_until", BigInteger),
    Column("not_before", BigInteger),
    Column("last_error", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
