"""FOCUS files as promises: tokens by what meters say, billed and effective cost, corrections, what is no LLM."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from advisor.domain.facts import Basis, PullStatus
from advisor.domain.units import Window
from advisor.market.models import canonical
from tests.unit.bills import FOCUS, NOW, focus, money, read, tokens, write

ALL_TIME = Window(datetime(2020, 1, 1, tzinfo=UTC), NOW)
HALF = Decimal("0.5")


def test_the_sample_bill_adds_up_to_its_published_totals(samples: Path) -> None:
    found = read("focus", samples / "generated" / "focus_bedrock.csv", ALL_TIME)
    assert (found.status, found.rejected) == (PullStatus.OK, 0)
    assert sum(fact.tokens.uncached_input for fact in found.usage) == 73_422_849_769
    assert sum(fact.tokens.output for fact in found.usage) == 9_136_292_889
    assert money(found) == (Decimal(73_422_849_769) + Decimal(9_136_292_889)) / 1_000 * Decimal("0.00072")
    (model,) = {canonical(fact.model_raw) for fact in found.usage}
    assert model is not None
    assert model.id == "llama-3.1-70b"


def test_a_real_bill_without_llms_is_read_and_names_only_its_gpu_instance(samples: Path) -> None:
    found = read("focus", samples / "focus" / "focus_sample_rows_1_500.csv", ALL_TIME)
    assert (found.status, found.rows, found.rejected) == (PullStatus.OK, 500, 0)
    assert (found.usage, found.costs) == ([], [])
    assert [warning.partition(":")[0] for warning in found.warnings] == [
        "GPU instances are on this bill already in 2024-09"
    ]


@pytest.mark.parametrize("name", ["a1", "a2"])
def test_a_prepaid_currency_called_token_is_no_llm_token(samples: Path, name: str) -> None:
    found = read("focus", samples / "focus" / f"virtual_currency_pricing_model_{name}.csv", ALL_TIME)
    assert found.status is PullStatus.OK
    assert (found.usage, found.costs, found.warnings) == ([], [], ())


def test_a_purchase_of_prepaid_tokens_is_not_taken_for_usage(tmp_path: Path) -> None:
    path = write(
        tmp_path / "focus.csv",
        focus(
            ServiceName="ACME",
            ProviderName="ACME",
            SkuId="45678",
            ChargeDescription="Token consumption of a widget",
            ConsumedUnit="Token",
            PricingUnit="Token",
        ),
        focus(ServiceName="ACME", SkuId="1", ChargeCategory="Purchase", PricingUnit="Token", BilledCost="200000"),
    )
    found = read("focus", path)
    assert (found.usage, found.costs) == ([], [])


def test_another_format_is_refused_naming_file_and_columns(samples: Path) -> None:
    found = read("focus", samples / "cur" / "azure_ea_export_sample.csv", ALL_TIME)
    assert found.status is PullStatus.FAILED
    assert "azure_ea_export_sample.csv is not a FOCUS file: it has no column 'ChargePeriodStart'" in found.warnings[0]


def test_only_the_columns_that_every_version_has_are_needed(tmp_path: Path) -> None:
    needed = ("ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory", "BillingCurrency", "BilledCost")
    extra = {"ServiceName": "Amazon Bedrock", "ChargeDescription": "$0.72 per 1M output tokens for Llama 3.1 70B"}
    quantity = {"ConsumedQuantity": "2500", "ConsumedUnit": "Tokens", "Id": "17"}
    path = write(tmp_path / "focus.csv", {name: FOCUS[name] for name in needed} | extra | quantity)
    found = read("focus", path)
    assert [(fact.model_raw, fact.tokens.output) for fact in found.usage] == [("Llama-3.1-70B", 2_500)]


def test_columns_may_be_in_any_case_and_order(tmp_path: Path) -> None:
    line = {name.lower(): value for name, value in reversed(FOCUS.items())}
    assert tokens(read("focus", write(tmp_path / "focus.csv", line))) == 2_000


def test_the_provider_of_1_3_is_read_under_its_new_name(tmp_path: Path) -> None:
    line = {**focus(ServiceName="LLM API", SkuId="", ChargeDescription="Input tokens: 1M", ProviderName="")}
    line = {**line, "ServiceProviderName": "Together AI", "SkuMeter": "Llama-3.1-70B input tokens"}
    found = read("focus", write(tmp_path / "focus.csv", line))
    assert [(fact.provider, fact.model_raw) for fact in found.usage] == [("Together AI", "Llama-3.1-70B")]


def test_the_usage_type_of_aws_says_more_than_the_standard_columns(tmp_path: Path) -> None:
    usage_type = {"x_UsageType": "USE1-Llama3-1-70B-output-tokens-batch", "x_ServiceCode": "AmazonBedrock"}
    line = {**focus(SkuId="G95FST5FTYV3JSRX", PricingUnit=""), **usage_type}
    found = read("focus", write(tmp_path / "focus.csv", line))
    assert [(fact.tier, fact.tokens.output) for fact in found.usage] == [("batch", 2_000)]


@pytest.mark.parametrize(
    ("units", "quantities", "count"),
    [
        (("Tokens", "1K tokens"), ("2500", "2.5"), 2_500),
        (("", "1K tokens"), ("", "2.5"), 2_500),
        (("Units", "1M Tokens"), ("2", "2.5"), 2_500_000),
        (("1000 Tokens", ""), ("2.5", ""), 2_500),
    ],
)
def test_tokens_are_counted_in_whichever_unit_says_tokens(
    tmp_path: Path, units: tuple[str, str], quantities: tuple[str, str], count: int
) -> None:
    line = focus(
        ConsumedUnit=units[0], PricingUnit=units[1], ConsumedQuantity=quantities[0], PricingQuantity=quantities[1]
    )
    assert tokens(read("focus", write(tmp_path / "focus.csv", line))) == count


def test_a_meter_of_azure_is_counted_in_its_pricing_block(tmp_path: Path) -> None:
    azure = focus(
        ProviderName="Microsoft",
        ServiceName="Azure OpenAI",
        SkuId="abc",
        ConsumedQuantity="40",
        ConsumedUnit="Units",
        PricingQuantity="40",
        PricingUnit="Units",
    )
    path = write(
        tmp_path / "focus.csv",
        {**azure, "x_SkuMeterName": "gpt-oss-120B Inp glbl Tokens", "x_PricingUnitDescription": "1K"},
        {**azure, "x_SkuMeterName": "gpt-oss-120B cached Inp glbl Tokens", "x_PricingUnitDescription": "1K"},
        {**azure, "x_SkuMeterName": "GPT 5.1 opt Gl 1M Tokens", "x_PricingUnitDescription": "1M"},
    )
    found = read("focus", path)
    by_model = {fact.model_raw: fact.tokens for fact in found.usage if fact.tokens.output or fact.tokens.uncached_input}
    assert by_model["gpt-oss-120B"].uncached_input == 40 * 1_000
    assert by_model["GPT-5.1"].output == 40 * 1_000_000
    assert sum(fact.tokens.cache_read or 0 for fact in found.usage) == 40 * 1_000
    assert {fact.provider for fact in found.usage} == {"Microsoft"}


def test_tokens_without_a_kind_are_refused_while_their_money_counts(tmp_path: Path) -> None:
    found = read("focus", write(tmp_path / "focus.csv", focus(SkuId="G95F"), focus()))
    assert (found.status, found.rejected, tokens(found)) == (PullStatus.PARTIAL, 1, 2_000)
    assert "input, output or cached" in found.problems[0].why
    assert money(found) == 2 * HALF


def test_a_missing_quantity_is_refused_and_never_zero(tmp_path: Path) -> None:
    found = read("focus", write(tmp_path / "focus.csv", focus(ConsumedQuantity=""), focus(BilledCost="0.7")))
    assert (found.rejected, tokens(found)) == (1, 2_000)
    assert found.problems[0].why == "its quantity is missing"
    assert money(found) == HALF + Decimal("0.7")


def test_a_correction_is_netted_with_what_it_corrects(tmp_path: Path) -> None:
    november = {"BillingPeriodStart": "2026-11-01T00:00:00Z", "ChargeClass": "Correction"}
    path = write(
        tmp_path / "focus.csv",
        focus(),
        {**focus(ConsumedQuantity="-500", PricingQuantity="-0.5", BilledCost="-0.1"), **november},
    )
    found = read("focus", path)
    assert [fact.tokens.uncached_input for fact in found.usage] == [2_000 - 500]
    assert money(found) == HALF - Decimal("0.1")
    assert found.rejected == 0


def test_a_correction_without_a_quantity_corrects_the_money_alone(tmp_path: Path) -> None:
    corrected = focus(ChargeClass="Correction", ConsumedQuantity="", PricingQuantity="", BilledCost="-0.1")
    found = read("focus", write(tmp_path / "focus.csv", focus(), corrected))
    assert (found.status, tokens(found)) == (PullStatus.OK, 2_000)
    assert money(found, model="Llama3-1-70B") == HALF - Decimal("0.1")
    assert money(found, "correction") == Decimal("-0.1")


def test_a_correction_of_what_is_not_there_keeps_its_money_and_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "focus.csv", focus(ConsumedQuantity="-500", PricingQuantity="-0.5", BilledCost="-0.1"))
    found = read("focus", path)
    assert found.status is PullStatus.FAILED
    found = read("focus", write(path, focus(ConsumedQuantity="-500", BilledCost="-0.1"), focus(SkuId="X-y-output")))
    assert found.rejected == 1
    assert money(found, "input") == Decimal("-0.1")


def test_usage_that_bills_nothing_but_was_paid_in_advance_counts_its_effective_cost(tmp_path: Path) -> None:
    path = write(tmp_path / "focus.csv", focus(BilledCost="0"), focus(SkuId="X-Llama3-1-70B-output"))
    found = read("focus", path)
    by_component = {cost.component: (cost.amount.amount, cost.basis) for cost in found.costs}
    assert by_component == {"input": (HALF, Basis.ALLOCATED), "output": (HALF, Basis.BILLED)}
    assert any("bills nothing but has an effective cost" in warning for warning in found.warnings)


def test_free_usage_costs_zero_and_not_nothing_known(tmp_path: Path) -> None:
    found = read("focus", write(tmp_path / "focus.csv", focus(BilledCost="0", EffectiveCost="0")))
    assert [(cost.amount.amount, cost.basis) for cost in found.costs] == [(Decimal(0), Basis.BILLED)]


def test_the_billed_cost_is_the_invoice_where_the_effective_one_differs(tmp_path: Path) -> None:
    found = read("focus", write(tmp_path / "focus.csv", focus(EffectiveCost="0.4")))
    assert money(found) == HALF
    assert any("2026-10 $0.50 billed, $0.40 effective" in warning for warning in found.warnings)


def test_credits_are_the_models_and_taxes_and_purchases_of_the_service_are_nobodys(tmp_path: Path) -> None:
    path = write(
        tmp_path / "focus.csv",
        focus(),
        focus(ChargeCategory="Credit", BilledCost="-0.2", ConsumedQuantity="", ConsumedUnit=""),
        focus(ChargeCategory="Tax", BilledCost="0.06", SkuId=""),
        focus(ChargeCategory="Purchase", BilledCost="900", SkuId="commitment"),
        focus(ChargeCategory="Tax", BilledCost="70", SkuId="", ServiceName="Amazon S3"),
        focus(ChargeCategory="Credit", BilledCost="-70", SkuId="", ServiceName="Amazon S3"),
    )
    found = read("focus", path)
    assert tokens(found) == 2_000
    assert money(found, model="Llama3-1-70B") == HALF - Decimal("0.2")
    assert (money(found, "tax", ""), money(found, "purchase", "")) == (Decimal("0.06"), Decimal(900))
    assert money(found) == HALF - Decimal("0.2") + Decimal("0.06") + 900


def test_gpus_are_recognised_by_the_price_details_of_any_provider(tmp_path: Path) -> None:
    machine = focus(
        ProviderName="Microsoft",
        ServiceName="Virtual Machines",
        SkuId="vm",
        ConsumedUnit="Hours",
        ConsumedQuantity="100",
        PricingUnit="Hours",
        EffectiveCost="700",
    )
    path = write(
        tmp_path / "focus.csv",
        focus(),
        {**machine, "SkuPriceDetails": json.dumps({"InstanceType": "Standard_ND96isr_H100_v5", "GpuCount": 8})},
        {**machine, "SkuPriceDetails": json.dumps({"InstanceType": "Standard_D4s_v5", "GpuCount": 0})},
        {**machine, "SkuPriceDetails": "not JSON"},
    )
    found = read("focus", path)
    (remark,) = found.warnings
    assert f"Standard_ND96isr_H100_v5 {100 * 8} GPU-hours, $700.00" in remark
    assert "D4s" not in remark
    assert money(found) == HALF


def test_two_currencies_are_never_added(tmp_path: Path) -> None:
    found = read("focus", write(tmp_path / "focus.csv", focus(), focus(BillingCurrency="EUR")))
    assert sorted((cost.amount.currency, cost.amount.amount) for cost in found.costs) == [("EUR", HALF), ("USD", HALF)]


def test_two_sellers_of_one_sku_stay_apart(tmp_path: Path) -> None:
    other = focus(ProviderName="Acme", ServiceName="LLM")
    found = read("focus", write(tmp_path / "focus.csv", focus(), other))
    assert {fact.provider for fact in found.usage} == {"aws.bedrock", "Acme"}


def test_what_is_described_differently_under_one_sku_stays_apart(tmp_path: Path) -> None:
    described = [focus(SkuId="api", ChargeDescription=f"Llama 3.1 70B {kind} tokens") for kind in ("input", "output")]
    found = read("focus", write(tmp_path / "focus.csv", *described))
    assert sum(fact.tokens.uncached_input for fact in found.usage) == 2_000
    assert sum(fact.tokens.output for fact in found.usage) == 2_000
