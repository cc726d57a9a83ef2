"""Everything stored of the configured sources, totalled month by month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from advisor.contract.store import Coverage, PullRecord
from advisor.domain.assumptions import ExchangeRate, Workload
from advisor.domain.facts import CostFact
from advisor.domain.report import Issue
from advisor.domain.units import Month, Window
from advisor.domain.usage import SourceReport, UsageSeries, WorkloadUsage
from advisor.ingest.charges import Charge, charge_of
from advisor.ingest.coverage import source_reports
from advisor.ingest.flows import Facts
from advisor.ingest.month import MonthTotal, month_total
from advisor.ingest.overlaps import Overlaps, refuse_doubles, seller
from advisor.ingest.totals import EPOCH, lane_of
from advisor.ingest.workloads import assign, model_key
from advisor.market.token_prices import TokenPrices


class Book:
    """The stored facts of *sources*, each month totalled once, when it is asked for.

    Raises ConfigError where two sources saw the same traffic and do not declare it.
    """

    def __init__(
        self,
        *,
        sources: Sequence[str],
        series: Sequence[UsageSeries],
        costs: Sequence[CostFact],
        coverage: Mapping[str, Coverage],
        pulls: Mapping[str, PullRecord],
        overlaps: Overlaps,
        workloads: Sequence[Workload],
        prices: TokenPrices,
        exchange: Sequence[ExchangeRate],
        currency: str,
        now: datetime,
    ) -> None:
        lanes = tuple(lane_of(one, model_key(one.model_raw), seller(one.provider, one.model_raw)) for one in series)
        charges = tuple(
            charge_of(
                cost,
                model_key(cost.model_raw) if cost.model_raw else "",
                seller(cost.provider, cost.model_raw),
            )
            for cost in costs
        )
        refuse_doubles(lanes, charges, overlaps)
        ids = {(one.source, one.model_raw) for one in series}
        ids |= {(cost.source, cost.model_raw) for cost in costs if cost.model_raw}
        assigned = assign(workloads, ids)
        self._sources = tuple(sources)
        self._issues = assigned.issues
        self._totals: dict[Month, MonthTotal] = {}
        charges_of: dict[Month, list[Charge]] = defaultdict(list)
        for charge in charges:
            for month in charge.months():
                charges_of[month].append(charge)
        self._facts = Facts(
            lanes=lanes,
            charges=charges,
            charges_of=charges_of,
            coverage=coverage,
            pulls=pulls,
            overlaps=overlaps,
            workload_of=assigned.of,
            prices=prices,
            exchange=exchange,
            currency=currency,
            now=now,
        )

    def months(self) -> tuple[Month, ...]:
        """Every month from the first to the last with a token or a charge in it; empty where nothing is stored."""
        ends = [day for lane in self._facts.lanes for day in (*lane.days[:1].tolist(), *lane.days[-1:].tolist())]
        days = [date.fromordinal(day + EPOCH) for day in (*ends, *(charge.first for charge in self._facts.charges))]
        touched = sorted(set(map(Month.of, days)))
        return tuple(Window(touched[0].start, touched[-1].end).months()) if touched else ()

    def months_until(self, month: Month) -> tuple[Month, ...]:
        """Every month from the first with anything in it to *month*, which is always the last."""
        return (*(earlier for earlier in self.months() if earlier < month), month)

    def usage(self, month: Month) -> tuple[WorkloadUsage, ...]:
        """What every workload used and cost in *month*."""
        return self._total(month).usages

    def issues(self, month: Month) -> tuple[Issue, ...]:
        """What is wrong with the configured workloads, and the money of *month* that is in nobody's bill."""
        return (*self._issues, *self._total(month).issues)

    def sources(self, window: Window) -> tuple[SourceReport, ...]:
        """How each source's last read went, and what it covers of *window*."""
        return source_reports(self._sources, window, self._facts.coverage, self._facts.pulls, self._facts.now)

    def _total(self, month: Month) -> MonthTotal:
        if month not in self._totals:
            self._totals[month] = month_total(self._facts, month)
        return self._totals[month]
