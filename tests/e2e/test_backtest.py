"""`advisor backtest` on the demo's six months: one move, followed, costed, and never changed by a later month."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from advisor.reporting.schemas import schema
from tests.e2e.running import Advisor


def amount(of: dict[str, str]) -> Decimal:
    return Decimal(of["amount"])


def by_name(document: dict[str, Any]) -> dict[str, Any]:
    return {workload["name"]: workload for workload in document["workloads"]}


def test_the_demos_move_is_followed_and_costed(advisor: Advisor) -> None:
    advisor("demo", "sample")
    ran = advisor("backtest", "--no-sync", "--config", "sample", "--format", "json")
    assert ran.code == 0, ran.err
    document = ran.json
    assert [error.message for error in Draft202012Validator(schema("backtest")).iter_errors(document)] == []
    assert (document["from"], document["to"]) == ("2026-05", "2026-10")
    workloads = by_name(document)
    assert workloads["extract"]["moves"] == [{"month": "2026-08", "to": "dedicated"}]
    assert workloads["support-chat"]["moves"] == workloads["rag"]["moves"] == []
    assert workloads["copilot"]["courses"]["following"] is None
    (open_month,) = [month for month in workloads["summaries"]["months"] if not month["counted"]]
    assert "4 of 31 days" in open_month["not_counted_because"]

    extract = workloads["extract"]
    months = extract["months"]
    followed = sum(amount(month[month["followed"]]) for month in months) + amount(document["migration"])
    assert abs(followed - amount(extract["courses"]["following"])) <= Decimal("0.03")
    assert amount(extract["courses"]["saved"]) > 0
    assert amount(extract["courses"]["regret"]) > 0
    checked = by_name(advisor("check", "--no-sync", "--config", "sample", "--format", "json").json)["extract"]
    assert months[-1]["state"] == checked["verdict"]["state"]
    assert months[-1]["reason_text"] == checked["verdict"]["reason_text"]
    assert months[-1]["serverless"] == checked["serverless"]["cost"]
    (chosen,) = [plan for plan in checked["plans"] if plan["policy"] == checked["chosen_policy"]]
    assert amount(months[-1]["dedicated"]) == amount(chosen["cost"]["total"]) - amount(chosen["cost"]["migration"])

    page = advisor("backtest", "--no-sync", "--config", "sample")
    assert page.code == 0
    first_lines = " ".join(page.out.split("\n\n")[1].split())
    assert first_lines.startswith("Following the advice from May 2026 to October 2026 would have saved $")
    assert all(len(line) <= 100 for line in page.out.splitlines())


def test_what_comes_later_changes_nothing_that_was_advised_before(advisor: Advisor, tmp_path: Path) -> None:
    """The last month's bill of extract falls to a tenth, and a move would lose by far."""
    advisor("demo", "sample")
    replay = ("backtest", "--config", "sample", "--format", "json")
    before = advisor(*replay, "--no-sync").json
    until_august = advisor(*replay, "--no-sync", "--to", "2026-08").json
    invoice = tmp_path / "sample" / "invoices" / "aws.csv"
    lines = list(csv.reader(invoice.read_text().splitlines()))
    with invoice.open("w", newline="") as file:
        writer = csv.writer(file)
        for day, model, read, written, usd in lines:
            cheap = day.startswith("2026-10") and "8b" in model
            writer.writerow([day, model, read, written, str(Decimal(usd) / 10) if cheap else usd])
    after = advisor(*replay).json

    for name, workload in by_name(before).items():
        now, then = by_name(after)[name]["months"], by_name(until_august)[name]["months"]
        kept = [{**month, "hindsight": None} for month in workload["months"]]
        assert [{**month, "hindsight": None} for month in now[:5]] == kept[:5]
        assert [{**month, "hindsight": None} for month in then] == kept[:4]
    changed = by_name(after)["extract"]["months"][5]
    assert changed["serverless"] != by_name(before)["extract"]["months"][5]["serverless"]
    assert changed["followed"] == "dedicated"


def test_a_window_that_cannot_be_replayed_is_a_usage_error_with_a_hint(advisor: Advisor, folder: Path) -> None:
    for window in (("--from", "2026-10", "--to", "2026-09"), ("--to", "2027-01"), ("--from", "2026-11")):
        ran = advisor("backtest", *window)
        assert ran.code == 2, ran.out
        assert ran.err.startswith("error: ")
        assert "hint: " in ran.err


def test_a_log_of_one_month_says_that_nothing_can_be_replayed_and_why(advisor: Advisor, folder: Path) -> None:
    ran = advisor("backtest", "--from", "2020-01")
    assert ran.code == 0, ran.err
    assert "2026-10 to 2026-10" in ran.out
    assert "NOTHING CAN BE REPLAYED" in ran.out
    assert "tokens are missing on 30 of 31 days" in " ".join(ran.out.split())
