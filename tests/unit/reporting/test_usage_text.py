"""The table and the CSV of `advisor usage`: they fit, they add up, and they never invent or convert a figure."""

from __future__ import annotations

import csv
import io
import time
from datetime import UTC, datetime, timedelta

import pytest
from rich.cells import cell_len

from advisor.domain.facts import Basis, PullStatus, Tokens
from advisor.domain.usage import UsageAnswer, UsageTotal
from advisor.reporting.usage_text import usage_csv, usage_table
from tests.unit.reporting.usage_values import PARTIAL, answer, cost, row, source


def lines(given: UsageAnswer) -> list[str]:
    text = usage_table(given)
    assert text.endswith("\n")
    found = text.splitlines()
    assert max(map(cell_len, found)) <= 100, max(found, key=cell_len)
    return found


def line(given: UsageAnswer, start: str) -> list[str]:
    """The words of the first line that begins with *start*."""
    return next(found.split() for found in lines(given) if found.strip().startswith(start))


def cells(given: UsageAnswer) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(usage_csv(given))))


def test_a_single_source_and_month_need_no_columns_of_their_own() -> None:
    given = answer(row(cost("30")), row(cost("12.5"), model_raw="gpt-oss-120b"))
    heading = line(given, "model")
    assert heading == ["model", "requests", "input", "cache", "read", "cache", "write", "output", "cost"]
    assert line(given, "meta.llama3") == [
        "meta.llama3-1-8b-instruct-v1:0", "10", f"{1_000 + 200 + 50:,}", "200", "50", "300", "$30.00",
    ]  # fmt: skip
    assert line(given, "total")[1:] == ["20", f"{2 * 1_250:,}", "400", "100", "600", "$42.50"]


def test_money_is_totalled_by_currency_and_basis_and_never_across() -> None:
    given = answer(
        row(cost("1.10"), cost("4", "EUR")),
        row(cost("2.20"), cost("5", "EUR"), cost("7", basis=Basis.ESTIMATED), model_raw="gpt-oss-120b"),
    )
    text = lines(given)
    start = next(index for index, found in enumerate(text) if found.strip().startswith("total"))
    amounts = ["EUR 9.00", "$3.30", "~$7.00"]
    assert [found.endswith(f" {amount}") for found, amount in zip(text[start:], amounts, strict=False)] == [True] * 3
    assert "~ is not billed but estimated" in "\n".join(text)


def test_sources_are_not_added_up_and_the_table_says_so() -> None:
    given = answer(row(cost("30")), row(source="logs"))
    text = "\n".join(lines(given))
    assert text.count("total") == 2
    assert f"{2 * 1_250:,}" not in text
    assert "sources may count the same traffic, so they are not added up" in " ".join(text.split())


def test_unknown_is_a_dash_and_a_sum_without_it_says_so() -> None:
    known, silent = row(), row(requests=None, model_raw="silent", tokens=None)
    given = answer(known, silent)
    assert line(given, "silent") == ["silent", *["-"] * 6]
    assert line(given, "total")[1:3] == ["≥", "10"]


def test_a_total_that_lacks_a_cost_says_so() -> None:
    def noted(given: UsageAnswer) -> bool:
        return "the totals lack 1 row of unknown cost" in " ".join("\n".join(lines(given)).split())

    assert noted(answer(row(cost("30")), row(model_raw="unpriced")))
    assert not noted(answer(row(cost("30")), row(source="logs"))), "a source without any money has no total to lack it"


def test_a_cache_that_nobody_reports_has_no_column_but_a_reported_zero_has() -> None:
    without = Tokens(uncached_input=5, output=1)
    assert "cache" not in line(answer(row(tokens=without)), "model")
    zero = Tokens(uncached_input=5, output=1, cache_read=0)
    assert "cache read" in "\n".join(lines(answer(row(tokens=zero))))
    assert "cache write" not in "\n".join(lines(answer(row(tokens=zero))))


def test_a_tier_is_told_where_it_is_not_on_demand() -> None:
    assert "tier" not in line(answer(row()), "model")
    assert "batch" in line(answer(row(tier="batch")), "meta.llama3")


@pytest.mark.parametrize(
    ("by", "shown"), [("month", "2026-10 "), ("day", "2026-10-02 "), ("hour", "2026-10-02 13:00"), ("5min", "13:05")]
)
def test_periods_are_written_as_fine_as_they_are(by: str, shown: str) -> None:
    moment = datetime(2026, 10, 2, 13, 5 if by == "5min" else 0, tzinfo=UTC)
    given = answer(row(period_start=moment - timedelta(days=40)), row(period_start=moment), by=by)
    assert any(shown in found for found in lines(given))


