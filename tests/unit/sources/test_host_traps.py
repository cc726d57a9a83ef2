"""What is easy to get wrong about the usage APIs of OpenRouter, Together and Fireworks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from advisor.domain.facts import Basis, Pull, PullStatus, Tokens
from advisor.domain.units import Month, Window
from advisor.ingest.runner import pull
from advisor.ingest.windows import window_for
from tests.contract import test_source_fireworks as fireworks
from tests.contract import test_source_openrouter as openrouter
from tests.contract import test_source_together as together
from tests.contract.apis import api_source
from tests.http_server import HttpServer, http_server, refuses

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OCTOBER = Month(2026, 10).window
LLAMA = "meta-llama/Llama-3.3-70B-Instruct-Turbo"


@pytest.fixture
def http() -> Iterator[HttpServer]:
    with http_server() as server:
        yield server


def read(http: HttpServer, kind: str, window: Window = OCTOBER, **settings: Any) -> Pull:
    return pull(api_source(kind, http, **settings), window, NOW)


def activity(**changes: Any) -> dict[str, Any]:
    used = {
        "date": "2026-10-26", "model": "openai/gpt-4.1", "usage": 0.5, "byok_usage_inference": 0, "requests": 5,
        "prompt_tokens": 50, "cached_tokens": 10, "completion_tokens": 125,
    }  # fmt: skip
    return {**used, **changes}


def test_openrouter_prompts_hold_the_cached_tokens(http: HttpServer) -> None:
    http.on(openrouter.ACTIVITY, {"data": [activity()]})
    assert [fact.tokens for fact in read(http, "openrouter").usage] == [
        Tokens(uncached_input=50 - 10, cache_read=10, output=125)
    ]


def test_openrouter_replays_that_exceed_the_prompt_are_kept_and_flagged(http: HttpServer) -> None:
    http.on(openrouter.ACTIVITY, {"data": [activity(cached_tokens=70)]})
    found = read(http, "openrouter")
    assert [fact.tokens for fact in found.usage] == [Tokens(uncached_input=50, cache_read=70, output=125)]
    assert "more cached tokens than input" in found.warnings[0]


def test_openrouter_money_of_own_keys_is_apart_and_warned_of(http: HttpServer) -> None:
    http.on(openrouter.ACTIVITY, {"data": [activity(byok_usage_inference=0.25), activity(endpoint_id="other")]})
    found = read(http, "openrouter")
    assert [(cost.basis, cost.component, cost.amount.amount) for cost in found.costs] == [
        (Basis.BILLED, "", Decimal("0.5")),
        (Basis.ALLOCATED, "byok", Decimal("0.25")),
        (Basis.BILLED, "", Decimal("0.5")),
    ]
    assert len(found.warnings) == 1


def test_openrouter_is_not_asked_for_days_that_it_has_forgotten(http: HttpServer) -> None:
    # Else the days before the last 30 would look as if they had vanished, and be removed.
    source = api_source("openrouter", http)
    assert window_for(source, None, None, NOW).start == datetime(2026, 11, 24, tzinfo=UTC) - timedelta(days=30)
    assert window_for(source, None, datetime(2026, 1, 1, tzinfo=UTC), NOW).start == datetime(2026, 10, 25, tzinfo=UTC)


@pytest.mark.parametrize("date", ["2026-10-26", "2026-10-26 00:00:00", "2026-10-26T00:00:00Z"])
def test_openrouter_days_are_utc_days(http: HttpServer, date: str) -> None:
    http.on(openrouter.ACTIVITY, {"data": [activity(date=date)]})
    assert [fact.start for fact in read(http, "openrouter").usage] == [datetime(2026, 10, 26, tzinfo=UTC)]


def test_together_items_of_one_model_are_one_row_and_each_keeps_its_money(http: HttpServer) -> None:
    items = [
        together.item("Serverless Inference - Input Tokens", "1000", "0.88", model=LLAMA),
        together.item("Serverless Inference - Cached Input Tokens", "400", "0.10", model=LLAMA),
        together.item("Serverless Inference - Output Tokens", "200", "0.20", model=LLAMA),
        together.item("Batch Inference - Input Tokens", "70", "0.03", model=LLAMA),
    ]
    http.on(together.USAGE, together.answer(*items))
    found = read(http, "together")
    assert {fact.tier: fact.tokens for fact in found.usage} == {
        "on_demand": Tokens(uncached_input=1000, cache_read=400, output=200),
        "batch": Tokens(uncached_input=70, output=0),
    }
    assert [(cost.component, cost.tier, str(cost.amount.amount)) for cost in found.costs] == [
        ("input", "on_demand", "0.88"),
        ("cache_read", "on_demand", "0.10"),
        ("output", "on_demand", "0.20"),
        ("input", "batch", "0.03"),
    ]


@pytest.mark.parametrize(
    ("product", "model", "billed_to"),
    [
        ("Serverless Inference - Tokens", LLAMA, LLAMA),
        ("Serverless Inference - Input Tokens", "", ""),
        ("Fine-tuning - Training Input Tokens", LLAMA, ""),
        ("Dedicated Endpoint - H100", LLAMA, ""),
    ],
)
def test_together_items_that_are_not_understood_keep_their_money(
    http: HttpServer, product: str, model: str, billed_to: str
) -> None:
    good = together.item("Serverless Inference - Output Tokens", "200", "0.20", model=LLAMA)
    dimensions = {"model": model} if model else {"region": "us"}
    http.on(together.USAGE, together.answer(good, together.item(product, "1000", "5.00", **dimensions)))
    found = read(http, "together")
    assert [fact.tokens.total for fact in found.usage] == [200]
    assert [(cost.model_raw, str(cost.amount.amount)) for cost in found.costs] == [(LLAMA, "0.20"), (billed_to, "5.00")]
    assert bool(found.warnings) == product.startswith("Serverless")


def test_together_credits_are_warned_of(http: HttpServer) -> None:
    paid = together.item("Serverless Inference - Output Tokens", "200", "0.20", model=LLAMA)
    http.on(together.USAGE, together.answer({**paid, "applied_credit": {"type": "CREDIT"}}))
    found = read(http, "together")
    assert [cost.amount.amount for cost in found.costs] == [Decimal("0.20")]
    assert "credit" in found.warnings[0]


def test_together_reads_every_month_and_every_page(http: HttpServer) -> None:
    one = together.item("Serverless Inference - Output Tokens", "1", "0.01", model=LLAMA)
    first = {**together.answer(one), "next_cursor": "more"}
    second = together.answer(one, start="2026-10-31T23:00:00Z", end="2026-11-01T00:00:00Z")
    third = together.answer(one, start="2026-11-01T00:00:00Z", end="2026-11-01T01:00:00Z")
    http.on(together.USAGE, first, second, third)
    found = read(http, "together", Window(OCTOBER.start, datetime(2026, 11, 25, tzinfo=UTC)))
    assert sum(fact.tokens.output for fact in found.usage) == 3
    asked = [(one.params["month"], one.params.get("after"), one.params["granularity"]) for one in http.requests]
    assert asked == [("2026-10", None, "hour"), ("2026-10", "more", "hour"), ("2026-11", None, "hour")]
    assert found.complete_through == datetime(2026, 11, 1, 1, tzinfo=UTC)


def fireworks_answers(http: HttpServer, costs: Any = None) -> None:
    http.on(fireworks.USAGE, {"serverlessCosts": [fireworks.USED]})
    http.on(fireworks.COSTS, {"rows": [fireworks.CHARGED]} if costs is None else costs)


def test_a_fireworks_day_that_two_parts_of_a_window_both_give_counts_once(http: HttpServer) -> None:
    two_months = Window(OCTOBER.start, Month(2026, 11).end)
    fireworks_answers(http)
    found = read(http, "fireworks", two_months, account_id="accounts/acme")
    assert len(http.asked(fireworks.USAGE)) > 1, "the window is asked for in parts"
    assert [fact.tokens for fact in found.usage] == [Tokens(uncached_input=1000, output=200)]
    assert [cost.amount.amount for cost in found.costs] == [Decimal("12.5")]


def test_fireworks_money_is_units_and_billionths(http: HttpServer) -> None:
    dimensions: Any = fireworks.CHARGED["dimensions"]
    credit = {
        "dimensions": {**dimensions, "model": ""},
        "subtotal": {"currencyCode": "USD", "nanos": -250_000_000},
    }
    fireworks_answers(http, {"rows": [fireworks.CHARGED, credit]})
    found = read(http, "fireworks", account_id="accounts/acme")
    assert [cost.amount.amount for cost in found.costs] == [Decimal("12.5"), Decimal("-0.25")]
    assert [fact.tokens for fact in found.usage] == [Tokens(uncached_input=1000, output=200)]


def test_fireworks_costs_that_are_closed_to_the_key_make_the_read_partial(http: HttpServer) -> None:
    fireworks_answers(http, refuses(403, "ACCOUNT scope needs an administrator"))
    found = read(http, "fireworks", account_id="acme")
    assert (found.status, len(found.usage), found.costs) == (PullStatus.PARTIAL, 1, [])
    assert "administrator" in found.warnings[0]


def test_fireworks_finds_the_only_account_and_never_picks_one_of_several(http: HttpServer) -> None:
    fireworks_answers(http)
    http.on("v1/accounts", {"accounts": [{"name": "accounts/acme"}]})
    assert read(http, "fireworks").status is PullStatus.OK
    http.on("v1/accounts", {"accounts": [{"name": "accounts/acme"}, {"name": "accounts/other"}]})
    found = read(http, "fireworks")
    assert (found.status, found.warnings) == (
        PullStatus.FAILED,
        ("the key sees 2 accounts: acme, other", "name one as account_id"),
    )


def test_fireworks_is_asked_for_31_days_at_most_and_every_day_once(http: HttpServer) -> None:
    fireworks_answers(http)
    read(http, "fireworks", Window(OCTOBER.start, datetime(2026, 11, 25, tzinfo=UTC)), account_id="acme")
    asked = [(one.params["startTime"], one.params["endTime"]) for one in http.asked(fireworks.USAGE)]
    assert asked == [
        ("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"),
        ("2026-11-01T00:00:00Z", "2026-11-25T00:00:00Z"),
    ]
    assert {one.params["timezone"] for one in http.asked(fireworks.USAGE)} == {"UTC"}
    assert http.asked(fireworks.COSTS)[0].body == {
        "scope": "ACCOUNT", "groupBy": ["DAY", "MODEL"],
        "startTime": "2026-10-01T00:00:00Z", "endTime": "2026-11-01T00:00:00Z",
    }  # fmt: skip
