"""What every source promises, as tests: a test class inherits `RecordsKit` or `RelationKit` and names its source."""

from __future__ import annotations

import builtins
import io
import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from typing import Any, ClassVar, NoReturn
from unittest import mock

import pytest
from pydantic import ValidationError

from advisor.contract.source import (
    Columns,
    Lost,
    Parsed,
    PassedOver,
    Record,
    Records,
    Relation,
    Source,
    UsageRow,
    Warned,
)
from advisor.domain.facts import CostFact, RowProblem
from advisor.domain.units import Window

UNRELATED: tuple[Record, ...] = ({}, {"unrelated": 1}, {"": None}, {"usage": {"tokens": [1, {"deep": None}]}})
COUNTS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "requests")


@contextmanager
def nothing_opened() -> Iterator[None]:
    """Fail on any file, folder or connection that is opened meanwhile."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("it opens something")

    with (
        mock.patch.object(builtins, "open", refuse),
        mock.patch.object(io, "open", refuse),
        mock.patch.object(os, "open", refuse),
        mock.patch.object(os, "scandir", refuse),
        mock.patch.object(os, "listdir", refuse),
        mock.patch.object(socket, "socket", refuse),
    ):
        yield


class SourceKit:
    """The promises of every `advisor.contract.source.Source`. `secrets` are the values behind its references."""

    secrets: ClassVar[tuple[str, ...]] = ()
    window: ClassVar[Window]

    def source(self) -> Source:
        """The source, made by the registry from a table as a user writes it."""
        raise NotImplementedError

    def test_it_is_found_by_its_kind(self) -> None:
        assert self.source().kind

    def test_settings_refuse_an_unknown_key(self) -> None:
        source = self.source()
        with pytest.raises(ValidationError, match="surprise"):
            type(source).model_validate({**_table(source), "surprise": 1})

    def test_settings_cannot_be_changed(self) -> None:
        with pytest.raises(ValidationError, match="frozen"):
            self.source().name = "other"

    def test_secrets_never_show(self) -> None:
        source = self.source()
        shown = f"{source!r} {source} {source.model_dump()} {source.model_dump_json()}"
        assert [secret for secret in self.secrets if secret in shown] == []


class RelationKit(SourceKit):
    """The promises of a `Relation`.

        class TestMyLog(RelationKit):
            window = Month(2026, 10).window
            record = {"at": "2026-10-01T08:00:00Z", "model": "m", "usage": {"in": 10, "out": 2}}

            def source(self) -> Relation: ...

    `record` is one whole record, as the log holds it.
    """

    record: ClassVar[Mapping[str, Any]]

    def source(self) -> Relation:
        raise NotImplementedError

    def test_scan_opens_nothing_and_always_says_the_same(self) -> None:
        source = self.source()
        with nothing_opened():
            assert source.scan(self.window) == source.scan(self.window)

    def test_scan_names_files_and_one_place_for_the_model(self) -> None:
        spec = self.source().scan(self.window)
        assert spec.paths
        assert bool(spec.model) != bool(spec.columns.model)
        assert spec.origin is None or spec.origin.tzinfo is not None

    def test_every_column_is_in_the_record_unless_it_is_optional(self) -> None:
        spec = self.source().scan(self.window)
        mapped = {field.name: getattr(spec.columns, field.name) for field in fields(Columns)}
        assert spec.optional <= {name for name, column in mapped.items() if column}
        needed = {column for name, column in mapped.items() if column and name not in spec.optional}
        assert {column for column in needed if not _holds(self.record, column)} == set()

    def test_money_has_a_currency(self) -> None:
        spec = self.source().scan(self.window)
        assert bool(spec.currency) or not spec.columns.cost


class RecordsKit(SourceKit):
    """The promises of a `Records` source.

        class TestMyApi(RecordsKit):
            window = Month(2026, 10).window

            def source(self) -> Records: ...
            def records(self) -> Iterable[Record]: ...

    `records` are good ones as `pull` yields them, all within `window`.
    """

    def source(self) -> Records:
        raise NotImplementedError

    def records(self) -> Iterable[Record]:
        raise NotImplementedError

    def parsed(self) -> list[Parsed]:
        source = self.source()
        return [parsed for record in self.records() for parsed in source.parse(record)]

    def test_pull_does_nothing_before_it_is_asked_for_a_record(self) -> None:
        source = self.source()
        with nothing_opened():
            iter(source.pull(self.window))

    def test_good_records_give_rows_and_no_problems(self) -> None:
        parsed = self.parsed()
        assert any(isinstance(one, UsageRow | CostFact) for one in parsed)
        assert [one for one in parsed if isinstance(one, RowProblem | Lost)] == []

    def test_parse_is_pure(self) -> None:
        assert self.parsed() == self.parsed()

    def test_rows_lie_in_the_window_in_utc(self) -> None:
        starts = [one.start for one in self.parsed() if isinstance(one, UsageRow | CostFact)]
        assert [start for start in starts if not _utc(start) or start not in self.window] == []

    def test_counts_are_whole_and_not_negative(self) -> None:
        rows = [one for one in self.parsed() if isinstance(one, UsageRow)]
        counts = [count for row in rows for name in COUNTS if (count := getattr(row, name)) is not None]
        assert [count for count in counts if type(count) is not int or count < 0] == []
        assert [row for row in rows if row.width_seconds <= 0] == []

    def test_charges_cover_a_period(self) -> None:
        assert [one for one in self.parsed() if isinstance(one, CostFact) and one.end <= one.start] == []

    def test_records_that_are_none_of_its_own_break_nothing(self) -> None:
        for record in UNRELATED:
            rows = _understood(self.source(), record)
            assert [one for one in rows if isinstance(one, UsageRow)] == [], record

    def test_a_record_with_a_field_missing_or_wrong_breaks_nothing(self) -> None:
        source = self.source()
        for record in list(self.records())[:5]:
            for key in record:
                _understood(source, {name: value for name, value in record.items() if name != key})
                for wrong in _wrong(record[key]):
                    _understood(source, {**record, key: wrong})


def _understood(source: Records, record: Record) -> list[Parsed]:
    """What a source makes of a record that may be bad. Each problem says where it is and why."""
    found = list(source.parse(record))
    for one in found:
        assert isinstance(one, UsageRow | CostFact | RowProblem | Warned | Lost | PassedOver), (record, one)
        assert not isinstance(one, RowProblem) or (one.where and one.why), (record, one)
    return found


def _wrong(value: Any) -> tuple[Any, ...]:
    """What may stand in place of a value some day, of the same type or none."""
    match value:
        case str():
            return (None, "", "n/a", "1,234")
        case bool():
            return (None, not value)
        case int() | float():
            return (None, -1, 1.5, 10**30)
        case Mapping():
            return (None, {}, {"unrelated": 1})
        case _:
            return (None, [], [None])


def _utc(moment: datetime) -> bool:
    offset = moment.utcoffset()
    return offset is not None and not offset


def _holds(record: Any, column: str) -> bool:
    """Whether a record has a key of that name, or one at the end of that dotted path."""
    if not isinstance(record, Mapping):
        return False
    if column in record:
        return True
    first, _, rest = column.partition(".")
    return bool(rest) and _holds(record.get(first), rest)


def _table(source: Source) -> dict[str, Any]:
    """The source's settings as its table in `advisor.toml` states them."""
    return source.model_dump(mode="json", by_alias=True, exclude_defaults=True)
