"""`advisor models` and `advisor prices`: what they list, without a configuration and with one."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.e2e.running import SOURCE, Advisor

OWN = """
[[prices]]
model = "llama-3.1-8b"
provider = "together"
input = "0.11"
output = "0.12"
cache_read = "0.05"
source = "contract 2026-01"
"""


def wide(text: str) -> list[str]:
    return [line for line in text.splitlines() if len(line) > 100]


def test_models_needs_no_configuration_and_shows_size_licence_and_evidence(advisor: Advisor) -> None:
    ran = advisor("models", "--format", "json")
    assert ran.code == 0, ran.err
    assert ran.json["schema"] == "advisor.models/1"
    assert len(ran.json["models"]) >= 60
    found = {model["id"]: model for model in ran.json["models"]}
    assert found["llama-3.3-70b"]["kv_bytes_per_token"] == 2 * 80 * 8 * 128 * 2
    assert found["llama-3.3-70b"]["measured_as"] == "llama-3.3-70b"
    assert found["llama-3-70b"]["measured_as"] == "llama-3.1-70b"
    assert found["kimi-k3"]["measured_as"] is None
    assert found["kimi-k3"]["kv_bytes_per_token"] is None
    assert "700 million" in found["llama-3.1-8b"]["licence_limits"]
    assert all(model["source"] and model["checked_on"] for model in ran.json["models"])


def test_models_table_is_within_a_hundred_columns_and_explains_its_marks(advisor: Advisor) -> None:
    ran = advisor("models")
    assert wide(ran.out) == []
    assert "Llama-3.1 !" in ran.out
    assert "! Llama-3.1: companies above 700 million" in ran.out


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ("us.meta.llama3-1-70b-instruct-v1:0", ["llama-3.1-70b"]),
        ("gpt-oss", ["gpt-oss-20b", "gpt-oss-safeguard-20b", "gpt-oss-120b", "gpt-oss-safeguard-120b"]),
        ("qwen2.5-*-32b", ["qwen2.5-coder-32b", "qwen2.5-vl-32b"]),
        ("acme/Meta-Llama-3.1-8B-Instruct-Reference-ft-a1b2", ["llama-3.1-8b"]),
    ],
)
def test_models_takes_any_spelling_a_part_or_a_glob(advisor: Advisor, wanted: str, ids: list[str]) -> None:
    ran = advisor("models", wanted, "--format", "csv")
    assert [row["id"] for row in csv.DictReader(io.StringIO(ran.out))] == ids


@pytest.mark.parametrize(
    ("wanted", "said"), [("gpt-4o", "closed weights"), ("text-embedding-3-small", "an embedding model")]
)
def test_models_says_why_a_known_model_is_not_listed(advisor: Advisor, wanted: str, said: str) -> None:
    ran = advisor("models", wanted)
    assert ran.code == 0
    assert said in ran.out


def test_models_names_the_nearest_of_an_unknown_one(advisor: Advisor) -> None:
    ran = advisor("models", "lama-3.1-8bb")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: 'lama-3.1-8bb' is not known here\nhint: did you mean llama-3.1-8b")


def test_prices_shows_every_host_with_source_date_and_age(advisor: Advisor) -> None:
    ran = advisor("prices", "meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo", "--format", "json")
    assert ran.code == 0, ran.err
    assert (ran.json["schema"], ran.json["on"]) == ("advisor.prices/1", "2026-11-24")
    rows = {row["host"]: row for row in ran.json["prices"]}
    assert {row["model"] for row in ran.json["prices"]} == {"llama-3.1-8b"}
    assert rows["aws"]["input"] == {"amount": "0.22", "currency": "USD"}
    assert rows["aws"]["cache_read"] is None
    assert (rows["aws"]["checked_on"], rows["aws"]["age_days"]) == ("2026-11-10", 24 - 10)
    assert rows["nebius"]["source"].startswith("litellm ")


def test_prices_table_is_within_a_hundred_columns_and_shows_where_sources_differ(advisor: Advisor) -> None:
    ran = advisor("prices", "llama-3.3-70b")
    assert wide(ran.out) == []
    assert "on 2026-11-24" in ran.out
    assert "genai-prices 0.2.3, 2026-11-10, 14 days old" in ran.out
    said = " ".join(ran.out.split())
    assert "Sources differ on meta-llama/Llama-3.3-70B-Instruct-Turbo at together: 0.88 in and 0.88 out" in said
    assert "or 1.04 and 1.04" in said


def test_prices_are_those_of_the_day_and_host_asked_for(advisor: Advisor) -> None:
    ran = advisor("prices", "llama-3.3-70b", "--host", "OpenRouter", "--on", "2026-09-01", "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(ran.out))
    assert (row["host"], row["input"], row["output"], row["currency"]) == ("openrouter", "0.05", "0.24", "USD")


def test_prices_of_one_host_hold_its_closed_models_too(advisor: Advisor) -> None:
    ran = advisor("prices", "--host", "openai", "--format", "csv")
    models = {row["model"] for row in csv.DictReader(io.StringIO(ran.out))}
    assert "gpt-4o" in models
    assert "gpt-oss-120b" not in models


def test_prices_of_all_open_models_come_without_a_name(advisor: Advisor) -> None:
    ran = advisor("prices")
    assert wide(ran.out) == []
    assert len(ran.out.splitlines()) > 500


def test_prices_takes_own_prices_of_a_configuration_and_says_where_they_are_from(
    advisor: Advisor, folder: Path
) -> None:
    (folder / "advisor.toml").write_text(SOURCE + OWN)
    ran = advisor("prices", "llama-3.1-8b", "--host", "together", "--format", "json")
    (row,) = ran.json["prices"]
    assert (row["input"]["amount"], row["cache_read"]["amount"]) == ("0.11", "0.05")
    assert (row["source"], row["checked_on"]) == ("contract 2026-01", None)


def test_own_price_of_no_provider_is_listed_for_any_host(advisor: Advisor, folder: Path) -> None:
    (folder / "advisor.toml").write_text(SOURCE + OWN.replace('provider = "together"\n', ""))
    ran = advisor("prices", "llama-3.1-8b")
    assert ran.out.splitlines()[1].split()[:4] == ["any", "on", "demand", "$0.11"]


def test_own_price_without_a_model_of_ours_is_found_by_its_name(advisor: Advisor, folder: Path) -> None:
    (folder / "advisor.toml").write_text(SOURCE + OWN.replace("llama-3.1-8b", "acme-nine"))
    ran = advisor("prices", "acme-nine", "--format", "csv")
    assert [row["input"] for row in csv.DictReader(io.StringIO(ran.out))] == ["0.11"]


def test_prices_names_a_missing_configuration_only_where_one_was_asked_for(advisor: Advisor) -> None:
    ran = advisor("prices", "llama-3.1-8b", "--config", "nowhere.toml")
    assert ran.code == 2
    assert "nowhere.toml" in ran.err


def test_prices_of_an_unknown_model_or_host_name_what_is_known(advisor: Advisor) -> None:
    unknown = advisor("prices", "no-such-model-9")
    assert (unknown.code, unknown.out) == (2, "")
    assert "hint: " in unknown.err
    host = advisor("prices", "llama-3.1-8b", "--host", "togethr")
    assert host.code == 2
    assert "together" in host.err


def test_prices_of_a_host_that_does_not_sell_the_model_are_none(advisor: Advisor) -> None:
    ran = advisor("prices", "llama-3.1-8b", "--host", "anthropic")
    assert (ran.code, ran.out) == (0, "no price of llama-3.1-8b at anthropic on 2026-11-24: add [[prices]]\n")
