"""The beginning of a log shows how it is written, whatever the beginning looks like."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from advisor.contract.files import HEAD_BYTES
from advisor.errors import SourceError
from advisor.ingest.layouts import Layout, text_layout
from tests.unit.ingest.logs import ROWS, lines, read, table, totals, written

SUM = (2, 1000 + 3000, 200 + 400)
LONG = "x" * (2 * HEAD_BYTES)


@pytest.mark.parametrize(
    ("head", "layout"),
    [
        ("a,b\n1,2\n", "csv"),
        ('"a","b"\n1,2\n', "csv"),
        ('{"a": 1}\n{"a": 2}\n', "lines"),
        ('{"a": 1}', "lines"),
        ('{"a": 1}\n{"a": {"b"', "lines"),
        ('{broken}\n{"a": 2}\n', "lines"),
        ("{broken}\n{broken}\n", "lines"),
        ('{"a": "cut off in its first li', "lines"),
        ('{\n  "a": 1\n}\n{\n  "a": 2\n}\n', "objects"),
        ('{"a": 1,\n "b": 2}\n', "objects"),
        ('[{"a": 1}, {"a": 2}]', "array"),
        ('  [\n  {\n "a": 1}\n]', "array"),
        ("[]", "array"),
    ],
)
def test_the_layout_shows_in_the_beginning(head: str, layout: Layout) -> None:
    assert text_layout(head)["layout"] == layout


def test_columns_of_nested_records_are_known_by_their_dotted_path() -> None:
    columns = text_layout('{"a": {"b": {"c": 1}, "d.e": 2}}\n{"f": null}\n')["columns"]
    assert columns == {
        "a": ("a",),
        "a.b": ("a", "b"),
        "a.b.c": ("a", "b", "c"),
        "a.d.e": ("a", "d.e"),
        "f": ("f",),
    }


def test_of_two_columns_of_one_name_the_first_is_meant() -> None:
    seen = text_layout("in,out,in\n1,2,3\n")
    assert seen["columns"] == {"in": ("c0",), "out": ("c1",)}
    assert len(seen["kinds"]) == 3


@pytest.mark.parametrize("layout", ["lines", "array"])
def test_a_first_record_that_is_longer_than_the_beginning_is_read(layout: str, tmp_path: Path) -> None:
    rows = [{"prompt": LONG, **ROWS[0]}, ROWS[1]]
    content = lines(rows) if layout == "lines" else json.dumps(rows)
    assert totals(read(written(tmp_path / "log.json", content))) == SUM


def test_a_column_that_no_long_record_has_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no column 'tokens'"):
        read(written(tmp_path / "log.json", lines([{"prompt": LONG, **ROWS[0]}])), columns={"input_tokens": "tokens"})


def test_line_separators_inside_text_do_not_end_a_line(tmp_path: Path) -> None:
    rows = [{**row, "note": "a\u2028b\u0085c\x0bd"} for row in ROWS]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    assert totals(read(written(tmp_path / "log.jsonl", text))) == SUM


def test_commas_in_a_quoted_header_do_not_hide_the_delimiter(tmp_path: Path) -> None:
    text = table(ROWS, ";").replace("at;", '"a, t";', 1)
    assert totals(read(written(tmp_path / "log.csv", text), columns={"timestamp": "a, t"})) == SUM
