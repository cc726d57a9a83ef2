"""Weighs a month: every workload's invoice against every fleet that could carry it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from advisor.domain.assumptions import Commitment, FleetAssumptions, SwitchPolicy
from advisor.domain.comparison import Comparison, NotCompared
from advisor.domain.fleet import Offer, Profile
from advisor.domain.units import Money
from advisor.domain.usage import WorkloadUsage
from advisor.market import models
from advisor.market.profiles import profiles
from advisor.projection.compare import compare, ineligible, unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Scales:
    """What every workload of a run is weighed against: offers in the configured currency, own profiles, the rules."""

    fleet: FleetAssumptions
    policy: SwitchPolicy
    commitments: tuple[Commitment, ...]
    offers: tuple[Offer, ...]
    own_profiles: tuple[Profile, ...]

    def weigh(self, usages: Sequence[WorkloadUsage]) -> tuple[Comparison | NotCompared, ...]:
        """One month of all workloads. They are weighed alone, but a commitment is to a provider's whole bill."""
        bills: dict[str, Money] = {}
        for usage in usages:
            for provider, amount in bills_of(usage).items():
                bills[provider] = bills[provider] + amount if provider in bills else amount
        return tuple(self._weigh(usage, bills) for usage in usages)

    def _weigh(self, usage: WorkloadUsage, bills: Mapping[str, Money]) -> Comparison | NotCompared:
        served = usage.workload.serve or (usage.models_raw[0] if usage.models_raw else "")
        model = models.by_id(served) or models.canonical(served)
        if model is None:
            return unknown(usage)
        if barrier := ineligible(usage, model):
            return barrier
        requests = usage.requests or 0
        known = profiles(
            model.id,
            own=self.own_profiles,
            input_length=usage.tokens.input / requests if requests else None,
            output_length=usage.tokens.output / requests if requests else None,
            input_share=usage.tokens.input / usage.tokens.total if usage.tokens.total else None,
        )
        return compare(
            usage,
            offers=self.offers,
            profiles=known,
            fleet=self.fleet,
            policy=self.policy,
            commitments=self.commitments,
            provider_bills=bills,
            workload_bills=bills_of(usage),
        )


def bills_of(usage: WorkloadUsage) -> dict[str, Money]:
    """What a workload pays each provider, as far as it is known."""
    bills: dict[str, Money] = {}
    for line in usage.lines:
        amount = line.billed or line.estimated
        if amount is not None:
            bills[line.provider] = bills[line.provider] + amount if line.provider in bills else amount
    return bills
