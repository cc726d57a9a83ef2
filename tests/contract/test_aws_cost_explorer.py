"""Cost Explorer keeps the promises of a records source, and costs no more than it may."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from advisor.contract.source import Record, Records
from advisor.contract.testing.source import RecordsKit
from advisor.domain.facts import CostFact, Pull, PullStatus
from advisor.domain.units import Money, Month, Window
from advisor.errors import SourceError
from advisor.ingest.runner import pull
from advisor.registry import build_source
from tests.aws_server import Aws

OCTOBER = Month(2026, 10).window
AUGUST = Month(2026, 8).window
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
BEDROCK = ("Amazon Bedrock", "Amazon Bedrock Service", "Claude Sonnet 4.6 (Amazon Bedrock Edition)")
INPUT, OUTPUT = "USE1-Llama3-3-70B-input-tokens", "USE1-Llama3-3-70B-output-tokens"


def group(first: str, second: str, cost: str, quantity: str = "0", unit: str = "1K tokens") -> dict[str, Any]:
    amounts = {"UnblendedCost": {"Amount": cost, "Unit": "USD"}, "UsageQuantity": {"Amount": quantity, "Unit": unit}}
    return {"Keys": [first, second], "Metrics": amounts}


def day(on: date, *groups: Mapping[str, Any], estimated: bool = False) -> dict[str, Any]:
    period = {"Start": on.isoformat(), "End": (on + timedelta(days=1)).isoformat()}
    return {"TimePeriod": period, "Total": {}, "Estimated": estimated, "Groups": list(groups)}


class Bill:
    """A bill on this machine. Pages are lists of days, by the groups that are asked for."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws
        self.services: tuple[str, ...] = BEDROCK
        self.pages: dict[tuple[str, ...], list[list[dict[str, Any]]]] = {}
        aws.replies["GetDimensionValues"] = lambda asked: {
            "DimensionValues": [{"Value": name, "Attributes": {}} for name in self.services],
            "ReturnSize": len(self.services),
            "TotalSize": len(self.services),
        }
        aws.replies["GetCostAndUsage"] = self.costs

    def costs(self, asked: dict[str, Any]) -> dict[str, Any]:
        pages = self.pages.get(tuple(one["Key"] for one in asked["GroupBy"]), [[]])
        page = int(asked.get("NextPageToken", "0"))
        more = {"NextPageToken": str(page + 1)} if page + 1 < len(pages) else {}
        return {"ResultsByTime": pages[page], "DimensionValueAttributes": [], **more}

    def groups(self) -> list[tuple[str, ...]]:
        return [tuple(one["Key"] for one in asked["GroupBy"]) for asked in self.aws.of("GetCostAndUsage")]


BY_MODEL, BY_SERVICE, OTHERS = ("model", "USAGE_TYPE"), ("SERVICE", "USAGE_TYPE"), ("RECORD_TYPE", "USAGE_TYPE")


