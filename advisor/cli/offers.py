"""`advisor offers`: what GPUs rent for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from advisor.cli.default import ListsByDefault
from advisor.cli.offers_refresh import refresh
from advisor.cli.options import clock, config_option, configuration_if_any

if TYPE_CHECKING:
    from advisor.domain.fleet import Offer
    from advisor.reporting.listing import Format, Listing


@click.group(cls=ListsByDefault, subcommand_metavar="[FILTER | COMMAND] [OPTIONS]")
def offers() -> None:
    """List what GPUs rent for, or bring it up to date.

    `advisor offers [FILTER]` is short for `advisor offers list [FILTER]`.
    """


@offers.command("list")
@click.argument("wanted", metavar="[FILTER]", default="")
@click.option("--gpu", default="", help="Only this GPU; A100-80GB stands for every form of it.")
@click.option("--provider", default="", help="Only this provider.")
@click.option("--commitment", type=click.Choice(["on-demand", "1-year", "3-year", "spot"]), help="Only this one.")
@config_option
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table")
def list_offers(wanted: str, gpu: str, provider: str, commitment: str | None, config: str | None, form: Format) -> int:
    """List every offer in force, weak ones too, or those that FILTER names.

    FILTER is a part of the name of a GPU, provider, instance or region, or a glob. Needs no configuration; the
    [[fleet.offers]] of one replace the other offers of the same provider, GPU and commitment.
    """
    from advisor.market.offer_file import refreshed
    from advisor.market.offers import in_force
    from advisor.reporting.listing import rendered

    found = configuration_if_any(config)
    own = [table.offer(found.advisor.currency) for table in found.offers] if found else []
    every = in_force(own, refreshed(os.environ))
    chosen = [offer for offer in _named(every, wanted, gpu, provider) if commitment in (None, offer.commitment)]
    click.echo(rendered(offer_list(chosen, clock().date()), form), nl=False)
    return 0


def _named(every: Sequence[Offer], wanted: str, gpu: str, provider: str) -> list[Offer]:
    """Those of a GPU and a provider that a filter fits. Raises UsageError where a name stands for no offer at all."""
    from advisor.cli.naming import matching, unknown
    from advisor.errors import MarketError, UsageError
    from advisor.market.gpus import canonical_gpu, same_gpu

    providers = {offer.provider for offer in every}
    if provider and provider.lower() not in providers:
        raise unknown(provider, providers, f"providers: {', '.join(sorted(providers))}")
    try:
        canonical = canonical_gpu(gpu) if gpu else ""
    except MarketError as error:
        raise UsageError(error.message, error.hint) from error
    fitting = [offer for offer in every if any(matching(wanted, name) for name in _names(offer))]
    if not fitting:
        raise unknown(wanted, {name for offer in every for name in _names(offer)}, "see them all: advisor offers")
    return [
        offer
        for offer in fitting
        if (not provider or offer.provider == provider.lower()) and (not gpu or same_gpu(offer.gpu, canonical))
    ]


def _names(offer: Offer) -> tuple[str, ...]:
    return (offer.gpu, offer.provider, offer.instance, offer.region)


def offer_list(chosen: Sequence[Offer], today: date) -> Listing:
    """Offers as a list, by GPU and price."""
    from advisor.market.offers import STALE_DAYS
    from advisor.reporting.listing import Column, Listing
    from advisor.reporting.words import quote

    rows = [_row(offer, today) for offer in sorted(chosen, key=_by_gpu_and_price)]
    marks = {source: str(number) for number, source in enumerate(dict.fromkeys(row["source"] for row in rows), 1)}
    notes = [f"{mark} {source or 'no source'}, {_days_of(rows, source)}" for source, mark in marks.items()]
    notes += [f"{row['provider']} {row['gpu']} is {row['doubt']}; used as it is" for row in rows if row["doubt"]]
    if any(row["weakness"] for row in rows):
        notes.append("! never carries a move, and is used only where [fleet.only] names its provider")
    if old := sum(row["stale"] for row in rows):
        notes.append(f"{old} of {len(rows)} are older than {STALE_DAYS} days: advisor offers refresh")
    vendors = any(row["operated_by"] == "vendor" for row in rows)
    return Listing(
        name="offers",
        schema="advisor.offers/1",
        columns=(
            Column(key="gpu", title="GPU"),
            Column(key="unit"),
            Column(key="gpus", title="NODE", right=True),
            Column(key="provider", title="PROVIDER", loose=True),
            Column(key="instance"),
            Column(key="price_per_gpu_hour", title="PER HOUR", right=True, cell=quote),
            Column(key="commitment", title="TERM"),
            Column(key="tier", title="TIER"),
            Column(key="operated_by", title="RUN BY" if vendors else ""),
            Column(key="own"),
            Column(key="weakness", title="!", cell=lambda weakness: "!" if weakness else ""),
            Column(key="doubt"),
            Column(key="region", title="REGION", loose=True),
            Column(key="checked_on"),
            Column(key="age_days", title="AGE", right=True, cell=lambda days: "-" if days is None else f"{days} d"),
            Column(key="stale"),
            Column(key="source", title="SRC", right=True, cell=lambda source: marks[source]),
        ),
        rows=rows,
        about={"on": today},
        notes=tuple(notes),
        empty="no offer is like that: add [[fleet.offers]] with your own quote",
    )


def _row(offer: Offer, today: date) -> dict[str, Any]:
    from advisor.market.offer_rules import implausible
    from advisor.market.offers import age_days, stale

    return {
        "gpu": offer.gpu,
        "unit": offer.unit,
        "gpus": offer.gpus,
        "provider": offer.provider,
        "instance": offer.instance,
        "price_per_gpu_hour": offer.price_per_gpu_hour,
        "commitment": offer.commitment,
        "tier": offer.tier,
        "region": offer.region,
        "operated_by": offer.operated_by,
        "own": offer.own,
        "weakness": offer.weakness,
        "doubt": implausible(offer),
        "checked_on": offer.checked_on,
        "age_days": age_days(offer, today),
        "stale": stale(offer, today),
        "source": offer.source,
    }


def _days_of(rows: Sequence[dict[str, Any]], source: str) -> str:
    """The days on which a source was read, first to last."""
    days = sorted({row["checked_on"] for row in rows if row["source"] == source and row["checked_on"]})
    return " to ".join(map(str, dict.fromkeys((days[0], days[-1])))) if days else "undated"


def _by_gpu_and_price(offer: Offer) -> tuple[str, str, Decimal, str, int]:
    price = offer.price_per_gpu_hour
    return (offer.gpu, price.currency, price.amount, offer.provider, offer.gpus)


offers.add_command(refresh)
