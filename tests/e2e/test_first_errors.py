"""The mistakes a new user makes: each ends in one sentence that names the fault and one that names the fix."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.running import SOURCE, Advisor, Ran


def failed(ran: Ran, code: int, fault: str, fix: str) -> None:
    assert ran.code == code, ran.err + ran.out
    assert ran.err.startswith("error: ") or "\nerror: " in ran.err
    assert fault in ran.err
    assert fix in ran.err.partition("hint: ")[2]


def test_no_configuration_says_how_to_write_one(advisor: Advisor) -> None:
    failed(advisor("check"), 2, "no configuration", "advisor init")


def test_unknown_key_names_its_path_and_the_nearest_key(advisor: Advisor, folder: Path) -> None:
    (folder / "advisor.toml").write_text(SOURCE + "[fleet]\nutilisation = 0.7\n")
    failed(advisor("check"), 2, "fleet.utilisation: unknown key", "'utilization'")


def test_unknown_key_of_a_source_names_the_source(advisor: Advisor, folder: Path) -> None:
    (folder / "advisor.toml").write_text(SOURCE.replace("provider =", "providr ="))
    failed(advisor("check"), 2, "sources.prod.providr: unknown key", "'provider'")


def test_broken_toml_names_the_line(advisor: Advisor, folder: Path) -> None:
    (folder / "advisor.toml").write_text('[advisor]\ncurrency = "USD\n')
    failed(advisor("check"), 2, "line 2", "quotes")


def test_unknown_source_kind_lists_the_kinds(advisor: Advisor, folder: Path) -> None:
    (folder / "advisor.toml").write_text(SOURCE.replace("request-log", "mainframe"))
    failed(advisor("check"), 2, "'mainframe'", "invoice-csv")


def test_missing_file_is_named(advisor: Advisor, folder: Path) -> None:
    (folder / "log.jsonl").unlink()
    failed(advisor("check"), 1, "log.jsonl", "path")


def test_empty_file_is_named(advisor: Advisor, folder: Path) -> None:
    (folder / "log.jsonl").write_text("")
    ran = advisor("usage", "--from", "2026-10-01", "--to", "2026-11-01")
    assert "log.jsonl" in ran.out + ran.err
    assert "empty" in ran.out + ran.err


def test_unreadable_format_is_named(advisor: Advisor, folder: Path) -> None:
    (folder / "log.jsonl").rename(folder / "log.pdf")
    (folder / "log.pdf").write_bytes(b"%PDF-1.7\n\x00\x01\x02\xff\xfe garbage")
    (folder / "advisor.toml").write_text(SOURCE.replace("log.jsonl", "log.pdf"))
    failed(advisor("check"), 1, "log.pdf", "CSV")


def test_unknown_column_names_the_columns_there_are(advisor: Advisor, folder: Path) -> None:
    (folder / "advisor.toml").write_text(SOURCE.replace('input_tokens = "in"', 'input_tokens = "inn"'))
    ran = advisor("check")
    failed(ran, 1, "'inn'", "'in'")


def test_unknown_model_says_what_to_write(advisor: Advisor, folder: Path) -> None:
    log = (folder / "log.jsonl").read_text()
    (folder / "log.jsonl").write_text(log.replace("llama-3.1-8b", "our-tuned-thing"))
    ran = advisor("check")
    assert ran.code == 0
    assert "our-tuned-thing" in ran.out
    assert "serve" in ran.out


def test_unset_secret_variable_is_named_when_it_is_needed(advisor: Advisor, folder: Path) -> None:
    channel = '[[channels]]\nname = "ops"\nkind = "slack"\nchannel = "C1"\ntoken = { env = "NO_SUCH_TOKEN" }\n'
    (folder / "advisor.toml").write_text(SOURCE + channel)
    assert advisor("check").code == 0, "a check that sends nothing needs no token"
    ran = advisor("check", "--notify")
    assert ran.code == 1
    assert "NO_SUCH_TOKEN is not set" in ran.err
    assert "export NO_SUCH_TOKEN" in ran.err
    assert "a later run tries again" in ran.err, "the message is not lost"


def test_a_literal_secret_is_refused(advisor: Advisor, folder: Path) -> None:
    channel = '[[channels]]\nname = "ops"\nkind = "slack"\nchannel = "C1"\ntoken = "xoxb-123"\n'
    (folder / "advisor.toml").write_text(SOURCE + channel)
    ran = advisor("check", "--notify")
    assert ran.code == 2
    assert "never a literal" in ran.err
    assert "xoxb-123" not in ran.err


def test_two_currencies_without_a_rate_are_never_added(advisor: Advisor, folder: Path) -> None:
    (folder / "bill.csv").write_text("day,model,in,out,eur\n2026-10-01,llama-3.1-8b,4000,600,12.50\n")
    (folder / "advisor.toml").write_text(
        SOURCE
        + """
