"""Weighs a month: every workload's invoice against every fleet that could carry it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from advisor.domain.assumptions import Commitment, ExchangeRate, FleetAssumptions, SwitchPolicy
from advisor.domain.comparison import Comparison, Elsewhere, NotCompared
from advisor.domain.fleet import Offer, Profile
from advisor.domain.units import Money
from advisor.domain.usage import WorkloadUsage
from advisor.market.gpus import canonical_gpu
from advisor.market.hosts import host
from advisor.market.models import canonical
from advisor.market.profiles import profiles
from advisor.market.token_prices import OwnPrice
from advisor.projection.avoidable import bills_of
from advisor.projection.compare import compare
from advisor.projection.eligibility import served
from advisor.projection.elsewhere import elsewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Scales:
    """What every workload of a run is weighed against: offers in the configured currency, own profiles, the rules.

    `own_prices`, `exchange` and `price_memo` are for the same traffic at other hosts; see `market.alternatives`.
    """

    fleet: FleetAssumptions
    policy: SwitchPolicy
    commitments: tuple[Commitment, ...]
    offers: tuple[Offer, ...]
    own_profiles: tuple[Profile, ...]
    own_prices: tuple[OwnPrice, ...] = ()
    exchange: tuple[ExchangeRate, ...] = ()
    price_memo: Path | None = None

    def weigh(self, usages: Sequence[WorkloadUsage], *, shown: bool = True) -> tuple[Comparison | NotCompared, ...]:
        """One month of all workloads. They are weighed alone, but a commitment is to a host's whole bill.

        A month that is not *shown* is weighed for its verdict alone; see `compare`.
        """
        bills: dict[str, Money] = {}
        for usage in usages:
            for seller, amount in bills_of(usage).items():
                bills[seller] = bills[seller] + amount if seller in bills else amount
        return tuple(self._weigh(usage, bills, shown=shown) for usage in usages)

    def _weigh(self, usage: WorkloadUsage, bills: Mapping[str, Money], *, shown: bool) -> Comparison | NotCompared:
        model = served(usage, self._by_unit())
        if isinstance(model, NotCompared):
            return model
        requests = usage.requests or 0
        known = profiles(
            model.id,
            own=self.own_profiles,
            input_length=usage.tokens.input / requests if requests else None,
            output_length=usage.tokens.output / requests if requests else None,
            input_share=usage.tokens.input / usage.tokens.total if usage.tokens.total else None,
            gpus={offer.gpu for offer in self.offers if offer.commitment == "on-demand"},
        )
        return compare(
            usage,
            offers=self.offers,
            profiles=known,
            fleet=self.fleet,
            policy=self.policy,
            commitments=self.commitments,
            bills=bills,
            elsewhere=self._elsewhere(usage, model.id, bills),
            shown=shown,
        )

    def _by_unit(self) -> frozenset[str]:
        """The models that an own profile measures on a throughput unit that is offered."""
        units = {offer.gpu for offer in self.offers if offer.unit == "throughput-unit"}
        measured = [profile.model for profile in self.own_profiles if canonical_gpu(profile.gpu) in units]
        return frozenset(known.id if (known := canonical(name)) else name for name in measured)

    def _elsewhere(self, usage: WorkloadUsage, model_id: str, bills: Mapping[str, Money]) -> Sequence[Elsewhere]:
        """Other hosts of the model; without `allowed_hosts`, those that are paid in this month are allowed."""
        if usage.cost is None or not usage.tokens.total:
            return ()
        allowed = {host(name) for name in self.policy.allowed_hosts} or set(bills)
        own, exchange, memo = self.own_prices, self.exchange, self.price_memo
        return elsewhere(usage, model_id, allowed, own=own, exchange=exchange, memo=memo)
