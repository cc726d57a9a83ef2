"""Lists of the market as a table, JSON or CSV: models, prices, and whatever else is rows with columns."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from textwrap import wrap
from typing import Any, Literal

from advisor.domain.units import Money
from advisor.reporting.words import UNKNOWN, plain, price, shorten

Format = Literal["table", "json", "csv"]
WIDTH = 100
GAP = "  "
# A path or an address that fits a line stays in one piece, so that it can be copied.
_wrapped = partial(wrap, width=WIDTH, break_on_hyphens=False)


def shown(value: Any) -> str:
    """A value as a cell of a table; `-` where it is unknown."""
    if value is None or value == "":
        return UNKNOWN
    if isinstance(value, Money):
        return price(value)
    return "yes" if value is True else "no" if value is False else plain(str(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A field of every row. `title` heads it in the table, where an empty title leaves it out; `cell` writes it there.
    A `loose` column is cut where the table would be wider than 100 characters."""

    key: str
    title: str = ""
    right: bool = False
    loose: bool = False
    cell: Callable[[Any], str] = shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Rows of one kind. `name` is their key in the JSON document and `schema` its name and version; `about` goes into
    the document beside them, `notes` below the table. `empty` is said where there are no rows."""

    name: str
    schema: str
    columns: tuple[Column, ...]
    rows: Sequence[Mapping[str, Any]]
    about: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    empty: str = "nothing to list"


def rendered(listing: Listing, form: Format) -> str:
    """The whole list, ending in a new line."""
    if form == "json":
        return _json(listing)
    return _csv(listing) if form == "csv" else _table(listing)


def _json(listing: Listing) -> str:
    rows = [{column.key: _value(row[column.key]) for column in listing.columns} for row in listing.rows]
    about = {key: _value(value) for key, value in listing.about.items()}
    return json.dumps({"schema": listing.schema, **about, listing.name: rows}, indent=2, ensure_ascii=False) + "\n"


def _value(value: Any) -> Any:
    if isinstance(value, Money):
        return {"amount": format(value.amount, "f"), "currency": value.currency}
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _value(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_value(one) for one in value]
    return None if value == "" else value


def _csv(listing: Listing) -> str:
    """Amounts with all their digits; their currency in a column of its own, as prices of one row share it."""
    money = any(isinstance(row[column.key], Money) for row in listing.rows for column in listing.columns)
    keys = [column.key for column in listing.columns]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*keys, "currency"] if money else keys)
    for row in listing.rows:
        currency = next((value.currency for value in row.values() if isinstance(value, Money)), "")
        cells = [_flat(row[key]) for key in keys]
        writer.writerow([*cells, currency] if money else cells)
    return text.getvalue()


def _flat(value: Any) -> str:
    value = value.amount if isinstance(value, Money) else value
    if value is None:
        return ""
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _table(listing: Listing) -> str:
    columns = [column for column in listing.columns if column.title]
    notes = [line for note in listing.notes for line in _wrapped(plain(note), subsequent_indent=GAP)]
    if not listing.rows:
        return "".join(f"{line}\n" for line in (*_wrapped(listing.empty), *notes))
    cells = [[column.cell(row[column.key]) for column in columns] for row in listing.rows]
    widths = [max(len(column.title), *(len(line[at]) for line in cells)) for at, column in enumerate(columns)]
    _fit(columns, widths)
    lines = [_line([column.title for column in columns], columns, widths)]
    lines += [_line(line, columns, widths) for line in cells]
    if notes:
        lines += ["", *notes]
    return "".join(f"{line}\n" for line in lines)


def _fit(columns: Sequence[Column], widths: list[int]) -> None:
    """Narrow the loose columns, the widest first, until a line fits or only their titles are left."""
    while sum(widths) + len(GAP) * (len(widths) - 1) > WIDTH:
        loose = [at for at, column in enumerate(columns) if column.loose and widths[at] > len(column.title)]
        if not loose:
            return
        widths[max(loose, key=lambda at: widths[at])] -= 1


def _line(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    fitted = [
        cut.rjust(width) if column.right else cut.ljust(width)
        for cell, column, width in zip(cells, columns, widths, strict=True)
        for cut in (shorten(cell, width),)
    ]
    return GAP.join(fitted).rstrip()
