"""Lists of the market: the same rows as a table, JSON and CSV, with nothing unknown made up."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from decimal import Decimal
from typing import Any

from advisor.domain.units import Money
from advisor.reporting.listing import WIDTH, Column, Listing, rendered

COLUMNS = (
    Column(key="name", title="NAME", loose=True),
    Column(key="price", title="PRICE", right=True),
    Column(key="day"),
    Column(key="count", title="COUNT", right=True),
)


def row(**fields: Any) -> dict[str, Any]:
    return {"name": "a", "price": Money(Decimal("0.0200"), "USD"), "day": date(2026, 11, 20), "count": 3} | fields


def listing(*rows: dict[str, Any], **fields: Any) -> Listing:
    return Listing(name="things", schema="advisor.things/1", columns=COLUMNS, rows=rows, **fields)


def test_table_shows_titled_columns_aligned_and_notes_below() -> None:
    text = rendered(listing(row(), row(name="long name", count=12), notes=("a note",)), "table")
    assert text.splitlines() == [
        "NAME       PRICE  COUNT",
        "a          $0.02      3",
        "long name  $0.02     12",
        "",
        "a note",
    ]


def test_unknown_is_a_dash_null_or_nothing_and_never_zero() -> None:
    unknown = listing(row(name="", price=None, day=None, count=None))
    assert rendered(unknown, "table").splitlines()[1].split() == ["-", "-", "-"]
    assert json.loads(rendered(unknown, "json"))["things"] == [
        {"name": None, "price": None, "day": None, "count": None}
    ]
    assert rendered(unknown, "csv").splitlines()[1] == ",,,"


def test_table_stays_within_a_hundred_columns_by_cutting_loose_ones() -> None:
    lines = rendered(listing(row(name="x" * 300), notes=("word " * 60,)), "table").splitlines()
    assert max(len(line) for line in lines) == WIDTH == 100
    assert "…" in lines[1]
    assert lines[1].endswith("$0.02      3")


def test_table_escapes_what_a_terminal_would_obey() -> None:
    assert "\x1b" not in rendered(listing(row(name="\x1b[31mred")), "table")


def test_json_has_schema_rows_and_exact_amounts() -> None:
    found = json.loads(rendered(listing(row(), about={"on": date(2026, 11, 20)}), "json"))
    assert found == {
        "schema": "advisor.things/1",
        "on": "2026-11-20",
        "things": [
            {"name": "a", "price": {"amount": "0.0200", "currency": "USD"}, "day": "2026-11-20", "count": 3},
        ],
    }


def test_csv_has_a_currency_of_each_row_and_all_digits() -> None:
    rows = (row(), row(price=Money(Decimal("1E-7"), "EUR")), row(price=None, name='with "quotes", and a comma'))
    found = list(csv.DictReader(io.StringIO(rendered(listing(*rows), "csv"))))
    assert [(one["price"], one["currency"]) for one in found] == [("0.0200", "USD"), ("0.0000001", "EUR"), ("", "")]
    assert found[2]["name"] == 'with "quotes", and a comma'


def test_empty_list_says_so_and_stays_a_document() -> None:
    assert rendered(listing(empty="no thing of that name"), "table") == "no thing of that name\n"
    assert json.loads(rendered(listing(), "json"))["things"] == []
    assert rendered(listing(), "csv") == "name,price,day,count\n"
