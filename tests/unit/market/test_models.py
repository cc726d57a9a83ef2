"""Which model an id stands for: every host's spelling of a known model, and no guess at an unknown one."""

from __future__ import annotations

import csv
import gzip
import re
import tomllib
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

from advisor.market.models import by_id, canonical, known_ids


@pytest.mark.parametrize(
    ("spelling", "model_id"),
    [
        ("us.meta.llama3-1-70b-instruct-v1:0", "llama-3.1-70b"),
        ("meta.llama3-1-8b-instruct-v1:0", "llama-3.1-8b"),
        ("bedrock/us.meta.llama3-1-70b-instruct-v1:0", "llama-3.1-70b"),
        (
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.meta.llama3-3-70b-instruct-v1:0",
            "llama-3.3-70b",
        ),
        ("arn:aws:bedrock:us-east-1::foundation-model/meta.llama3-1-8b-instruct-v1:0", "llama-3.1-8b"),
        ("accounts/fireworks/models/llama-v3p1-70b-instruct", "llama-3.1-70b"),
        ("accounts/fireworks/models/llama-v3p1-8b-instruct", "llama-3.1-8b"),
        ("meta-llama/Meta-Llama-3.1-70B-Instruct-Turbo", "llama-3.1-70b"),
        ("meta-llama/Llama-3.3-70B-Instruct", "llama-3.3-70b"),
        ("meta-llama/Llama-3.3-70B-Instruct:novita", "llama-3.3-70b"),
        ("meta-llama/llama-3.3-70b-instruct:free", "llama-3.3-70b"),
        ("Llama 3.1 70B", "llama-3.1-70b"),
        ("Llama3-1-70B", "llama-3.1-70b"),
        ("Qwen3-32B", "qwen3-32b"),
        ("llama-3.1-8b-instant", "llama-3.1-8b"),
        ("llama3.1:8b", "llama-3.1-8b"),
        ("@cf/meta/llama-3.1-8b-instruct-fp8", "llama-3.1-8b"),
        ("databricks-meta-llama-3-1-8b-instruct", "llama-3.1-8b"),
        ("meta-llama/Llama-3.1-405B-FP8", "llama-3.1-405b"),
        ("meta.llama4-scout-17b-instruct-v1:0", "llama-4-scout"),
        ("openai.gpt-oss-120b-1:0", "gpt-oss-120b"),
        ("openai/gpt-oss-120b", "gpt-oss-120b"),
        ("mistral.mistral-7b-instruct-v0:2", "mistral-7b"),
        ("mistralai/Mistral-7B-Instruct-v0.3", "mistral-7b"),
        ("mistral.mixtral-8x7b-instruct-v0:1", "mixtral-8x7b"),
        ("mistralai/Mistral-Small-24B-Instruct-2501", "mistral-small-24b"),
        ("mistral-large-2411", "mistral-large-2"),
        ("qwen.qwen3-32b-v1:0", "qwen3-32b"),
        ("Qwen/Qwen2.5-72B-Instruct-Turbo", "qwen2.5-72b"),
        ("Qwen/Qwen3-235B-A22B-Instruct-2507", "qwen3-235b-a22b"),
        ("deepseek.r1-v1:0", "deepseek-r1"),
        ("deepseek-ai/DeepSeek-R1-0528", "deepseek-r1"),
        ("deepseek-ai/DeepSeek-V3-0324", "deepseek-v3"),
        ("deepseek-ai/DeepSeek-V3.1", "deepseek-v3.1"),
        ("google/gemma-3-27b-it", "gemma-3-27b"),
        ("groq/gemma2-9b-it", "gemma-2-9b"),
    ],
)
def test_canonical_reads_each_hosts_spelling(spelling: str, model_id: str) -> None:
    assert canonical(spelling) == by_id(model_id)


@pytest.mark.parametrize(
    "unknown",
    [
        "accounts/acme/models/our-llama-3.1-8b-tuned",
        "accounts/acme/models/llama-v3p1-8b-instruct-v2",
        "acme/Meta-Llama-3.1-8B-Instruct-Reference-ft-a1b2c3",
        "meta-llama/Llama-3.1-8B-Instruct:acme-lora",
        "nvidia/llama-3.1-nemotron-70b-instruct",
        "NousResearch/Hermes-3-Llama-3.1-70B",
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/llama-3.1-8b",
        "accounts/acme/models/r1",
        "llama-3.1",
        "",
    ],
)
def test_canonical_never_guesses_a_base_model(unknown: str) -> None:
    assert canonical(unknown) is None


