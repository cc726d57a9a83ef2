"""`advisor doctor`: what works, what does not, and how to mend it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

import click

from advisor.cli.options import clock, config_option, progress

if TYPE_CHECKING:
    from datetime import datetime

    from advisor.doctor import Check

WIDTH = 100


@click.command()
@config_option
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="Default: table.")
def doctor(config: str | None, form: str) -> int:
    """Check the configuration, every source and channel, the store, and how old prices are.

    Asks each source one harmless question and sends nothing. Exits with 1 where something failed; each failure comes
    with its fix.
    """
    from advisor.doctor import Health, examine

    now = clock()
    checks = list(examine(config, os.environ, Path.cwd(), now, progress))
    click.echo(_document(checks, now) if form == "json" else _table(checks), nl=False)
    return int(any(check.health is Health.FAILED for check in checks))


def _table(checks: Sequence[Check]) -> str:
    """A line a check, wrapped and never cut, the fix below it; then the sum of it all."""
    from advisor.doctor import Health
    from advisor.reporting.words import plain

    first = max(len(check.health) for check in checks)
    second = max(len(plain(check.subject)) for check in checks)
    margin = " " * (first + second + 4)
    lines = []
    for check in checks:
        head = f"{check.health:<{first}}  {plain(check.subject):<{second}}  "
        said = [plain(check.message), *([f"fix: {plain(check.fix)}"] if check.fix else [])]
        room = max(WIDTH - len(margin), 40)
        # A path or a command stays in one piece, to be copied.
        text = [
            line for part in said for line in wrap(part, room, break_on_hyphens=False, break_long_words=False) or [""]
        ]
        lines += [(head if number == 0 else margin) + line for number, line in enumerate(text)]
    count = {health: sum(check.health is health for check in checks) for health in Health}
    return "\n".join([*lines, "", ", ".join(f"{number} {health}" for health, number in count.items() if number), ""])


def _document(checks: Sequence[Check], now: datetime) -> str:
    from advisor.doctor import Health

    document = {
        "schema": "advisor.doctor/1",
        "checked_at": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "ok": not any(check.health is Health.FAILED for check in checks),
        "checks": [
            {"subject": check.subject, "health": check.health, "message": check.message, "fix": check.fix or None}
            for check in checks
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
