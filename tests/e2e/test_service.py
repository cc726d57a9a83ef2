"""Unattended, through the real commands: the report is in Slack on its day, and somebody can see that it will be."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from jsonschema import Draft202012Validator

from advisor.reporting.schemas import schema
from tests.e2e.running import SOURCE, Advisor
from tests.servers import SlackServer, refuses, slack_server

MONTHS = ("2026-07", "2026-08", "2026-09", "2026-10", "2026-11")
SLACK = """
[[channels]]
name = "finops"
kind = "slack"
channel = "C01"
token = {{ env = "TOKEN" }}
base_url = "{slack}"
[service]
bind = "127.0.0.1:0"
"""
TOKEN = "xoxb-1-secret"


@pytest.fixture
def slack(tmp_path: Path) -> Iterator[SlackServer]:
    """A Slack, and a configuration that delivers to it; the log has a request on the first of every month."""
    lines = [{"at": f"{month}-01T08:00:00Z", "model": "llama-3.1-8b", "in": 1000, "out": 200} for month in MONTHS]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with slack_server() as server:
        source = SOURCE.replace('provider = "aws"', 'provider = "aws"\nempty_days = "zero"')
        (tmp_path / "advisor.toml").write_text(source + SLACK.format(slack=server.base_url))
        yield server


def at(now: str) -> dict[str, str]:
    return {"ADVISOR_NOW": now, "TOKEN": TOKEN}


def test_from_a_friday_on_cron_brings_the_report_of_each_month_once_also_after_a_holiday(
    advisor: Advisor, slack: SlackServer
) -> None:
    first = advisor("run-due", environ=at("2026-08-21T07:00:00Z"))
    assert (first.code, len(slack.posted)) == (0, 0), first.err
    assert "the first report will be on 2026-08" in first.err
    advisor("run-due", environ=at("2026-09-06T09:00:00Z"))
    twice = advisor("run-due", "--log-format", "json", environ=at("2026-09-06T09:00:10Z"))
    assert (twice.code, len(slack.posted)) == (0, 1)
    late = advisor("status", environ=at("2026-11-24T07:00:00Z"))
    assert late.code == 1
    assert "report 2026-10 is late: due since 2026-11-06 09:00 UTC" in late.out
    back = advisor("run-due", "--log-format", "json", environ=at("2026-11-24T07:00:00Z"))
    assert (back.code, len(slack.posted)) == (0, 2)
    assert "September 2026 was not reported on its day" in json.dumps(slack.posted[1]["blocks"])
    logged = [json.loads(line) for line in back.err.splitlines()]
    assert {"time", "level", "run", "message"} <= set(logged[0])
    assert len({line["run"] for line in logged}) == 1
    well = advisor("status", environ=at("2026-11-24T08:00:00Z"))
    assert (well.code, well.out.splitlines()[0]) == (0, "healthy")
    assert TOKEN not in first.err + back.err + well.out


def test_a_status_is_a_document_with_a_schema_and_says_what_did_not_arrive(
    advisor: Advisor, slack: SlackServer
) -> None:
    validator = Draft202012Validator(schema("status"))
    before = advisor("status", "--format", "json", environ=at("2026-09-06T08:00:00Z"))
    assert before.code == 1
    assert "nothing has run unattended" in before.json["problems"][0]
    slack.answers.append(refuses("is_archived"))
    ran = advisor("run-due", "--backfill", environ=at("2026-09-06T09:00:00Z"))
    assert ran.code == 1
    assert "is_archived" in ran.err
    after = advisor("status", "--format", "json", environ=at("2026-09-06T09:30:00Z"))
    for told in (before, after):
        assert [error.message for error in validator.iter_errors(told.json)] == []
    assert after.code == 1
    (stuck,) = after.json["stuck"]
    assert (stuck["channel"], stuck["state"], stuck["kind"]) == ("finops", "dead", "report")
    assert [source["status"] for source in after.json["sources"]] == ["ok"]
    again = advisor("report", "--notify", "--month", "2026-08", environ=at("2026-09-06T10:00:00Z"))
    assert (again.code, len(slack.posted)) == (0, 1), again.err
    assert advisor("status", environ=at("2026-09-06T10:00:00Z")).code == 0


@contextmanager
def daemon(folder: Path, now: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`advisor serve` that has answered; with the address at which it does."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("ADVISOR_")}
    log = (folder / "serve.log").open("w")
    command = [sys.executable, "-P", "-m", "advisor", "serve"]
    process = subprocess.Popen(command, cwd=folder, env={**clean, **at(now)}, stderr=log, text=True)
    try:
        port = until(folder, r"port (\d+)")
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()
        log.close()


def until(folder: Path, pattern: str) -> str:
    """The first group of *pattern* in the daemon's log, once it is there."""
    deadline = time.monotonic() + 60
    while not (found := re.search(pattern, (folder / "serve.log").read_text())):
        assert time.monotonic() < deadline, (folder / "serve.log").read_text()
        time.sleep(0.05)
    return found[1] if found.groups() else found[0]


def get(url: str) -> tuple[int, str]:
    try:
        with urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def test_the_daemon_reports_answers_reloads_survives_a_kill_and_stops_when_told(
    advisor: Advisor, slack: SlackServer, tmp_path: Path
) -> None:
    assert advisor("run-due", environ=at("2026-10-20T07:00:00Z")).code == 0
    with daemon(tmp_path, "2026-11-06T09:00:00Z") as (process, address):
        until(tmp_path, "finops: report delivered")
        assert len(slack.posted) == 1
        other = advisor("serve", environ=at("2026-11-06T09:01:00Z"))
        assert other.code == 1
        assert f"another daemon runs on this store, with process id {process.pid}" in other.err
        assert advisor("run-due", environ=at("2026-11-06T09:01:00Z")).code == 0
        assert get(f"{address}/healthz") == (200, "ok\n")
        code, metrics = get(f"{address}/metrics")
        while code == 503:
            code, metrics = get(f"{address}/metrics")
        assert get(f"{address}/readyz") == (200, "ok\n")
        assert 'advisor_verdict{state="STAY",workload="llama-3.1-8b"} 1.0' in metrics
        assert 'advisor_outbox_messages{state="sent"} 1.0' in metrics
        assert 'advisor_source_last_success_timestamp_seconds{source="prod"}' in metrics
        assert get(f"{address}/nothing")[0] == 404
        process.send_signal(signal.SIGHUP)
        until(tmp_path, "the configuration was read again")
        written = (tmp_path / "advisor.toml").read_text()
        (tmp_path / "advisor.toml").write_text(written.replace("[service]", "[servise]"))
        process.send_signal(signal.SIGHUP)
        until(tmp_path, r"kept as it was: .*servise")
        (tmp_path / "advisor.toml").write_text(written)
        process.kill()
    with daemon(tmp_path, "2026-11-06T09:10:00Z") as (process, _):
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        until(tmp_path, "stopped")
    assert len(slack.posted) == 1


def test_what_is_wrong_with_an_unattended_setup_is_said_at_once(advisor: Advisor, folder: Path) -> None:
    assert "[[channels]]" in advisor("run-due").err
    with (folder / "advisor.toml").open("a") as written:
        written.write('[[channels]]\nname = "a"\nkind = "file"\npath = "out"\n[schedule]\nreport = "0 9 31 * *"\n')
    refused = advisor("serve")
    assert refused.code == 2
    assert "write 1 to 28, or 'last'" in refused.err
