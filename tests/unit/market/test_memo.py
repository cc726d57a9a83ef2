"""The memo: later runs answer the same without the catalog, and a broken one costs nothing but time."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from advisor.market import memo as memos
from advisor.market.alternatives import host_prices
from advisor.market.listings import listings
from advisor.market.token_prices import Rates, TokenPrices, Unpriced

LOOK_UPS = [
    ("openrouter", "meta-llama/llama-3.3-70b-instruct", "llama-3.3-70b", "on_demand"),
    ("openai", "gpt-4o", "gpt-4o", "batch"),
    ("deepinfra", "meta-llama/Llama-3.1-8B", "llama-3.1-8b", "on_demand"),
]
DAYS = [date(2026, 9, 1), date(2026, 10, 25), date(2026, 11, 20)]


def answers(path: Path | None) -> list[Rates | Unpriced]:
    prices = TokenPrices(memo=path)
    return [
        prices.rates(provider=provider, model_raw=raw, model_id=model_id, tier=tier, on=day)
        for provider, raw, model_id, tier in LOOK_UPS
        for day in DAYS
    ]


def test_memo_answers_as_the_catalog_does(tmp_path: Path) -> None:
    path = tmp_path / "memo.json"
    assert answers(path) == answers(None)
    assert len(json.loads(path.read_text())["schedules"]) == len(LOOK_UPS)
    assert answers(path) == answers(None)


def test_remembered_price_needs_no_import_of_the_catalog(tmp_path: Path) -> None:
    path = tmp_path / "memo.json"
    answers(path)
    host_prices("llama-3.1-8b", DAYS[-1], memo=path)
    script = (
        "import sys, datetime, pathlib\n"
        "from advisor.market.token_prices import TokenPrices\n"
        "prices = TokenPrices(memo=pathlib.Path(sys.argv[1]))\n"
        "prices.rates(provider='openai', model_raw='gpt-4o', model_id='gpt-4o', tier='batch',"
        " on=datetime.date(2026, 11, 20))\n"
        "from advisor.market.alternatives import host_prices\n"
        "host_prices('llama-3.1-8b', datetime.date(2026, 11, 20), memo=pathlib.Path(sys.argv[1]))\n"
        "print('genai_prices' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"edition": 1}', '{"edition": "x", "schedules": 3}'])
def test_damaged_memo_is_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "memo.json"
    path.write_text(content)
    assert answers(path) == answers(None)
    assert len(json.loads(path.read_text())["schedules"]) == len(LOOK_UPS)


def test_damaged_entry_is_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "memo.json"
    answers(path)
    stored = json.loads(path.read_text())
    stored["schedules"] = {key: [["2026-13-45", {"input": "x"}]] for key in stored["schedules"]}
    path.write_text(json.dumps(stored))
    assert answers(path) == answers(None)


def test_memo_of_another_catalog_version_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "memo.json"
    with monkeypatch.context() as older:
        older.setattr(memos, "edition", lambda: "genai-prices 0.0.1")
        answers(path)
    path.write_text(path.read_text().replace('"0.59"', '"0.01"'))
    assert answers(path) == answers(None)


def test_memo_that_cannot_be_written_costs_no_price(tmp_path: Path) -> None:
    assert answers(tmp_path / "no such folder" / "memo.json") == answers(None)


def test_memo_remembers_who_sells_a_model_with_all_dated_prices(tmp_path: Path) -> None:
    path = tmp_path / "memo.json"
    assert memos.Memo(path).listings("llama-3.3-70b") is None
    memos.Memo(path).put_listings("llama-3.3-70b", listings("llama-3.3-70b"))
    assert memos.Memo(path).listings("llama-3.3-70b") == listings("llama-3.3-70b")


def test_memo_keeps_what_another_run_wrote_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "memo.json"
    first, second = memos.Memo(path), memos.Memo(path)
    first.put_listings("llama-3.1-8b", listings("llama-3.1-8b"))
    second.put_listings("llama-3.3-70b", listings("llama-3.3-70b"))
    assert memos.Memo(path).listings("llama-3.1-8b") == listings("llama-3.1-8b")


def test_memo_of_other_shipped_tables_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "memo.json"
    with monkeypatch.context() as older:
        older.setattr(memos, "TABLES", ("models.toml",))
        memos.Memo(path).put_listings("llama-3.1-8b", ())
    assert memos.Memo(path).listings("llama-3.1-8b") is None
