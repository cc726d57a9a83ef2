"""What several commands share: their options, and the desk they work at."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from advisor.config import Config
    from advisor.desk import Desk
    from advisor.domain.facts import Pull
    from advisor.domain.units import Month

Command = TypeVar("Command", bound=Callable[..., Any])


class MonthType(click.ParamType["Month"]):
    """A month, `2026-10`."""

    name = "YYYY-MM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Month:
        from advisor.domain.units import Month

        try:
            return value if isinstance(value, Month) else Month.parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class DayType(click.ParamType[datetime]):
    """A UTC day, `2026-10-31`, or a month, which stands for its first day."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        text = str(value)
        try:
            day = date.fromisoformat(text if len(text) != len("2026-10") else f"{text}-01")
        except ValueError:
            self.fail(f"{text!r} is not a day; write it as YYYY-MM-DD", param, ctx)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)


def config_option(command: Command) -> Command:
    return click.option("--config", "config", metavar="FILE", help="Default: $ADVISOR_CONFIG, then ./advisor.toml.")(
        command
    )


def month_option(command: Command) -> Command:
    return click.option("--month", type=MonthType(), help="Default: the last full month.")(command)


def sync_option(command: Command) -> Command:
    return click.option("--no-sync", is_flag=True, help="Answer from what is stored; read no source.")(command)


def log_option(command: Command) -> Command:
    return click.option(
        "--log-format", type=click.Choice(["text", "json"]), default="text", help="Of the log on stderr. Default: text."
    )(command)


def clock() -> datetime:
    """The time, read once a command. ADVISOR_NOW (RFC 3339) stands in for it, to replay an earlier day."""
    stated = os.environ.get("ADVISOR_NOW")
    if not stated:
        return datetime.now(UTC)
    from advisor.errors import UsageError

    try:
        moment = datetime.fromisoformat(stated)
    except ValueError:
        raise UsageError(f"ADVISOR_NOW={stated!r} is not a time", "write it like 2026-11-24T12:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def configuration_if_any(config: str | None) -> Config | None:
    """The configuration that is named or found; None where there is none and none was asked for."""
    from advisor import config as configuration
    from advisor.errors import ConfigError

    try:
        path = configuration.locate(config, os.environ, Path.cwd())
    except ConfigError:
        if config or os.environ.get("ADVISOR_CONFIG"):
            raise
        return None
    return configuration.load(path)


@contextmanager
def desk_at(config: str | None) -> Iterator[Desk]:
    """Open the desk that a configuration describes."""
    from advisor import config as configuration
    from advisor.desk import wire

    path = configuration.locate(config, os.environ, Path.cwd())
    with wire(configuration.load(path), os.environ, clock()) as desk:
        yield desk


def progress(label: str) -> None:
    """Say on a terminal what is being read."""
    if sys.stderr.isatty():
        click.echo(f"reading {label} …", err=True)


def reading(pulls: Iterator[Pull], count: int) -> Iterator[Pull]:
    """Pass on the reads of a sync, on a terminal with a bar of how many of them have ended."""
    if not sys.stderr.isatty():
        yield from pulls
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading the sources", total=count)
        for pull in pulls:
            bar.update(task, advance=1, description=f"read {pull.source}")
            yield pull
