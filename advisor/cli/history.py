"""`advisor history`: what was said before, and what was answered."""

from __future__ import annotations

import click

from advisor.cli.options import config_option, desk_at


@click.command()
@click.argument("workload", default="")
@click.option("--format", "format_name", type=click.Choice(["table", "json"]), default="table", help="Default: table.")
@config_option
def history(workload: str, format_name: str, config: str | None) -> int:
    """Show every recorded decision and every answer, of WORKLOAD or of all, in order.

    A decision is recorded when it is delivered: advisor check --notify.
    """
    from advisor import answering
    from advisor.reporting.history import listing
    from advisor.reporting.listing import rendered

    with desk_at(config) as desk:
        if workload:
            answering.known(desk, workload)
        with desk.store.snapshot() as store:
            people = format_name == "table"
            told = listing(store.decisions(workload), store.answers(workload), for_people=people)
    click.echo(rendered(told, "table" if people else "json"), nl=False)
    return 0