def test_what_does_not_fit_is_written_below_its_names_in_full() -> None:
    long = "arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/" + "x" * 150
    moments = [datetime(2026, 10, 1, hour, tzinfo=UTC) for hour in (0, 1)]
    many = Tokens(uncached_input=73_422_849_769, output=9_136_292_889, cache_read=10**12, cache_write=10**12)
    rows = [
        row(cost("1234567.123456789"), model_raw=long, period_start=at, tokens=many, tier="batch") for at in moments
    ]
    text = lines(answer(*rows, by="hour"))
    assert long in "".join(found.strip() for found in text)
    assert sum("2026-10-01 0" in found and "9.1B" in found for found in text) == 2
    assert sum(found.strip().startswith("total") for found in text) == 1


@pytest.mark.parametrize("name", ["n" * 200, "模型" * 60, "🚀" * 80, "a b\nc\x1b[31m", "", "=1+1"])
def test_any_name_keeps_to_the_width_and_to_its_line(name: str) -> None:
    given = answer(
        row(cost("1", "EUR"), source=name, model_raw=name, tier=name or "on_demand"),
        row(source="b"),
        sources=(source(name, warnings=(name,), problems=(name,), kind=name),),
    )
    text = "\n".join(lines(given))
    assert "\x1b" not in text
    assert [found for found in text.splitlines() if found.strip().startswith("c\\x1b")] == []


def test_an_empty_window_says_so() -> None:
    text = lines(answer(sources=(source("prod", status=PullStatus.FAILED, kind="", rows=0),)))
    assert "  no usage and no costs in this window" in text
    assert any("never read failed" in found for found in text)


def test_a_source_is_shown_with_every_reason_to_doubt_it() -> None:
    text = "\n".join(lines(answer(row(), sources=(PARTIAL,))))
    whole = " ".join(text.split())
    assert "bill: invoice-csv partial, 1,234 rows, 2 rejected, complete through 2026-10-30 12:00 UTC" in whole
    assert "missing 2026-10-03 to 2026-10-05, 2026-10-09" in whole
    assert "warning: bill-09.csv is damaged" in text
    assert "rejected bill.csv:17: no model" in text
    assert "rejected bill.csv:18: negative tokens" in text


def test_csv_has_one_line_for_each_row_and_a_column_for_each_kind_of_money() -> None:
    first, second = cells(answer(row(cost("1.5E-8"), cost("4", "EUR")), row(cost("2", basis=Basis.ESTIMATED))))
    assert (first["billed_cost_USD"], first["billed_cost_EUR"], first["estimated_cost_USD"]) == (
        "0.000000015",
        "4.00",
        "",
    )
    assert (second["billed_cost_USD"], second["billed_cost_EUR"], second["estimated_cost_USD"]) == ("", "", "2.00")
    assert first["period_start"] == "2026-10-01T00:00:00Z"
    assert int(first["input_tokens"]) == 1_000 + 200 + 50
    assert list(first)[:10] == [
        "period_start", "source", "model_raw", "model", "tier",
        "requests", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens",
    ]  # fmt: skip


def test_csv_leaves_empty_what_is_unknown() -> None:
    (found,) = cells(answer(row(requests=None, tokens=None, model=None)))
    assert {found[key] for key in ("requests", "input_tokens", "cache_read_tokens", "output_tokens", "model")} == {""}
    (zero,) = cells(answer(row(requests=0, tokens=Tokens(uncached_input=0, output=0))))
    assert (zero["requests"], zero["input_tokens"], zero["cache_read_tokens"]) == ("0", "0", "")


@pytest.mark.parametrize("name", ['=HYPERLINK("http://x")', "+1", "-1", "@cf/meta/llama"])
def test_csv_names_never_run_as_formulas(name: str) -> None:
    (found,) = cells(answer(row(model_raw=name, source=name)))
    assert found["model_raw"] == found["source"] == f"'{name}"


def test_csv_keeps_names_with_commas_quotes_and_line_breaks() -> None:
    odd = 'a,"b"\nc'
    (found,) = cells(answer(row(model_raw=odd)))
    assert found["model_raw"] == odd


def test_a_month_of_five_minutes_is_written_quickly() -> None:
    rows: list[UsageTotal] = [
        row(cost("0.01"), period_start=datetime(2026, 10, 1, tzinfo=UTC) + timedelta(minutes=5 * bin))
        for bin in range(31 * 288)
    ]
    started = time.perf_counter()
    assert len(lines(answer(*rows, by="5min"))) > len(rows)
    assert usage_csv(answer(*rows, by="5min")).count("\n") == len(rows) + 1
    assert time.perf_counter() - started < 10
