"""The same tokens bought serverless from another host, or in batch: what a move to own GPUs has to beat as well."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from pathlib import Path

from advisor.domain.assumptions import ExchangeRate
from advisor.domain.comparison import Elsewhere
from advisor.domain.facts import ON_DEMAND, Tokens
from advisor.domain.units import Money
from advisor.domain.usage import WorkloadUsage
from advisor.ingest.money import converted
from advisor.market.alternatives import host_prices, priced
from advisor.market.hosts import host
from advisor.market.token_prices import OwnPrice


def elsewhere(
    usage: WorkloadUsage,
    model_id: str,
    allowed: Collection[str],
    *,
    own: Sequence[OwnPrice] = (),
    exchange: Sequence[ExchangeRate] = (),
    memo: Path | None = None,
) -> tuple[Elsewhere, ...]:
    """What the month's tokens would cost at every host of *model_id*, cheapest first (design: cheaper serverless).

    Prices are those of the month's last day, or of today while it runs. Left out: what is paid already, hosts without
    a price for cache tokens that occur, and amounts without an exchange rate. Batch gates a move only where the
    workload may wait (`slo = "batch"`): it is another good than an answer at once.
    """
    assert usage.cost is not None
    tokens = _scaled(usage.tokens, usage.workload.token_ratio)
    paid = {(host(line.provider), line.tier) for line in usage.lines}
    last_day: date = usage.month.end.date() - timedelta(days=1)
    found = []
    for price in host_prices(model_id, last_day, own, memo):
        amount = priced(price, tokens)
        cost = converted(amount, usage.cost.currency, usage.month, exchange) if isinstance(amount, Money) else amount
        if (price.host, price.tier) in paid or not isinstance(cost, Money):
            continue
        may_wait = price.tier == ON_DEMAND or usage.workload.slo == "batch"
        found.append(
            Elsewhere(
                host=price.host,
                tier=price.tier,
                model_raw=price.model_raw,
                cost=cost,
                allowed=price.host in allowed and may_wait,
                source=price.rates.source,
                checked_on=price.rates.checked_on,
            )
        )
    return tuple(sorted(found, key=lambda one: (one.cost.amount, one.host, one.tier)))


def _scaled(tokens: Tokens, ratio: float) -> Tokens:
    """The tokens that a substitute takes for the same traffic."""
    if ratio == 1:
        return tokens

    def times(count: int | None) -> int | None:
        return None if count is None else round(count * ratio)

    return Tokens(
        uncached_input=round(tokens.uncached_input * ratio),
        output=round(tokens.output * ratio),
        cache_read=times(tokens.cache_read),
        cache_write=times(tokens.cache_write),
    )