[[sources]]
name = "bill"
kind = "invoice-csv"
path = "bill.csv"
provider = "aws"
currency = "EUR"
overlaps = ["prod"]
columns = { date = "day", model = "model", input_tokens = "in", output_tokens = "out", amount = "eur" }
"""
    )
    ran = advisor("check")
    assert ran.code == 0
    assert "INSUFFICIENT_DATA" in ran.out
    assert "EUR" in ran.out
    assert "exchange_rates" in ran.out


def test_an_open_month_is_provisional_and_says_why(advisor: Advisor, folder: Path) -> None:
    ran = advisor("check", "--month", "2026-10")
    assert ran.code == 0
    assert "INSUFFICIENT_DATA" in ran.out
    assert "30 of 31 days" in ran.out


def test_a_future_month_is_a_usage_error(advisor: Advisor, folder: Path) -> None:
    failed(advisor("check", "--month", "2027-01"), 2, "2027-01 has not begun", "2026-10")


def test_a_model_without_a_profile_says_so_and_invents_nothing(advisor: Advisor, folder: Path) -> None:
    (folder / "advisor.toml").write_text(
        SOURCE.replace('model = "model"', 'model = "kind"')
        + '[[prices]]\nmodel = "kimi-k3"\ninput = "1"\noutput = "1"\nsource = "contract"\n'
    )
    log = (folder / "log.jsonl").read_text()
    (folder / "log.jsonl").write_text(log.replace('"model": "llama-3.1-8b"', '"kind": "kimi-k3"'))
    ran = advisor("check")
    assert ran.code == 0
    assert "INSUFFICIENT_DATA" in ran.out
    assert "[[fleet.profiles]]" in ran.out


def test_a_model_without_an_allowed_offer_says_so_and_invents_nothing(advisor: Advisor, folder: Path) -> None:
    (folder / "advisor.toml").write_text(SOURCE + '[fleet.only]\nproviders = ["nobody"]\n')
    ran = advisor("check")
    assert ran.code == 0
    assert "INSUFFICIENT_DATA" in ran.out
    assert "[[fleet.offers]]" in ran.out


def test_a_glob_that_matches_nothing_names_what_was_seen(advisor: Advisor, folder: Path) -> None:
    (folder / "advisor.toml").write_text(SOURCE + '[[workloads]]\nname = "chat"\nmodels = ["meta.llama3-*"]\n')
    ran = advisor("check")
    assert ran.code == 0
    assert "meta.llama3-*" in ran.out
    assert "llama-3.1-8b" in ran.out


def test_the_same_traffic_twice_is_refused_naming_both_fixes(advisor: Advisor, folder: Path) -> None:
    (folder / "advisor.toml").write_text(SOURCE + SOURCE.replace('"prod"', '"copy"'))
    ran = advisor("check")
    failed(ran, 2, "prod", "overlaps")
    assert "copy" in ran.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_read_only_folder_for_the_store_is_named(advisor: Advisor, folder: Path) -> None:
    (folder / "kept").mkdir(mode=0o500)
    (folder / "advisor.toml").write_text('[advisor]\nstate = "kept/advisor.db"\n' + SOURCE)
    failed(advisor("check"), 1, "kept", "state")


def test_a_store_that_cannot_be_created_is_named(advisor: Advisor, folder: Path) -> None:
    (folder / "advisor.toml").write_text('[advisor]\nstate = "/proc/advisor.db"\n' + SOURCE)
    failed(advisor("check"), 1, "/proc", "state")
