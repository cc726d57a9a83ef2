"""What the names of meters and units on bills say: usage types of AWS, meters of Azure, prose, and model labels."""

from __future__ import annotations

import pytest

from advisor.contract.bills.deliveries import without_number
from advisor.contract.bills.gpus import gpus_in
from advisor.contract.bills.labels import model_id
from advisor.contract.bills.meters import read_meter
from advisor.contract.bills.units import tokens_described, tokens_in
from advisor.market.models import canonical

TOKENS = {
    "USE1-Claude2.0-input-tokens": ("input", "claude-2", "on_demand"),
    "USE1-Claude4.6Opus-input-tokens-cross-region-global": ("input", "claude-opus-4-6", "on_demand"),
    "USE1-Claude4.6Opus-cache-read-input-token-count-cross-region-global": (
        "cache_read",
        "claude-opus-4-6",
        "on_demand",
    ),
    "USE1-Claude4Sonnet-cache-write-input-token-count": ("cache_write", "claude-sonnet-4", "on_demand"),
    "USE1-Claude4Sonnet-cache-write-input-token-count-1-hour": ("cache_write_1h", "claude-sonnet-4", "on_demand"),
    "USE1-Llama4-Maverick-17B-input-tokens-batch": ("input", "Llama4-Maverick-17B", "batch"),
    "Llama3-3-70B-output-tokens": ("output", "Llama3-3-70B", "on_demand"),
    "USE1-GPT-OSS-Safeguard-20B-input-tokens-priority": ("input", "GPT-OSS-Safeguard-20B", "priority"),
    "USE1-Gemma-3-4B-IT-input-tokens-flex": ("input", "Gemma-3-4B-IT", "flex"),
    "USE1-Nova2.0Lite-input-tokens-cross-region-global-batch": ("input", "Nova-2-Lite", "batch"),
    "USE1-Nova2.0Pro-text-input-tokens-priority-cross-region-global": ("input", "Nova-2-Pro", "priority"),
    "USE1-zai.glm-4.7-output-tokens-batch": ("output", "zai.glm-4.7", "batch"),
    "USE1-Llama3-1-8B-input-tokens-custom-model": ("input", "Llama3-1-8B-custom-model", "on_demand"),
    "USW2-anthropic.claude-opus-4-8-mantle-input-tokens-global-standard": (
        "input",
        "anthropic.claude-opus-4-8",
        "on_demand",
    ),
    "USW2-anthropic.claude-opus-4-8-mantle-cache-write-tokens-global-standard": (
        "cache_write",
        "anthropic.claude-opus-4-8",
        "on_demand",
    ),
    "USE1-xai.grok-4.3-mantle-cache-read-tokens-flex": ("cache_read", "xai.grok-4.3", "flex"),
    "EU-qwen.qwen3-coder-480b-a35b-instruct-mantle-input-tokens-flex": (
        "input",
        "qwen.qwen3-coder-480b-a35b-instruct",
        "flex",
    ),
    "USE1-MP:USE1_InputTokenCount-Units": ("input", "", "on_demand"),
    "USE1-MP:USE1_InputTokenCount_Global_Batch-Units": ("input", "", "batch"),
    "USE1-MP:USE1_CacheReadInputTokenCount-Units": ("cache_read", "", "on_demand"),
    "USE1-MP:USE1_CacheWriteInputTokenCount-Units": ("cache_write", "", "on_demand"),
    "USE1-MP:USE1_CacheWrite1hInputTokenCount_Global-Units": ("cache_write_1h", "", "on_demand"),
    "USE1-MP:USE1_input_tokens_global_standard-Units": ("input", "", "on_demand"),
    "USE1-MP:USE1_output_tokens_standard-Units": ("output", "", "on_demand"),
    "gpt-4o-0806-Inp-glbl Tokens": ("input", "gpt-4o-0806", "on_demand"),
    "gpt 4o mini cached Inp Data Zone Tokens": ("cache_read", "gpt-4o-mini", "on_demand"),
    "GPT 5.1 opt Gl 1M Tokens": ("output", "GPT-5.1", "on_demand"),
    "gpt-4o-mini-0718-BatchOutp-glbl Tokens": ("output", "gpt-4o-mini-0718", "batch"),
    "Llama 3.3 70B Outp glbl Tokens": ("output", "Llama-3.3-70B", "on_demand"),
    "Claude Sonnet 5 Cache Read Tokens": ("cache_read", "claude-sonnet-5", "on_demand"),
    "$0.00072 per 1K input tokens for Llama 3.1 70B in US East (N. Virginia)": ("input", "Llama-3.1-70B", "on_demand"),
    "AWS Marketplace software usage|us-west-2|Million Response Tokens Global": ("output", "", "on_demand"),
}
OTHERS = {
    "USE1-MP:USE1_search_units-Units": ("search", ""),
    "USE1-Cohere-Rerank-3-5-search-units": ("search", "Cohere-Rerank-3-5"),
    "USE1-MP:USE1_InputImageCount-Units": ("image", ""),
    "USE1-MP:USE1_created_image-Units": ("image", ""),
    "USE1-NovaCanvas-T2I-1024-Standard": ("image", "Nova-Canvas"),
    "USE1-Nova2.0Pro-image-input-tokens": ("image", "Nova-2-Pro"),
    "USE1-NovaSonic-speech-input-tokens": ("speech", "Nova-Sonic"),
    "USE1-Guardrail-ContentPolicyUnitsConsumed": ("guardrail", ""),
    "USE1-MP:USE1_ProvisionedThroughput_1Month-Units": ("provisioned", ""),
    "USE1-MP:USE1_Reserved_1Month_InputTPM_Geo-Units": ("provisioned", ""),
    "USE1-Llama3-1-8B-ProvisionedThroughput-ModelUnits": ("provisioned", "Llama3-1-8B"),
    "USE1-Llama3-1-70B-Customization-Training": ("customization", "Llama3-1-70B"),
}


