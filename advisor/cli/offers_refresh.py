"""`advisor offers refresh`: today's prices, read from the providers."""

from __future__ import annotations

import importlib
import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from advisor.cli.options import clock, progress

if TYPE_CHECKING:
    from advisor.market.offer_refresh import Change, Reading, Unread
    from advisor.reporting.listing import Format, Listing


@click.command()
@click.option("--provider", "only", multiple=True, metavar="NAME", help="Only this provider; can be repeated.")
@click.option("--output", metavar="FILE", help="Default: $ADVISOR_OFFERS, then advisor/offers.csv of your own data.")
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table")
def refresh(only: tuple[str, ...], output: str | None, form: Format) -> int:
    """Read today's prices of the providers, into a file of yours that every later run reads.

    AWS is read from its price list, with your AWS credentials and their pricing:GetProducts; the others, and AWS's
    spot prices, from the public catalogs of gpuhunt, which pip install "inference-advisor[offers]" brings. A provider
    that cannot be read keeps the rows it has. Fails only where none could be read.
    """
    from advisor.errors import UsageError
    from advisor.market.offer_file import keep, kept, offer_file
    from advisor.market.offer_refresh import merged
    from advisor.reporting.listing import rendered

    path = Path(output).expanduser() if output else offer_file(os.environ)
    if path is None:
        raise UsageError("there is no home folder to keep offers in", "name a file with --output")
    stored = kept(path)
    offers_now, changes = merged(stored, _readings(_providers(only)))
    succeeded = any(not change.failed for change in changes)
    if succeeded:
        keep(path, offers_now)
    click.echo(rendered(change_list(changes, path if succeeded else None), form), nl=False)
    return 0 if succeeded else 1


def _providers(only: Sequence[str]) -> list[str]:
    """The providers asked for, all of them by default. Raises UsageError for a name that no feed has."""
    from advisor.cli.naming import unknown
    from advisor.market.gpuhunt_feed import PROVIDERS

    for name in only:
        if name.lower() not in PROVIDERS:
            raise unknown(name, PROVIDERS, f"providers: {', '.join(PROVIDERS)}")
    return [name for name in PROVIDERS if not only or name in {one.lower() for one in only}]


def _readings(providers: Sequence[str]) -> list[Reading | Unread]:
    from advisor.market import aws_price_list, gpuhunt_feed
    from advisor.market.offer_refresh import Unread

    found: list[Reading | Unread] = []
    if "aws" in providers:
        progress("the AWS price list")
        found.append(aws_price_list.reading(clock().date()))
    try:
        gpuhunt = importlib.import_module("gpuhunt")
    except ImportError:
        why = f"gpuhunt is not installed: {gpuhunt_feed.INSTALL}"
        return found + [Unread(provider=name, feed=gpuhunt_feed.FEED, reason=why) for name in providers]
    progress("the catalogs of gpuhunt")
    return [*found, *gpuhunt_feed.readings(gpuhunt, providers)]


def change_list(changes: Sequence[Change], path: Path | None) -> Listing:
    """What a refresh did, a row for each provider and feed; below it what it did not read, refused or left out."""
    from advisor.reporting.listing import Column, Listing

    return Listing(
        name="changes",
        schema="advisor.offers-refresh/1",
        columns=(
            Column(key="provider", title="PROVIDER"),
            Column(key="feed", title="FEED"),
            *(Column(key=key, title=key.upper(), right=True) for key in ("new", "changed", "same", "gone", "refused")),
            Column(key="left_out"),
            Column(key="failed", title="READ", cell=lambda why: "no" if why else "yes"),
        ),
        rows=[
            {
                "provider": change.provider,
                "feed": change.feed,
                "new": change.new,
                "changed": change.changed,
                "same": change.same,
                "gone": change.gone,
                "refused": len(change.refused),
                "left_out": sum(change.skipped.values()),
                "failed": change.failed,
            }
            for change in changes
        ],
        about={"file": str(path) if path else None, "refused": _refused(changes)},
        notes=(*_notes(changes), f"kept in {path}" if path else "nothing was read: the offers stay as they were"),
    )


def _notes(changes: Sequence[Change]) -> list[str]:
    from advisor.reporting.words import listed, quote

    failures: dict[str, list[str]] = defaultdict(list)
    for change in changes:
        if change.failed:
            failures[change.failed].append(f"{change.feed} {change.provider}")
    notes = [f"not read: {listed(names, limit=20)}: {why}" for why, names in failures.items()]
    for change in changes:
        for offer, why in change.refused:
            node = " ".join(
                filter(None, (offer.provider, offer.gpu, f"x {offer.gpus}", offer.commitment, offer.region))
            )
            notes.append(f"refused: {node}: {quote(offer.price_per_gpu_hour)} is {why}")
    return notes + [
        f"left out of {change.feed} {change.provider}: "
        + ", ".join(f"{reason} ({count})" for reason, count in sorted(change.skipped.items()))
        for change in changes
        if change.skipped
    ]


def _refused(changes: Sequence[Change]) -> list[dict[str, object]]:
    return [
        {
            "provider": offer.provider,
            "gpu": offer.gpu,
            "gpus": offer.gpus,
            "region": offer.region,
            "price_per_gpu_hour": offer.price_per_gpu_hour,
            "reason": reason,
        }
        for change in changes
        for offer, reason in change.refused
    ]
