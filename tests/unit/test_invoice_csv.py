"""What `invoice-csv` makes of exports as people and consoles write them, and what it refuses to guess."""

from __future__ import annotations

import codecs
import gzip
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from advisor.domain.facts import Basis, Pull, PullStatus, Tokens
from advisor.domain.units import DAY_SECONDS, Month, Window
from advisor.errors import ConfigError
from advisor.ingest.runner import pull
from advisor.registry import build_source

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WINDOW = Window(datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC))
HEADER = "day,model,in,out,usd"
COLUMNS = {"date": "day", "model": "model", "input_tokens": "in", "output_tokens": "out", "amount": "usd"}
MONEY = {"date": "day", "model": "model", "amount": "usd"}


class Folder:
    """A folder of exports, and the source that reads it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, content: str | bytes) -> Path:
        file = self.path / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def read(self, content: str | bytes | None = None, **settings: Any) -> Pull:
        if content is not None:
            self.write("bill.csv", content)
        chosen = {"columns": COLUMNS, "currency": "USD"} if "preset" not in settings else {}
        table = {"name": "bill", "kind": "invoice-csv", "path": "*.csv*", **chosen, **settings}
        return pull(build_source(table, self.path, {}), WINDOW, NOW)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def lines(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *rows]) + "\n"


def billed(found: Pull, currency: str = "USD") -> Decimal:
    assert {cost.amount.currency for cost in found.costs} <= {currency}
    return sum((cost.amount.amount for cost in found.costs), Decimal(0))


def problem(found: Pull) -> str:
    (only,) = found.problems
    return str(only)


def refused(**settings: Any) -> str:
    chosen = {"columns": COLUMNS, "currency": "USD"} if "preset" not in settings else {}
    with pytest.raises(ConfigError) as error:
        build_source({"name": "bill", "kind": "invoice-csv", "path": "x", **chosen, **settings}, Path(), {})
    return str(error.value)


def test_a_row_is_the_tokens_and_the_charge_of_a_model_and_day(folder: Folder) -> None:
    found = folder.read(lines("2026-10-01,llama,1000,200,1.50"), provider="acme")
    (usage,), (cost,) = found.usage, found.costs
    assert (usage.provider, usage.model_raw, usage.tier) == ("acme", "llama", "on_demand")
    assert (usage.start, usage.width_seconds) == (datetime(2026, 10, 1, tzinfo=UTC), DAY_SECONDS)
    assert usage.tokens == Tokens(uncached_input=1000, output=200), "cache counts that no column holds are unknown"
    assert usage.requests is None
    assert (cost.start, cost.end) == (datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 2, tzinfo=UTC))
    assert (cost.amount.amount, cost.basis, cost.final) == (Decimal("1.50"), Basis.BILLED, None)
    assert found.status is PullStatus.OK


def test_a_month_row_is_as_wide_as_its_month(folder: Folder) -> None:
    found = folder.read(lines("2026-02,llama,10,2,1", "2026-10-01,llama,10,2,1"), period="month")
    assert [usage.width_seconds for usage in found.usage] == [28 * DAY_SECONDS, 31 * DAY_SECONDS]
    assert [cost.end for cost in found.costs] == [Month(2026, 2).end, Month(2026, 10).end]
    assert found.usage_days == {*Month(2026, 2).days(), *Month(2026, 10).days()}


def test_an_export_of_money_alone_says_nothing_of_tokens(folder: Folder) -> None:
    found = folder.read(lines("2026-10-01,llama,,,1.50"), columns=MONEY)
    assert (found.usage, found.usage_days) == ([], frozenset())
    assert billed(found) == Decimal("1.50")


def test_an_export_of_tokens_alone_says_nothing_of_money(folder: Folder) -> None:
    columns = {name: column for name, column in COLUMNS.items() if name != "amount"}
    found = folder.read(lines("2026-10-01,llama,1000,200,1.50"), columns=columns, currency="")
    assert (found.costs, found.cost_days) == ([], frozenset())


def test_a_charge_without_tokens_is_kept_beside_rows_that_have_them(folder: Folder) -> None:
    found = folder.read(lines("2026-10-01,llama,1000,200,1.50", "2026-10-01,,,,-0.25"))
    assert len(found.usage) == 1
    assert billed(found) == Decimal("1.50") - Decimal("0.25")
    assert found.status is PullStatus.OK


def test_optional_columns_are_read_where_they_are_mapped(folder: Folder) -> None:
    found = folder.read(
        "day,model,in,out,n,tier,read,written,cur,sum\n2026-10-01,llama,1000,200,3,Batch,700,50,eur,1.5\n",
        columns={
            "date": "day", "model": "model", "input_tokens": "in", "output_tokens": "out", "requests": "n",
            "tier": "tier", "cache_read_tokens": "read", "cache_write_tokens": "written", "currency": "cur",
            "amount": "sum",
        },
        currency="",
        input_includes_cache=True,
    )  # fmt: skip
    (usage,), (cost,) = found.usage, found.costs
    assert usage.tokens == Tokens(uncached_input=1000 - 700 - 50, cache_read=700, cache_write=50, output=200)
    assert (usage.requests, usage.tier, cost.tier, cost.amount.currency) == (3, "batch", "batch", "EUR")


def test_input_that_leaves_cached_tokens_out_is_all_uncached(folder: Folder) -> None:
    found = folder.read(
        lines("2026-10-01,llama,1000,200,700", header="day,model,in,out,read"),
        columns={
            "date": "day",
            "model": "model",
            "input_tokens": "in",
            "output_tokens": "out",
            "cache_read_tokens": "read",
        },
        currency="",
        input_includes_cache=False,
    )
    assert found.usage[0].tokens == Tokens(uncached_input=1000, cache_read=700, output=200)


AMOUNTS = [
    ("1234.5", {}, "1234.5"),
    ("0.00000000012", {}, "0.00000000012"),
    ("1e-7", {}, "0.0000001"),
    ("1.5E-05", {}, "0.000015"),
    ("-12.30", {}, "-12.30"),
    ("\u221212.30", {}, "-12.30"),
    ("(12.30)", {}, "-12.30"),
    ("$12.30", {}, "12.30"),
    ("-$12.30", {}, "-12.30"),
    ("$-12.30", {}, "-12.30"),
    ("($12.30)", {}, "-12.30"),
    ("US$ 12.30", {}, "12.30"),
    ("12.30 USD", {}, "12.30"),
    ("+.5", {}, "0.5"),
    ("0", {}, "0"),
    ('"$1,234,567.50"', {"thousands": ","}, "1234567.50"),
    ('"1.234,56"', {"thousands": ".", "decimal": ","}, "1234.56"),
    ('"12,30"', {"decimal": ","}, "12.30"),
    ("1 234.56", {"thousands": " "}, "1234.56"),
    ("1\u202f234.56", {"thousands": " "}, "1234.56"),
    ("1\u2019234.56", {"thousands": "'"}, "1234.56"),
]


@pytest.mark.parametrize(("text", "settings", "amount"), AMOUNTS)
def test_amounts_are_read_exactly(folder: Folder, text: str, settings: dict[str, Any], amount: str) -> None:
    found = folder.read(lines(f"2026-10-01,llama,,,{text}"), columns=MONEY, **settings)
    assert found.problems == ()
    assert billed(found) == Decimal(amount)


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("€12.30", {}),
        ("12.30 EUR", {}),
        ("$12.30 USD", {}),
        ("--12", {}),
        ("(-12.30)", {}),
        ("(12.30", {}),
        ('"1,234.50"', {}),
        ('"1,23"', {"thousands": ","}),
        ('"12,34,567"', {"thousands": ","}),
        ('"1,234.56"', {"decimal": ",", "thousands": "."}),
        ("1 234", {}),
        ("n/a", {}),
        ("NaN", {}),
        ("inf", {}),
        ("1e999", {}),
        ("9" * 41, {}),
        ("0x10", {}),
        ("١٢", {}),
    ],
)
def test_amounts_that_could_mean_something_else_are_refused(
    folder: Folder, text: str, settings: dict[str, Any]
) -> None:
    found = folder.read(lines("2026-10-01,llama,,,1", f"2026-10-02,llama,,,{text}"), columns=MONEY, **settings)
    assert billed(found) == 1
    assert problem(found).startswith("bill.csv:3: usd: ")


@pytest.mark.parametrize(
    ("text", "count"), [("1234", 1234), ("12.0", 12), (str(2**62), 2**62), ("0", 0), ("1234567.00", 1234567)]
)
def test_counts_are_whole_numbers(folder: Folder, text: str, count: int) -> None:
    assert folder.read(lines(f"2026-10-01,llama,{text},1,1")).usage[0].tokens.uncached_input == count


@pytest.mark.parametrize("text", ["1.5", "-5", '"1,234"', "5.30856E+09", "1e3", "many", "9" * 5000])
def test_counts_that_are_not_plain_are_refused_and_the_row_with_them(folder: Folder, text: str) -> None:
    found = folder.read(lines(f"2026-10-01,llama,{text},1,1", "2026-10-02,llama,1,1,7"))
    assert problem(found).startswith("bill.csv:2: in: ")
    assert len(found.usage) == 1
    assert billed(found) == 7


def test_grouped_counts_are_read_once_it_is_said_what_groups_them(folder: Folder) -> None:
    found = folder.read(lines('2026-10-01,llama,"5,308,564,575","1,000",1'), thousands=",")
    assert found.usage[0].tokens == Tokens(uncached_input=5_308_564_575, output=1000)


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("2026-10-17", {}),
        ("2026/10/17", {}),
        ("2026-10-17 00:00:00", {}),
        ("2026-10-17T23:59:59.999Z", {}),
        ("2026-10-17 23:59:59 UTC", {}),
        ("2026-10-18T01:30:00+02:00", {}),
        ("2026-10-16T20:00:00-05:00", {}),
        ("17.10.2026", {"date_format": "%d.%m.%Y"}),
        ("10/17/26", {"date_format": "%m/%d/%y"}),
        ("20261017", {"date_format": "%Y%m%d"}),
        ("Oct 17 2026", {"date_format": "%b %d %Y"}),
        ("2026-10-18 01:00:00 +0200", {"date_format": "%Y-%m-%d %H:%M:%S %z"}),
    ],
)
def test_days_are_read_as_utc_days(folder: Folder, text: str, settings: dict[str, Any]) -> None:
    found = folder.read(lines(f"{text},llama,1,1,1"), **settings)
    assert found.problems == ()
    assert found.usage_days == {date(2026, 10, 17)}


@pytest.mark.parametrize(
    ("text", "settings", "fix"),
    [
        ("03/04/2026", {}, "date_format"),
        ("17.10.2026", {}, "date_format"),
        ("46312", {}, "date_format"),
        ("2026-13-01", {}, "no date"),
        ("2026-02-29", {}, "no date"),
        ("0206-10-01", {}, "2000"),
        ("2026-10", {}, 'period = "month"'),
        ("2026-10-17", {"period": "month"}, "2026-10"),
        ("2026-10-17", {"date_format": "%d/%m/%Y"}, "date_format = '%d/%m/%Y'"),
        ("2027-01-01", {}, "future"),
    ],
)
def test_dates_that_could_mean_something_else_are_refused_with_the_setting(
    folder: Folder, text: str, settings: dict[str, Any], fix: str
) -> None:
    found = folder.read(lines(f"{text},llama,1,1,1"), **settings)
    assert found.status is PullStatus.FAILED
    assert problem(found).startswith("bill.csv:2: ")
    assert fix in problem(found)


@pytest.mark.parametrize(("text", "form"), [("10/2026", "%m/%Y"), ("Oct 2026", "%b %Y"), ("01.10.2026", "%d.%m.%Y")])
def test_months_are_read_in_the_format_given(folder: Folder, text: str, form: str) -> None:
    found = folder.read(lines(f"{text},llama,1,1,1"), period="month", date_format=form)
    assert found.usage_days == set(Month(2026, 10).days())


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode(),
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("latin-1"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: gzip.compress(text.encode()),
        lambda text: gzip.compress(text[:30].encode()) + gzip.compress(text[30:].encode()),
        lambda text: text.replace(",", ";").encode(),
        lambda text: text.replace(",", "\t").encode(),
        lambda text: text.replace(",", "|").encode(),
        lambda text: ("\n\n" + text + "\n,,,,\n\n").encode(),
        lambda text: text.rstrip("\n").encode(),
        lambda text: text.replace("\n", ",\n").encode(),
    ],
    ids=[
        "utf-8", "byte order mark", "utf-16", "latin-1", "crlf", "cr", "gzip", "gzip in parts", "semicolons", "tabs",
        "bars", "blank lines", "no last line end", "a delimiter at each end",
    ],
)  # fmt: skip
def test_an_export_reads_alike_however_it_is_written(folder: Folder, encode: Any) -> None:
    found = folder.read(encode(lines("2026-10-01,modèle,1000,200,1.50", "2026-10-02,modèle,10,2,0.50")))
    assert (found.status, found.problems, found.warnings) == (PullStatus.OK, (), ())
    assert {usage.model_raw for usage in found.usage} == {"modèle"}
    assert billed(found) == Decimal("1.50") + Decimal("0.50")


def test_delimiter_and_encoding_can_be_said(folder: Folder) -> None:
    text = lines("2026-10-01~llama™~1~1~1", header=HEADER.replace(",", "~"))
    found = folder.read(text.encode("cp1252"), delimiter="~", encoding="cp1252")
    assert [usage.model_raw for usage in found.usage] == ["llama™"]


def test_line_numbers_stay_right_after_line_breaks_in_quotes(folder: Folder) -> None:
    found = folder.read(lines('2026-10-01,"a\nb\nc",1,1,1', "", "2026-10-02,llama,x,1,1"))
    assert problem(found).startswith("bill.csv:6: ")
    assert [usage.model_raw for usage in found.usage] == ["a\nb\nc"]


@pytest.mark.parametrize("row", ["2026-10-02,llama,1,1", "2026-10-02,llama,1,1,1,9", "2026-10-02"])
def test_a_row_of_another_length_is_refused(folder: Folder, row: str) -> None:
    found = folder.read(lines("2026-10-01,llama,1,1,1", row))
    assert problem(found) == f"bill.csv:3: it has {row.count(',') + 1} cells, the header has 5"


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("2026-10-02,,5,1,1", "no model"),
        ("2026-10-02,llama,5,,1", "'out' is empty: write 0"),
        ("2026-10-02,llama,5,1,", "nothing in 'usd': write 0"),
        ("2026-10-02,llama,,,", "neither tokens nor an amount"),
        (",llama,5,1,9", "no date"),
    ],
)
def test_a_row_that_lacks_something_is_refused_whole(folder: Folder, row: str, why: str) -> None:
    found = folder.read(lines("2026-10-01,llama,1,1,1", row))
    assert found.status is PullStatus.PARTIAL
    assert why in problem(found)
    assert len(found.usage) == 1
    assert billed(found) == 1


def test_an_amount_without_a_currency_is_refused(folder: Folder) -> None:
    columns = {**COLUMNS, "currency": "cur"}
    text = lines(
        "2026-10-01,llama,1,1,1,", "2026-10-02,llama,1,1,1,dollar", "2026-10-03,m,1,1,7,usd", header=HEADER + ",cur"
    )
    found = folder.read(text, columns=columns, currency="")
    assert [problem.where for problem in found.problems] == ["bill.csv:2", "bill.csv:3"]
    assert billed(found) == 7
    assert billed(folder.read(columns=columns, currency="USD")) == 1 + 7, "the setting holds where a cell is empty"


TOTALS = ["", "Total", "Grand total:"]


@pytest.mark.parametrize("word", TOTALS)
def test_a_row_without_a_date_that_is_the_sum_of_the_column_is_ignored_and_said(folder: Folder, word: str) -> None:
    found = folder.read(lines("2026-10-01,llama,1,1,1.10", "2026-10-02,llama,1,1,2.20", f"{word},,2,2,3.30"))
    assert found.status is PullStatus.OK
    assert billed(found) == Decimal("1.10") + Decimal("2.20")
    assert found.warnings == ("bill.csv:4: left out, it is the total of 'usd'",)


def test_a_printed_total_may_be_rounded(folder: Folder) -> None:
    found = folder.read(lines("2026-10-01,llama,1,1,0.0041", "2026-10-02,llama,1,1,0.0042", "Total,,,,0.01"))
    assert (found.status, found.rejected) == (PullStatus.OK, 0)


def test_a_total_is_the_sum_of_its_own_file_and_currency(folder: Folder) -> None:
    columns = {**COLUMNS, "currency": "cur"}
    header = HEADER + ",cur"
    folder.write("a.csv", lines("2026-10-01,m,1,1,1,USD", "2026-10-01,n,1,1,5,EUR", "Total,,,,5,EUR", header=header))
    folder.write("b.csv", lines("2026-10-02,m,1,1,2,USD", "Total,,,,2,", "Total,,,,3,USD", header=header))
    found = folder.read(columns=columns, currency="")
    assert len(found.warnings) == 2
    assert problem(found).startswith("b.csv:4: 'Total' is no date, and its amount is not the sum of the column")
    assert sorted(cost.amount.amount for cost in found.costs) == [1, 2, 5]


def test_a_row_without_a_date_that_is_no_sum_is_refused(folder: Folder) -> None:
    found = folder.read(lines("2026-10-01,llama,1,1,1.10", ",llama,2,2,3.30"))
    assert "which is 1.10 USD" in problem(found)


def test_a_missing_column_fails_naming_the_file_the_nearest_and_all(folder: Folder) -> None:
    found = folder.read(lines("2026-10-01,llama,1,1,1", header="day,model,in,out,usd_amount"))
    assert found.status is PullStatus.FAILED
    message, hint = found.warnings
    assert message == "bill.csv has no column 'usd'"
    assert "'usd_amount'" in hint
    assert "'model'" in hint


def test_a_column_that_is_there_twice_is_not_chosen_from(folder: Folder) -> None:
    found = folder.read(lines("2026-10-01,llama,1,1,1,9", header=HEADER + ",usd"))
    assert found.status is PullStatus.FAILED
    assert "'usd' 2 times" in found.warnings[0]


@pytest.mark.parametrize(("content", "said"), [("", "is empty"), ("\n \n", "is empty"), (HEADER + "\n", "no rows")])
def test_a_file_without_rows_is_named_and_the_others_count(folder: Folder, content: str, said: str) -> None:
    folder.write("void.csv", content)
    found = folder.read(lines("2026-10-01,llama,1,1,1"))
    assert found.status is PullStatus.OK
    (warning,) = found.warnings
    assert "void.csv" in warning
    assert said in warning


def test_a_header_alone_is_never_zero_traffic(folder: Folder) -> None:
    assert folder.read(HEADER + "\n").status is PullStatus.FAILED


GOOD = lines(*(f"2026-10-{day:02d},llama,1,1,1" for day in range(1, 29)))
LONG = GOOD + "2026-10-29,llama,1,1,1\n" * 20_000
DAMAGED = {
    "cut gzip": (gzip.compress(GOOD.encode())[:-9], "fetch it again"),
    "gzip of other content": (gzip.compress(GOOD.encode())[:-8] + b"\0" * 8, "fetch it again"),
    "long cut gzip": (gzip.compress(LONG.encode())[:-9], "fetch it again"),
    "late other encoding": (LONG.encode() + "2026-10-29,modèle,1,1,1\n".encode("latin-1"), "set `encoding`"),
    "open quote": ((GOOD + '2026-10-29,"llama,1,1,1\n').encode(), "bad.csv:30: "),
    "stray quote": ((GOOD + '2026-10-29,"llama,1,1,1\n2026-10-30,"llama",1,1,1\n').encode(), "bad.csv:31: "),
    "quote over rows": ((GOOD + '2026-10-29,"llama,1,1,1\n2026-10-30,llama",1,1\n').encode(), "bad.csv:30: a quote"),
    "endless line": (GOOD.encode() + b"x" * 2_000_000, "a line of more than"),
    "pdf": (b"%PDF-1.7\n\x00\x01", "PDF"),
    "workbook": (b"PK\x03\x04 workbook", "Excel workbook"),
    "parquet": (b"PAR1 and so on", "request-log"),
    "zstd": (b"\x28\xb5\x2f\xfd and so on", "zstd -d"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_gives_none_of_its_rows_and_is_named(folder: Folder, name: str) -> None:
    content, said = DAMAGED[name]
    folder.write("bad.csv", content)
    found = folder.read(lines("2026-10-01,llama,1,1,7"))
    assert found.status is PullStatus.PARTIAL
    assert billed(found) == 7
    (warning,) = found.warnings
    assert "bad.csv" in warning
    assert said in warning


def test_a_file_too_large_to_be_read_whole_points_to_the_kind_for_logs(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("advisor.connectors.invoice_csv.files.MAX_ROWS", 27)
    found = folder.read(GOOD)
    assert found.status is PullStatus.FAILED
    assert "request-log" in found.warnings[1]


def test_a_file_that_unpacks_beyond_all_bounds_is_not_unpacked(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("advisor.connectors.invoice_csv.files.MAX_CHARACTERS", 1_000_000)
    bomb = gzip.compress((GOOD + "2026-10-29,llama,1,1,1\n" * 100_000).encode())
    assert len(bomb) < 1_000_000
    found = folder.read(bomb)
    assert found.status is PullStatus.FAILED
    assert "request-log" in found.warnings[1]


def test_rows_for_the_same_thing_are_all_kept_to_be_added_up(folder: Folder) -> None:
    found = folder.read(lines("2026-10-01,llama,1,1,1", "2026-10-01,llama,1,1,1"))
    assert (found.rows, found.warnings) == (2, ())
    assert billed(found) == 1 + 1


def test_a_copy_of_a_file_is_read_once(folder: Folder) -> None:
    folder.write("bill (1).csv", GOOD)
    found = folder.read(GOOD)
    assert billed(found) == 28
    assert found.warnings == ("bill.csv is a copy of bill (1).csv: it is read once",)


def test_exports_that_hold_the_same_days_are_added_up_and_said(folder: Folder) -> None:
    folder.write("september.csv", lines("2026-09-30,llama,1,1,1", "2026-10-01,llama,1,1,2", "Total,,,,3"))
    folder.write("other.csv", lines("2026-09-30,another,1,1,10", "Total,,,,10"))
    found = folder.read(lines("2026-10-01,llama,1,1,100", "2026-10-02,llama,1,1,1000"))
    assert billed(found) == 1 + 2 + 10 + 100 + 1000
    (warning,) = [warning for warning in found.warnings if "added up" in warning]
    assert "2026-10-01 llama" in warning
    assert "bill.csv" in warning
    assert "september.csv" in warning


def test_files_of_one_name_are_told_apart_by_their_folders(folder: Folder) -> None:
    for account in ("one", "two"):
        (folder.path / account).mkdir()
        (folder.path / account / "bill.csv").write_text(lines(f"2026-10-01,{account},1,1,x"))
    found = folder.read(path=".")
    assert [problem.where for problem in found.problems] == ["one/bill.csv:2", "two/bill.csv:2"]


def test_months_that_look_like_days_are_pointed_out(folder: Folder) -> None:
    found = folder.read(lines("2026-09-01,llama,1,1,1", "2026-10-01,llama,1,1,1", "Total,,,,2"))
    assert any('period = "month"' in warning for warning in found.warnings)


def test_paths_are_files_folders_globs_or_a_list(folder: Folder) -> None:
    folder.write("a.csv", lines("2026-10-01,llama,1,1,1"))
    (folder.path / "more").mkdir()
    folder.write("more/b.csv", lines("2026-10-02,llama,1,1,2"))
    assert billed(folder.read(path="a.csv")) == 1
    assert billed(folder.read(path="more")) == 2
    assert billed(folder.read(path=["a.csv", "more/*.csv"])) == 1 + 2
    missing = folder.read(path="gone.csv")
    assert missing.status is PullStatus.FAILED
    assert "gone.csv" in missing.warnings[0]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"columns": None}, "columns = { date = ... } or preset"),
        ({"preset": "openrouter", "columns": COLUMNS}, "columns = { date = ... } or preset"),
        ({"preset": "openruter"}, "preset"),
        ({"preset": "openrouter", "currency": "EUR"}, "leave both out"),
        ({"preset": "fireworks", "period": "month"}, "leave out period"),
        ({"currency": ""}, 'currency: say what the amounts are in, such as "USD"'),
        ({"currency": "usd"}, "currency"),
        ({"columns": {"date": "day", "model": "model"}}, "map input_tokens and output_tokens, or amount"),
        ({"columns": {"date": "day", "model": "model", "input_tokens": "in"}}, "both input_tokens and output_tokens"),
        (
            {"columns": {"date": "day", "model": "m", "requests": "n", "amount": "usd"}},
            "requests and cache tokens need",
        ),
        ({"columns": {**COLUMNS, "cache_read_tokens": "read"}}, "input_includes_cache"),
        ({"columns": {"model": "model", "amount": "usd"}}, "columns.date: missing"),
        ({"columns": {**COLUMNS, "date": ""}}, "columns.date"),
        ({"columns": {**COLUMNS, "cached": "read"}}, "columns.cached: unknown key"),
        ({"decimal": ",", "thousands": ","}, "decimal and thousands"),
        ({"delimiter": '"'}, "delimiter"),
        ({"encoding": "utf-9"}, "no text encoding"),
        ({"encoding": "base64"}, "no text encoding"),
        ({"date_format": "%d.%m."}, "year, month and day"),
        ({"date_format": "DD/MM/YYYY"}, "year, month and day"),
        ({"date_format": "%m/%Y"}, "year, month and day"),
        ({"period": "month", "date_format": "%Y"}, "year and month"),
        ({"period": "week"}, "period"),
        ({"path": []}, "path"),
    ],
)
def test_settings_that_cannot_work_are_refused_before_anything_is_read(settings: dict[str, Any], said: str) -> None:
    assert said in refused(**settings)


OPENROUTER = "Date,Slug,Usage,BYOK Usage,Requests,Prompt Tokens,Completion Tokens,Reasoning Tokens"


def test_openrouters_charge_for_keys_of_the_users_own_is_counted_apart(folder: Folder) -> None:
    text = lines(
        '"2026-10-01 00:00:00","meta-llama/llama-3.3-70b-instruct","1.5","0.25","3","1000","200","50"',
        header=OPENROUTER,
    )
    found = folder.read(text, preset="openrouter")
    (usage,) = found.usage
    assert (usage.provider, usage.requests) == ("openrouter", 3)
    assert usage.tokens == Tokens(uncached_input=1000, output=200), "reasoning is inside output"
    assert [(cost.amount.amount, cost.basis, cost.component) for cost in found.costs] == [
        (Decimal("1.5"), Basis.BILLED, ""),
        (Decimal("0.25"), Basis.ALLOCATED, "byok"),
    ]
    (warning,) = found.warnings
    assert "counted twice" in warning


def test_anthropics_two_exports_are_told_apart_and_go_together(folder: Folder) -> None:
    folder.write(
        "tokens.csv",
        "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,"
        "usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,"
        "usage_output_tokens,web_search_count,inference_geo,speed\n"
        "2026-10-01,claude-sonnet-5,prod,Default,batch,≤ 200k,1000,20,30,400,100,0,global,\n",
    )
    folder.write(
        "cost.csv",
        "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,cost_type\n"
        "2026-10-01,Claude Sonnet 5,Default,prod,message,≤ 200k,input_no_cache,1.50,2.00,token\n"
        "2026-10-01,Claude Sonnet 5,Default,prod,message,≤ 200k,output,0.50,0.60,token\n",
    )
    found = folder.read(preset="anthropic-console")
    (usage,) = found.usage
    assert usage.tokens == Tokens(uncached_input=1000, cache_write=20 + 30, cache_read=400, output=100)
    assert (usage.tier, usage.requests) == ("batch", None)
    assert [(cost.amount.amount, cost.component, cost.tier) for cost in found.costs] == [
        (Decimal("1.50"), "input_no_cache", "on_demand"),
        (Decimal("0.50"), "output", "on_demand"),
    ]
    assert (found.status, found.warnings) == (PullStatus.OK, ())


FIREWORKS = (
    "email,start_time,end_time,usage_type,accelerator_type,accelerator_seconds,base_model_name,model_bucket,"
    "parameter_count,prompt_tokens,completion_tokens"
)
TEXT = "TEXT_COMPLETION_INFERENCE_USAGE"


def test_fireworks_events_are_requests_in_five_minute_buckets(folder: Folder) -> None:
    events = [
        f"a@b.c,2026-10-01 09:44:34 UTC,2026-10-01 09:44:36 UTC,{TEXT},,,llama,Llama,8B,7436,6",
        f"a@b.c,2026-10-01 09:49:59 UTC,2026-10-01 09:50:10 UTC,{TEXT},,,llama,Llama,8B,100,1",
        f"a@b.c,2026-10-01 00:00:00 UTC,2026-10-02 00:00:00 UTC,{TEXT},,,llama,Llama,8B,9,9",
    ]
    found = folder.read(lines(*events, header=FIREWORKS), preset="fireworks")
    assert [(usage.start.hour, usage.start.minute, usage.width_seconds, usage.requests) for usage in found.usage] == [
        (9, 40, 300, 1),
        (9, 45, 300, 1),
        (0, 0, DAY_SECONDS, None),
    ]
    assert found.costs == [], "this export holds no money, which is not zero"


def test_fireworks_rows_of_accelerators_are_left_out_and_counted(folder: Folder) -> None:
    rows = [
        f"a@b.c,2026-10-01 09:44:34 UTC,2026-10-01 09:44:34 UTC,{TEXT},,,llama,Llama,8B,7,1",
        f"a@b.c,2026-10-01 09:00:00 UTC,2026-10-01 10:00:00 UTC,{TEXT},H100,3600,llama,Llama,8B,0,0",
        "a@b.c,2026-10-01 09:00:00 UTC,2026-10-01 10:00:00 UTC,TRAINING,H100,3600,llama,Llama,8B,,",
    ]
    found = folder.read(lines(*rows, header=FIREWORKS), preset="fireworks")
    assert (len(found.usage), found.rejected) == (1, 0)
    (warning,) = found.warnings
    assert "2 rows are left out" in warning
    assert "1 TRAINING" in warning


@pytest.mark.parametrize(
    ("start", "end", "why"),
    [
        ("2026-10-01 09:00:00 UTC", "2026-10-01 08:00:00 UTC", "before it begins"),
        ("2026-10-01 23:00:00 UTC", "2026-10-02 01:00:00 UTC", "more than one UTC day"),
        ("2026-10-01 09:00:00 UTC", "", "no ISO date"),
    ],
)
def test_fireworks_events_of_impossible_times_are_refused(folder: Folder, start: str, end: str, why: str) -> None:
    row = f"a@b.c,{start},{end},{TEXT},,,llama,Llama,8B,7,1"
    assert why in problem(folder.read(lines(row, header=FIREWORKS), preset="fireworks"))


def test_an_export_of_another_console_names_the_column_that_the_preset_needs(folder: Folder) -> None:
    found = folder.read(GOOD, preset="openrouter")
    assert found.status is PullStatus.FAILED
    assert "no column 'Date'" in found.warnings[0]
