"""`advisor snooze`: no recommendation messages for a while."""

from __future__ import annotations

from datetime import datetime

import click

from advisor.cli.options import DayType, config_option, desk_at


@click.command()
@click.argument("workload")
@click.option("--until", type=DayType(), required=True, help="The first day of messages again; a month is its first.")
@click.option("--reason", default="", metavar="TEXT", help="Why; kept with the answer.")
@config_option
def snooze(workload: str, until: datetime, reason: str, config: str | None) -> int:
    """Send no recommendation on WORKLOAD before a day. Reports go on and say so."""
    from advisor import answering

    with desk_at(config) as desk:
        answering.snoozed(desk, workload, until.date(), reason)
    click.echo(f"{workload}: no recommendation message before {until:%Y-%m-%d}. Reports go on.")
    return 0
