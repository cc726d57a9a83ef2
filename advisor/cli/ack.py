"""`advisor ack`: the answer to a recommendation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from advisor.cli.options import MonthType, config_option, desk_at

if TYPE_CHECKING:
    from advisor.domain.units import Month


@click.command()
@click.argument("workload")
@click.option("--moving", type=MonthType(), help="It moves: the first month in which it runs in the new place.")
@click.option("--declined", is_flag=True, help="No. It is not asked again until something material changes.")
@click.option("--reason", default="", metavar="TEXT", help="Why; kept with the answer.")
@config_option
def ack(workload: str, moving: Month | None, declined: bool, reason: str, config: str | None) -> int:
    """Answer the recommendation on WORKLOAD: it moves from a month on, or it does not.

    The last answer counts, and all are kept: advisor history WORKLOAD.
    """
    from advisor import answering

    if (moving is not None) == declined:
        raise click.UsageError("say either --moving YYYY-MM or --declined")
    with desk_at(config) as desk:
        if moving is None:
            answering.declined(desk, workload, reason)
            click.echo(f"{workload}: declined. It is recommended again when the saving has grown by a quarter.")
            return 0
        answer = answering.moving(desk, workload, moving, reason)
    where = "to own GPUs" if answer.kind == "moving" else "back to serverless"
    click.echo(f"{workload}: moving {where} from {moving} on. The recommendation is not repeated.")
    return 0
