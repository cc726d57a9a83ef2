"""What one run works with: the configuration, the store, the sources, the time, and what is looked up from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from advisor import registry
from advisor.config import Config
from advisor.contract.channel import Channel
from advisor.contract.source import Source
from advisor.contract.store import Store
from advisor.domain.report import Issue, Severity
from advisor.domain.units import Money, Month, Window
from advisor.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from advisor.ingest.book import Book
    from advisor.market.token_prices import OwnPrice
    from advisor.projection.weigh import Scales


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What one run works with: the configuration, the store, its sources and the time. Made by `wire`."""

    config: Config
    store: Store
    sources: tuple[Source, ...]
    environ: Mapping[str, str]
    now: datetime

    @property
    def last_full_month(self) -> Month:
        return Month.of(self.now).plus(-1)

    def named(self, only: str | None) -> tuple[Source, ...]:
        """All sources, or the one named. Raises UsageError where there is none of that name."""
        chosen = tuple(source for source in self.sources if only in (None, source.name))
        if not chosen:
            names = ", ".join(source.name for source in self.sources)
            raise UsageError(f"there is no source {only!r}", f"sources: {names}")
        return chosen

    def channels(self) -> dict[str, Channel]:
        """The configured channels by name. Raises ConfigError where there is none."""
        if not self.config.channels:
            raise ConfigError("there is no [[channels]] table to deliver to", 'add one, for example kind = "file"')
        found = [registry.build_channel(table, self.config.folder, self.environ) for table in self.config.channels]
        named = {channel.name: channel for channel in found}
        for channel in found:
            if channel.fallback and (channel.fallback == channel.name or channel.fallback not in named):
                raise ConfigError(
                    f"channels.{channel.name}.fallback names {channel.fallback!r}, which is no other channel",
                    f"channels: {', '.join(sorted(named))}",
                )
        return named


@contextmanager
def wire(config: Config, environ: Mapping[str, str], now: datetime) -> Iterator[Desk]:
    """Open everything that a run needs, and close it again."""
    from advisor.storage import open_store

    sources = tuple(registry.build_source(table, config.folder, environ) for table in config.sources)
    names = {source.name for source in sources}
    for source in sources:
        if unknown := sorted(set(source.overlaps) - names):
            raise ConfigError(
                f"sources.{source.name}.overlaps names {unknown[0]!r}, which is no source",
                f"sources: {', '.join(sorted(names))}",
            )
    store = open_store(config.state)
    try:
        yield Desk(config=config, store=store, sources=sources, environ=environ, now=now)
    finally:
        store.close()


def open_book(desk: Desk, store: Store) -> Book:
    """Everything stored of the configured sources, ready to be totalled month by month."""
    from advisor.ingest.book import Book
    from advisor.market.token_prices import TokenPrices

    config, names = desk.config, {source.name for source in desk.sources}
    everything = Window(datetime(1970, 1, 1, tzinfo=UTC), Month.of(desk.now).end)
    currency = config.advisor.currency
    return Book(
        sources=sorted(names),
        series=[series for series in store.usage(everything) if series.source in names],
        costs=[cost for cost in store.costs(everything) if cost.source in names],
        coverage={name: days for name, days in store.coverage(everything).items() if name in names},
        pulls={name: record for name, record in store.pulls().items() if name in names},
        overlaps={source.name: frozenset(source.overlaps) for source in desk.sources},
        workloads=config.workloads,
        prices=TokenPrices(own_prices(config), memo=_price_memo(desk.environ)),
        exchange=tuple(table.exchange_rate() for table in config.exchange_rates),
        currency=currency,
        now=desk.now,
    )


def own_prices(config: Config) -> tuple[OwnPrice, ...]:
    """The `[[prices]]` of a configuration."""
    from advisor.market.token_prices import OwnPrice

    currency = config.advisor.currency
    return tuple(OwnPrice(**{"currency": currency, **table.model_dump(exclude_none=True)}) for table in config.prices)


def _price_memo(environ: Mapping[str, str]) -> Path | None:
    """Where looked-up catalog prices are kept between runs; None on a machine without a home."""
    if cache := environ.get("XDG_CACHE_HOME"):
        return Path(cache) / "advisor" / "token-prices.json"
    home = environ.get("HOME")
    return Path(home) / ".cache" / "advisor" / "token-prices.json" if home else None


def scales_for(desk: Desk, month: Month) -> tuple[Scales, tuple[Issue, ...]]:
    """The offers, own profiles and rules that every workload of this run is weighed by.

    Offers in another currency are converted; the issues say which are left out for want of an exchange rate.
    """
    from advisor.ingest.money import converted
    from advisor.market.offer_file import refreshed
    from advisor.market.offers import offers
    from advisor.projection.weigh import Scales

    config, currency = desk.config, desk.config.advisor.currency
    own = [table.offer(currency) for table in config.offers]
    exchange = [table.exchange_rate() for table in config.exchange_rates]
    priced = [
        (offer, converted(offer.price_per_gpu_hour, currency, month, exchange))
        for offer in offers(own, config.fleet.only, refreshed(desk.environ))
    ]
    without = dict.fromkeys(price.reason for _, price in priced if not isinstance(price, Money))
    scales = Scales(
        fleet=config.fleet,
        policy=config.policy,
        commitments=config.commitments,
        offers=tuple(replace(offer, price_per_gpu_hour=price) for offer, price in priced if isinstance(price, Money)),
        own_profiles=tuple(table.profile() for table in config.profiles),
        own_prices=own_prices(config),
        exchange=tuple(exchange),
        price_memo=_price_memo(desk.environ),
    )
    return scales, tuple(warning(f"GPU offers are left out: {reason}") for reason in without)


def warning(message: str) -> Issue:
    """An issue of the whole answer, of no source or workload in particular."""
    return Issue(severity=Severity.WARNING, source="", message=message)
