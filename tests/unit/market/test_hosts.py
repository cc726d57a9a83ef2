"""Which host a provider's name or an id stands for."""

from __future__ import annotations

import pytest

from advisor.market.hosts import NAMES, host, host_of


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ("aws.bedrock", "aws"),
        ("azure.ai.openai", "azure"),
        ("gcp.vertex_ai", "google"),
        ("together_ai", "together"),
        ("Fireworks AI", "fireworks"),
        ("x_ai", "x-ai"),
        ("openai", "openai"),
        ("Deep Infra", "deepinfra"),
        ("Nebius Token Factory", "nebius"),
        ("Weights & Biases", "wandb"),
        (" Acme Cloud ", "acme cloud"),
        ("", ""),
    ],
)
def test_host_reads_what_tools_and_people_write(provider: str, expected: str) -> None:
    assert host(provider) == expected


def test_host_of_a_host_is_itself() -> None:
    assert {name: host(name) for name in NAMES.values()} == {name: name for name in NAMES.values()}


@pytest.mark.parametrize(
    ("model_raw", "expected"),
    [
        ("us.meta.llama3-1-8b-instruct-v1:0", "aws"),
        ("openai.gpt-oss-120b-1:0", "aws"),
        ("arn:aws:bedrock:us-east-1::foundation-model/meta.llama3-1-8b-instruct-v1:0", "aws"),
        ("accounts/fireworks/models/gpt-oss-20b", "fireworks"),
        ("groq/llama-3.1-8b-instant", "groq"),
        ("nebius/meta-llama/Llama-3.3-70B-Instruct", "nebius"),
        ("openai/gpt-oss-120b", ""),
        ("meta-llama/Llama-3.1-8B-Instruct", ""),
        ("llama3.1:8b", ""),
    ],
)
def test_host_of_an_id_is_told_only_where_no_other_host_writes_it(model_raw: str, expected: str) -> None:
    assert host_of(model_raw) == expected