@pytest.fixture
def bill(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Bill:
    monkeypatch.setattr("advisor.contract.aws.utc_now", lambda: NOW)
    return Bill(aws)


def source_of(bill: Bill, **settings: Any) -> Records:
    table = {"name": "bill", "kind": "aws-cost-explorer", "endpoint_url": bill.aws.url, **settings}
    source = build_source(table, Path(), {})
    assert isinstance(source, Records)
    return source


def read(bill: Bill, window: Window = OCTOBER, **settings: Any) -> Pull:
    return pull(source_of(bill, **settings), window, NOW)


def money(costs: Iterable[CostFact]) -> dict[tuple[str, str], Decimal]:
    return {(cost.model_raw, cost.component): cost.amount.amount for cost in costs}


class TestAwsCostExplorer(RecordsKit):
    window = OCTOBER

    @pytest.fixture(autouse=True)
    def _bill(self, bill: Bill) -> None:
        self.bill = bill
        one = group("model$Llama 3.3 70B Instruct", INPUT, "72.0000000000", "100000.0000000000")
        bill.pages[BY_MODEL] = [[day(date(2026, 10, 5), one)]]

    def source(self) -> Records:
        return source_of(self.bill)

    def records(self) -> Iterable[Record]:
        return self.source().pull(self.window)


def test_a_day_of_a_meter_is_tokens_and_exact_money(bill: Bill) -> None:
    bill.pages[BY_MODEL] = [
        [
            day(
                date(2026, 10, 5),
                group("model$Llama 3.3 70B Instruct", INPUT, "72.0000000001", "100000.5"),
                group("model$Llama 3.3 70B Instruct", OUTPUT, "7.2", "10000"),
                group("model$Llama 3.3 70B Instruct", f"{OUTPUT}-batch", "3.6", "10000"),
            )
        ]
    ]
    found = read(bill)
    assert sum(fact.tokens.input for fact in found.usage) == 100_000_500
    assert {fact.tier: fact.tokens.output for fact in found.usage if fact.tokens.output} == {
        "on_demand": 10_000 * 1000,
        "batch": 10_000 * 1000,
    }
    assert sum((cost.amount for cost in found.costs), Money.zero("USD")).amount == Decimal("82.8000000001")
    assert {(cost.start, cost.end - cost.start) for cost in found.costs} == {
        (datetime(2026, 10, 5, tzinfo=UTC), timedelta(days=1))
    }


def test_the_model_is_the_products_where_the_meter_names_none(bill: Bill) -> None:
    meter = "USE1-MP:USE1_CacheReadInputTokenCount_Global-Units"
    bill.pages[BY_MODEL] = [[day(date(2026, 10, 5), group("model$Claude Sonnet 4.6", meter, "3", "10", "1M tokens"))]]
    found = read(bill)
    (fact,) = found.usage
    assert (fact.model_raw, fact.tokens.cache_read) == ("claude-sonnet-4-6", 10_000_000)
    assert bill.groups() == [BY_MODEL, OTHERS]


def test_before_september_2026_the_model_is_in_the_meter_or_the_services_name(bill: Bill) -> None:
    bill.pages[BY_SERVICE] = [
        [
            day(
                date(2026, 8, 5),
                group("Amazon Bedrock", INPUT, "7", "10"),
                group(BEDROCK[2], "USE1-MP:USE1_InputTokenCount-Units", "3", "1", "1M tokens"),
            )
        ]
    ]
    found = read(bill, AUGUST)
    assert {fact.model_raw: fact.tokens.input for fact in found.usage} == {
        "Llama3-3-70B": 10 * 1000,
        "claude-sonnet-4-6": 1_000_000,
    }
    assert bill.groups() == [BY_SERVICE, OTHERS]


def test_a_time_on_both_sides_of_september_2026_is_asked_for_in_two_parts(bill: Bill) -> None:
    bill.pages[BY_SERVICE] = [[day(date(2026, 8, 31), group("Amazon Bedrock", INPUT, "7", "10"))]]
    bill.pages[BY_MODEL] = [[day(date(2026, 9, 1), group("model$Llama 3.3 70B Instruct", INPUT, "5", "9"))]]
    found = read(bill, Window(AUGUST.start, Month(2026, 9).end))
    assert sum(fact.tokens.input for fact in found.usage) == (10 + 9) * 1000
    periods = [asked["TimePeriod"] for asked in bill.aws.of("GetCostAndUsage")[:2]]
    assert periods == [{"Start": "2026-08-01", "End": "2026-09-01"}, {"Start": "2026-09-01", "End": "2026-10-01"}]


@pytest.mark.parametrize("code", ["DataUnavailableException", "ValidationException"])
def test_where_aws_gives_no_models_the_services_are_asked_for(bill: Bill, code: str) -> None:
    bill.pages[BY_SERVICE] = [[day(date(2026, 10, 5), group("Amazon Bedrock", INPUT, "7", "10"))]]
    bill.aws.refuse("GetCostAndUsage", code)
    found = read(bill)
    assert bill.groups() == [BY_MODEL, BY_SERVICE, OTHERS]
    assert sum(fact.tokens.input for fact in found.usage) == 10 * 1000


def test_where_neither_aws_nor_the_meter_names_the_model_the_service_does(bill: Bill) -> None:
    meter, on = "USE1-MP:USE1_InputTokenCount-Units", date(2026, 10, 5)
    bill.pages[BY_MODEL] = [[day(on, group("model$", meter, "3", "1", "1M tokens"))]]
    bill.pages[BY_SERVICE] = [[day(on, group(BEDROCK[2], meter, "3", "1", "1M tokens"))]]
    found = read(bill)
    assert money(found.costs) == {("claude-sonnet-4-6", "input"): Decimal(3)}


def test_estimated_days_are_not_final(bill: Bill) -> None:
    one = group("model$Llama 3.3 70B Instruct", INPUT, "7", "10")
    bill.pages[BY_MODEL] = [[day(date(2026, 10, 5), one), day(date(2026, 10, 6), one, estimated=True)]]
    assert {cost.start.day: cost.final for cost in read(bill).costs} == {5: True, 6: False}


def test_credits_refunds_taxes_and_discounts_are_kept_apart(bill: Bill) -> None:
    bill.pages[BY_MODEL] = [[day(date(2026, 10, 5), group("model$Llama 3.3 70B", INPUT, "7", "10"))]]
    bill.pages[OTHERS] = [
        [
            day(
                date(2026, 10, 5),
                group("Credit", INPUT, "-2", "10"),
                group("Tax", "", "1.4"),
                group("Enterprise Discount Program Discount", INPUT, "-0.7"),
                group("SavingsPlanUpfrontFee", "", "100"),
            )
        ]
    ]
    found = read(bill)
    model = "Llama3-3-70B"
    assert money(found.costs) == {
        (model, "input"): Decimal(7),
        (model, "credit"): Decimal(-2),
        (model, "discount"): Decimal("-0.7"),
        ("", "tax"): Decimal("1.4"),
        ("", "purchase"): Decimal(100),
    }
    assert sum(fact.tokens.input for fact in found.usage) == 10 * 1000, "a credit gives no tokens back"
    used, others = (asked["Filter"]["And"][1] for asked in bill.aws.of("GetCostAndUsage"))
    assert others == {"Not": used}


@pytest.mark.parametrize("unit", ["N/A", "Units", ""])
def test_a_unit_that_says_no_tokens_leaves_them_unknown_and_the_money_known(bill: Bill, unit: str) -> None:
    one = group("model$Llama 3.3 70B", INPUT, "7", "10", unit)
    bill.pages[BY_MODEL] = [[day(date(2026, 10, 5), one)]]
    found = read(bill)
    assert found.usage == []
    assert money(found.costs) == {("Llama3-3-70B", "input"): Decimal(7)}
    assert found.status is PullStatus.OK
    assert "the money counts, the tokens do not" in found.warnings[0]


def test_pages_are_followed_and_may_break_off_inside_a_day(bill: Bill) -> None:
    first, second = (group("model$Llama 3.3 70B", meter, "1", "2") for meter in (INPUT, OUTPUT))
    on = date(2026, 10, 5)
    bill.pages[BY_MODEL] = [[day(on, first)], [day(on, second)], [day(on + timedelta(days=1), first)]]
    found = read(bill)
    assert len(found.costs) == 3
    assert sum(fact.tokens.total for fact in found.usage) == 3 * 2 * 1000


def test_a_page_that_comes_twice_is_never_counted_twice(bill: Bill) -> None:
    bill.pages[BY_MODEL] = [[day(date(2026, 10, 5), group("model$Llama 3.3 70B", INPUT, "1", "2"))]] * 2
    found = read(bill)
    assert (found.status, len(found.costs), len(found.usage)) == (PullStatus.FAILED, 0, 0)
    assert "twice for a day" in found.warnings[0]


def test_every_request_is_counted_at_its_price(bill: Bill) -> None:
    on = date(2026, 10, 5)
    bill.pages[BY_MODEL] = [[day(on, group("model$Llama 3.3 70B", INPUT, "1", "2"))], []]
    bill.aws.refuse("GetCostAndUsage", "ThrottlingException")
    found = read(bill)
    requests = len(bill.aws.asked)
    assert requests == 1 + 2 + 1 + 1, "services, two pages of usage, one attempt again, other charges"
    assert f"this read took {requests} requests to Cost Explorer, $0.05" in found.warnings


def test_no_more_is_spent_than_allowed_and_nothing_of_a_part_is_kept(bill: Bill) -> None:
    on = date(2026, 10, 5)
    bill.pages[BY_MODEL] = [[day(on, group("model$Llama 3.3 70B", INPUT, "1", "2"))]] * 9
    found = read(bill, max_requests_per_run=4)
    assert len(bill.aws.asked) == 4
    assert (found.status, found.costs) == (PullStatus.FAILED, ())
    assert "max_requests_per_run = 4" in found.warnings[0]


@pytest.mark.parametrize("operation", ["GetDimensionValues", "GetCostAndUsage"])
def test_a_missing_permission_is_no_access_and_never_zero(bill: Bill, operation: str) -> None:
    bill.aws.refuse(operation, "AccessDeniedException", status=400)
    found = read(bill)
    assert found.status is PullStatus.FAILED
    assert f"no access: AWS refuses ce:{operation}" in found.warnings[0]
    assert found.warnings[1] == f"allow ce:{operation} to this profile or role"


def test_an_account_that_is_not_billed_for_bedrock_fails_and_says_which_account_it_needs(bill: Bill) -> None:
    bill.services = ()
    found = read(bill)
    assert found.status is PullStatus.FAILED
    assert "the account that pays for Bedrock" in found.warnings[1]


def test_only_services_of_bedrock_and_the_regions_that_are_named_are_asked_for(bill: Bill) -> None:
    read(bill, regions=["eu-central-1"])
    asked = bill.aws.of("GetCostAndUsage")[0]["Filter"]["And"]
    assert asked[0] == {"Dimensions": {"Key": "SERVICE", "Values": list(BEDROCK)}}
    assert asked[2] == {"Dimensions": {"Key": "REGION", "Values": ["eu-central-1"]}}


def test_a_window_inside_days_asks_for_whole_days_until_tomorrow(bill: Bill) -> None:
    list(source_of(bill).pull(Window(NOW - timedelta(days=3), NOW + timedelta(days=30))))
    assert bill.aws.of("GetCostAndUsage")[-1]["TimePeriod"] == {"Start": "2026-11-21", "End": "2026-11-25"}


def test_what_cost_explorer_keeps_no_more_is_lost_and_not_asked_for(bill: Bill) -> None:
    bill.pages[BY_MODEL] = [[day(date(2026, 10, 5), group("model$Llama 3.3 70B", INPUT, "7", "10"))]]
    found = read(bill, Window(datetime(2025, 1, 1, tzinfo=UTC), NOW))
    assert found.warnings[0] == "Cost Explorer keeps 13 months: nothing before 2025-10-01 can be read"
    assert found.status is PullStatus.PARTIAL, "so what is stored of the time before stays"
    assert bill.aws.of("GetCostAndUsage")[0]["TimePeriod"]["Start"] == "2025-10-01"


def test_check_is_one_request(bill: Bill) -> None:
    source_of(bill).check()
    assert [name for name, _ in bill.aws.asked] == ["GetDimensionValues"]
    bill.aws.refuse("GetDimensionValues", "AccessDeniedException", status=400)
    with pytest.raises(SourceError, match="ce:GetDimensionValues"):
        source_of(bill).check()
