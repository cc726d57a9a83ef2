"""What the sources that speak through botocore survive with the right answer or a named refusal, as `test_damage`."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from advisor.domain.facts import Pull, PullStatus
from advisor.ingest.runner import pull
from tests.aws_server import Aws
from tests.cloudwatch import Metrics
from tests.contract import test_aws_cost_explorer as cost_explorer
from tests.contract import test_bedrock_cloudwatch as cloudwatch
from tests.contract.test_aws_cost_explorer import BY_MODEL, INPUT, OUTPUT, Bill, day, group

DAY = date(2026, 10, 5)
MODEL = "model$Llama 3.3 70B Instruct"
Change = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


@pytest.fixture
def bill(aws: Aws) -> Bill:
    made = Bill(aws)
    made.pages[BY_MODEL] = [[day(DAY, group(MODEL, INPUT, "72", "100000"), group(MODEL, OUTPUT, "7.2", "10000"))]]
    return made


@pytest.fixture
def metrics(aws: Aws) -> Metrics:
    made = Metrics(aws)
    aws.replies["ListFoundationModels"] = lambda asked: {"modelSummaries": []}
    aws.replies["ListInferenceProfiles"] = lambda asked: {"inferenceProfileSummaries": []}
    for minutes in (0, 5, 10):
        cloudwatch.called(made, cloudwatch.YESTERDAY + timedelta(minutes=minutes))
    return made


def billed(bill: Bill) -> Pull:
    return cost_explorer.read(bill)


def counted(metrics: Metrics) -> Pull:
    return cloudwatch.read(metrics.aws)


def altered(metrics: Metrics, change: Change) -> None:
    """Every answer with values in it comes changed."""
    plain = metrics.data
    metrics.aws.replies["GetMetricData"] = lambda asked: change(plain(asked))


def refused(found: Pull, *said: str) -> None:
    assert found.status is PullStatus.FAILED, found.status
    assert (found.usage, found.costs) == ((), ())
    text = " ".join(found.warnings)
    assert [word for word in said if word not in text] == [], text


def test_whole_answers_are_counted(bill: Bill, metrics: Metrics) -> None:
    assert sum(fact.tokens.total for fact in counted(metrics).usage) == 3 * 110
    assert sum(cost.amount.amount for cost in billed(bill).costs) == Decimal("79.2")


@pytest.mark.parametrize("quantity", ["100000", "90000"], ids=["the same", "another count"])
def test_a_meter_that_comes_twice_in_a_day_is_refused(bill: Bill, quantity: str) -> None:
    bill.pages[BY_MODEL][0][0]["Groups"].append(group(MODEL, INPUT, "64.8", quantity))
    refused(billed(bill), "twice")


def test_a_page_that_comes_twice_is_refused(bill: Bill) -> None:
    bill.pages[BY_MODEL] *= 2
    refused(billed(bill), "twice")


@pytest.mark.parametrize("factor", [1, 2], ids=["the same", "another count"])
def test_a_point_that_comes_twice_is_refused(metrics: Metrics, factor: int) -> None:
    def doubled(answer: dict[str, Any]) -> dict[str, Any]:
        for series in answer["MetricDataResults"]:
            series["Timestamps"] += series["Timestamps"][:1]
            series["Values"] += [value * factor for value in series["Values"][:1]]
        return answer

    altered(metrics, doubled)
    refused(counted(metrics), "twice")


def test_points_and_pages_in_any_order_give_the_same(metrics: Metrics) -> None:
    whole = counted(metrics)

    def turned(answer: dict[str, Any]) -> dict[str, Any]:
        for series in answer["MetricDataResults"]:
            series["Timestamps"].reverse()
            series["Values"].reverse()
        answer["MetricDataResults"].reverse()
        return answer

    altered(metrics, turned)
    metrics.points_per_page = 2
    assert sorted(counted(metrics).usage, key=lambda fact: fact.start) == sorted(
        whole.usage, key=lambda fact: fact.start
    )


def test_pages_that_go_in_a_circle_end(bill: Bill, metrics: Metrics) -> None:
    plain = bill.costs
    bill.aws.replies["GetCostAndUsage"] = lambda asked: {**plain(asked), "NextPageToken": "0"}
    altered(metrics, lambda answer: {**answer, "NextToken": "0"})
    assert billed(bill).status is PullStatus.FAILED
    assert counted(metrics).status is PullStatus.FAILED


@pytest.mark.parametrize("quantity", [str(2**53 + 1), "9.007199254740993E15"])
def test_a_meter_beyond_what_a_float_holds_is_exact(bill: Bill, quantity: str) -> None:
    bill.pages[BY_MODEL] = [[day(DAY, group(MODEL, INPUT, "72", quantity, unit="tokens"))]]
    found = billed(bill)
    if found.usage:
        assert [fact.tokens.uncached_input for fact in found.usage] == [2**53 + 1]
    assert sum(cost.amount.amount for cost in found.costs) == 72


@pytest.mark.parametrize("cost", ["", "a lot", "NaN", "1,5"])
def test_an_amount_that_is_none_is_refused_and_never_nothing(bill: Bill, cost: str) -> None:
    bill.pages[BY_MODEL][0][0]["Groups"].append(group("model$Mistral", "USE1-Mistral-input-tokens", cost, "1"))
    found = billed(bill)
    assert found.status is not PullStatus.OK
    assert found.warnings or found.problems


def test_an_unknown_meter_keeps_its_cost_and_a_credit_its_sign(bill: Bill) -> None:
    bill.pages[BY_MODEL][0][0]["Groups"] += [
        group("model$Something New", "USE1-Quantum-Thoughts", "5.50", "3", unit="Thoughts"),
        group(MODEL, f"{INPUT}-batch", "-2", "0"),
    ]
    assert sum(cost.amount.amount for cost in billed(bill).costs) == Decimal("79.2") + Decimal("5.5") - 2


def test_two_currencies_are_never_added(bill: Bill) -> None:
    other = group("model$Mistral", "EUW1-Mistral-input-tokens", "3", "1")
    other["Metrics"]["UnblendedCost"]["Unit"] = "EUR"
    bill.pages[BY_MODEL][0][0]["Groups"].append(other)
    found = billed(bill)
    sums: dict[str, Decimal] = {}
    for cost in found.costs:
        sums[cost.amount.currency] = sums.get(cost.amount.currency, Decimal(0)) + cost.amount.amount
    assert sums == {"USD": Decimal("79.2"), "EUR": Decimal(3)}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -5.0])
def test_a_value_that_counts_nothing_is_refused(metrics: Metrics, value: float) -> None:
    def damaged(answer: dict[str, Any]) -> dict[str, Any]:
        for series in answer["MetricDataResults"]:
            series["Values"] = [value for _ in series["Values"]]
        return answer

    altered(metrics, damaged)
    found = counted(metrics)
    assert found.status is not PullStatus.OK
    assert sum(fact.tokens.total for fact in found.usage) == 0


@pytest.mark.parametrize(
    ("code", "status"),
    [("AccessDeniedException", 400), ("UnrecognizedClientException", 403), ("ExpiredTokenException", 401)],
)
def test_no_access_is_said_and_never_nothing_used(bill: Bill, metrics: Metrics, code: str, status: int) -> None:
    bill.aws.refuse("GetCostAndUsage", code, 20, status=status)
    refused(billed(bill))
    metrics.aws.refuse("GetMetricData", code, 20, status=status)
    refused(counted(metrics))


@pytest.mark.parametrize(("code", "status"), [("ThrottlingException", 400), ("InternalFailure", 500), ("Busy", 503)])
def test_a_fault_that_passes_costs_nothing(bill: Bill, metrics: Metrics, code: str, status: int) -> None:
    bill.aws.refuse("GetCostAndUsage", code, 1, status=status)
    assert sum(cost.amount.amount for cost in billed(bill).costs) == Decimal("79.2")
    metrics.aws.refuse("GetMetricData", code, 1, status=status)
    assert sum(fact.tokens.total for fact in counted(metrics).usage) == 3 * 110


@pytest.mark.parametrize(("code", "status"), [("ResourceNotFound", 404), ("Conflict", 409), ("InternalFailure", 500)])
def test_a_fault_that_stays_fails_the_source(bill: Bill, metrics: Metrics, code: str, status: int) -> None:
    bill.aws.refuse("GetCostAndUsage", code, 50, status=status)
    refused(billed(bill))
    metrics.aws.refuse("GetMetricData", code, 50, status=status)
    refused(counted(metrics))


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/New_York"])
def test_the_zone_of_the_machine_changes_nothing(
    bill: Bill, metrics: Metrics, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = (billed(bill).costs, counted(metrics).usage)
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert (billed(bill).costs, counted(metrics).usage) == here
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()


def test_a_day_restated_down_is_the_new_day(bill: Bill) -> None:
    billed(bill)
    bill.pages[BY_MODEL] = [[day(DAY, group(MODEL, INPUT, "36", "50000"))]]
    found = pull(cost_explorer.source_of(bill), cost_explorer.OCTOBER, datetime(2026, 11, 24, 12, tzinfo=UTC))
    assert sum(cost.amount.amount for cost in found.costs) == 36
