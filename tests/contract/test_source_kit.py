"""The kit for sources passes a good source and catches one that breaks a promise."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import Field

from advisor.contract.settings import SecretRef
from advisor.contract.source import Columns, Parsed, Record, Records, Relation, Scan, UsageRow
from advisor.contract.testing.source import RecordsKit, RelationKit
from advisor.domain.facts import InputIncludes, RowProblem
from advisor.domain.units import Month, Window

OCTOBER = Month(2026, 10).window
RECORD = {"hour": "2026-10-01T08:00:00+00:00", "model": "m", "in": 10, "out": 2}
KEY = "the key itself"


class Hours(Records):
    """A source as small as it can be."""

    kind: ClassVar[str] = "hours"
    api_key: SecretRef

    def pull(self, window: Window) -> Iterator[Record]:
        yield RECORD

    def parse(self, record: Record) -> Iterator[Parsed]:
        try:
            yield self.row(record)
        except (KeyError, TypeError, ValueError) as error:
            yield RowProblem(where=f"hour {record.get('hour')}", why=repr(error))

    def row(self, record: Record) -> UsageRow:
        return UsageRow(
            provider="acme",
            model_raw=record["model"],
            start=datetime.fromisoformat(record["hour"]),
            width_seconds=3600,
            input_tokens=int(record["in"]),
            output_tokens=int(record["out"]),
            input_includes=InputIncludes.NOTHING,
        )


class TestHours(RecordsKit):
    window = OCTOBER
    secrets = (KEY,)
    made: type[Hours] = Hours

    def source(self) -> Records:
        return self.made.model_validate({"name": "s", "api_key": {"env": "KEY"}}, context={"environ": {"KEY": KEY}})

    def records(self) -> Iterable[Record]:
        return [RECORD]


class OpensEarly(Hours):
    def pull(self, window: Window) -> Iterator[Record]:
        return iter([{"text": Path("no-such-file").read_text()}])


class Impure(Hours):
    def row(self, record: Record) -> UsageRow:
        return super().row({**record, "in": time.perf_counter_ns()})


class OutsideTheWindow(Hours):
    def row(self, record: Record) -> UsageRow:
        moved = datetime.fromisoformat(record["hour"]) + timedelta(days=31)
        return super().row({**record, "hour": moved.isoformat()})


class WithoutZone(Hours):
    def row(self, record: Record) -> UsageRow:
        return super().row({**record, "hour": record["hour"][:19]})


class Negative(Hours):
    def row(self, record: Record) -> UsageRow:
        return super().row({**record, "out": -1})


class Guesses(Hours):
    def row(self, record: Record) -> UsageRow:
        return super().row({**RECORD, **record})


class Raises(Hours):
    def parse(self, record: Record) -> Iterator[Parsed]:
        yield self.row(record)


class NamesNothing(Hours):
    def parse(self, record: Record) -> Iterator[Parsed]:
        for parsed in super().parse(record):
            yield RowProblem(where="", why="bad") if isinstance(parsed, RowProblem) else parsed


@pytest.mark.parametrize(
    ("broken", "promise"),
    [
        (OpensEarly, "test_pull_does_nothing_before_it_is_asked_for_a_record"),
        (Impure, "test_parse_is_pure"),
        (OutsideTheWindow, "test_rows_lie_in_the_window_in_utc"),
        (WithoutZone, "test_rows_lie_in_the_window_in_utc"),
        (Negative, "test_counts_are_whole_and_not_negative"),
        (Guesses, "test_records_that_are_none_of_its_own_break_nothing"),
        (Raises, "test_records_that_are_none_of_its_own_break_nothing"),
        (Raises, "test_a_record_with_a_field_missing_or_wrong_breaks_nothing"),
        (NamesNothing, "test_a_record_with_a_field_missing_or_wrong_breaks_nothing"),
    ],
)
def test_a_broken_promise_of_records_is_caught(broken: type[Hours], promise: str) -> None:
    kit = TestHours()
    getattr(kit, promise)()
    kit.made = broken
    with pytest.raises((AssertionError, KeyError)):
        getattr(kit, promise)()


class Log(Relation):
    """A log whose scan is given by its test."""

    kind: ClassVar[str] = "log"
    made: dict[str, Any] = Field(default_factory=dict)

    def scan(self, window: Window) -> Scan:
        values: dict[str, Any] = {"timestamp": "hour", "model": "model", "input_tokens": "in", "output_tokens": "out"}
        columns = Columns(**{**values, **self.made.get("columns", {})})
        settings = {key: value for key, value in self.made.items() if key != "columns"}
        return Scan(**{"paths": ("a",), "columns": columns, "input_includes": InputIncludes.NOTHING, **settings})


class TestLog(RelationKit):
    window = OCTOBER
    record = RECORD
    made: Mapping[str, Any] = {}

    def source(self) -> Relation:
        return Log.model_validate({"name": "s", "made": self.made})


@pytest.mark.parametrize(
    ("made", "promise"),
    [
        ({"paths": ()}, "test_scan_names_files_and_one_place_for_the_model"),
        ({"model": "also here"}, "test_scan_names_files_and_one_place_for_the_model"),
        ({"columns": {"tier": "class"}}, "test_every_column_is_in_the_record_unless_it_is_optional"),
        ({"columns": {"tier": "hour.class"}}, "test_every_column_is_in_the_record_unless_it_is_optional"),
        ({"optional": frozenset({"tier"})}, "test_every_column_is_in_the_record_unless_it_is_optional"),
        ({"columns": {"cost": "in"}}, "test_money_has_a_currency"),
    ],
)
def test_a_broken_promise_of_a_relation_is_caught(made: Mapping[str, Any], promise: str) -> None:
    kit = TestLog()
    getattr(kit, promise)()
    kit.made = made
    with pytest.raises(AssertionError):
        getattr(kit, promise)()
