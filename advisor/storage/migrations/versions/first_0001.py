"""The first schema: facts with their history, coverage, pulls, decisions and the outbox."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BIG = sa.BigInteger
TEXT = sa.Text


def _required(kind: type[sa.types.TypeEngine[Any]], *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name in names]


def _counts() -> list[sa.Column[Any]]:
    return [
        sa.Column("requests", BIG),
        sa.Column("uncached_input", BIG, nullable=False),
        sa.Column("cache_read", BIG),
        sa.Column("cache_write", BIG),
        sa.Column("output", BIG, nullable=False),
    ]


def _charge() -> list[sa.Column[Any]]:
    return [
        *_required(TEXT, "source"),
        *_required(BIG, "start", "end"),
        *_required(TEXT, "scope", "provider", "model_raw", "tier", "component", "currency", "basis"),
        *_required(BIG, "nanos"),
        sa.Column("final", sa.Integer),
    ]


def upgrade() -> None:
    op.create_table(
        "series",
        sa.Column("id", sa.Integer, primary_key=True),
        *_required(TEXT, "source", "scope", "provider", "model_raw", "tier"),
        *_required(sa.Integer, "width_seconds"),
        sa.UniqueConstraint("source", "scope", "provider", "model_raw", "tier", "width_seconds"),
    )
    op.create_table(
        "usage_fact",
        sa.Column("series_id", sa.Integer, sa.ForeignKey("series.id"), primary_key=True),
        sa.Column("start", BIG, primary_key=True),
        *_counts(),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "usage_history",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("series_id", sa.Integer, sa.ForeignKey("series.id"), nullable=False),
        *_required(BIG, "start"),
        *_counts(),
        *_required(BIG, "replaced_at"),
    )
    charge_key = ("source", "start", "end", "scope", "provider", "model_raw", "tier", "component", "currency", "basis")
    op.create_table("cost_fact", *_charge(), sa.PrimaryKeyConstraint(*charge_key), sqlite_with_rowid=False)
    op.create_table(
        "cost_history", sa.Column("id", sa.Integer, primary_key=True), *_charge(), *_required(BIG, "replaced_at")
    )
    op.create_table(
        "coverage",
        *_required(TEXT, "source", "day"),
        *_required(sa.Integer, "usage", "cost"),
        sa.PrimaryKeyConstraint("source", "day"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pull",
        sa.Column("id", sa.Integer, primary_key=True),
        *_required(TEXT, "source", "kind"),
        *_required(BIG, "window_start", "window_end", "pulled_at"),
        *_required(TEXT, "status"),
        sa.Column("complete_through", BIG),
        *_required(BIG, "rows", "rejected"),
        *_required(TEXT, "problems", "warnings"),
    )
    op.create_index("pull_by_source", "pull", ["source", "id"])
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer, primary_key=True),
        *_required(TEXT, "month", "workload", "state", "reason", "digest", "assumed"),
        *_required(BIG, "decided_at"),
    )
    op.create_index("decision_by_workload", "decision", ["workload", "month", "id"])
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer, primary_key=True),
        *_required(TEXT, "dedup_key", "channel", "kind", "subject", "body", "state"),
        *_required(sa.Integer, "attempts"),
        *_required(TEXT, "last_error"),
        *_required(BIG, "enqueued_at"),
        sa.Column("claimed_at", BIG),
        sa.Column("settled_at", BIG),
        sa.Column("provider_id", TEXT),
        sa.Column("delivered_at", BIG),
        *_required(TEXT, "note"),
        sa.UniqueConstraint("dedup_key"),
    )
    op.create_index("outbox_by_state", "outbox", ["state", "id"])
