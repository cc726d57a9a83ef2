"""`advisor report`: the monthly report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from advisor.cli.check import FORMATS, judge, send, show
from advisor.cli.options import config_option, desk_at, month_option, sync_option

if TYPE_CHECKING:
    from advisor.domain.units import Month


@click.command()
@config_option
@month_option
@click.option("--format", "format_name", type=click.Choice(FORMATS), default="markdown", help="Default: markdown.")
@sync_option
@click.option("--notify", is_flag=True, help="Deliver the report to the configured channels, once.")
def report(config: str | None, month: Month | None, format_name: str, no_sync: bool, notify: bool) -> int:
    """Write the monthly report: the same answer as `check`, in a form to pass on."""
    with desk_at(config) as desk:
        findings = judge(desk, month, sync=not no_sync)
        show(findings, format_name)
        return 0 if not notify or send(desk, findings) else 1
