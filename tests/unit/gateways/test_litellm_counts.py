"""What LiteLLM's rows add up to: input that does or does not hold cached tokens, hits, failures, spend."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from advisor import registry
from advisor.domain.facts import Basis, Pull, PullStatus
from advisor.domain.units import Month
from advisor.ingest.runner import pull
from tests.conftest import NOW

OCTOBER = Month(2026, 10).window


def row(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "request_id": f"chatcmpl-{number}", "startTime": "2026-10-05T08:01:00Z", "model": "claude-sonnet-4",
        "custom_llm_provider": "anthropic", "status": "success", "cache_hit": "False", "prompt_tokens": 1000,
        "completion_tokens": 20, "spend": 0.01, **more,
    }  # fmt: skip


def cached(read: int, written: int = 0, **more: Any) -> dict[str, Any]:
    usage = {"cache_read_input_tokens": read, "cache_creation_input_tokens": written}
    return row(**{"metadata": {"usage_object": usage}, **more})


@pytest.fixture
def read(tmp_path: Path) -> Any:
    """Pull rows that lie in an export, as JSON unless it is text already."""

    def pulled(rows: Any, name: str = "logs.json", **settings: Any) -> Pull:
        (tmp_path / name).write_text(rows if isinstance(rows, str) else json.dumps(rows))
        table = {"name": "gateway", "kind": "litellm", "path": ".", **settings}
        return pull(registry.build_source(table, tmp_path, {}), OCTOBER, NOW)

    return pulled


def components(pull: Pull) -> tuple[int, int, int]:
    """Uncached input, cache reads, cache writes."""
    tokens = [fact.tokens for fact in pull.usage]
    return (
        sum(one.uncached_input for one in tokens),
        sum(one.cache_read or 0 for one in tokens),
        sum(one.cache_write or 0 for one in tokens),
    )


def test_requests_fall_into_five_minutes_and_their_spend_into_the_day(read: Any) -> None:
    found = read([row(1), row(2), row(3, startTime="2026-10-05T08:06:00"), row(4, startTime="2026-10-06 00:00:00.5")])
    assert {(fact.start.isoformat(), fact.requests) for fact in found.usage} == {
        ("2026-10-05T08:00:00+00:00", 2), ("2026-10-05T08:05:00+00:00", 1), ("2026-10-06T00:00:00+00:00", 1)
    }  # fmt: skip
    assert {(cost.start.day, cost.amount.amount) for cost in found.costs} == {
        (5, Decimal("0.03")),
        (6, Decimal("0.01")),
    }
    assert {cost.basis for cost in found.costs} == {Basis.ESTIMATED}, "a gateway sends no invoice"


def test_a_prompt_smaller_than_what_was_cached_does_not_hold_it(read: Any) -> None:
    assert components(read([cached(read=1500, written=200, prompt_tokens=31)])) == (31, 1500, 200)


def test_one_row_that_proves_it_settles_the_other_rows_of_its_provider(read: Any) -> None:
    proof, open_question = cached(read=1500, prompt_tokens=31, number=1), cached(read=400, number=2)
    assert components(read([proof, open_question])) == (31 + 1000, 1500 + 400, 0)


def test_the_proof_of_one_provider_says_nothing_of_another(read: Any) -> None:
    proof = cached(read=1500, prompt_tokens=31, number=1)
    openai = cached(read=400, number=2, custom_llm_provider="openai", model="gpt-4o")
    assert components(read([proof, openai])) == (31 + (1000 - 400), 1500 + 400, 0)


def test_a_host_of_several_makers_is_not_taken_to_count_claude_as_it_counts_its_own(read: Any) -> None:
    gemini = cached(read=400, number=1, custom_llm_provider="vertex_ai", model="gemini-2.0-flash")
    claude = cached(read=1500, number=2, custom_llm_provider="vertex_ai", prompt_tokens=31)
    later = cached(read=300, number=3, custom_llm_provider="vertex_ai")
    assert components(read([gemini, claude, later])) == ((1000 - 400) + 31 + 1000, 400 + 1500 + 300, 0)


def test_a_count_of_cached_tokens_in_the_prompts_details_shows_that_they_are_inside(read: Any) -> None:
    usage = {"prompt_tokens_details": {"cached_tokens": 300}}
    found = read([row(custom_llm_provider="acme", metadata={"usage_object": usage})])
    assert components(found) == (1000 - 300, 300, 0)
    assert found.warnings == ()


def test_what_no_row_shows_is_taken_as_included_and_said(read: Any) -> None:
    found = read([cached(read=400, written=100)])
    assert components(found) == (1000 - 400 - 100, 400, 100)
    assert [line for line in found.warnings if "1 requests of anthropic" in line and "input_includes_cache" in line]


@pytest.mark.parametrize(("said", "uncached"), [(True, 1000 - 400), (False, 1000)])
def test_the_setting_decides_without_a_warning(read: Any, said: bool, uncached: int) -> None:
    found = read([cached(read=400)], input_includes_cache=said)
    assert components(found) == (uncached, 400, 0)
    assert found.warnings == ()


def test_a_row_that_says_nothing_of_caches_leaves_them_unknown(read: Any) -> None:
    (fact,) = read([row()]).usage
    assert (fact.tokens.cache_read, fact.tokens.cache_write) == (None, None)


def test_answers_of_the_gateways_own_cache_and_failures_are_counted_apart(read: Any) -> None:
    hit = row(2, cache_hit="True", spend=0)
    failure = row(3, status="failure", model="", prompt_tokens=0, completion_tokens=0, spend=0)
    found = read([row(1), hit, failure])
    assert [(fact.requests, fact.tokens.input) for fact in found.usage] == [(1, 1000)]
    assert found.status is PullStatus.OK
    assert any(
        "1 requests were answered from the gateway's own cache (1,020 tokens)" in line for line in found.warnings
    )
    assert any("1 requests failed" in line for line in found.warnings)
    assert [cost.amount.amount for cost in found.costs] == [Decimal("0.01")], "a hit without spend is no missing price"


def test_tokens_without_a_spend_make_the_cost_of_their_day_unknown_and_not_zero(read: Any) -> None:
    found = read([row(1), row(2, spend=0.0), row(3, startTime="2026-10-06T08:00:00Z")])
    assert [cost.start.day for cost in found.costs] == [6]
    assert any("claude-sonnet-4" in line and "unknown, not zero" in line for line in found.warnings)


def test_exports_that_overlap_count_each_request_once(read: Any) -> None:
    read([row(1), row(2)], "first.json")
    found = read([row(2), row(3)], "second.json")
    assert sum(fact.requests or 0 for fact in found.usage) == 3
    assert any("1 rows repeat a request id" in line for line in found.warnings)


def test_rows_may_lie_in_an_envelope_in_lines_or_in_csv(read: Any) -> None:
    read({"data": [row(1)], "total": 1}, "page.json")
    read("\n".join(json.dumps(row(number)) for number in (2, 3)), "rows.jsonl")
    found = read(
        "request_id,startTime,model,custom_llm_provider,status,cache_hit,prompt_tokens,completion_tokens,spend,metadata\n"
        "chatcmpl-4,2026-10-05 08:01:00.123,claude-sonnet-4,anthropic,success,False,31,20,1e-2,"
        '"{""usage_object"": {""cache_read_input_tokens"": 500}}"\n',
        "table.csv",
    )
    assert components(found) == (3 * 1000 + 31, 500, 0)
    assert sum(cost.amount.amount for cost in found.costs) == 4 * Decimal("0.01")


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"prompt_tokens": None}, "prompt_tokens is missing"),
        ({"prompt_tokens": -1}, "not a whole number"),
        ({"completion_tokens": "1,234"}, "not a number"),
        ({"startTime": "yesterday"}, "no date and time"),
        ({"model": "", "model_group": ""}, "names no model"),
        ({"spend": -0.01}, "negative"),
        ({"spend": float("inf")}, "not a number"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_and_the_rest_counts(read: Any, wrong: dict[str, Any], why: str) -> None:
    found = read([row(1), row(2, **wrong)])
    assert [problem.where for problem in found.problems] == ["logs.json record 2"]
    assert why in found.problems[0].why
    assert (found.status, sum(fact.requests or 0 for fact in found.usage)) == (PullStatus.PARTIAL, 1)


def test_a_damaged_export_is_lost_and_the_others_count(read: Any) -> None:
    read([row(1)], "good.json")
    found = read('[{"request_id": "chatcmpl-9", "startTi', "cut.json")
    assert found.status is PullStatus.PARTIAL
    assert any("cut.json is damaged" in line for line in found.warnings)
    assert sum(fact.requests or 0 for fact in found.usage) == 1


def test_a_daily_table_exported_as_csv_gives_days(read: Any) -> None:
    found = read(
        "date,api_key,model,custom_llm_provider,prompt_tokens,completion_tokens,cache_read_input_tokens,"
        "cache_creation_input_tokens,spend,api_requests,successful_requests,failed_requests\n"
        "2026-10-05,k1,gpt-4o,openai,1000,50,400,0,0.5,9,8,1\n"
        "2026-10-05,k2,gpt-4o,openai,500,25,0,0,0,4,4,0\n"
        "2026-10-05,__ptu_flat_cost__,gpt-4o,azure,0,0,0,0,240,0,0,0\n",
        "daily.csv",
    )
    assert components(found) == (1000 - 400 + 500, 400, 0)
    assert [(fact.width_seconds, fact.requests) for fact in found.usage] == [(86_400, 8), (86_400, 4)]
    assert [cost.amount.amount for cost in found.costs] == [Decimal("0.5")]
    assert any("1 rows hold the flat cost" in line for line in found.warnings)


DAILY = {
    "id": "row-1", "user_id": "u1", "date": "2026-10-05", "api_key": "k1", "model": "gpt-4o",
    "custom_llm_provider": "openai", "prompt_tokens": 1000, "completion_tokens": 50, "spend": 0.5, "api_requests": 9,
    "successful_requests": 9, "failed_requests": 0,
}  # fmt: skip


def test_a_day_that_two_exports_hold_counts_once(read: Any) -> None:
    read([DAILY], "older.json")
    found = read([DAILY, {**DAILY, "id": "row-2", "api_key": "k2"}], "newer.json")
    assert components(found) == (1000 + 1000, 0, 0)
    assert sum(cost.amount.amount for cost in found.costs) == Decimal("0.5") * 2
    assert any("once" in line for line in found.warnings), found.warnings


def test_a_day_that_two_exports_count_otherwise_is_named_and_counted_once(read: Any) -> None:
    read([DAILY], "a.json")
    found = read([{**DAILY, "prompt_tokens": 4000}], "b.json")
    assert components(found) == (1000, 0, 0)
    assert found.rejected == 1
    assert "other counts" in found.problems[0].why


def test_the_sample_export_adds_up_to_its_totals(samples: Path) -> None:
    table = {"name": "gateway", "kind": "litellm", "path": str(samples / "generated" / "litellm_spend_logs.json")}
    found = pull(registry.build_source(table, Path(), {}), Month(2025, 6).window, NOW)
    assert (found.status, found.warnings) == (PullStatus.OK, ())
    assert sum(fact.tokens.input for fact in found.usage) == 3_973_157
    assert sum(fact.tokens.output for fact in found.usage) == 59_024
    assert sum(fact.requests or 0 for fact in found.usage) == 2_000
