"""Small bills for tests: lines of AWS and FOCUS files, written as CSV, and what a source reads from them."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from advisor.domain.facts import Pull
from advisor.domain.units import Month, Window
from advisor.ingest.runner import pull
from advisor.registry import build_source

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
YEAR = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC))
OCTOBER = Month(2026, 10)
Line = Mapping[str, str]

CUR = {
    "bill_payer_account_id": "999",
    "bill_billing_period_start_date": "2026-10-01T00:00:00Z",
    "bill_invoice_id": "",
    "line_item_usage_account_id": "111",
    "line_item_line_item_type": "Usage",
    "line_item_usage_start_date": "2026-10-05T08:00:00Z",
    "line_item_usage_end_date": "2026-10-05T09:00:00Z",
    "line_item_product_code": "AmazonBedrock",
    "line_item_usage_type": "USE1-Llama3-1-70B-input-tokens",
    "line_item_usage_amount": "2",
    "pricing_unit": "1K tokens",
    "line_item_currency_code": "USD",
    "line_item_unblended_cost": "0.5",
}
FOCUS = {
    "BillingAccountId": "999",
    "SubAccountId": "111",
    "BillingPeriodStart": "2026-10-01T00:00:00Z",
    "ChargePeriodStart": "2026-10-05T00:00:00Z",
    "ChargePeriodEnd": "2026-10-06T00:00:00Z",
    "ChargeCategory": "Usage",
    "ChargeClass": "",
    "ProviderName": "AWS",
    "ServiceName": "Amazon Bedrock",
    "SkuId": "USE1-Llama3-1-70B-input",
    "ChargeDescription": "",
    "ConsumedQuantity": "2000",
    "ConsumedUnit": "Tokens",
    "PricingQuantity": "2",
    "PricingUnit": "1K tokens",
    "BillingCurrency": "USD",
    "BilledCost": "0.5",
    "EffectiveCost": "0.5",
}


def cur(**changes: str) -> Line:
    """A line of a CUR 2.0 export; columns by their last words: `usage_type`, `unblended_cost`, `unit`."""
    return _changed(CUR, changes, ("line_item_", "bill_", "pricing_", "", "product_", "bill_billing_"))


def focus(**changes: str) -> Line:
    """A line of a FOCUS file."""
    return _changed(FOCUS, changes, ("",))


def _changed(line: Line, changes: Mapping[str, str], prefixes: Iterable[str]) -> Line:
    names = {key: next((p + key for p in prefixes if p + key in line), key) for key in changes}
    return {**line, **{names[key]: value for key, value in changes.items()}}


def text(lines: Iterable[Line], delimiter: str = ",") -> str:
    """The lines as CSV, with all the columns that any of them has."""
    lines = list(lines)
    out = io.StringIO()
    columns = dict.fromkeys(column for line in lines for column in line)
    writer = csv.DictWriter(out, columns, delimiter=delimiter, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue()


def write(path: Path, *lines: Line, hours_old: float = 0) -> Path:
    """Write a bill that was last modified *hours_old* hours before noon of 2026-11-24."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text(lines))
    modified = NOW.timestamp() - hours_old * 3600
    os.utime(path, (modified, modified))
    return path


def read(kind: str, path: Path | str, window: Window = YEAR, now: datetime = NOW) -> Pull:
    return pull(build_source({"name": "bill", "kind": kind, "path": str(path)}, Path(), {}), window, now)


def tokens(found: Pull) -> int:
    return sum(fact.tokens.total for fact in found.usage)


def money(found: Pull, component: str | None = None, model: str | None = None) -> Decimal:
    """The money of one currency that a pull holds, of all components and models or of one."""
    amounts = [
        cost.amount for cost in found.costs if component in (None, cost.component) and model in (None, cost.model_raw)
    ]
    assert len({amount.currency for amount in amounts}) <= 1
    return sum((amount.amount for amount in amounts), Decimal(0))
