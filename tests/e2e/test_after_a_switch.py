"""After a switch, through the real command: own GPUs read from Prometheus, followed, paid twice, and returned from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from advisor.domain.units import Month
from tests.e2e.running import Advisor
from tests.http_server import HttpServer, Request, http_server

AUGUST, SEPTEMBER, OCTOBER = Month(2026, 8), Month(2026, 9), Month(2026, 10)
A_DAY = 3_000_000_000
"""Tokens that serverless serves on each day of August; from September on, own GPUs serve two thirds, then all."""
GPUS, PRICE = 4, Decimal("2.50")
CONFIG = """\
[advisor]
state = "advisor.db"

[[sources]]
name = "logs"
kind = "request-log"
path = "log.jsonl"
provider = "aws"
empty_days = "zero"
columns = {{ timestamp = "at", model = "model", requests = "n", input_tokens = "in", output_tokens = "out" }}

[[sources]]
name = "fleet"
kind = "prometheus"
base_url = "{url}"
gpu = "H100-80GB-SXM"
gpus = 4
price_per_gpu_hour = "2.50"

[[workloads]]
name = "chat"
models = ["*llama*"]
serve = "llama-3.1-8b"
{stated}

[[prices]]
model = "llama-3.1-8b"
provider = "aws"
input = "{price}"
output = "{price}"
source = "contract"

[policy]
{policy}

[team]
engineering_hours_available = 40
on_call_engineers = 2