@pytest.mark.parametrize("name", TOKENS)
def test_a_token_meter_says_part_model_and_tier(name: str) -> None:
    meter = read_meter(name)
    assert meter is not None
    assert (meter.component, meter.model, meter.tier) == TOKENS[name]


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_text_token_is_named_for_what_it_is(name: str) -> None:
    meter = read_meter(name)
    assert meter is not None
    assert meter.part is None
    assert (meter.other, meter.model) == OTHERS[name]


@pytest.mark.parametrize(
    "name", ["Token Consumption - Q Widget SKU", "Token Purchase For Period 1", "BoxUsage:m5.large"]
)
def test_a_prepaid_currency_called_token_is_no_meter_of_tokens(name: str) -> None:
    assert read_meter(name) is None


def test_a_name_need_not_say_tokens_where_the_unit_does() -> None:
    assert read_meter("USE1-Llama3-1-70B-input") is None
    meter = read_meter("USE1-Llama3-1-70B-input", counts_tokens=True)
    assert meter is not None
    assert (meter.component, meter.model) == ("input", "Llama3-1-70B")


@pytest.mark.parametrize(
    ("label", "canonical_id"),
    [
        ("Llama3-8B", "llama-3-8b"),
        ("Llama3-1-70B", "llama-3.1-70b"),
        ("Llama 3.3 70B Instruct", "llama-3.3-70b"),
        ("Llama4-Maverick-17B", "llama-4-maverick"),
        ("Mistral7B", "mistral-7b"),
        ("Mixtral8x7B", "mixtral-8x7b"),
        ("MistralLarge2407", "mistral-large-2"),
        ("Qwen3-Coder-480B-A35B", "qwen3-coder-480b-a35b"),
        ("GPT-OSS-120B", "gpt-oss-120b"),
        ("Gemma-3-4B-IT", "gemma-3-4b"),
        ("DeepSeek-R1", "deepseek-r1"),
    ],
)
def test_labels_of_open_models_lead_to_their_canonical_ids(label: str, canonical_id: str) -> None:
    model = canonical(model_id(label))
    assert model is not None
    assert model.id == canonical_id


