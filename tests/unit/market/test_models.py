"""Which model an id stands for: every host's spelling of a known model, and no guess at an unknown one."""

from __future__ import annotations

import csv
import gzip
import re
import tomllib
from collections import Counter
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path

import pytest

from advisor.market.models import Model, by_id, canonical, known_ids
from tests.unit.market.catalog_ids import CATALOG_IDS, KNOWN_UNKNOWN


def every() -> list[Model]:
    return [model for model_id in known_ids() if (model := by_id(model_id))]


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
        ("accounts/fireworks/models/llama-v3p1-8b-instruct#accounts/acme/deployments/a1b2", "llama-3.1-8b"),
        ("projects/acme/locations/us/publishers/meta/models/llama-3.3-70b-instruct-maas", "llama-3.3-70b"),
        ("global.moonshotai.kimi-k3", "kimi-k3"),
        ("nvidia.nemotron-super-3-120b:0", "nemotron-3-super-120b-a12b"),
        ("nvidia/llama-3.1-nemotron-70b-instruct", "llama-3.1-nemotron-70b"),
        ("moonshotai/kimi-k2-0905", "kimi-k2"),
        ("kimi-k2p5", "kimi-k2.5"),
        ("databricks-glm-5-3", "glm-5.3"),
        ("deepseek-v4p1-flash-1017-us", "deepseek-v4.1-flash"),
        ("mistral/ministral-8b-2512", "ministral-3-8b"),
        ("mistralai/Ministral-8B-Instruct-2410", "ministral-8b"),
        ("MiniMax-M2.5-highspeed", "minimax-m2.5"),
        ("Qwen/Qwen3.5-397B-A17B", "qwen3.5-397b-a17b"),
    ],
)
def test_canonical_reads_each_hosts_spelling(spelling: str, model_id: str) -> None:
    assert canonical(spelling) == by_id(model_id)


@pytest.mark.parametrize(
    "unknown",
    [
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/llama-3.1-8b",
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/llama-3.1-8b-tuned",
        "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/a1b2c3",
        "arn:aws:bedrock:us-east-1:123456789012:imported-model/llama-3.1-8b",
        "accounts/acme/models/r1",
        "llama-3.1",
        "mistral-small-latest",
        "deepseek-chat",
        "our-lora",
        "",
    ],
)
def test_canonical_never_guesses(unknown: str) -> None:
    assert canonical(unknown) is None


@pytest.mark.parametrize(
    ("tuned", "base"),
    [
        ("accounts/acme/models/our-llama-3.1-8b-tuned", "llama-3.1-8b"),
        ("accounts/acme/models/llama-v3p1-8b-instruct-v2", "llama-3.1-8b"),
        ("accounts/acme/models/llama-v3p1-8b-instruct", "llama-3.1-8b"),
        ("acme/Meta-Llama-3.1-8B-Instruct-Reference-ft-a1b2c3", "llama-3.1-8b"),
        ("acme/Meta-Llama-3.1-70B-Instruct-Reference-support-a1b2c3", "llama-3.1-70b"),
        ("meta-llama/Llama-3.1-8B-Instruct:acme-lora", "llama-3.1-8b"),
        ("ft:open-mistral-7b:a1b2:20240430:support", "mistral-7b"),
        (
            "arn:aws:bedrock:us-east-1:123456789012:custom-model/meta.llama3-1-8b-instruct-v1:0:128k/a1b2c3",
            "llama-3.1-8b",
        ),
        ("NousResearch/Nous-Hermes-2-Mixtral-8x7B-DPO", "mixtral-8x7b"),
    ],
)
def test_fine_tune_names_the_base_that_its_id_states_and_is_not_taken_for_it(tuned: str, base: str) -> None:
    found = canonical(tuned)
    assert found is not None
    assert (found.modelled, found.kind, found.base) == (False, f"a fine-tune of {base}", base)
    assert found.id != base
    assert by_id(base) is not None


def test_fine_tune_whose_id_names_no_base_is_one_all_the_same() -> None:
    found = canonical("sao10k/l3.3-euryale-70b")
    assert found is not None
    assert (found.modelled, found.kind, found.base, found.open_weights) == (False, "a fine-tune", "", True)


@pytest.mark.parametrize(
    ("spelling", "never"),
    [
        ("glm-5-turbo", "glm-5"),
        ("glm-4.7-flashx", "glm-4.7-flash"),
        ("mistral-large-2402", "mistral-large-2"),
        ("qwen3-coder-plus", "qwen3-coder-480b-a35b"),
        ("muse-spark-1.2", "muse-spark-open"),
    ],
)
def test_closed_model_is_never_taken_for_the_open_one_of_a_like_name(spelling: str, never: str) -> None:
    found = canonical(spelling)
    assert found is not None
    assert (found.open_weights, found.modelled) == (False, True)
    assert found.id != never


