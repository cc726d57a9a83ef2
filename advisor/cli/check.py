"""`advisor check`: the whole line, for one month."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from advisor.cli.options import config_option, desk_at, month_option, reading, sync_option

if TYPE_CHECKING:
    from advisor.desk import Desk
    from advisor.domain.report import Findings
    from advisor.domain.units import Month

FORMATS = ["table", "json", "markdown", "html"]


@click.command()
@config_option
@month_option
@click.option("--format", "format_name", type=click.Choice(FORMATS), default="table", help="Default: table.")
@sync_option
@click.option("--notify", is_flag=True, help="Deliver the answer to the configured channels, once.")
@click.option("--exit-code", is_flag=True, help="Exit with 3 when a move is recommended.")
def check(
    config: str | None, month: Month | None, format_name: str, no_sync: bool, notify: bool, exit_code: bool
) -> int:
    """Judge the last full month: stay, watch or move. Delivers nothing unless --notify."""
    with desk_at(config) as desk:
        findings = judge(desk, month, sync=not no_sync)
        show(findings, format_name)
        delivered = not notify or send(desk, findings)
    if not delivered:
        return 1
    return 3 if exit_code and findings.moves else 0


def judge(desk: Desk, month: Month | None, *, sync: bool) -> Findings:
    """Read the sources, unless told not to, and judge one month."""
    from advisor import app

    if sync:
        app.sync(desk, month.start if month else None, reading)
    return app.check(desk, month)


def show(findings: Findings, format_name: str) -> None:
    """Print the answer on stdout."""
    from advisor.reporting.render import render

    click.echo(render(findings, format_name), nl=False)


def send(desk: Desk, findings: Findings) -> bool:
    """Deliver the answer and say on stderr what became of it. True unless a message was not delivered."""
    from advisor.app import notify

    outcome = notify(desk, findings)
    for line in outcome.lines:
        click.echo(line, err=True)
    sys.stderr.flush()
    return outcome.delivered