@pytest.mark.parametrize(
    ("label", "api_id"),
    [
        ("Claude3.5Sonnet", "anthropic.claude-3-5-sonnet-20240620-v1:0"),
        ("Claude3.5Sonnetv2", "anthropic.claude-3-5-sonnet-20241022-v2:0"),
        ("Claude3Haiku", "anthropic.claude-3-haiku-20240307-v1:0"),
        ("Claude4Sonnet", "anthropic.claude-sonnet-4-20250514-v1:0"),
        ("Claude4.6Opus", "us.anthropic.claude-opus-4-6-v1:0"),
        ("Claude Sonnet 4.6 (Amazon Bedrock Edition)", "anthropic.claude-sonnet-4-6-v1:0"),
        ("NovaLite", "amazon.nova-lite-v1:0"),
        ("Nova2.0Lite", "amazon.nova-2-lite-v1:0"),
    ],
)
def test_a_bill_and_a_log_name_a_closed_model_alike(label: str, api_id: str) -> None:
    on_bill, in_log = canonical(model_id(label)), canonical(api_id)
    assert on_bill is not None
    assert in_log is not None
    assert on_bill.id == in_log.id


@pytest.mark.parametrize(
    ("unit", "tokens"),
    [
        ("Tokens", 1),
        ("token", 1),
        ("1K tokens", 1_000),
        ("1M tokens", 1_000_000),
        ("1000 Tokens", 1_000),
        ("1,000,000 tokens", 1_000_000),
        ("K Tokens", 1_000),
        ("Million Response Tokens Regional", 1_000_000),
        ("Million 1 hour Cache Write Input Tokens Regional", 1_000_000),
    ],
)
def test_a_unit_says_how_many_tokens_it_is(unit: str, tokens: int) -> None:
    assert tokens_in(unit) == tokens


@pytest.mark.parametrize("unit", ["Units", "N/A", "", "1M TPM Hour", "1/Hour", "Execution", "0.5K tokens", "1K"])
def test_a_unit_that_does_not_say_tokens_is_never_guessed(unit: str) -> None:
    assert tokens_in(unit) is None


def test_a_bare_scale_is_enough_where_the_meter_counts_tokens() -> None:
    assert tokens_in("1K", of_tokens=True) == 1_000
    assert tokens_in("Units", of_tokens=True) is None


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("$0.00072 per 1K input tokens for Llama 3.1 70B", 1_000),
        ("$0.72 per million tokens", 1_000_000),
        ("Price per 1 million input tokens", 1_000_000),
        ("AWS Marketplace software usage|us-west-2|Million Response Tokens Global", 1_000_000),
        ("GPT 5.1 opt Gl 1M Tokens", 1_000_000),
        ("AWS Marketplace software usage|us-west-2|Input Tokens - Standard, Global", None),
        ("Claude 3 Input Tokens", None),
    ],
)
def test_a_description_says_the_unit_only_with_a_number(text: str, tokens: int | None) -> None:
    assert tokens_described(text) == tokens


@pytest.mark.parametrize(
    ("instance", "gpus"),
    [
        ("p5.48xlarge", 8),
        ("p5.4xlarge", 1),
        ("ml.p4d.24xlarge", 8),
        ("g5.12xlarge", 4),
        ("g6.2xlarge", 1),
        ("g9.x", None),
    ],
)
def test_instances_have_as_many_gpus_as_published(instance: str, gpus: int | None) -> None:
    assert gpus_in(instance) == gpus


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("cur-00001.snappy.parquet", "cur-00002.snappy.parquet", True),
        ("report-1.csv.gz", "report-12.csv.gz", True),
        ("part-00000-1b9c.c000.parquet", "part-00001-77aa.c000.parquet", True),
        ("bill-2026-10-01.csv", "bill-2026-10-02.csv", False),
        ("bill_20261001.csv", "bill_20261002.csv", False),
        ("october.csv", "october (1).csv", False),
        ("october.csv", "october.csv.gz", False),
    ],
)
def test_only_running_numbers_make_files_parts_of_one_delivery(one: str, other: str, same: bool) -> None:
    assert (without_number(one) == without_number(other)) is same