@pytest.mark.parametrize(
    ("spelling", "model_id"),
    [
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("azure/gpt-4o", "gpt-4o"),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", "claude-sonnet-4"),
        ("amazon.nova-lite-v1:0", "nova-lite"),
        ("google/gemini-2.5-flash-lite", "gemini-2.5-flash-lite"),
        ("gpt-4-turbo", "gpt-4-turbo"),
        ("ft:gpt-4o-mini-2024-07-18:acme::a1b2", "ft:gpt-4o-mini-2024-07-18:acme::a1b2"),
    ],
)
def test_canonical_keeps_closed_models_apart_and_drops_only_their_dates(spelling: str, model_id: str) -> None:
    found = canonical(spelling)
    assert found is not None
    assert (found.id, found.open_weights, found.modelled) == (model_id, False, True)


@pytest.mark.parametrize(
    ("spelling", "kind"),
    [
        ("amazon.titan-embed-text-v2:0", "an embedding model"),
        ("text-embedding-3-small", "an embedding model"),
        ("cohere.rerank-v3-5:0", "a reranker"),
        ("black-forest-labs/FLUX.1-schnell", "an image or video model"),
        ("whisper-large-v3", "a speech model"),
        ("omni-moderation-latest", "a moderation model"),
    ],
)
def test_canonical_tells_what_is_not_text_generation(spelling: str, kind: str) -> None:
    found = canonical(spelling)
    assert found is not None
    assert (found.modelled, found.kind) == (False, kind)


def test_canonical_leaves_its_own_ids_as_they_are() -> None:
    assert [model_id for model_id in known_ids() if canonical(model_id) != by_id(model_id)] == []


def test_every_open_model_has_its_size_and_a_known_twin() -> None:
    for model_id in known_ids():
        model = by_id(model_id)
        assert model is not None
        assert model.parameters is not None
        assert model.active is not None
        assert 0 < model.active <= model.parameters
        twin = by_id(model.runs_like) if model.runs_like else model
        assert twin is not None
        assert twin.active == model.active


def test_no_name_stands_for_two_models() -> None:
    table = tomllib.loads(files("advisor.market").joinpath("models.toml").read_text(encoding="utf-8"))
    names = Counter(name for row in table["model"] for name in {row["id"], *row.get("name", [])})
    assert [name for name, uses in names.items() if uses > 1] == []


def catalog_ids() -> list[str]:
    from genai_prices import data_snapshot

    return sorted({model.id for seller in data_snapshot.get_snapshot().providers for model in seller.models})


@pytest.mark.parametrize("model_id", ["llama-3.1-8b", "llama-3.3-70b", "gpt-oss-120b", "qwen3-32b", "mixtral-8x22b"])
def test_canonical_reads_nine_in_ten_of_a_models_ids_in_the_price_catalog(model_id: str) -> None:
    theirs = [name for name in catalog_ids() if model_id in name.lower().rpartition("/")[2]]
    tuned = (
        "lumimaid",
        "dobby",
        "aion",
        "dolphin",
        "sonar",
        "wayfarer",
        "shisa",
        "swallow",
        "hermes",
        "typhoon",
        "-vl-",
    )
    plain = [name for name in theirs if not any(word in name.lower() for word in tuned)]
    right = [name for name in plain if (found := canonical(name)) and found.id == model_id]
    assert len(right) >= 0.9 * len(plain) > 0


def test_canonical_takes_no_closed_makers_model_for_an_open_one() -> None:
    makers = ("anthropic/", "x-ai/", "google/gemini", "cohere/", "amazon/", "openai/gpt-4", "openai/gpt-5", "openai/o")
    closed = [name for name in catalog_ids() if name.startswith(makers)]
    assert len(closed) > 100
    assert [name for name in closed if (found := canonical(name)) and found.open_weights] == []


def test_canonical_reads_every_model_id_of_the_real_samples(samples: Path) -> None:
    ids: set[str] = set()
    for file in (*samples.rglob("*.json"), *samples.rglob("*.jsonl"), *samples.rglob("*.json.gz")):
        raw = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        ids |= set(re.findall(r'"model(?:Id|_id)?"\s*:\s*"([^"]+)"', raw.decode()))
    for file in (samples / "generated").glob("*.csv"):
        columns = {"Slug", "model", "model_version", "base_model_name", "model_bucket"}
        with file.open() as text:
            ids |= {row[column] for row in csv.DictReader(text) for column in columns & set(row) if row[column]}
    assert len(ids) > 5
    assert sorted(name for name in ids if canonical(name) is None) == []
