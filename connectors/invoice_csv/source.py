"""Daily or monthly rows of tokens and money: any CSV that a console exports or a person keeps."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from advisor.contract.files import READABLE, UnreadableError
from advisor.contract.gather import FileSettings, gather
from advisor.contract.settings import Settings
from advisor.contract.source import Lost, Parsed, Record, Records, Terms, Warned
from advisor.domain.facts import InputIncludes, RowProblem
from advisor.domain.units import Window

from .dates import Period, names_no_date, span_of
from .files import Table, digest, read_table, short_names
from .layouts import PRESETS, Charge, Layout, Preset, chosen, fitting
from .numbers import NumberStyle
from .remarks import Held, remarks
from .rows import Reading, column_sums, facts_of

SAMPLE_DAY, SAMPLE_MONTH = datetime(2026, 10, 17, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
Column = Annotated[str, StringConstraints(min_length=1)]


class InvoiceColumns(Settings):
    """The columns of an export; those that are left out are not there."""

    date: Column
    model: Column
    requests: str = ""
    input_tokens: str = ""
    output_tokens: str = ""
    cache_read_tokens: str = ""
    cache_write_tokens: str = ""
    tier: str = ""
    amount: str = ""
    currency: str = ""


class InvoiceCsv(FileSettings, Records):
    """Exports as CSV. A row is a day (or a month) of one model; rows for the same thing add up."""

    terms: ClassVar[Terms | None] = Terms(
        tokens="day",
        cost="day",
        freshness="as exports are made",
        polling="free",
        permission="to read the files",
    )
    preset: Preset | None = None
    columns: InvoiceColumns | None = None
    period: Period = "day"
    date_format: str = ""
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", " ", "'"] = ""
    delimiter: Annotated[str, Field(max_length=1)] = ""
    encoding: str = ""
    currency: Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$")] = ""
    provider: str = ""
    input_includes_cache: bool | None = None

    @field_validator("delimiter")
    @classmethod
    def _delimits(cls, value: str) -> str:
        if value and (value.isalnum() or value in "\"'\r\n.-"):
            raise ValueError(f"{value!r} cannot part columns")
        return value

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            if value and not codecs.lookup(value)._is_text_encoding:
                raise LookupError
        except LookupError:
            raise ValueError(f"{value!r} is no text encoding; write it like utf-8, utf-16 or cp1252") from None
        return value

    @model_validator(mode="after")
    def _consistent(self) -> InvoiceCsv:
        if self.thousands == self.decimal:
            raise ValueError(f"decimal and thousands are both {self.decimal!r}")
        if (self.preset is None) == (self.columns is None):
            raise ValueError(f"give either columns = {{ date = ... }} or preset, one of {', '.join(PRESETS)}")
        if self.columns:
            self._check_columns(self.columns)
        elif self.currency or self.input_includes_cache is not None:
            raise ValueError(f"preset = {self.preset!r} knows the currency and what input includes: leave both out")
        elif any(layout.until for layout in self._layouts) and (self.period != "day" or self.date_format):
            raise ValueError(f"preset = {self.preset!r} reads single events: leave out period and date_format")
        if self.date_format:
            self._check_date_format(self.date_format)
        return self

    def _check_columns(self, columns: InvoiceColumns) -> None:
        counts = (columns.requests, columns.cache_read_tokens, columns.cache_write_tokens)
        if bool(columns.input_tokens) != bool(columns.output_tokens):
            raise ValueError("columns: map both input_tokens and output_tokens, or neither")
        if not columns.input_tokens and any(counts):
            raise ValueError("columns: requests and cache tokens need input_tokens and output_tokens beside them")
        if not columns.input_tokens and not columns.amount:
            raise ValueError("columns: map input_tokens and output_tokens, or amount, or all three")
        if columns.amount and not columns.currency and not self.currency:
            raise ValueError('currency: say what the amounts are in, such as "USD", or map columns.currency')
        if any(counts[1:]) and self.input_includes_cache is None:
            raise ValueError("input_includes_cache: say true if the input count includes cached tokens, false if not")

    def _check_date_format(self, form: str) -> None:
        sample = SAMPLE_DAY if self.period == "day" else SAMPLE_MONTH
        try:
            holds = span_of(sample.strftime(form), self.period, form)[0].date() == sample.date()
        except ValueError:
            holds = False
        if not holds:
            parts = "year, month and day, such as %d/%m/%Y" if self.period == "day" else "year and month, such as %m/%Y"
            raise ValueError(f"date_format: {form!r} does not hold {parts}")

    def pull(self, window: Window) -> Iterator[Record]:
        """Yield the rows of every file, whatever their dates; a damaged file yields that it is lost, and no row."""
        with gather(self.path, window, access=self.access) as gathered:
            yield from self._pulled(gathered.files)

    def _pulled(self, files: tuple[Path, ...]) -> Iterator[Record]:
        names = short_names(files)
        copies: dict[bytes, str] = {}
        held: Held = {}
        for file in files:
            name, content = names[file], digest(file)
            if content and content in copies:
                yield {"warned": f"{name} is a copy of {copies[content]}: it is read once"}
                continue
            copies[content] = name
            try:
                table = self._table(file, name)
            except UnreadableError as error:
                hint = "save it as CSV" if error.hint == READABLE else error.hint
                yield {"lost": f"{error.message}; {hint}"}
                continue
            yield from self._records(table, name, held)

    def parse(self, record: Record) -> Iterator[Parsed]:
        """Translate a row, or what there is to say about its file."""
        where, row, sums = str(record.get("where") or self.name), record.get("row"), record.get("sums")
        if message := record.get("warned"):
            yield Warned(message=str(message))
        elif message := record.get("lost"):
            yield Lost(message=str(message))
        elif why := record.get("problem"):
            yield RowProblem(where=where, why=str(why))
        elif not isinstance(row, Mapping) or not (layout := fitting(self._layouts, row)):
            yield RowProblem(where=where, why="it is no row of this export")
        else:
            try:
                yield from facts_of(row, layout, self._reading, where, sums if isinstance(sums, Mapping) else {})
            except ValueError as error:
                yield RowProblem(where=where, why=str(error))

    @cached_property
    def _reading(self) -> Reading:
        style = NumberStyle(decimal=self.decimal, thousands=self.thousands)
        return Reading(style=style, period=self.period, date_format=self.date_format)

    @cached_property
    def _layouts(self) -> tuple[Layout, ...]:
        known = PRESETS[self.preset] if self.preset else ()
        own = (self._mapped(self.columns),) if self.columns else ()
        return tuple(replace(layout, provider=self.provider or layout.provider) for layout in (*known, *own))

    def _mapped(self, columns: InvoiceColumns) -> Layout:
        def listed(name: str) -> tuple[str, ...]:
            return (name,) if name else ()

        return Layout(
            date=columns.date,
            model=columns.model,
            input_tokens=listed(columns.input_tokens),
            output_tokens=listed(columns.output_tokens),
            cache_read_tokens=listed(columns.cache_read_tokens),
            cache_write_tokens=listed(columns.cache_write_tokens),
            requests=listed(columns.requests),
            tier=columns.tier,
            charges=tuple(Charge(column=name) for name in listed(columns.amount)),
            currency_column=columns.currency,
            currency=self.currency,
            input_includes=InputIncludes.CACHE if self.input_includes_cache else InputIncludes.NOTHING,
        )

    def _table(self, file: Path, name: str) -> Table:
        def wanted(header: tuple[str, ...]) -> tuple[str, ...]:
            return chosen(self._layouts, header, name).columns

        return read_table(file, name, wanted, delimiter=self.delimiter, encoding=self.encoding)

    def _records(self, table: Table, name: str, held: Held) -> Iterator[Record]:
        if not table.rows:
            yield {"warned": f"{name} has a header and no rows" if table.columns else f"{name} is empty"}
            return
        layout = chosen(self._layouts, table.columns, name)
        for remark in remarks(table, name, layout, self._reading, held):
            yield {"warned": remark}
        sums = None
        for line, row in table.lines():
            record: dict[str, Any] = {"where": f"{name}:{line}"}
            if isinstance(row, str):
                yield record | {"problem": row}
            elif not layout.counts(row):
                continue
            elif names_no_date(row[layout.date]):
                sums = sums or column_sums(table.cells(), layout, self._reading)
                yield record | {"row": row, "sums": sums}
            else:
                yield record | {"row": row}