@pytest.mark.parametrize(
    ("spelling", "model_id"),
    [
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("azure/gpt-4o", "gpt-4o"),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", "claude-sonnet-4"),
        ("amazon.nova-lite-v1:0", "nova-lite"),
        ("global.amazon.nova-2-lite-v1:0", "nova-2-lite"),
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
        ("whisper-large-v3", "a speech or music model"),
        ("omni-moderation-latest", "a moderation model"),
        ("meta-llama/Llama-Guard-4-12B", "a moderation model"),
        ("mistral-ocr-latest", "an OCR model"),
        ("amazon.nova-2-sonic-v1:0", "a speech or music model"),
    ],
)
def test_canonical_tells_what_is_not_text_generation(spelling: str, kind: str) -> None:
    found = canonical(spelling)
    assert found is not None
    assert (found.modelled, found.kind) == (False, kind)


def test_canonical_leaves_its_own_ids_as_they_are() -> None:
    assert [model_id for model_id in known_ids() if canonical(model_id) != by_id(model_id)] == []


def test_every_open_model_has_its_size_and_its_source() -> None:
    for model in every():
        assert model.parameters is not None, model.id
        assert 0 < (model.active or model.parameters) <= model.parameters, model.id
        assert model.source.startswith("huggingface.co/"), model.id
        assert model.checked_on is not None, model.id


def test_every_twin_is_a_known_model_of_the_same_size_and_cache() -> None:
    for model in every():
        twin = by_id(model.runs_like) if model.runs_like else model
        assert twin is not None, model.id
        assert (twin.parameters, twin.active, twin.layers) == (model.parameters, model.active, model.layers), model.id
        assert twin.kv_bytes_per_token() == model.kv_bytes_per_token(), model.id


def test_sixty_models_have_every_figure_that_sizing_needs() -> None:
    complete = [
        model
        for model in every()
        if model.active and model.layers and model.kv_bytes_per_token() and model.context and model.precision
    ]
    assert len(complete) >= 60


@pytest.mark.parametrize(
    ("model_id", "expected"),
    [
        ("llama-3.1-8b", 2 * 32 * 8 * 128 * 2),
        ("llama-3.3-70b", 2 * 80 * 8 * 128 * 2),
        ("deepseek-r1", 61 * (512 + 64) * 2),  # compressed attention: one latent and one rotary key a layer
        ("gpt-oss-120b", 2 * (36 // 2) * 8 * 64 * 2),  # every second layer keeps a window of 128 tokens
        ("qwen3.5-397b-a17b", 2 * (60 // 4) * 2 * 256 * 2),  # three in four layers attend linearly
        ("deepseek-v4-pro", None),
    ],
)
def test_cache_of_a_token_is_what_growing_layers_keep(model_id: str, expected: int | None) -> None:
    model = by_id(model_id)
    assert model is not None
    assert model.kv_bytes_per_token() == expected
    assert model.kv_bytes_per_token(value_bytes=1) == (None if expected is None else expected / 2)


@pytest.mark.parametrize(
    ("model_id", "licence", "limited"),
    [
        ("gpt-oss-20b", "Apache-2.0", False),
        ("deepseek-r1", "MIT", False),
        ("llama-3.1-8b", "Llama-3.1", True),
        ("mistral-large-2", "Mistral-Research", True),
        ("minimax-m2.7", "MiniMax-M2.7", True),
        ("qwen3.6-27b", "", False),
    ],
)
def test_licence_says_what_it_limits_and_an_unknown_one_says_nothing(
    model_id: str, licence: str, limited: bool
) -> None:
    model = by_id(model_id)
    assert model is not None
    assert (model.licence, bool(model.licence_limits)) == (licence, limited)


def test_no_name_stands_for_two_models() -> None:
    table = tomllib.loads(files("advisor.market").joinpath("models.toml").read_text(encoding="utf-8"))
    names = Counter(name for row in table["model"] for name in {row["id"], *row.get("name", [])})
    assert [name for name, uses in names.items() if uses > 1] == []


def test_every_id_of_the_price_catalog_is_classified_or_reviewed() -> None:
    """A new version of the catalog that brings ids of neither kind fails here: add them to the model table, or to
    KNOWN_UNKNOWN with the reason."""
    unknown = {name for name in CATALOG_IDS if canonical(name) is None}
    globs = [pattern for patterns in KNOWN_UNKNOWN.values() for pattern in patterns.split()]
    fits = {
        pattern: {name for name in unknown if fnmatchcase(name.lower().rpartition("/")[2], pattern)}
        for pattern in globs
    }
    assert sorted(unknown - set().union(*fits.values())) == []
    assert [pattern for pattern, names in fits.items() if not names] == [], "reviewed ids that are known by now"


def test_price_catalog_holds_far_more_open_and_closed_models_than_unknown_ones() -> None:
    kinds = Counter(
        "unknown" if found is None else "other" if not found.modelled else "open" if found.open_weights else "closed"
        for found in map(canonical, CATALOG_IDS)
    )
    assert kinds["open"] > 700
    assert kinds["closed"] > 500
    assert kinds["unknown"] < 0.15 * len(CATALOG_IDS)


def test_canonical_takes_no_closed_makers_model_for_an_open_one() -> None:
    makers = ("anthropic/", "x-ai/", "google/gemini", "cohere/", "amazon/", "openai/gpt-4", "openai/gpt-5", "openai/o")
    closed = [name for name in CATALOG_IDS if name.startswith(makers)]
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