[[channels]]
name = "box"
kind = "file"
path = "messages"
"""
STATED = 'serving = "dedicated"\ndedicated_since = "2026-09"'


def hours(month: Month) -> Iterator[datetime]:
    return (month.start + timedelta(hours=hour) for hour in range(month.hours))


def answered(request: Request) -> Any:
    """Two thirds of the tokens in September, all in October, as counters of vLLM."""
    share = {SEPTEMBER: 2 / 3, OCTOBER: 1.0}
    parts = {"prompt_tokens_total": 0.9, "generation_tokens_total": 0.1, "request_success_total": 1 / 3000}
    part = next((part for name, part in parts.items() if f"vllm:{name}{{" in request.params["query"]), None)
    if part is None:
        return {"status": "success", "data": {"resultType": "matrix", "result": []}}
    values = [
        [int((hour + timedelta(hours=1)).timestamp()), str(round(A_DAY / 24 * part * share[month]))]
        for month in share
        for hour in hours(month)
    ]
    series = {"metric": {"model_name": "meta-llama/Llama-3.1-8B-Instruct"}, "values": values}
    return {"status": "success", "data": {"resultType": "matrix", "result": [series]}}


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server() as running:
        running.on("api/v1/query_range", answered)
        yield running


def write(
    folder: Path, server: HttpServer, price: str = "0.60", stated: str = STATED, policy: str = "return_months = 2"
) -> None:
    """August on serverless, September on both, October on own GPUs alone."""
    lines = [
        {
            "at": hour.isoformat(), "model": "meta.llama3-1-8b-instruct-v1:0", "n": 40_000,
            "in": round(A_DAY / 24 * 0.9 * share), "out": round(A_DAY / 24 * 0.1 * share),
        }
        for month, share in ((AUGUST, 1.0), (SEPTEMBER, 1 / 3))
        for hour in hours(month)
    ]  # fmt: skip
    (folder / "log.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    (folder / "advisor.toml").write_text(CONFIG.format(url=server.base_url, price=price, stated=stated, policy=policy))


def workload(advisor: Advisor, *args: str) -> Any:
    ran = advisor("check", "--format", "json", *args)
    assert ran.code == 0, ran.err
    return next(one for one in ran.json["workloads"] if one["name"] == "chat")


def test_the_overlap_is_paid_twice_and_what_falls_on_serverless_is_no_decline(
    advisor: Advisor, tmp_path: Path, server: HttpServer
) -> None:
    write(tmp_path, server)
    found = workload(advisor, "--month", "2026-09")
    said, own = found["verdict"], found["own_gpus"]
    assert (said["state"], said["reason"], said["streak"]) == ("STAY", "MIGRATING", 1)
    assert "paid twice: $18,000.00 serverless beside $7,200.00 of own GPUs" in said["reason_text"]
    assert own["paid_twice"] is True
    assert own["serverless"]["still_paid"]["amount"] == f"{30 * A_DAY / 3 * 0.60 / 1e6:.2f}"
    assert own["cost"]["gpu"]["amount"] == f"{GPUS * PRICE * SEPTEMBER.hours:.2f}"
    before = workload(advisor, "--month", "2026-08", "--no-sync")
    assert before["own_gpus"] is None
    assert own["predicted"] == {
        "from": "2026-08",
        "gpu": next(one for one in before["plans"] if one["policy"] == before["chosen_policy"])["cost"]["gpu"],
        "utilization": next(one for one in before["plans"] if one["policy"] == before["chosen_policy"])["utilization"],
    }


def test_what_moved_whole_is_followed_with_what_it_saved(advisor: Advisor, tmp_path: Path, server: HttpServer) -> None:
    write(tmp_path, server)
    found = workload(advisor)
    own = found["own_gpus"]
    gpus, engineering, asked = GPUS * PRICE * OCTOBER.hours, 30 * 100, Decimal(31 * A_DAY) * Decimal("0.60") / 10**6
    assert own["saved"]["amount"] == f"{asked - gpus - engineering:.2f}"
    september = Decimal(30 * A_DAY) * 2 / 3 * Decimal("0.60") / 10**6 - GPUS * PRICE * SEPTEMBER.hours - engineering
    assert float(own["realized"]["saved"]["amount"]) == pytest.approx(float(asked - gpus - engineering + september))
    assert (own["realized"]["since"], own["realized"]["of_months"]) == ("2026-09", 2)
    assert 0 < own["utilization"] < 1
    assert found["savings"]["money"] is None, "own GPUs are no serverless bill to save from"
    text = advisor("check", "--no-sync").out
    assert "On own GPUs" in text
    assert "4 x H100-80GB-SXM cost $7,440 (predicted from August 2026:" in " ".join(text.split())
    explained = advisor("explain", "chat", "--no-sync")
    assert explained.code == 0, explained.err
    assert "On own GPUs" in explained.out


def test_own_gpus_that_cost_more_than_serverless_are_returned_from(
    advisor: Advisor, tmp_path: Path, server: HttpServer
) -> None:
    write(tmp_path, server, price="0.10", policy="return_months = 1")
    ran = advisor("check", "--exit-code", "--notify")
    assert ran.code == 3, ran.err
    excess = GPUS * PRICE * OCTOBER.hours + 3000 - Decimal(31 * A_DAY) * Decimal("0.10") / 10**6
    words = " ".join(ran.out.split())
    assert f"MOVE 1 OF 1: move chat back to serverless: saves ${excess:,.0f} a month" in words
    assert "12.2 % more, month 1 of 1" in words
    assert len(list((tmp_path / "messages").glob("*-recommendation-*"))) == 1
    back = advisor("ack", "chat", "--moving", "2026-12", "--reason", "lease ends")
    assert "back to serverless from 2026-12" in back.out
    again = advisor("check", "--no-sync", "--exit-code")
    assert again.code == 0
    assert "moving back to serverless from 2026-12 (lease ends)" in " ".join(again.out.split())


def test_gpus_that_are_owed_anyway_are_no_reason_to_return(
    advisor: Advisor, tmp_path: Path, server: HttpServer
) -> None:
    write(tmp_path, server, "0.10", f'{STATED}\ncommitment_until = "2027-03"', "return_months = 1")
    found = workload(advisor)
    assert (found["verdict"]["state"], found["verdict"]["reason"]) == ("STAY", "COMMITTED")
    assert found["own_gpus"]["commitment"] == {
        "until": "2027-03",
        "months_left": 5,
        "still_owed": {"amount": f"{GPUS * PRICE * OCTOBER.hours * 5:.2f}", "currency": "USD"},
    }


def test_a_fleet_that_nobody_measures_is_said_to_be_unknown_and_does_not_vanish(
    advisor: Advisor, tmp_path: Path, server: HttpServer
) -> None:
    write(tmp_path, server)
    config = (tmp_path / "advisor.toml").read_text()
    fleet = config[config.index('[[sources]]\nname = "fleet"') : config.index("[[workloads]]")]
    (tmp_path / "advisor.toml").write_text(config.replace(fleet, ""))
    other = {"model": "mistral.mistral-7b-instruct-v0:2", "n": 1, "in": 1000, "out": 100}
    with (tmp_path / "log.jsonl").open("a") as log:
        log.writelines(json.dumps({"at": hour.isoformat(), **other}) + "\n" for hour in hours(OCTOBER))
    found = workload(advisor)
    assert (found["verdict"]["state"], found["verdict"]["reason"]) == ("STAY", "DEDICATED")
    assert "what its own GPUs did is not known: add a [[sources]]" in found["verdict"]["reason_text"]
    assert found["serverless"]["cost"] is None
    assert found["own_gpus"]["cost"]["total"] is None
