"""LiteLLM's own database, in a real PostgreSQL: which table is read, how, and what is said where it cannot be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from advisor.connectors.litellm import database as reading

from advisor import registry
from advisor.contract.source import Source
from advisor.domain.facts import Pull, PullStatus
from advisor.domain.units import Month
from advisor.errors import ConfigError, SourceError
from advisor.ingest.runner import pull
from tests.conftest import NOW

OCTOBER = Month(2026, 10).window
LOGS = """\
CREATE TABLE "LiteLLM_SpendLogs" (
    request_id text PRIMARY KEY, call_type text NOT NULL DEFAULT '', api_key text NOT NULL DEFAULT '',
    spend double precision NOT NULL DEFAULT 0, total_tokens int NOT NULL DEFAULT 0,
    prompt_tokens int NOT NULL DEFAULT 0, completion_tokens int NOT NULL DEFAULT 0,
    "startTime" timestamp(3) NOT NULL, "endTime" timestamp(3) NOT NULL, model text NOT NULL DEFAULT '',
    model_group text DEFAULT '', custom_llm_provider text DEFAULT '', metadata jsonb DEFAULT '{}',
    cache_hit text DEFAULT '', messages jsonb DEFAULT '{}', response jsonb DEFAULT '{}', status text
)"""
DAILY = """\
CREATE TABLE "LiteLLM_DailyUserSpend" (
    id text PRIMARY KEY DEFAULT gen_random_uuid()::text, user_id text, date text NOT NULL, api_key text NOT NULL,
    model text, model_group text, custom_llm_provider text, prompt_tokens bigint NOT NULL DEFAULT 0,
    completion_tokens bigint NOT NULL DEFAULT 0, cache_read_input_tokens bigint NOT NULL DEFAULT 0,
    cache_creation_input_tokens bigint NOT NULL DEFAULT 0, spend double precision NOT NULL DEFAULT 0,
    api_requests bigint NOT NULL DEFAULT 0, successful_requests bigint NOT NULL DEFAULT 0,
    failed_requests bigint NOT NULL DEFAULT 0
)"""


class Gateway:
    """A LiteLLM database that a test fills."""

    def __init__(self, address: str, connection: Any) -> None:
        self.address, self.connection = address, connection

    def execute(self, query: str, values: Any = ()) -> None:
        self.connection.execute(query, values)

    def insert(self, table: str, **values: Any) -> None:
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join(["%s"] * len(values))
        self.execute(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', list(values.values()))

    def request(self, number: int, at: str = "2026-10-05T08:01:00", **more: Any) -> None:
        row = {
            "request_id": f"chatcmpl-{number:06d}", "startTime": at, "endTime": at, "model": "gpt-4o",
            "custom_llm_provider": "openai", "status": "success", "cache_hit": "False", "prompt_tokens": 1000,
            "completion_tokens": 20, "spend": 0.01, **more,
        }  # fmt: skip
        self.insert("LiteLLM_SpendLogs", **row)

    def day(self, date: str = "2026-10-05", **more: Any) -> None:
        row = {
            "date": date, "api_key": "k1", "model": "gpt-4o", "custom_llm_provider": "openai", "prompt_tokens": 1000,
            "completion_tokens": 20, "spend": 0.01, "api_requests": 3, "successful_requests": 3, **more,
        }  # fmt: skip
        self.insert("LiteLLM_DailyUserSpend", **row)

    def source(self, **settings: Any) -> Source:
        table = {"name": "gateway", "kind": "litellm", "database_url": {"env": "LITELLM_DB"}, **settings}
        return registry.build_source(table, Path(), {"LITELLM_DB": self.address})

    def read(self, **settings: Any) -> Pull:
        return pull(self.source(**settings), OCTOBER, NOW)


@pytest.fixture
def gateway(postgres: str) -> Iterator[Gateway]:
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        yield Gateway(postgres, connection)


def tokens(found: Pull) -> int:
    return sum(fact.tokens.total for fact in found.usage)


def test_the_daily_table_of_users_is_read_and_none_of_its_siblings(gateway: Gateway) -> None:
    gateway.execute(LOGS)
    gateway.execute(DAILY)
    for sibling in ("Team", "Tag", "Global"):
        gateway.execute(f'CREATE TABLE "LiteLLM_Daily{sibling}Spend" AS TABLE "LiteLLM_DailyUserSpend"')
        gateway.insert(f"LiteLLM_Daily{sibling}Spend", date="2026-10-05", api_key="k1", model="x", prompt_tokens=9**9)
    gateway.request(1)
    gateway.day()
    gateway.day(api_key="k2", spend=0.02)
    gateway.day("2026-09-30")
    gateway.day("2026-11-01")
    found = gateway.read()
    assert [(fact.start.day, fact.width_seconds, fact.requests, fact.tokens.total) for fact in found.usage] == [
        (5, 86_400, 3 + 3, 2 * 1020)
    ]
    assert [cost.amount.amount for cost in found.costs] == [Decimal("0.03")]


def test_the_flat_cost_of_a_reservation_is_no_request(gateway: Gateway) -> None:
    gateway.execute(DAILY)
    gateway.day()
    gateway.day(api_key="__ptu_flat_cost__", prompt_tokens=0, completion_tokens=0, spend=240, api_requests=0)
    found = gateway.read()
    assert ([cost.amount.amount for cost in found.costs], tokens(found)) == ([Decimal("0.01")], 1020)


def test_days_whose_prompts_are_smaller_than_their_caches_count_them_beside(gateway: Gateway) -> None:
    gateway.execute(DAILY)
    gateway.day(model="claude-sonnet-4", custom_llm_provider="anthropic", prompt_tokens=31, cache_read_input_tokens=500)
    gateway.day(
        api_key="k2", model="claude-sonnet-4", custom_llm_provider="anthropic", cache_read_input_tokens=400
    )  # fmt: skip
    found = gateway.read()
    assert sum(fact.tokens.uncached_input for fact in found.usage) == 31 + 1000
    assert sum(fact.tokens.cache_read or 0 for fact in found.usage) == 500 + 400


def test_an_older_table_without_cache_columns_leaves_them_unknown(gateway: Gateway) -> None:
    gateway.execute(DAILY)
    gateway.execute(
        'ALTER TABLE "LiteLLM_DailyUserSpend" DROP COLUMN cache_read_input_tokens, DROP COLUMN '
        "cache_creation_input_tokens, DROP COLUMN successful_requests, DROP COLUMN failed_requests"
    )
    gateway.insert("LiteLLM_DailyUserSpend", date="2026-10-05", api_key="k", model="m", prompt_tokens=7, api_requests=2)
    (fact,) = gateway.read().usage
    assert (fact.tokens.cache_read, fact.tokens.uncached_input, fact.requests) == (None, 7, 2)


def test_hits_of_the_gateways_cache_in_the_daily_table_are_told(gateway: Gateway) -> None:
    gateway.execute(LOGS)
    gateway.execute(DAILY)
    gateway.day("2026-10-31")
    gateway.request(1, "2026-10-31T08:00:00", cache_hit="True", spend=0)
    assert [
        line for line in gateway.read().warnings if "1 requests (1,020 tokens)" in line and 'detail = "request"' in line
    ]


def test_without_a_daily_table_the_logs_are_read_and_it_is_said(gateway: Gateway) -> None:
    gateway.execute(LOGS)
    gateway.request(1)
    found = gateway.read()
    assert ([fact.width_seconds for fact in found.usage], tokens(found)) == ([300], 1020)
    assert any("no daily table" in line for line in found.warnings)


def test_pages_of_the_logs_lose_and_repeat_nothing_where_many_start_at_once(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PAGE_ROWS", 7)
    gateway.execute(LOGS)
    start = datetime(2026, 10, 5, 8, tzinfo=UTC)
    for number in range(40):
        gateway.request(
            number, f"{start + timedelta(seconds=number // 10):%Y-%m-%dT%H:%M:%S}"
        )  # ten rows share each second
    found = gateway.read(detail="request")
    assert sum(fact.requests or 0 for fact in found.usage) == 40
    assert found.warnings == ()


def test_two_hundred_thousand_logged_requests_add_up_to_what_the_database_sums(gateway: Gateway) -> None:
    gateway.execute(LOGS)
    gateway.execute(
        """INSERT INTO "LiteLLM_SpendLogs" (request_id, "startTime", "endTime", model, custom_llm_provider, status,
               cache_hit, prompt_tokens, completion_tokens, spend, messages, metadata)
           SELECT 'chatcmpl-' || n, at, at, 'gpt-4o-' || n %% 3, 'openai', 'success', 'False', n %% 9000, n %% 700,
               (1 + n %% 9000) / 1024.0, '{"text": "a prompt"}', '{"user_api_key_alias": "team"}'
           FROM (SELECT n, timestamp '2026-09-25' + n %% 43 * interval '1 day' + n / 7 * interval '1 second' AS at
                 FROM generate_series(1, %s) n) made""",
        [200_000],
    )
    # Dyadic prices, so that the sum of doubles is exact in any order.
    summed = """SELECT count(*), sum(prompt_tokens + completion_tokens), sum(spend) FROM "LiteLLM_SpendLogs"
                WHERE "startTime" >= '2026-10-01' AND "startTime" < '2026-11-01'"""
    count, total, spend = gateway.connection.execute(summed).fetchone()
    found = gateway.read(detail="request")
    assert (sum(fact.requests or 0 for fact in found.usage), tokens(found)) == (count, total)
    assert count > 100_000
    assert sum(cost.amount.amount for cost in found.costs) == Decimal(spend)
    assert (found.status, found.rejected) == (PullStatus.OK, 0)


def test_the_window_holds_its_first_instant_and_not_its_last(gateway: Gateway) -> None:
    gateway.execute(LOGS)
    for number, at in enumerate(("2026-09-30T23:59:59.999", "2026-10-01", "2026-10-31T23:59:59.999", "2026-11-01")):
        gateway.request(number, at)
    found = gateway.read(detail="request")
    assert [(fact.start.month, fact.start.day) for fact in found.usage] == [(10, 1), (10, 31)]


def test_the_usage_object_in_the_metadata_is_read_and_prompts_are_not(gateway: Gateway) -> None:
    gateway.execute(LOGS)
    gateway.request(1, metadata=json.dumps({"usage_object": {"prompt_tokens_details": {"cached_tokens": 300}}}))
    gateway.execute('ALTER TABLE "LiteLLM_SpendLogs" DROP COLUMN messages, DROP COLUMN response')
    (fact,) = gateway.read(detail="request").usage
    assert (fact.tokens.cache_read, fact.tokens.uncached_input) == (300, 700)


def test_a_column_that_is_no_longer_there_is_named(gateway: Gateway) -> None:
    gateway.execute(LOGS)
    gateway.execute('ALTER TABLE "LiteLLM_SpendLogs" RENAME COLUMN prompt_tokens TO input')
    found = gateway.read(detail="request")
    assert found.status is PullStatus.FAILED
    assert "no column 'prompt_tokens'" in found.warnings[0]


def test_a_database_that_is_another_says_so_and_is_not_zero_usage(gateway: Gateway) -> None:
    with pytest.raises(SourceError, match="has no table"):
        gateway.source().check()
    assert gateway.read().status is PullStatus.FAILED


def test_check_accepts_a_litellm_database_and_its_prisma_address(gateway: Gateway) -> None:
    gateway.execute("CREATE SCHEMA proxy; SET search_path TO proxy")
    gateway.execute(DAILY)
    gateway.address += "&schema=proxy&connection_limit=10&pool_timeout=20"
    gateway.source().check()


def test_a_user_who_may_not_read_is_told_what_to_grant(gateway: Gateway) -> None:
    gateway.execute(DAILY)
    gateway.execute("DROP ROLE IF EXISTS reader")
    gateway.execute("CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA public TO reader")
    gateway.address = gateway.address.replace("postgres:@", "reader:@")
    found = gateway.read()
    assert found.status is PullStatus.FAILED
    assert "no access" in found.warnings[0]
    assert "GRANT SELECT" in found.warnings[1]


def test_the_connection_cannot_write(gateway: Gateway) -> None:
    gateway.execute(DAILY)
    with pytest.raises(SourceError, match="read-only"), reading.database(gateway.address) as connection:
        connection.execute('DELETE FROM "LiteLLM_DailyUserSpend"')


@pytest.mark.parametrize("address", ["hunter2", "mysql://u:hunter2@h/d", "postgresql://u:hunter2@[bad/d"])
def test_an_address_that_is_none_is_refused_without_showing_it(address: str) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(ConfigError) as refusal, reading.database(address):
        pass
    assert "hunter2" not in f"{refusal.value.message} {refusal.value.hint}"


def test_a_database_that_does_not_answer_may_be_tried_again() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(SourceError) as failure, reading.database("postgresql://u:hunter2@127.0.0.1:9/d"):
        pass
    assert failure.value.transient
    assert "hunter2" not in failure.value.message


def test_a_missing_client_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(SourceError) as failure, reading.database("postgresql://u@h/d"):
        pass
    assert "inference-advisor[postgres]" in failure.value.hint
