"""`advisor explain`: one verdict, walked backwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from advisor.cli.check import judge
from advisor.cli.options import config_option, desk_at, month_option, sync_option

if TYPE_CHECKING:
    from advisor.domain.units import Month


@click.command()
@click.argument("workload")
@config_option
@month_option
@sync_option
def explain(workload: str, config: str | None, month: Month | None, no_sync: bool) -> int:
    """Walk the verdict on WORKLOAD back to rows, prices, throughput and formulas."""
    from advisor.reporting.explain import explain as walk

    with desk_at(config) as desk:
        findings = judge(desk, month, sync=not no_sync)
    click.echo(walk(findings, workload), nl=False)
    return 0
