"""Messages that wait for a time, and messages that stand in for another."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("stands_in_for", sa.Text, nullable=False, server_default=""))
    op.add_column("outbox", sa.Column("not_before", sa.BigInteger))
