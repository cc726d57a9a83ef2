"""`advisor usage`: what the sources said, summed."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

import click

from advisor.cli.options import DayType, config_option, desk_at, reading, sync_option

if TYPE_CHECKING:
    from advisor.domain.usage import UsageAnswer


@click.command()
@config_option
@click.option("--by", type=click.Choice(["month", "day", "hour", "5min"]), default="month", help="Default: month.")
@click.option("--source", help="Only this source.")
@click.option("--from", "start", type=DayType(), help="First UTC day. Default: the start of the last full month.")
@click.option("--to", "end", type=DayType(), help="First UTC day after. Default: the end of that month, or now.")
@sync_option
@click.option("--format", "format_name", type=click.Choice(["table", "json", "csv"]), default="table")
def usage(
    config: str | None,
    by: str,
    source: str | None,
    start: datetime | None,
    end: datetime | None,
    no_sync: bool,
    format_name: str,
) -> int:
    """Show tokens and costs of a window as the sources gave them, with how complete they are."""
    from advisor import app

    with desk_at(config) as desk:
        window = app.usage_window(desk, start, end)
        if not no_sync:
            app.sync(desk, window.start if start or end else None, reading, only=source)
        answer = app.usage(desk, by, window, source)
    click.echo(rendered(answer, format_name), nl=False)
    return 0


def rendered(answer: UsageAnswer, format_name: str) -> str:
    if format_name == "json":
        from advisor.reporting.usage_json import usage_document

        return json.dumps(usage_document(answer), indent=2, ensure_ascii=False) + "\n"
    from advisor.reporting.usage_text import usage_csv, usage_table

    return usage_csv(answer) if format_name == "csv" else usage_table(answer)
