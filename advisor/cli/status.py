"""`advisor status`: how unattended runs are doing."""

from __future__ import annotations

import json
import os
from contextlib import closing
from pathlib import Path

import click

from advisor.cli.options import clock, config_option


@click.command()
@config_option
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="Default: table.")
def status(config: str | None, form: str) -> int:
    """Show what was done, what is owed, how every source did, and what was not delivered.

    Exits with 1 where something owed is late, a message did not arrive, or a source failed.
    """
    from advisor import config as configuration
    from advisor.service.health import status_of
    from advisor.service.status_json import document, lines
    from advisor.storage import open_store

    found = configuration.load(configuration.locate(config, os.environ, Path.cwd()))
    with closing(open_store(found.state)) as store:
        told = status_of(found, store, clock())
    if form == "json":
        click.echo(json.dumps(document(told), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(lines(told)))
    return int(not told.healthy)
