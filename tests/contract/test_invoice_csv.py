"""An invoice export keeps the promises of a records source, and the sample exports add up to their known totals."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest

from advisor.contract.source import Record, Records
from advisor.contract.testing.source import RecordsKit
from advisor.domain.facts import Pull, PullStatus
from advisor.domain.units import Month, Window
from advisor.ingest.runner import pull
from advisor.registry import build_source

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
EXPORTS = {
    "bill.csv": "day,model,in,out,read,written,n,tier,sum,cur\n"
    "2026-10-01,llama,1000,200,300,20,7,batch,1.50,USD\n"
    "2026-10-02,llama,2000,400,600,40,9,,-0.25,EUR\n"
    "Total,,,,,,,,1.50,USD\n",
    "openrouter.csv": "Date,Slug,Usage,BYOK Usage,Requests,Prompt Tokens,Completion Tokens,Reasoning Tokens\n"
    '"2026-10-01 00:00:00","meta-llama/llama-3.3-70b-instruct","1.50","0.25","7","1000","200","0"\n',
    "fireworks.csv": "email,start_time,end_time,usage_type,accelerator_type,accelerator_seconds,base_model_name,"
    "model_bucket,parameter_count,prompt_tokens,completion_tokens\n"
    "a@b.c,2026-10-01 09:44:34 UTC,2026-10-01 09:44:35 UTC,TEXT_COMPLETION_INFERENCE_USAGE,,,llama,Llama,8B,1000,200\n"
    "a@b.c,2026-10-01 09:00:00 UTC,2026-10-01 10:00:00 UTC,TRAINING,H100,3600,llama,Llama,8B,,\n",
}
COLUMNS = {
    "date": "day", "model": "model", "input_tokens": "in", "output_tokens": "out", "cache_read_tokens": "read",
    "cache_write_tokens": "written", "requests": "n", "tier": "tier", "amount": "sum", "currency": "cur",
}  # fmt: skip


class InvoiceCsvKit(RecordsKit):
    window = Month(2026, 10).window
    file: ClassVar[str]
    settings: ClassVar[dict[str, Any]]

    @pytest.fixture(autouse=True)
    def _export(self, tmp_path: Path) -> None:
        self.folder = tmp_path
        (tmp_path / self.file).write_text(EXPORTS[self.file])

    def source(self) -> Records:
        table = {"name": "bill", "kind": "invoice-csv", "path": self.file, **self.settings}
        source = build_source(table, self.folder, {})
        assert isinstance(source, Records)
        return source

    def records(self) -> Iterable[Record]:
        return self.source().pull(self.window)


class TestMappedInvoice(InvoiceCsvKit):
    file = "bill.csv"
    settings: ClassVar = {"columns": COLUMNS, "input_includes_cache": True}


class TestOpenRouterExport(InvoiceCsvKit):
    file = "openrouter.csv"
    settings: ClassVar = {"preset": "openrouter"}


class TestFireworksExport(InvoiceCsvKit):
    file = "fireworks.csv"
    settings: ClassVar = {"preset": "fireworks"}


SERVEGEN = (73_422_849_769, 9_136_292_889)
"""Input and output tokens of the sample's 14 days."""
REQUESTS = 613_549_778
INVOICE = {
    "currency": "USD",
    "columns": {
        "date": "date", "model": "model", "requests": "requests", "input_tokens": "input_tokens",
        "output_tokens": "output_tokens", "amount": "amount_usd",
    },
}  # fmt: skip


def read(samples: Path, file: str, settings: dict[str, Any]) -> Pull:
    source = build_source({"name": "bill", "kind": "invoice-csv", "path": file, **settings}, samples / "generated", {})
    return pull(source, Window(datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC)), NOW)


def tokens(found: Pull) -> tuple[int, int]:
    return sum(fact.tokens.input for fact in found.usage), sum(fact.tokens.output for fact in found.usage)


@pytest.mark.parametrize(
    ("file", "settings", "days"),
    [("openrouter_activity.csv", {"preset": "openrouter"}, 14), ("csv_invoice.csv", INVOICE, 14)],
)
def test_sample_invoices_add_up(samples: Path, file: str, settings: dict[str, Any], days: int) -> None:
    found = read(samples, file, settings)
    assert (found.status, found.rows, found.rejected, found.warnings) == (PullStatus.OK, days, 0, ())
    assert tokens(found) == SERVEGEN
    assert sum(fact.requests or 0 for fact in found.usage) == REQUESTS
    assert len(found.usage_days) == len(found.cost_days) == days
    assert found.complete_through == datetime(2025, 7, 7, tzinfo=UTC)
    # Each sample's 14 daily amounts are 5,308,564,575 + 901,501,383 tokens and so on, at $0.88 a million, in cents.
    per_token = Decimal("0.88") / 1_000_000
    for usage, cost in zip(found.usage, found.costs, strict=True):
        assert cost.amount.amount == (usage.tokens.total * per_token).quantize(Decimal("0.01"))


def test_sample_token_export_of_the_claude_console_adds_up_and_says_nothing_of_money(samples: Path) -> None:
    found = read(samples, "claude_api_tokens.csv", {"preset": "anthropic-console"})
    assert (found.status, found.rows, found.rejected) == (PullStatus.OK, 14, 0)
    assert tokens(found) == SERVEGEN
    assert {fact.requests for fact in found.usage} == {None}
    assert (found.costs, found.cost_days) == ([], frozenset())


def test_sample_billing_metrics_of_fireworks_add_up(samples: Path) -> None:
    found = read(samples, "fireworks_billing_metrics.csv", {"preset": "fireworks"})
    assert (found.status, found.rows, found.rejected) == (PullStatus.OK, 8819 - 8000, 0)
    assert tokens(found) == (1_759_818, 24_673)
    assert sum(fact.requests or 0 for fact in found.usage) == 819
    assert {fact.width_seconds for fact in found.usage} == {300}
    assert found.costs == []
