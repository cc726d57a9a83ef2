"""`advisor prices`: what tokens cost at every host."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import click

from advisor.cli.options import DayType, clock, config_option, configuration_if_any

if TYPE_CHECKING:
    from advisor.market.disagreement import Disagreement
    from advisor.market.token_prices import OwnPrice
    from advisor.reporting.listing import Format, Listing


@click.command()
@click.argument("model", metavar="[MODEL]", default="")
@click.option("--host", "at", default="", help="Only this host.")
@click.option("--on", type=DayType(), help="The UTC day of use. Default: today.")
@config_option
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table")
def prices(model: str, at: str, on: datetime | None, config: str | None, form: Format) -> int:
    """List prices per million tokens: of all open models, of MODEL, or of everything a host sells.

    MODEL is a model in any host's spelling, a part of an id, or a glob. Needs no configuration; the [[prices]] of one
    replace those of the same host and tier. Left out: free variants and prices that depend on the time of day.
    """
    from advisor.desk import own_prices
    from advisor.reporting.listing import rendered

    today, found = clock().date(), configuration_if_any(config)
    own = own_prices(found) if found else ()
    listing = price_list(model, at, on.date() if on else today, today, own)
    click.echo(rendered(listing, form), nl=False)
    return 0


def price_list(model: str, at: str, on: date, today: date, own: Sequence[OwnPrice]) -> Listing:
    """Every price asked for. Raises UsageError where nothing of that name is sold."""
    from advisor.market.disagreement import disagreements
    from advisor.market.hosts import host
    from advisor.reporting.listing import Column, Listing

    ids = _ids(model, at, own)
    rows = [row for model_id in ids for row in _rows(model_id, on, today, own) if not at or row["host"] == host(at)]
    sources = {row["source"]: (row["checked_on"], row["age_days"]) for row in rows}
    marks = {source: str(number) for number, source in enumerate(sources, 1)}
    sold = {(row["model"], row["host"]) for row in rows}
    differ = [one for one in disagreements(on) if (one.model_id, one.host) in sold]
    notes = [f"{mark} {source}, {_aged(*sources[source])}" for source, mark in marks.items()]
    notes += [_told(one) for one in differ]
    if rows:
        notes.insert(0, f"Per million tokens on {on}. `-` is not known: it is neither free nor the input price.")
    return Listing(
        name="prices",
        schema="advisor.prices/1",
        columns=(
            Column(key="model", title="MODEL" if len(ids) > 1 else "", loose=True),
            Column(key="host", title="HOST", loose=True, cell=lambda name: name or "any"),
            Column(key="tier", title="TIER", cell=lambda name: name.replace("_", " ")),
            Column(key="input", title="INPUT", right=True),
            Column(key="output", title="OUTPUT", right=True),
            Column(key="cache_read", title="READ", right=True),
            Column(key="cache_write", title="WRITE", right=True),
            Column(key="sold_as", title="SOLD AS", loose=True, cell=lambda name: name.rpartition("/")[2]),
            Column(key="source", title="SRC", right=True, cell=lambda source: marks[source]),
            Column(key="checked_on"),
            Column(key="age_days"),
        ),
        rows=rows,
        about={"on": on, "disagreements": [_disagreement(one) for one in differ]},
        notes=tuple(notes),
        empty=f"no price of {model or 'any open model'}{f' at {at}' if at else ''} on {on}: add [[prices]]",
    )


def _ids(model: str, at: str, own: Sequence[OwnPrice]) -> Sequence[str]:
    """The models to list, in order."""
    from advisor.cli.naming import matching, unknown
    from advisor.market.hosts import host
    from advisor.market.listings import listed_hosts, listed_models
    from advisor.market.models import by_id, canonical

    if at and host(at) not in (known := {*listed_hosts(), *(host(price.provider) for price in own)} - {""}):
        raise unknown(at, known, f"hosts: {', '.join(sorted(known))}")
    if named := canonical(model):
        return [named.base or named.id]
    mine = {found.id if (found := canonical(price.model)) else price.model for price in own if "*" not in price.model}
    every = sorted({*listed_models(), *mine})
    if not model:
        return every if at else [one for one in every if by_id(one) or one in mine]
    if matched := [one for one in every if matching(model, one)]:
        return matched
    raise unknown(model, every, "list what there is: advisor prices")


def _rows(model_id: str, on: date, today: date, own: Sequence[OwnPrice]) -> list[dict[str, Any]]:
    from advisor.domain.facts import ON_DEMAND
    from advisor.domain.units import Money
    from advisor.market.alternatives import HostPrice, host_prices
    from advisor.market.catalog import TIERS
    from advisor.market.token_prices import closeness

    everywhere = [
        HostPrice(host="", tier=price.tier, rates=price.rates, model_raw=price.model)
        for price in own
        if not price.provider and price.in_force(on) and closeness(price.model, model_id, model_id)
    ]
    tiers = list(dict.fromkeys((ON_DEMAND, *TIERS, *(price.tier for price in own))))
    rows = []
    for price in (*everywhere, *host_prices(model_id, on, own, tiers=tiers)):
        rates = price.rates
        parts = {part: getattr(rates, part) for part in ("input", "output", "cache_read", "cache_write")}
        rows.append(
            {
                "model": model_id,
                "host": price.host,
                "tier": price.tier,
                **{part: None if rate is None else Money(rate, rates.currency) for part, rate in parts.items()},
                "sold_as": price.model_raw,
                "source": rates.source,
                "checked_on": rates.checked_on,
                "age_days": None if rates.checked_on is None else (today - rates.checked_on).days,
            }
        )
    return rows


def _aged(checked_on: date | None, age_days: int | None) -> str:
    from advisor.reporting.words import counted

    return "undated" if checked_on is None or age_days is None else f"{checked_on}, {counted(age_days, 'day')} old"


def _told(one: Disagreement) -> str:
    return (
        f"Sources differ on {one.model_raw} at {one.host}: {one.used.input:f} in and {one.used.output:f} out "
        f"({one.used.source}, used) or {one.other.input:f} and {one.other.output:f} ({one.other.source}): "
        "check your invoice, and settle it with [[prices]]"
    )


def _disagreement(one: Disagreement) -> dict[str, Any]:
    from advisor.domain.units import Money

    def told(rates: Any) -> dict[str, Any]:
        return {
            "input": Money(rates.input, rates.currency),
            "output": Money(rates.output, rates.currency),
            "source": rates.source,
            "checked_on": rates.checked_on,
        }

    return {
        "model": one.model_id,
        "host": one.host,
        "sold_as": one.model_raw,
        "tier": one.tier,
        "used": told(one.used),
        "other": told(one.other),
    }
