"""Answers, history and corrections through the real commands, on the sample data."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from jsonschema import Draft202012Validator

import advisor as product
from advisor.errors import UsageError
from advisor.reporting.schemas import schema
from tests.e2e.conftest import NOW
from tests.e2e.running import Advisor, Ran

LLAMA = "meta.llama3-1-8b-instruct-v1:0"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with its state, made once."""
    folder = tmp_path_factory.mktemp("made")
    command = [sys.executable, "-P", "-m", "advisor", "demo", "sample"]
    subprocess.run(command, cwd=folder, env={"ADVISOR_NOW": NOW, "HOME": str(folder)}, check=True, capture_output=True)
    return folder / "sample"


@pytest.fixture
def run(made: Path, tmp_path: Path, advisor: Advisor) -> Callable[..., Ran]:
    """A command in a copy of the sample."""
    shutil.copytree(made, tmp_path / "sample")

    def command(*args: str, now: str = NOW) -> Ran:
        return advisor(*args, folder=tmp_path / "sample", environ={"ADVISOR_NOW": now, "USER": "kim"})

    return command


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    return tmp_path / "sample"


def sent(sample: Path) -> list[str]:
    """The kinds of the messages that the file channel holds, oldest first."""
    files = sorted((sample / "messages").glob("*"), key=lambda path: path.stat().st_mtime_ns)
    return [next(kind for kind in ("recommendation", "correction", "report") if kind in path.name) for path in files]


def restate(sample: Path, factor: str, since: str = "2026-10-01") -> None:
    """The invoices of the smaller llama, October's or all, every day times *factor*."""
    path = sample / "invoices" / "aws.csv"
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    for row in rows:
        if row[0] >= since and row[1] == LLAMA:
            row[-1] = str((Decimal(row[-1]) * Decimal(factor)).quantize(Decimal("0.01")))
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)


def test_a_recommendation_that_was_answered_is_not_repeated_and_everything_said_is_kept(
    run: Callable[..., Ran], sample: Path
) -> None:
    assert run("check", "--no-sync", "--notify").code == 0
    assert sent(sample) == ["recommendation"]
    answered = run("ack", "extract", "--moving", "2026-12", "--reason", "GPUs are  ordered", now="2026-11-24T13:00:00Z")
    assert (answered.code, answered.out.startswith("extract: moving to own GPUs from 2026-12")) == (0, True)
    again = run("check", "--no-sync", "--notify", "--exit-code", now="2026-11-24T14:00:00Z")
    assert (again.code, sent(sample)) == (0, ["recommendation"])
    assert "nothing to send" in again.err
    assert "extract is on the way already" in " ".join(again.out.split())
    assert "moving to own GPUs from 2026-12 (GPUs are ordered)" in " ".join(again.out.split())

    told = run("history", "extract", "--format", "json")
    assert [*Draft202012Validator(schema("history")).iter_errors(told.json)] == []
    assert [
        (one["event"], one["state"], one["answer"], one["from_month"], one["who"], one["revision"])
        for one in told.json["history"]
    ] == [
        ("decision", "SWITCH", None, None, None, 1),
        ("answer", None, "moving", "2026-12", "kim", None),
        ("decision", "STAY", None, None, None, 2),
    ]
    shown = run("history").out
    assert "moving 2026-12" in shown
    assert "STAY (revised)" in shown

    table = product.history(sample / "advisor.toml", workload="extract", now=datetime.fromisoformat(NOW))
    assert table["event"].tolist() == ["decision", "answer", "decision"]
    assert set(table.index) == {pd.Timestamp("2026-10-01", tz="UTC")}
    assert table["serverless.amount"].tolist()[0] == Decimal(told.json["history"][0]["serverless"]["amount"])
    with pytest.raises(UsageError, match="no workload"):
        product.history(sample / "advisor.toml", workload="nobody", now=datetime.now(UTC))


