"""What own GPUs did in a month: their cost and utilization beside the plan's, and what serverless would ask instead."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import reduce
from operator import add

import numpy as np

from advisor.domain.comparison import Comparison, NotCompared
from advisor.domain.dedicated import Followed, OwnFleet, on_own_gpus
from advisor.domain.facts import ON_DEMAND, Tokens
from advisor.domain.fleet import Profile
from advisor.domain.units import HOUR_SECONDS, Money, Month
from advisor.domain.usage import Shape, UsageLine, WorkloadUsage
from advisor.errors import MarketError
from advisor.ingest.money import converted
from advisor.market.alternatives import host_prices, priced
from advisor.market.gpus import canonical_gpu, same_gpu
from advisor.market.hosts import host
from advisor.market.models import Model
from advisor.market.profiles import profiles
from advisor.projection.demand import replica_seconds
from advisor.projection.eligibility import served
from advisor.projection.weigh import Scales

NOTHING = Tokens(uncached_input=0, output=0)
NOT_SEEN = 'what its own GPUs did is not known: add a [[sources]] of kind = "prometheus"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """What every month of the run is followed with. *fleets* are those behind sources, by source; amounts are in
    *currency*."""

    scales: Scales
    fleets: Mapping[str, OwnFleet]
    currency: str

    def follow(
        self, usage: WorkloadUsage, last: Comparison | None, hosts: Collection[str], *, committed: bool, beside: int = 0
    ) -> Followed:
        """Follow one month.

        *last* is the last one on serverless alone, whose plan predicted it. *hosts* are the serverless hosts that the
        workload has paid, allowed unless `allowed_hosts` names others. *committed* says that the whole fleet is owed in
        this month, whatever is done. *beside* is how many other workloads run on own GPUs.
        """
        own = [line for line in usage.lines if on_own_gpus(line)]
        tokens = reduce(add, (line.tokens for line in own), NOTHING)
        gpu_cost = _sum([line.billed for line in own], self.currency) if own else None
        fleets = [self.fleets[source] for source in dict.fromkeys(line.source for line in own) if source in self.fleets]
        serverless, seller, why_not = self._serverless(usage, tokens, hosts)
        profile, utilization, unmeasured = self._utilization(usage, own, tokens, fleets)
        unknown = [
            NOT_SEEN if not own else "",
            "what its own GPUs cost is not known: their source states no cost" if own and gpu_cost is None else "",
            why_not if own else "",
            unmeasured if own else "",
        ]
        paid = [line.billed or line.estimated for line in usage.lines if not on_own_gpus(line)]
        plan = last.chosen if last else None
        until = usage.workload.commitment_until
        return Followed(
            month=usage.month,
            own_tokens=tokens.total,
            own_share=tokens.total / usage.tokens.total if usage.tokens.total else None,
            gpus=sum(fleet.gpus for fleet in fleets) if fleets else None,
            gpu=" and ".join(dict.fromkeys(fleet.gpu for fleet in fleets)),
            gpu_cost=gpu_cost,
            running_cost=self._running(usage, beside),
            avoidable_running=self._avoidable_running(usage, beside),
            sunk=None if gpu_cost is None else gpu_cost if committed else Money.zero(self.currency),
            serverless=serverless if own else None,
            host=seller,
            still_serverless=_sum(paid, self.currency) if paid else Money.zero(self.currency),
            utilization=utilization,
            profile=profile,
            predicted_from=last.usage.month if last else None,
            predicted_gpu_cost=plan.cost.gpu if plan else None,
            predicted_utilization=plan.utilization if plan else None,
            commitment_until=Month.parse(until) if until else None,
            missing=tuple(filter(None, unknown)),
        )

    def _running(self, usage: WorkloadUsage, beside: int) -> Money:
        """The workload's part of engineering, egress and storage for the covered share of the month, as assumed of a
        fleet that you run; all workloads on own GPUs bear it in equal parts."""
        over = self.scales.fleet.overheads
        hours = over.engineering_hours_per_month + over.engineering_hours_per_further_model * beside
        whole = hours * over.engineering_hourly_rate + over.egress_per_month + over.storage_per_month
        return Money(whole * _share(usage) / (1 + beside), self.currency)

    def _avoidable_running(self, usage: WorkloadUsage, beside: int) -> Money:
        """What of that its leaving would save: while others stay, the hours of one further model."""
        if not beside:
            return self._running(usage, beside)
        over = self.scales.fleet.overheads
        hours = over.engineering_hours_per_further_model * over.engineering_hourly_rate
        return Money(hours * _share(usage), self.currency)

    def _serverless(
        self, usage: WorkloadUsage, tokens: Tokens, hosts: Collection[str]
    ) -> tuple[Money | None, str, str]:
        """What *tokens* cost on demand at the cheapest allowed host of the model that own GPUs serve, and at which; or
        why that is not known. Prices are those of the month's last day."""
        model = served(usage)
        if isinstance(model, NotCompared):
            return None, "", f"what serverless would ask is not known: {model.detail}"
        allowed = {host(name) for name in self.scales.policy.allowed_hosts} or set(hosts)
        on = usage.month.end.date() - timedelta(days=1)
        asked: list[tuple[Money, str]] = []
        for price in host_prices(model.id, on, self.scales.own_prices, self.scales.price_memo, (ON_DEMAND,)):
            amount = priced(price, tokens) if price.host in allowed else None
            if isinstance(amount, Money):
                cost = converted(amount, self.currency, usage.month, self.scales.exchange)
                asked += [(cost, price.host)] if isinstance(cost, Money) else []
        if asked:
            return *min(asked, key=lambda one: one[0].amount), ""
        named = ", ".join(sorted(allowed)) or "no host"
        return (
            None,
            "",
            f"what serverless would ask is not known: no price of {model.id} at {named}; "
            "name a host in allowed_hosts, or its price in [[prices]] with provider",
        )

    def _utilization(
        self, usage: WorkloadUsage, own: Sequence[UsageLine], tokens: Tokens, fleets: Sequence[OwnFleet]
    ) -> tuple[Profile | None, float | None, str]:
        """Demanded over provisioned replica-seconds: GPU-hours are what was paid over the price of one.

        The own fleet's cache hits are its own, so all of them carry over.
        """
        known = {fleet.source: fleet for fleet in fleets}
        model = served(usage)
        if isinstance(model, NotCompared) or not fleets or any(line.source not in known for line in own):
            return None, None, "its utilization is not known: no source names the GPUs"
        gpu_hours = Decimal(0)
        for line in own:
            price = converted(known[line.source].price_per_gpu_hour, self.currency, usage.month, self.scales.exchange)
            if line.billed is None or not isinstance(price, Money):
                return None, None, "its utilization is not known, as its GPU-hours are not"
            gpu_hours += line.billed.amount / price.amount
        profile = self._profile(model, own, tokens, fleets)
        if profile is None or not gpu_hours:
            gpus = " and ".join(dict.fromkeys(fleet.gpu for fleet in fleets))
            return (
                None,
                None,
                f"its utilization is not known: no throughput of {model.id} on {gpus}; [[fleet.profiles]]",
            )
        whole = replace(self.scales.fleet, cache_carry_over=1.0)
        needed = float(replica_seconds(_as_one_bin(tokens), profile, whole).sum())
        provided = float(gpu_hours) * HOUR_SECONDS / profile.tensor_parallel
        return profile, needed / provided, ""

    def _profile(
        self, model: Model, own: Sequence[UsageLine], tokens: Tokens, fleets: Sequence[OwnFleet]
    ) -> Profile | None:
        """The best known throughput of the model on the fleet's GPU; of several, the fastest a GPU. None where there is
        none, or the fleet mixes GPUs."""
        try:
            gpus = {canonical_gpu(fleet.gpu) for fleet in fleets}
        except MarketError:
            return None
        if len(gpus) != 1:
            return None
        counted = [line.requests for line in own]
        requests = sum(count for count in counted if count is not None) if None not in counted else 0
        found = profiles(
            model.id,
            own=self.scales.own_profiles,
            input_length=tokens.input / requests if requests else None,
            output_length=tokens.output / requests if requests else None,
            input_share=tokens.input / tokens.total if tokens.total else None,
            gpus=gpus,
        )
        size = max(fleet.gpus for fleet in fleets)
        (gpu,) = gpus
        fitting = [one for one in found if same_gpu(one.gpu, gpu) and one.tensor_parallel <= size]
        busy = _as_one_bin(tokens if tokens.total else Tokens(uncached_input=1, output=1))

        def rank(one: Profile) -> tuple[float, float, str]:
            seconds = float(replica_seconds(busy, one, self.scales.fleet).sum())
            return one.sigma, seconds * one.tensor_parallel, one.precision

        return min(fitting, key=rank, default=None)


def _share(usage: WorkloadUsage) -> Decimal:
    return Decimal(usage.days_covered) / usage.month.day_count


def _sum(amounts: Sequence[Money | None], currency: str) -> Money | None:
    """The sum, None where any part of it is unknown."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Money.zero(currency)) if len(known) == len(amounts) else None


def _as_one_bin(tokens: Tokens) -> Shape:
    """All tokens of a month at once: demand in replica-seconds adds up, whenever it falls."""

    def once(count: int | None) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.array([float(count or 0)])

    return Shape(
        width_seconds=HOUR_SECONDS,
        starts=np.zeros(1, np.int64),
        uncached_input=once(tokens.uncached_input),
        cache_read=once(tokens.cache_read),
        cache_write=once(tokens.cache_write),
        output=once(tokens.output),
    )
