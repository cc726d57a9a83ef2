"""`advisor serve`: the daemon."""

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
def serve(config: str | None, log_format: Format) -> int:
    """Run until stopped: reports on their day, the daily check, retries, what was missed while it was down.

    Answers /healthz, /readyz and /metrics on [service] bind. SIGHUP reads the configuration again, SIGTERM ends it
    after the run under way. One daemon a store; `run-due` may run beside it.
    """
    from advisor import config as configuration
    from advisor.service.daemon import Daemon, moving
    from advisor.service.logs import to_stderr

    to_stderr(log_format)
    path = configuration.locate(config, os.environ, Path.cwd()).resolve()
    return Daemon(lambda: configuration.load(path), os.environ, moving(clock)).serve()