def test_a_snooze_keeps_the_message_not_the_recommendation_until_its_day(run: Callable[..., Ran], sample: Path) -> None:
    assert run("snooze", "extract", "--until", "2027-01", "--reason", "budget round").code == 0
    ran = run("check", "--no-sync", "--notify", "--exit-code")
    assert (ran.code, sent(sample)) == (3, ["report"])
    assert "move extract to your own GPUs" in " ".join(ran.out.split())
    assert "no message before 2027-01-01 (budget round)" in " ".join(ran.out.split())
    late = "2027-01-01T06:00:00Z"
    run("check", "--no-sync", "--notify", "--month", "2026-10", now=late)
    assert sent(sample) == ["report", "recommendation"]
    run("check", "--no-sync", "--notify", "--month", "2026-10", now=late)
    assert sent(sample) == ["report", "recommendation"]


def test_a_month_that_was_restated_is_told_again_once_and_only_where_it_matters(
    run: Callable[..., Ran], sample: Path
) -> None:
    run("check", "--no-sync", "--notify")
    restate(sample, "0.995")
    silent = run("check", "--notify")
    assert "nothing to send" in silent.err
    history = run("history", "extract", "--format", "json").json["history"]
    assert [one["revision"] for one in history] == [1, 2], "half a per cent is a revision that nobody is told of"

    restate(sample, "0.50", since="2026-01-01")
    told = run("check", "--format", "json", "--notify")
    assert "correction delivered" in told.err
    assert [*Draft202012Validator(schema("check")).iter_errors(told.json)] == []
    (one,) = told.json["corrections"]
    assert (one["workload"], one["state_before"], one["state"]) == ("extract", "SWITCH", "WATCH")
    assert one["bill_before"] == history[1]["serverless"]
    assert one["causes"][0].startswith("data: the bill $")
    message = max((sample / "messages").glob("*-correction-*"))
    assert "SWITCH is now WATCH" in " ".join(message.read_text().split())
    assert "nothing to send" in run("check", "--notify").err
    restate(sample, "2", since="2026-01-01")
    run("check", "--notify")
    assert sent(sample) == ["recommendation", "correction", "correction"], "back again is news again"


def test_a_setting_that_turned_the_answer_is_named_as_the_cause(run: Callable[..., Ran], sample: Path) -> None:
    run("check", "--no-sync", "--notify")
    config = sample / "advisor.toml"
    config.write_text(
        config.read_text().replace("engineering_hours_available = 40", "engineering_hours_available = 10")
    )
    (one,) = run("check", "--no-sync", "--format", "json").json["corrections"]
    assert (one["state_before"], one["state"]) == ("SWITCH", "SWITCH_BLOCKED")
    assert one["causes"] == ["config: [team] engineering_hours_available 40.0 became 10.0"]


def test_what_changed_since_the_last_closed_month_adds_up_to_the_cent(run: Callable[..., Ran]) -> None:
    workloads = run("check", "--no-sync", "--format", "json").json["workloads"]
    changes = [one["change"] for one in workloads if one["change"]]
    assert len(changes) == 4, "all but the workload whose month is not closed"
    for change in changes:
        before, after, *parts = (
            Decimal(change[name]["amount"]) for name in ("before", "after", "volume", "price", "mix")
        )
        assert before + sum(parts) == after
    text = " ".join(run("check", "--no-sync").out.split())
    assert "What changed" in text
    assert "3rd month of 3" in text


def test_an_answer_that_cannot_be_is_refused_with_what_can(run: Callable[..., Ran]) -> None:
    for args, said in (
        (("ack", "extrct", "--declined"), "did you mean 'extract'?"),
        (("ack", "extract"), "--moving YYYY-MM or --declined"),
        (("ack", "extract", "--declined", "--moving", "2026-12"), "--moving YYYY-MM or --declined"),
        (("snooze", "extract", "--until", "2026-11-24"), "not after today"),
        (("history", "nobody"), "workloads: copilot, extract, rag"),
    ):
        ran = run(*args)
        assert (ran.code, ran.out) == (2, ""), args
        assert said in ran.err
    assert run("history", "--format", "json").json["history"] == []
