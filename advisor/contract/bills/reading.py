"""Reads all billing files of a source in bounded memory, and yields what they say as records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from advisor.contract.aws import AwsSettings
from advisor.contract.bills.deliveries import Delivered, delivered
from advisor.contract.bills.form import Form
from advisor.contract.bills.ledger import Ledger
from advisor.contract.bills.records import Bucket, Series
from advisor.contract.bills.remarks import costs_differ, gpus_paid, replaced_files, superseded
from advisor.contract.bills.tables import REJECTED, Table, first_line, open_table
from advisor.contract.files import UnreadableError
from advisor.contract.gather import Gathered, gather
from advisor.contract.source import Lost, PassedOver, Record, Warned
from advisor.domain.facts import RowProblem
from advisor.domain.units import Window
from advisor.errors import SourceError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# What providers put beside the bill: manifests, table definitions, Athena's status table.
BESIDE = ("*.json", "*.sql", "*.yml", "*.yaml", "*.md", "cost_and_usage_data_status*")
MEMORY = "700MB"
SETTLING = timedelta(days=14)
"""AWS finalises a month within two weeks of its end (docs.aws.amazon.com/cur, "Export refreshing")."""
KEY = 10  # leading columns of Ledger.series that make a series, less the description


def bill_records(
    form: Form, paths: Iterable[str], window: Window, access: AwsSettings | None = None
) -> Iterator[Record]:
    """What the files behind *paths* say of LLMs in *window*, each record under the key `bill`.

    A record is a Series, or a finished RowProblem, Lost, Warned or PassedOver. Of objects on S3 those alone are
    fetched that count. Raises SourceError where no file can be read.
    """
    with gather(paths, window, skip=BESIDE, access=access, lazily=True) as gathered:
        for said in _said(form, gathered, window):
            yield {"bill": said}


def _said(form: Form, gathered: Gathered, window: Window) -> Iterator[Any]:
    found = delivered(gathered.files)
    gathered.fetch(file for delivery in found.deliveries for file in delivery.files)
    yield from _layout_remarks(found)
    with _engine() as (engine, scratch):
        ledger = Ledger(engine, form)
        read = _read(found, ledger, engine, scratch)
        if read.lost and not read.tables:
            raise SourceError(f"no file can be read: {read.lost[0].message}", read.lost[0].hint)
        for file in read.empty:
            yield Warned(message=f"{file} is empty")
        for error in read.lost:
            yield Lost(message=f"{error.message}: {error.hint}")
        for one in superseded(ledger.replace_older(), found.deliveries):
            yield Warned(message=one)
        yield from _problems(engine, ledger, read.tables)
        yield from _series(ledger, read.tables, window)
        yield from _remarks(ledger, window)


@contextmanager
def _engine() -> Iterator[tuple[DuckDBPyConnection, Path]]:
    """An engine in memory, which spills into a folder of its own, and a folder for links."""
    import duckdb

    with TemporaryDirectory(prefix="advisor-") as folder:
        links = Path(folder, "links")
        links.mkdir()
        engine = duckdb.connect()
        try:
            engine.execute(f"SET memory_limit = '{MEMORY}'")
            engine.execute("SET temp_directory = $1", [str(Path(folder, "spill"))])
            engine.execute("SET TimeZone = 'UTC'")
            yield engine, links
        finally:
            engine.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """The files of which the ledger holds the sums, by their number there, and those it does not hold."""

    tables: list[Table] = field(default_factory=list)
    empty: list[Path] = field(default_factory=list)
    lost: list[UnreadableError] = field(default_factory=list)


def _read(found: Delivered, ledger: Ledger, engine: DuckDBPyConnection, scratch: Path) -> _Read:
    import duckdb

    read = _Read()
    for number, delivery in enumerate(found.deliveries):
        for file in delivery.files:
            try:
                table = open_table(file, engine, scratch)
                if table is None:
                    read.empty.append(file)
                    continue
                ledger.add(table, number, len(read.tables))
                read.tables.append(table)
            except UnreadableError as error:
                read.lost.append(error)
            except duckdb.Error as error:
                read.lost.append(UnreadableError(f"{file} cannot be read: {first_line(error)}", "fetch it again"))
    return read


def _layout_remarks(found: Delivered) -> Iterator[Any]:
    if found.replaced:
        yield Warned(message=replaced_files(found.replaced))
    for file in found.absent:
        yield Lost(message=f"{file} is named by the manifest of its month, but is not here: fetch the month again")


def _problems(engine: DuckDBPyConnection, ledger: Ledger, tables: Sequence[Table]) -> Iterator[Any]:
    """The bad rows of files of which something counts; a quote that never closes takes the rest of a file with it."""
    for file, has_faults in ledger.files().items():
        table = tables[file]
        if table.reader.startswith("read_csv"):
            for line, open_quote, why in engine.execute(REJECTED, [table.address]).fetchall():
                yield RowProblem(where=f"{table.path}:{line}", why=str(why))
                if open_quote:
                    yield Lost(message=f"{table.path}:{line} opens a quote that does not end: later rows are lost")
        if has_faults:
            for line, wrong in ledger.faults(table):
                yield RowProblem(where=f"{table.path}:{line}", why=wrong)


def _series(ledger: Ledger, tables: Sequence[Table], window: Window) -> Iterator[Series]:
    for key, rows in groupby(ledger.series(window), key=lambda row: row[: KEY - 1]):
        provider, kind, meter, sku, _, product, service, unit, priced_unit = key
        together = list(rows)
        yield Series(
            provider=provider,
            kind=kind,
            names=(meter, sku, together[0][KEY - 1]),
            products=(product, service),
            unit=unit,
            priced_unit=priced_unit,
            buckets=tuple(_bucket(row[KEY:], tables, window.end) for row in together),
        )


def _bucket(row: tuple[Any, ...], tables: Sequence[Table], now: datetime) -> Bucket:
    start, end, account, currency, quantity, priced_quantity, billed, effective, invoiced, period, file = row
    return Bucket(
        start=start.replace(tzinfo=UTC),
        end=end.replace(tzinfo=UTC),
        account=account,
        currency=currency,
        quantity=quantity,
        priced_quantity=priced_quantity,
        billed=billed,
        effective=effective,
        final=_final(invoiced, period, now),
        file=str(tables[file].path),
    )


def _final(invoiced: bool, period: date, now: datetime) -> bool | None:
    """Whether a charge will change no more: an invoice number says so; without one, a young month is not settled.

    Of an older month nothing is said: accounts without an invoice of their own never get a number.
    """
    if invoiced:
        return True
    after = datetime(period.year + period.month // 12, period.month % 12 + 1, 1, tzinfo=UTC)
    return False if now < after + SETTLING else None


def _remarks(ledger: Ledger, window: Window) -> Iterator[Any]:
    for one in (*gpus_paid(ledger.gpus(window)), *costs_differ(ledger.differing(window))):
        yield Warned(message=one)
    rows, first, last, any_inside = ledger.around(window)
    if first and not any_inside:
        asked = f"{window.start:%Y-%m-%d} to {window.end:%Y-%m-%d}"
        yield Warned(message=f"every LLM charge lies outside {asked}: the first is of {first}, the last of {last}")
    if rows:
        yield PassedOver(rows=int(rows))
