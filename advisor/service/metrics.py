"""The status in Prometheus' text format. A gauge that is not known is left out: no sample is ever a made-up zero."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from advisor.contract.store import Delivery
from advisor.domain.verdict import State
from advisor.service.health import Status

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def text(status: Status, *, now: datetime, run_seconds: float | None, runs: int, failed_runs: int) -> bytes:
    """All metrics at *now*; the last run of this process took *run_seconds*."""
    from prometheus_client import CollectorRegistry, generate_latest

    found = list(_metrics(status, now, run_seconds, runs, failed_runs))

    class Collector:
        def collect(self) -> Iterator[Metric]:
            return iter(found)

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collector())
    return generate_latest(registry)


def _metrics(status: Status, now: datetime, run_seconds: float | None, runs: int, failed_runs: int) -> Iterator[Metric]:
    from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

    success = GaugeMetricFamily(
        "advisor_source_last_success_timestamp_seconds", "When the source was last read whole", labels=["source"]
    )
    age = GaugeMetricFamily(
        "advisor_source_data_age_seconds", "Since when nothing is known of the source", labels=["source"]
    )
    good = GaugeMetricFamily("advisor_source_ok", "Whether the last read was whole", labels=["source"])
    for source in status.sources:
        if source.succeeded_at:
            success.add_metric([source.name], source.succeeded_at.timestamp())
        if source.complete_through:
            age.add_metric([source.name], (now - source.complete_through).total_seconds())
        if source.status:
            good.add_metric([source.name], float(source.status == "ok"))
    yield from (success, age, good)
    verdicts = GaugeMetricFamily("advisor_verdict", "1 for the verdict told last", labels=["workload", "state"])
    spend = GaugeMetricFamily(
        "advisor_serverless_spend", "The bill of the month told last", labels=["workload", "month", "currency"]
    )
    for workload in status.workloads:
        for state in State:
            verdicts.add_metric([workload.name, state.value], float(state.value == workload.state))
        if workload.bill is not None:
            spend.add_metric([workload.name, workload.month, workload.currency], float(workload.bill))
    yield from (verdicts, spend)
    outbox = GaugeMetricFamily("advisor_outbox_messages", "Messages by state", labels=["state"])
    for delivery in Delivery:
        outbox.add_metric([delivery.value], status.outbox.get(delivery.value, 0))
    yield outbox
    due = GaugeMetricFamily("advisor_job_next_due_timestamp_seconds", "When the job is due next", labels=["job"])
    owed = GaugeMetricFamily("advisor_job_owed", "Periods that are due and not done", labels=["job"])
    for job in status.jobs:
        due.add_metric([job.job], job.next_due.timestamp())
        owed.add_metric([job.job], sum(one.job == job.job for one in status.owed))
    yield from (due, owed)
    yield GaugeMetricFamily("advisor_healthy", "What the exit code of advisor status says", value=status.healthy)
    if run_seconds is not None:
        yield GaugeMetricFamily("advisor_run_seconds", "How long the last run with work took", value=run_seconds)
    yield CounterMetricFamily("advisor_runs", "Runs of this process with work", value=runs)
    yield CounterMetricFamily("advisor_failed_runs", "Those in which something failed", value=failed_runs)
