"""FOCUS 1.0 to 1.3 (focus.finops.org): bills of any provider in one format, as CSV or Parquet."""

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

PRICE_DETAIL = "CASE WHEN json_valid(price_details) THEN json_extract_string(price_details, '$.{}') END"
INSTANCE_TYPE, GPU_COUNT = PRICE_DETAIL.format("InstanceType"), PRICE_DETAIL.format("GpuCount")


class Focus(FileSettings, Records):
    """Tokens and money of LLM services on a bill. The invoice is BilledCost."""

    terms: ClassVar[Terms | None] = Terms(
        tokens="hour",
        cost="hour",
        freshness="as exports are delivered, mostly daily",
        polling="free",
        permission="to read the files",
    )
    form: ClassVar[Form] = Form(
        title="a FOCUS file",
        columns={
            "account": ("BillingAccountId",),
            "sub_account": ("SubAccountId",),
            "period": ("BillingPeriodStart",),
            "start": ("ChargePeriodStart",),
            "end": ("ChargePeriodEnd",),
            "category": ("ChargeCategory",),
            "charge_class": ("ChargeClass",),
            # 1.3 renames the provider; AWS leaves its names empty for models that a marketplace sells.
            "provider_name": ("ServiceProviderName", "ProviderName", "PublisherName"),
            "service": ("ServiceName", "x_ServiceCode"),
            # AWS and Azure add their own columns, which say more than the standard ones.
            "meter": ("x_UsageType", "SkuMeter", "x_SkuMeterName"),
            "sku": ("SkuId",),
            "detail": ("ChargeDescription",),
            "product": ("x_SkuDetails_Model",),
            "quantity": ("ConsumedQuantity",),
            "unit": ("ConsumedUnit",),
            "priced_quantity": ("PricingQuantity",),
            "pricing_unit": ("PricingUnit",),
            "pricing_block": ("x_PricingUnitDescription",),
            "price_details": ("SkuPriceDetails",),
            "currency": ("BillingCurrency",),
            "billed": ("BilledCost",),
            "effective": ("EffectiveCost",),
            "invoice": ("InvoiceId",),
        },
        needed=("start", "end", "category", "currency", "billed"),
        texts={
            # A correction may leave the quantity out: it corrects the money alone.
            "kind": """\
CASE WHEN lower(category) = 'usage' AND lower(charge_class) = 'correction'
AND quantity IS NULL AND priced_quantity IS NULL THEN 'correction' ELSE lower(category) END""",
            "provider": "CASE WHEN service ILIKE '%bedrock%' THEN 'aws.bedrock' ELSE provider_name END",
            "priced_unit": """\
CASE WHEN pricing_unit ILIKE '%token%' THEN pricing_unit ELSE coalesce(pricing_block, pricing_unit) END""",
            "instance": f"""\
CASE WHEN TRY_CAST({GPU_COUNT} AS INTEGER) > 0 THEN {INSTANCE_TYPE}
ELSE coalesce({instance_in(INSTANCE_TYPE)}, {instance_in("meter")}, {instance_in("detail")}) END""",
            "instance_gpus": GPU_COUNT,
        },
    )

    def pull(self, window: Window) -> Iterable[Record]:
        return bill_records(self.form, self.path, window, self.access)

    def parse(self, record: Record) -> Iterable[Parsed]:
        return bill_facts(record)
