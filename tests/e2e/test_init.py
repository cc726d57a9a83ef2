"""`advisor init --from`: a configuration from a user's own files, with every choice that changes a number left open."""

from __future__ import annotations

import gzip
import tomllib
from pathlib import Path
from typing import Any

from tests.e2e.running import LOG, Advisor


def written(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "advisor.toml").read_text())


def test_a_log_is_recognised_and_the_next_commands_run(advisor: Advisor, tmp_path: Path) -> None:
    log = LOG.replace('"at"', '"timestamp"').replace('"in"', '"input_tokens"').replace('"out"', '"output_tokens"')
    (tmp_path / "prod.jsonl.gz").write_bytes(gzip.compress(log.encode()))
    ran = advisor("init", "--from", "prod.jsonl.gz")
    assert ran.code == 0, ran.err
    (source,) = written(tmp_path)["sources"]
    assert source == {
        "name": "prod",
        "kind": "request-log",
        "path": "prod.jsonl.gz",
        "columns": {
            "timestamp": "timestamp",
            "model": "model",
            "input_tokens": "input_tokens",
            "output_tokens": "output_tokens",
        },
    }
    used = advisor("usage", "--from", "2026-10-01", "--to", "2026-11-01", "--format", "json")
    assert used.code == 0, used.err
    assert sum(row["input_tokens"] for row in used.json["rows"]) == 1000 + 3000
    assert advisor("check").code == 0


def test_an_invoice_with_money_alone_is_an_invoice(advisor: Advisor, tmp_path: Path) -> None:
    (tmp_path / "bill.csv").write_text("date;model;cost_usd\n2026-10-01;llama-3.1-8b;12.50\n")
    assert advisor("init", "--from", "bill.csv").code == 0
    (source,) = written(tmp_path)["sources"]
    assert (source["kind"], source["currency"], source["columns"]["amount"]) == ("invoice-csv", "USD", "cost_usd")


def test_presets_are_recognised_by_their_headers(advisor: Advisor, tmp_path: Path, samples: Path) -> None:
    exports = samples / "generated"
    files = ("openrouter_activity.csv", "claude_api_tokens.csv", "fireworks_billing_metrics.csv")
    ran = advisor("init", *[word for name in files for word in ("--from", str(exports / name))])
    assert ran.code == 0, ran.err
    assert [source["preset"] for source in written(tmp_path)["sources"]] == [
        "openrouter",
        "anthropic-console",
        "fireworks",
    ]
    assert "overlaps" in ran.err, "several files may have seen the same traffic"


def test_what_a_file_does_not_say_is_a_note_and_never_a_silent_guess(
    advisor: Advisor, tmp_path: Path, samples: Path
) -> None:
    ran = advisor("init", "--from", str(samples / "traces" / "AzureLLMInferenceTrace_code.csv"))
    assert ran.code == 0
    assert 'timezone = "UTC" is a guess' in ran.err
    assert "set `model`" in ran.err
    assert "CHOOSE" in (tmp_path / "advisor.toml").read_text()
    checked = advisor("check")
    assert checked.code in (1, 2)
    assert "model" in checked.err


def test_an_existing_configuration_is_kept_unless_forced(advisor: Advisor, folder: Path) -> None:
    before = (folder / "advisor.toml").read_text()
    ran = advisor("init", "--from", "log.jsonl")
    assert (ran.code, (folder / "advisor.toml").read_text()) == (2, before)
    assert "--force" in ran.err


def test_a_file_that_is_not_there_or_not_a_table_is_named(advisor: Advisor, tmp_path: Path) -> None:
    missing = advisor("init", "--from", "nothing.csv")
    assert missing.code in (1, 2)
    assert "nothing.csv" in missing.err
    (tmp_path / "report.pdf").write_bytes(b"%PDF-1.7\n\x00\x01")
    unreadable = advisor("init", "--from", "report.pdf")
    assert unreadable.code in (1, 2)
    assert "report.pdf is PDF" in unreadable.err
    (tmp_path / "odd.csv").write_text("a,b\n1,2\n")
    unknown = advisor("init", "--from", "odd.csv")
    assert unknown.code == 2
    assert "its columns: a, b" in unknown.err
