"""AWS cost and usage: CUR 2.0 of Data Exports and the legacy report, as CSV or Parquet, with all of its versions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from advisor.contract.bills.charges import bill_facts
from advisor.contract.bills.form import Form
from advisor.contract.bills.gpus import instance_in
from advisor.contract.bills.reading import bill_records
from advisor.contract.gather import FileSettings
from advisor.contract.source import Parsed, Record, Records, Terms
from advisor.domain.units import Window

# Line item types: https://docs.aws.amazon.com/cur/latest/userguide/Lineitem-columns.html
KIND = """\
CASE
    WHEN category IN ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage') THEN 'usage'
    WHEN category LIKE '%Discount' THEN 'discount'
    WHEN category IN ('Credit', 'Refund', 'Tax') THEN lower(category)
    WHEN category LIKE '%Fee' THEN 'purchase'
    ELSE lower(category)
END"""
# CUR 2.0 keeps most product attributes in one map; the legacy report gives each a column. Taking the map apart is
# dear, so it is done where a name is needed: for Bedrock, and for a marketplace's products, whose codes are no names.
ATTRIBUTE = """\
CASE WHEN (product_code IS NULL OR product_code NOT LIKE 'Amazon%' OR product_code LIKE '%Bedrock%')
AND json_valid(product_map) THEN json_extract_string(product_map, '$.{}') END"""


class AwsCur(FileSettings, Records):
    """Hourly or daily tokens and money of Bedrock. The invoice is the unblended cost, as billed."""

    terms: ClassVar[Terms | None] = Terms(
        tokens="hour",
        cost="hour",
        freshness="some deliveries a day",
        polling="free, beside storage",
        permission="to read the files",
    )
    form: ClassVar[Form] = Form(
        title="a cost and usage report of AWS",
        columns={
            "account": ("bill_payer_account_id",),
            "sub_account": ("line_item_usage_account_id",),
            "period": ("bill_billing_period_start_date",),
            "start": ("line_item_usage_start_date",),
            "end": ("line_item_usage_end_date",),
            "category": ("line_item_line_item_type",),
            "product_code": ("line_item_product_code",),
            "service_code": ("product_servicecode",),
            "product_name": ("product_product_name",),
            "model": ("product_model",),
            "product_map": ("product",),
            "operation": ("line_item_operation",),
            "meter": ("line_item_usage_type",),
            "detail": ("line_item_line_item_description",),
            "quantity": ("line_item_usage_amount",),
            "unit": ("pricing_unit",),
            "currency": ("line_item_currency_code",),
            "billed": ("line_item_unblended_cost",),
            "net": ("line_item_net_unblended_cost",),
            "reserved": ("reservation_effective_cost",),
            "saved": ("savings_plan_savings_plan_effective_cost",),
            "invoice": ("bill_invoice_id",),
        },
        needed=("start", "end", "category", "meter", "quantity", "currency", "billed"),
        texts={
            "kind": KIND,
            "provider": "'aws.bedrock'",
            "service": f"coalesce(product_name, {ATTRIBUTE.format('product_name')}, product_code, service_code)",
            "product": f"coalesce(model, {ATTRIBUTE.format('model')})",
            "effective": """\
CASE category WHEN 'DiscountedUsage' THEN coalesce(reserved, billed)
WHEN 'SavingsPlanCoveredUsage' THEN coalesce(saved, billed) ELSE coalesce(net, billed) END""",
            "instance": instance_in("meter"),
        },
    )

    def pull(self, window: Window) -> Iterable[Record]:
        return bill_records(self.form, self.path, window, self.access)

    def parse(self, record: Record) -> Iterable[Parsed]:
        return bill_facts(record)
