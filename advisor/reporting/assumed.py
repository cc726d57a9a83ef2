"""Every value in force that nobody measured, in words: the fleet's, its overheads', the rule's."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from advisor.domain.assumptions import ON_CALL_NEEDED, FleetAssumptions, SwitchPolicy
from advisor.domain.report import Findings
from advisor.domain.units import Money
from advisor.reporting import words


def assumed(findings: Findings) -> Iterator[str]:
    """One short phrase a value. What differs from its default was stated in the configuration and says `(set)`."""
    in_force = _phrases(findings.fleet, findings.policy, findings.currency)
    defaults = _phrases(FleetAssumptions(), SwitchPolicy(), findings.currency)
    for phrase, default in zip(in_force, defaults, strict=True):
        yield phrase if phrase == default else f"{phrase} (set)"
    yield f"{ON_CALL_NEEDED} on call needed"
    yield from _latency(findings)
    for workload in (verdict.usage.workload for verdict in findings.verdicts):
        if workload.approved_by or workload.token_ratio != 1:
            accepted = f", approved by {workload.approved_by}" if workload.approved_by else ""
            ratio = words.number(workload.token_ratio)
            yield words.plain(f"{workload.name} on {workload.serve}: {ratio} tokens for one{accepted}")


def _latency(findings: Findings) -> Iterator[str]:
    """The latency presets in force, and where they cannot be evaluated for want of request counts."""
    stated = [verdict for verdict in findings.verdicts if verdict.usage.workload.slo]
    for verdict in stated:
        name, slo = words.name(verdict.usage.workload.name), verdict.usage.workload.slo
        if not verdict.usage.requests:
            yield f"slo {slo} of {name} not evaluated: no request counts"
        elif verdict.comparison:
            target = words.percent(verdict.comparison.chosen.utilization_target)
            yield f"slo {slo} of {name}: at most {target} in the busiest bin"
    if not stated:
        yield "no latency target (slo)"


def _phrases(fleet: FleetAssumptions, rule: SwitchPolicy, currency: str) -> list[str]:
    over, only = fleet.overheads, fleet.only

    def amount(value: Decimal) -> str:
        return words.money(Money(value, currency))

    hours = fleet.hours_per_month
    searched = (*only.providers, *only.gpus, *only.regions)
    return [
        f"utilization {words.percent(fleet.utilization)}",
        "the calendar month's hours" if hours == "calendar" else f"{words.number(hours)} h a month",
        f"policies {', '.join(fleet.policies)}",
        f"redundancy {fleet.redundancy}",
        f"at least {words.counted(fleet.min_replicas, 'replica')}",
        f"peak to mean {words.number(fleet.peak_to_mean)}",
        f"burst {words.number(fleet.burst)}",
        f"cached input weight {words.number(fleet.cached_input_weight)}",
        f"cache carry-over {words.number(fleet.cache_carry_over)}",
        f"egress {amount(over.egress_per_month)}",
        f"storage {amount(over.storage_per_month)}",
        f"staging {words.number(over.staging_replica_hours)} replica-hours",
        f"engineering {words.number(over.engineering_hours_per_month)} h a month "
        f"x {amount(over.engineering_hourly_rate)}",
        f"{words.number(over.engineering_hours_per_further_model)} h more a further model",
        f"migration {words.number(over.migration_hours)} h + {amount(over.migration_one_off)} "
        f"over {words.counted(over.migration_months, 'month')}",
        f"offers of {words.plain(', '.join(searched))} only" if searched else "offers from every provider",
        f"{words.counted(rule.months_in_a_row, 'month')} in a row",
        f"saving {words.percent(rule.min_savings_ratio)} and {amount(rule.min_savings)} a month",
        f"P(cheaper) {words.number(rule.min_probability)}",
        f"payback {words.number(rule.max_payback_months)} months",
        f"return at {words.percent(rule.return_ratio)} for {words.counted(rule.return_months, 'month')}",
        f"allowed hosts {words.plain(', '.join(rule.allowed_hosts))}" if rule.allowed_hosts else "hosts already paid",
    ]
