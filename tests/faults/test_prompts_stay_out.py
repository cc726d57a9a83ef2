"""What a customer wrote, wherever it stands in a damaged input, is in no message and not in what is stored."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from advisor.contract.api_fields import OddFieldError, amount, count, day, moment
from advisor.contract.shown import shown
from advisor.domain.facts import PullStatus
from advisor.domain.units import Month
from advisor.errors import AdvisorError
from advisor.ingest.runner import pull
from advisor.registry import build_source

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OCTOBER = Month(2026, 10).window
PROMPT = "Dear doctor, I was born in 1980 and my knee hurts"
LOG = {"at": "2026-10-01T08:00:00Z", "model": "llama-3.1-8b", "in": 1000, "out": 200}
BILL = {"date": "2026-10-01", "model": "llama-3.1-8b", "input": "1000", "output": "200", "amount": "1.50"}
READ = {"timestamp": "at", "model": "model", "input_tokens": "in", "output_tokens": "out"}
BILLED = {"date": "date", "model": "model", "input_tokens": "input", "output_tokens": "output", "amount": "amount"}


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def table(rows: list[dict[str, Any]]) -> str:
    return "\n".join([",".join(rows[0]), *(",".join(f'"{value}"' for value in row.values()) for row in rows), ""])


def said(kind: str, name: str, text: str, folder: Path, **settings: Any) -> str:
    """Everything that reading a file says and keeps."""
    (folder / name).write_text(text)
    made = build_source({"name": "s", "kind": kind, "path": name, **settings}, folder, {})
    try:
        found = pull(made, OCTOBER, NOW)
    except AdvisorError as error:
        return f"{error.message} {error.hint}"
    assert found.status is not PullStatus.OK, "the damage is seen"
    return repr(found)


@pytest.mark.parametrize("field", ["in", "out", "at"])
@pytest.mark.parametrize(("name", "written"), [("log.jsonl", lines), ("log.csv", table)])
def test_a_prompt_in_a_log_is_not_quoted(field: str, name: str, written: Any, tmp_path: Path) -> None:
    text = said("request-log", name, written([LOG, {**LOG, field: PROMPT}]), tmp_path, columns=READ, provider="aws")
    assert "doctor" not in text
    assert f"a text of {len(PROMPT)} characters" in text


@pytest.mark.parametrize("field", ["input", "output", "amount", "date"])
def test_a_prompt_in_an_invoice_is_not_quoted(field: str, tmp_path: Path) -> None:
    rows = table([BILL, {**BILL, field: PROMPT}])
    text = said("invoice-csv", "bill.csv", rows, tmp_path, columns=BILLED, currency="USD", period="day")
    assert "doctor" not in text
    assert f"a text of {len(PROMPT)} characters" in text


@pytest.mark.parametrize("read", [count, amount, moment, day])
def test_a_prompt_in_an_answer_is_not_quoted(read: Any) -> None:
    with pytest.raises(OddFieldError, match=f"a text of {len(PROMPT)} characters"):
        read({"field": PROMPT}, "field")


@pytest.mark.parametrize("value", ["1,234.50 USD", "n/a", "1.000", "31/10/2026", "2026-10-01 08:00:00", "-5", "abc"])
def test_what_helps_to_mend_a_row_is_quoted(value: str) -> None:
    assert shown(value) == repr(value)


@pytest.mark.parametrize(
    ("kind", "name"), [("request-log", "log.jsonl"), ("request-log", "log.csv"), ("invoice-csv", "b.csv")]
)
def test_a_login_page_in_place_of_an_export_is_named(kind: str, name: str, tmp_path: Path) -> None:
    invoice = {"columns": BILLED, "currency": "USD", "period": "day"}
    settings = invoice if kind == "invoice-csv" else {"columns": READ}
    text = said(kind, name, "<!doctype html>\n<html><body>Sign in</body></html>\n", tmp_path, **settings)
    assert "web page (HTML)" in text
    assert "Sign in" not in text
