"""`advisor backtest`: stored months, replayed as if each were the present."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from advisor.cli.options import MonthType, config_option, desk_at, reading, sync_option

if TYPE_CHECKING:
    from advisor.domain.backtest import Backtest
    from advisor.domain.units import Month


@click.command()
@config_option
@click.option("--from", "first", type=MonthType(), help="First month. Default: the first one stored.")
@click.option("--to", "last", type=MonthType(), help="Last month. Default: the last full one.")
@sync_option
@click.option("--format", "format_name", type=click.Choice(["table", "json", "csv"]), default="table")
def backtest(config: str | None, first: Month | None, last: Month | None, no_sync: bool, format_name: str) -> int:
    """Replay the stored months: what following the advice would have saved or cost.

    Each month is judged from the months up to it alone, and its advice followed from the next month on. Beside that
    stand serverless all along, own GPUs all along, and the cheapest course in hindsight.
    """
    from advisor.app import sync
    from advisor.backtest import backtest as replay

    with desk_at(config) as desk:
        if not no_sync:
            sync(desk, first.start if first else None, reading)
        found = replay(desk, first, last)
    click.echo(rendered(found, format_name), nl=False)
    return 0


def rendered(found: Backtest, format_name: str) -> str:
    if format_name == "json":
        from advisor.reporting.backtest_json import backtest_document
        from advisor.reporting.render import dumps

        return dumps(backtest_document(found))
    from advisor.reporting.backtest_text import backtest_csv, backtest_table

    return backtest_csv(found) if format_name == "csv" else backtest_table(found)
