"""`advisor run-due`: one pass of what is due, for cron, Kubernetes or Lambda."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from advisor.cli.options import clock, config_option, log_option

if TYPE_CHECKING:
    from advisor.service.logs import Format


@click.command()
@config_option
@log_option
@click.option("--backfill", is_flag=True, help="On the first run, also send the report that was due last.")
@click.option("--any-clock", is_flag=True, help="Run although the clock is more than 400 days ahead of the last run.")
def run_due(config: str | None, log_format: Format, backfill: bool, any_clock: bool) -> int:
    """Do what is due now and end: the report on its day, the daily check, what was missed, what was not delivered.

    Run it daily or hourly; twice at once, or beside the daemon, does nothing twice. Exits with 1 where something
    failed, which a later run tries again.
    """
    from advisor import config as configuration
    from advisor.service.logs import to_stderr
    from advisor.service.run import Runner

    to_stderr(log_format)
    found = configuration.load(configuration.locate(config, os.environ, Path.cwd()))
    ran = Runner(os.environ, clock).run(found, backfill=backfill, any_clock=any_clock)
    if ran.problem:
        click.echo(f"error: {ran.problem}", err=True)
        return 1
    return 0
