"""Looks at everything a run depends on, one thing at a time, so that one fault does not hide the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from advisor import config as configuration
from advisor import registry
from advisor.config import Config
from advisor.contract.settings import Secret
from advisor.contract.source import Source
from advisor.errors import AdvisorError, ConfigError


class Health(StrEnum):
    OK = "ok"
    WARNING = "warning"  # a run works, and its answer is weaker for it
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was looked at, how it stands, and what to do about it: always said where it failed."""

    subject: str
    health: Health
    message: str
    fix: str = ""


Progress = Callable[[str], None]


def examine(
    named: str | None, environ: Mapping[str, str], here: Path, now: datetime, progress: Progress
) -> Iterator[Check]:
    """Check the configuration (*named*, or found as every command finds it), then all that it names.

    Sources are asked one harmless question each. Nothing is sent to a channel; its secrets are looked up. The store is
    opened, and made where there is none. Never raises for what it looks at.
    """
    try:
        path = configuration.locate(named, environ, here)
        config = configuration.load(path)
    except AdvisorError as error:
        yield _failed("configuration", error)
        return
    yield Check(subject="configuration", health=Health.OK, message=str(path))
    yield from _notes(config)
    yield from _sources(config, environ, progress)
    for table in config.channels:
        yield _channel(config, table, environ)
    yield _store(config)
    yield _prices(now.date())
    yield _offers(config, environ, now.date())


def _notes(config: Config) -> Iterator[Check]:
    for note in config.not_yet():
        yield Check(subject="configuration", health=Health.WARNING, message=note)
    if config.team is None:
        yield Check(
            subject="configuration",
            health=Health.WARNING,
            message="[team] is not stated: a move is never recommended without it",
            fix="add [team] with engineering_hours_available and on_call_engineers",
        )


def _sources(config: Config, environ: Mapping[str, str], progress: Progress) -> Iterator[Check]:
    names = {table["name"] for table in config.sources}
    for table in config.sources:
        subject = f"source {table['name']}"
        progress(table["name"])
        try:
            source = registry.build_source(table, config.folder, environ)
            if unknown := sorted(set(source.overlaps) - names):
                raise ConfigError(
                    f"overlaps names {unknown[0]!r}, which is no source", f"sources: {', '.join(sorted(names))}"
                )
            _reveal(source)
            source.check()
        except AdvisorError as error:
            yield _failed(subject, error)
        except Exception as error:  # a third party's source may raise anything, and must not hide the others
            message = f"the source kind {table['kind']!r} failed: {type(error).__name__}"
            fix = "this is a fault of the source, not of what it reads: report it there"
            yield Check(subject=subject, health=Health.FAILED, message=message, fix=fix)
        else:
            checks = type(source).check is not Source.check
            message = (
                "can be read" if checks else "its settings are right; this kind cannot be asked without reading it"
            )
            yield Check(subject=subject, health=Health.OK, message=f"{source.kind}: {message}")


def _channel(config: Config, table: Mapping[str, Any], environ: Mapping[str, str]) -> Check:
    subject = f"channel {table['name']}"
    try:
        channel = registry.build_channel(table, config.folder, environ)
        found = _reveal(channel)
    except AdvisorError as error:
        return _failed(subject, error)
    secrets = f", and its {'secret is' if found == 1 else 'secrets are'} there" if found else ""
    return Check(subject=subject, health=Health.OK, message=f"{channel.kind}: its settings are right{secrets}")


def _reveal(settings: BaseModel) -> int:
    """Look up every secret of some settings, and say how many there are. Raises ConfigError for one that is absent."""
    found = 0
    for secret in _secrets(getattr(settings, name) for name in type(settings).model_fields):
        secret.reveal()
        found += 1
    return found


def _secrets(values: Iterable[object]) -> Iterator[Secret]:
    for value in values:
        if isinstance(value, Secret):
            yield value
        elif isinstance(value, BaseModel):
            yield from _secrets(getattr(value, name) for name in type(value).model_fields)
        elif isinstance(value, Mapping):
            yield from _secrets(value.values())
        elif isinstance(value, list | tuple):
            yield from _secrets(value)


def _store(config: Config) -> Check:
    from advisor.storage import open_store

    try:
        store = open_store(config.state)
        try:
            months = store.months()
        finally:
            store.close()
    except AdvisorError as error:
        return _failed("store", error)
    held = f"usage of {months[0]} to {months[-1]}" if months else "no usage yet"
    return Check(subject="store", health=Health.OK, message=f"opens, and holds {held}")


def _prices(today: date) -> Check:
    from advisor.market.catalog import RELEASED, edition
    from advisor.market.offers import STALE_DAYS

    released = RELEASED.get(edition().rpartition(" ")[2])
    if released is None:
        return Check(subject="token prices", health=Health.OK, message=f"{edition()}, whose date is not known here")
    age = (today - released).days
    stale = age > STALE_DAYS
    return Check(
        subject="token prices",
        health=Health.WARNING if stale else Health.OK,
        message=f"{edition()} of {released}, {age} days old",
        fix="pip install --upgrade genai-prices, or state your own [[prices]]" if stale else "",
    )


def _offers(config: Config, environ: Mapping[str, str], today: date) -> Check:
    from advisor.market.offer_file import refreshed
    from advisor.market.offers import STALE_DAYS, in_force, stale

    try:
        own = [table.offer(config.advisor.currency) for table in config.offers]
        every = in_force(own, refreshed(environ))
    except AdvisorError as error:
        return _failed("GPU offers", error)
    old = sum(stale(offer, today) for offer in every)
    return Check(
        subject="GPU offers",
        health=Health.WARNING if old else Health.OK,
        message=f"{old} of {len(every)} are older than {STALE_DAYS} days"
        if old
        else f"{len(every)} in force, none too old",
        fix="advisor offers refresh" if old else "",
    )


def _failed(subject: str, error: AdvisorError) -> Check:
    fix = error.hint or "correct what the message names, and run this again"
    return Check(subject=subject, health=Health.FAILED, message=error.message, fix=fix)
