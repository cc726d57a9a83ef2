"""Vertex AI's bill: sums of the Cloud Billing export, by one query to BigQuery that is read to its last row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from advisor import registry
from advisor.contract.api_fields import DAY as ONE_DAY
from advisor.contract.api_fields import stamp, yesterday
from advisor.contract.source import Record, Records
from advisor.contract.testing.source import RecordsKit
from advisor.domain.facts import Basis, CostFact, Pull, PullStatus
from advisor.domain.units import Money
from advisor.errors import ConfigError, SourceError
from advisor.ingest.runner import pull
from tests.http_server import HttpServer, Reply, Request, http_server, refuses

TABLE = "acme-billing.finops.gcp_billing_export_v1_01AB23_CD45EF_678901"
QUERIES = "bigquery/v2/projects/acme-billing/queries"
RESULTS = f"{QUERIES}/job_1"
SERIES = "v3/projects/acme-prod/timeSeries"
DAY = yesterday()
COLUMNS = (
    "day", "project", "service", "sku", "cost_type", "currency", "unit", "priced_unit", "cost", "credits", "amount",
    "priced_amount",
)  # fmt: skip
INPUT = "Generate content input token count gemini 2.5 flash short input text"
OUTPUT = "Generate content output token count gemini 2.5 flash short output text"


def billed(sku: str, cost: str, **more: str | None) -> dict[str, str | None]:
    """A sum as the query gives it: of yesterday, in dollars, with nothing said of its quantity."""
    row = dict.fromkeys(COLUMNS) | {
        "day": f"{DAY.start:%Y-%m-%d}", "project": "acme-prod", "service": "Vertex AI", "cost_type": "regular",
        "currency": "USD", "sku": sku, "cost": cost,
    }  # fmt: skip
    assert set(more) <= set(COLUMNS)
    return row | more


def page(*sums: dict[str, str | None], total: int | None = None, token: str | None = None) -> dict[str, Any]:
    """A page of BigQuery: values as text, by place; the number of all rows as text."""
    return {
        "jobComplete": True,
        "jobReference": {"projectId": "acme-billing", "jobId": "job_1", "location": "EU"},
        "schema": {"fields": [{"name": name, "type": "STRING"} for name in COLUMNS]},
        "totalRows": str(len(sums) if total is None else total),
        **({"rows": [{"f": [{"v": row[name]} for name in COLUMNS]} for row in sums]} if sums else {}),
        **({"pageToken": token} if token else {}),
    }


RUNNING = {"jobComplete": False, "jobReference": {"projectId": "acme-billing", "jobId": "job_1", "location": "EU"}}
GOOD = page(
    billed(INPUT, "0.30", service="Gemini API", unit="count", amount="1000000", credits="-0.05"),
    billed(OUTPUT, "2.50", service="Gemini API", unit="count", amount="1000000"),
)


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server() as running:
        running.on(QUERIES, GOOD)
        yield running


def source(server: HttpServer, **settings: Any) -> Records:
    table = {
        "name": "google", "kind": "vertex", "billing_table": TABLE, "token": {"env": "TOKEN"},
        "base_url": server.base_url, "billing_url": server.base_url, **settings,
    }  # fmt: skip
    built = registry.build_source(table, Path(), {"TOKEN": "ya29-secret"})
    assert isinstance(built, Records)
    return built


def read(server: HttpServer, *answers: Any, **settings: Any) -> Pull:
    if answers:
        server.on(QUERIES, *answers)
    return pull(source(server, **settings), DAY, datetime.now(UTC))


def money(found: Pull, component: str) -> list[tuple[str, Money]]:
    return [(cost.model_raw, cost.amount) for cost in found.costs if cost.component == component]


class TestVertexBill(RecordsKit):
    window = DAY
    secrets = ("ya29-secret",)

    @pytest.fixture(autouse=True)
    def _served(self, server: HttpServer) -> None:
        self.http = server

    def source(self) -> Records:
        return source(self.http)

    def records(self) -> Iterable[Record]:
        return list(self.source().pull(self.window))


def test_a_sku_is_the_billed_cost_of_its_model_and_day(server: HttpServer) -> None:
    found = read(server)
    assert (found.status, found.warnings) == (PullStatus.OK, ())
    charge = next(cost for cost in found.costs if cost.component == "output")
    assert charge == CostFact(
        provider="gcp.gemini",
        model_raw="gemini-2.5-flash",
        start=DAY.start,
        end=DAY.start + ONE_DAY,
        amount=Money(Decimal("2.50"), "USD"),
        basis=Basis.BILLED,
        component="output",
        final=None,
        scope="acme-prod",
    )
    assert found.cost_days == {DAY.start.date()}


def test_amounts_keep_every_digit_that_was_billed(server: HttpServer) -> None:
    found = read(server, page(billed(INPUT, "0.00000000012345678901234567")))
    assert money(found, "input") == [("gemini-2.5-flash", Money(Decimal("0.00000000012345678901234567"), "USD"))]


def test_credits_are_a_negative_charge_of_their_own(server: HttpServer) -> None:
    found = read(server)
    assert money(found, "credit") == [("gemini-2.5-flash", Money(Decimal("-0.05"), "USD"))]
    assert sum(cost.amount.amount for cost in found.costs) == Decimal("0.30") + Decimal("2.50") - Decimal("0.05")


def test_currencies_stay_apart(server: HttpServer) -> None:
    found = read(server, page(billed(INPUT, "1"), billed(INPUT, "2", currency="EUR")))
    assert [amount for _, amount in money(found, "input")] == [Money(Decimal(1), "USD"), Money(Decimal(2), "EUR")]


def test_a_token_count_in_the_unit_count_is_tokens(server: HttpServer) -> None:
    tokens = [fact.tokens for fact in read(server).usage]
    assert (sum(one.input for one in tokens), sum(one.output for one in tokens)) == (1_000_000, 1_000_000)


def test_a_pricing_unit_of_a_million_tokens_counts_millions(server: HttpServer) -> None:
    sku = "Claude Sonnet 4 Input Tokens"
    row = billed(sku, "4.5", unit="requests", amount="7", priced_unit="1M tokens", priced_amount="1.5")
    (fact,) = read(server, page(row)).usage
    assert (fact.model_raw, fact.tokens.input, fact.width_seconds) == ("claude-sonnet-4", 1_500_000, 86_400)


def test_a_unit_that_does_not_say_tokens_leaves_them_unknown_and_keeps_the_money_with_one_warning(
    server: HttpServer,
) -> None:
    rows = [
        billed(f"Gemini 2.5 Flash GA Text {kind} - Predictions", "1.25", unit="requests", amount="1065040")
        for kind in ("Input", "Output")
    ]
    found = read(server, page(*rows))
    assert (found.status, list(found.usage)) == (PullStatus.OK, [])
    assert [model for model, _ in money(found, "input") + money(found, "output")] == ["gemini-2.5-flash"] * 2
    assert len(found.warnings) == 1
    assert "tokens of gemini-2.5-flash are unknown" in found.warnings[0]


def test_a_model_of_which_half_the_tokens_are_known_has_none(server: HttpServer) -> None:
    found = read(
        server,
        page(billed(INPUT, "1", unit="count", amount="10"), billed(OUTPUT, "1", unit="requests", amount="10")),
    )
    assert list(found.usage) == [], "its output would pass for zero"
    assert sum(cost.amount.amount for cost in found.costs) == 2


def test_an_unknown_sku_keeps_its_money_without_a_model_and_is_named(server: HttpServer) -> None:
    found = read(server, page(billed("Vertex AI: Zebra Orchestration", "7.01", unit="count", amount="3")))
    assert money(found, "other") == [("", Money(Decimal("7.01"), "USD"))]
    assert list(found.usage) == []
    assert any("Zebra Orchestration" in line for line in found.warnings)


def test_tokens_of_a_model_that_is_not_known_are_not_counted_as_those_of_no_model(server: HttpServer) -> None:
    sku = "EmbedContent input token count for zebra-2 text"
    found = read(server, page(billed(sku, "3", unit="count", amount="10")))
    assert money(found, "input") == [("", Money(Decimal(3), "USD"))]
    assert list(found.usage) == []
    (warning,) = found.warnings
    assert sku in warning


@pytest.mark.parametrize(
    ("sku", "model", "component", "tier"),
    [
        ("Gemini 2.5 Flash GA Thinking Text Output - Predictions", "gemini-2.5-flash", "output", "on_demand"),
        ("Gemini 2.5 Flash GA Input Text Caching - Predictions", "gemini-2.5-flash", "cache_read", "on_demand"),
        ("Gemini 3.7 Flash Global Text Input Priority - Predictions", "gemini-3.7-flash", "input", "priority"),
        ("Gemini 2.5 Pro Long Text Input (Batch) - Predictions", "gemini-2.5-pro", "input", "batch"),
        ("Gemini 2.5 Flash Live API Text Input - Predictions", "gemini-2.5-flash-live-api", "input", "on_demand"),
        ("Gemini 2.5 Flash GA Image Input - Predictions", "gemini-2.5-flash", "image", "on_demand"),
        ("Gemini 3 Flash Text Input Caching Storage", "", "storage", "on_demand"),
        ("Vertex AI: Provisioned Throughput 1 month", "", "provisioned", "on_demand"),
        ("Generate content input token count gemini 3.7 flash text flex caching", "gemini-3.7-flash", "cache_read",
         "flex"),
        ("GenerateContent text output token count for Gemini 2.0 Flash", "gemini-2.0-flash", "output", "on_demand"),
        ("Generate content output token count gemini 3.1 flash lite preview text", "gemini-3.1-flash-lite-preview",
         "output", "on_demand"),
    ],
)  # fmt: skip
def test_a_sku_says_model_kind_and_tier(server: HttpServer, sku: str, model: str, component: str, tier: str) -> None:
    (charge,) = read(server, page(billed(sku, "1"))).costs
    assert (charge.model_raw, charge.component, charge.tier) == (model, component, tier)


def test_taxes_and_corrections_are_components_and_no_tokens(server: HttpServer) -> None:
    found = read(
        server,
        page(
            billed(INPUT, "0.19", cost_type="tax"),
            billed(INPUT, "-0.02", cost_type="adjustment", unit="count", amount="5"),
            billed(INPUT, "0.01", cost_type="rounding error"),
        ),
    )
    assert money(found, "tax") == [("", Money(Decimal("0.19"), "USD"))]
    assert money(found, "adjustment") == [("gemini-2.5-flash", Money(Decimal("-0.02"), "USD"))]
    assert money(found, "rounding_error") == [("gemini-2.5-flash", Money(Decimal("0.01"), "USD"))]
    assert list(found.usage) == []


def test_every_page_is_read_with_the_token_of_the_page_before(server: HttpServer) -> None:
    rows = [billed(INPUT, str(cost), project=f"acme-{cost}") for cost in (1, 2, 4)]
    server.on(RESULTS, page(rows[1], total=3, token="third"), page(rows[2], total=3))
    found = read(server, page(rows[0], total=3, token="second"))
    assert sum(cost.amount.amount for cost in found.costs) == 1 + 2 + 4
    assert [(one.params["pageToken"], one.params["location"]) for one in server.asked(RESULTS)] == [
        ("second", "EU"), ("third", "EU")
    ]  # fmt: skip


def test_a_job_that_is_not_complete_is_waited_for_and_not_started_again(server: HttpServer) -> None:
    server.on(RESULTS, RUNNING, GOOD)
    found = read(server, RUNNING)
    assert len(found.costs) == 3
    assert (len(server.asked(QUERIES)), len(server.asked(RESULTS))) == (1, 2)


def test_an_answer_without_a_job_is_enough_where_nothing_is_left_to_read(server: HttpServer) -> None:
    server.on(QUERIES, {key: value for key, value in GOOD.items() if key != "jobReference"})
    assert len(read(server).costs) == 3


def test_a_call_that_broke_off_is_repeated_under_the_same_request_id(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    read(server, Reply(breaks="before answering"), GOOD)
    read(server)
    first, again, next_read = (one.body["requestId"] for one in server.asked(QUERIES))
    assert first == again
    assert first != next_read, "a later read must not be given the answer of this one"


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([page(billed(INPUT, "1"), total=2)], "1 of 2 rows"),
        ([page(total=2, token="again")], "the same page again"),
        ([page(billed(INPUT, "1"), billed(INPUT, "2"))], f"{INPUT} twice"),
        ([RUNNING], "does not end"),
        ([{**GOOD, "schema": None}], "not as documented"),
        ([{**GOOD, "rows": [{"f": [{"v": "1"}]}]}], "1 values for 12 columns"),
        ([[]], "no JSON object"),
    ],
)
def test_an_answer_that_is_not_whole_fails_the_read(server: HttpServer, answers: list[Any], why: str) -> None:
    server.on(RESULTS, answers[0])
    found = read(server, *answers)
    assert (found.status, found.costs) == (PullStatus.FAILED, ())
    assert why in found.warnings[0]


def test_a_sum_that_is_no_number_is_refused_by_its_day_and_sku(server: HttpServer) -> None:
    found = read(server, page(billed(INPUT, "much"), billed(OUTPUT, "1")))
    assert found.status is PullStatus.PARTIAL
    assert INPUT in str(found.problems[0])
    assert "cost is 'much'" in str(found.problems[0])


def test_a_missing_permission_is_named(server: HttpServer) -> None:
    server.on(QUERIES, refuses(403, "Access Denied: Project acme-billing"))
    with pytest.raises(SourceError, match="no access") as failure:
        source(server).check()
    assert "bigquery.jobs.create" in failure.value.hint
    assert "bigquery.tables.getData" in failure.value.hint
    found = read(server)
    assert (found.status, found.costs) == (PullStatus.FAILED, ())


def test_check_asks_once_and_lets_nothing_run(server: HttpServer) -> None:
    server.on(QUERIES, {"jobComplete": True, "totalBytesProcessed": "10485760"})
    source(server).check()
    (asked,) = server.requests
    assert (asked.method, asked.body["dryRun"]) == ("POST", True)


def test_the_query_holds_the_table_and_takes_the_rest_as_parameters(server: HttpServer) -> None:
    services = ["Vertex AI", "it's `odd`; DROP TABLE x"]
    read(server, billing_services=services)
    (asked,) = server.asked(QUERIES)
    assert f"FROM `{TABLE}`" in asked.body["query"]
    assert "odd" not in asked.body["query"]
    assert asked.body["useLegacySql"] is False
    given = {one["name"]: one["parameterValue"] for one in asked.body["queryParameters"]}
    assert given["services"] == {"arrayValues": [{"value": one} for one in services]}
    assert (given["first"], given["after"]) == ({"value": stamp(DAY.start)}, {"value": stamp(DAY.end)})
    assert asked.headers["authorization"] == "Bearer ya29-secret"


@pytest.mark.parametrize(
    "table",
    [
        "finops.gcp_billing_export_v1_01AB23",
        "acme-billing.finops.orders",
        "acme-billing.finops.gcp_billing_export_v1_X` WHERE TRUE --",
        "acme-billing.finops.gcp_billing_export_v1_X\n",
        "acme-billing.fin`ops.gcp_billing_export_v1_X",
        "../acme.finops.gcp_billing_export_v1_X",
    ],
)
def test_a_table_that_is_no_billing_export_is_refused(server: HttpServer, table: str) -> None:
    with pytest.raises(ConfigError, match="billing_table"):
        source(server, billing_table=table)
    assert server.requests == []


def test_the_detailed_export_is_a_table_as_well(server: HttpServer) -> None:
    detailed = TABLE.replace("export_v1", "export_resource_v1")
    assert read(server, billing_table=detailed).status is PullStatus.OK


def test_without_metrics_and_bill_there_is_nothing_to_read(server: HttpServer) -> None:
    table = {"name": "google", "kind": "vertex", "token": {"env": "TOKEN"}}
    with pytest.raises(ConfigError, match="set project"):
        registry.build_source(table, Path(), {"TOKEN": "x"})


def test_an_export_without_ai_services_is_read_and_says_so(server: HttpServer) -> None:
    found = read(server, page())
    assert (found.status, found.cost_days) == (PullStatus.OK, frozenset())
    assert "billing_services" in found.warnings[0]


def metrics(request: Request) -> dict[str, Any]:
    """Cloud Monitoring: 400 tokens of input at noon, and no requests."""
    if "token_count" not in request.params["filter"]:
        return {}
    noon = DAY.start + timedelta(hours=12)
    interval = {"startTime": stamp(noon), "endTime": stamp(noon + timedelta(hours=1))}
    return {
        "timeSeries": [
            {
                "metric": {"labels": {"type": "input"}},
                "resource": {"labels": {"model_user_id": "gemini-2.5-flash", "location": "eu"}},
                "points": [{"interval": interval, "value": {"int64Value": "400"}}],
            }
        ]
    }


def test_beside_the_metrics_the_bill_gives_the_money_of_their_project_and_none_of_their_tokens(
    server: HttpServer,
) -> None:
    server.on(SERIES, metrics)
    found = read(
        server,
        page(billed("Gemini 2.5 Flash Input Tokens", "1", unit="tokens", amount="400")),
        project="acme-prod",
    )
    assert [fact.tokens.input for fact in found.usage] == [400], "once, not twice"
    assert sum(cost.amount.amount for cost in found.costs) == 1
    assert found.warnings == ()
    (asked,) = server.asked(QUERIES)
    assert {"name": "project", "parameterType": {"type": "STRING"}, "parameterValue": {"value": "acme-prod"}} in (
        asked.body["queryParameters"]
    )


def test_beside_the_metrics_the_bill_counts_what_they_do_not_the_gemini_api(server: HttpServer) -> None:
    server.on(SERIES, metrics)
    found = read(server, project="acme-prod")
    by_provider = {fact.provider: 0 for fact in found.usage}
    for fact in found.usage:
        by_provider[fact.provider] += fact.tokens.total
    assert by_provider == {"gcp.vertex_ai": 400, "gcp.gemini": 1_000_000 + 1_000_000}


def test_days_are_read_again_while_their_charges_may_change(server: HttpServer) -> None:
    assert source(server).restates == "days"
    assert source(server, project="acme-prod").restates == "days"
    table = {"name": "google", "kind": "vertex", "project": "acme-prod"}
    assert registry.build_source(table, Path(), {}).restates == "hours", "what was counted stays"
