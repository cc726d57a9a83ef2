"""Translates one row of an export into tokens and charges; a row is taken whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext

from advisor.contract.shown import shown
from advisor.contract.source import Parsed, UsageRow, Warned
from advisor.domain.facts import CostFact, tier_named
from advisor.domain.units import DAY_SECONDS, FIVE_MINUTES, Money

from .dates import Period, moment_of, names_no_date, span_of
from .layouts import Layout
from .numbers import NumberStyle, amount_of, count_of

Row = Mapping[str, str]
ROUNDED_DECIMALS = 2
"""A printed total of at least as many decimals may be the rounded sum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the cells of an export are written."""

    style: NumberStyle
    period: Period
    date_format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The bucket that a row is for; an `event` is one request."""

    start: datetime
    end: datetime
    event: bool = False

    @property
    def seconds(self) -> int:
        return int((self.end - self.start).total_seconds())


def facts_of(row: Row, layout: Layout, reading: Reading, where: str, sums: Mapping[str, str]) -> Iterator[Parsed]:
    """The tokens and the charges of a row. Raises ValueError with the reason why it cannot be used.

    A row without a date is the total of its file if its amount is the sum of the column in *sums*, by currency.
    """
    if names_no_date(row[layout.date]):
        yield _total(row, layout, reading, where, sums)
        return
    span = _span(row, layout, reading)
    usage = _usage(row, layout, reading, span, where)
    costs = list(_costs(row, layout, reading, span))
    if usage and usage.input_tokens + usage.output_tokens:
        if not usage.model_raw:
            raise ValueError(f"it has tokens and no model in {layout.model!r}")
        if layout.charges and not row[layout.charges[0].column]:
            raise ValueError(f"it has tokens and nothing in {layout.charges[0].column!r}: write 0 if they were free")
    if not usage and not costs:
        raise ValueError("it has neither tokens nor an amount")
    if usage:
        yield usage
    yield from costs


def column_sums(rows: Iterable[Row], layout: Layout, reading: Reading) -> dict[str, str]:
    """The exact sum of the dated rows' amounts that can be read, by currency."""
    sums: dict[str, Decimal] = {}
    with localcontext(prec=100):
        for row in rows:
            if not layout.charges or names_no_date(row[layout.date]):
                continue
            try:
                currency, amount = _amount(row, layout, reading)
            except ValueError:
                continue
            sums[currency] = sums.get(currency, Decimal(0)) + amount
    return {currency: str(amount) for currency, amount in sums.items()}


def _total(row: Row, layout: Layout, reading: Reading, where: str, sums: Mapping[str, str]) -> Warned:
    text = row[layout.date]
    no_date = f"{shown(text)} is no date" if text else "it has no date"
    if not layout.charges or not row[layout.charges[0].column]:
        raise ValueError(f"{no_date}: if it is a total, remove it")
    one_currency = next(iter(sums)) if len(sums) == 1 else ""
    currency, amount = _amount(row, layout, reading, currency=one_currency)
    total = Decimal(sums.get(currency, "0"))
    if not _is_sum(amount, total):
        raise ValueError(f"{no_date}, and its amount is not the sum of the column, which is {total:f} {currency}")
    return Warned(message=f"{where}: left out, it is the total of {layout.charges[0].column!r}")


def _is_sum(amount: Decimal, total: Decimal) -> bool:
    places = -int(amount.as_tuple().exponent)
    if amount == total:
        return True
    if places < ROUNDED_DECIMALS:
        return False
    with localcontext(prec=100):
        digit = Decimal(1).scaleb(-places)
        return amount in (total.quantize(digit, ROUND_HALF_EVEN), total.quantize(digit, ROUND_HALF_UP))


def _span(row: Row, layout: Layout, reading: Reading) -> Span:
    if not layout.until:
        start, end = span_of(row[layout.date], reading.period, reading.date_format)
        return Span(start=start, end=end)
    begin, finish = moment_of(row[layout.date]), moment_of(row[layout.until])
    if finish < begin:
        raise ValueError(f"it ends at {shown(row[layout.until])}, before it begins")
    if finish - begin < timedelta(seconds=FIVE_MINUTES):
        start = begin - timedelta(seconds=begin.timestamp() % FIVE_MINUTES)
        return Span(start=start, end=start + timedelta(seconds=FIVE_MINUTES), event=True)
    start = begin.replace(hour=0, minute=0, second=0)
    end = start + timedelta(seconds=DAY_SECONDS)
    if finish > end:
        raise ValueError(
            f"it lasts from {shown(row[layout.date])} to {shown(row[layout.until])}, more than one UTC day"
        )
    return Span(start=start, end=end)


def _usage(row: Row, layout: Layout, reading: Reading, span: Span, where: str) -> UsageRow | None:
    read, written = (_count(row, names, reading) for names in (layout.input_tokens, layout.output_tokens))
    if read is None and written is None:
        return None
    if read is None or written is None:
        empty = (layout.input_tokens if read is None else layout.output_tokens)[0]
        raise ValueError(f"{empty!r} is empty: write 0 for none")
    return UsageRow(
        provider=layout.provider,
        model_raw=row[layout.model],
        start=span.start,
        width_seconds=span.seconds,
        input_tokens=read,
        output_tokens=written,
        input_includes=layout.input_includes,
        cache_read_tokens=_count(row, layout.cache_read_tokens, reading),
        cache_write_tokens=_count(row, layout.cache_write_tokens, reading),
        requests=1 if span.event else _count(row, layout.requests, reading),
        tier=_tier(row, layout),
        where=where,
    )


def _costs(row: Row, layout: Layout, reading: Reading, span: Span) -> Iterator[CostFact | Warned]:
    for number, charge in enumerate(layout.charges):
        if not row.get(charge.column):
            continue
        currency, amount = _amount(row, layout, reading, number)
        if number and not amount:  # a further kind of money that this row does not have
            continue
        yield CostFact(
            provider=layout.provider,
            model_raw=row[layout.model],
            start=span.start,
            end=span.end,
            amount=Money(amount, currency),
            basis=charge.basis,
            tier=_tier(row, layout),
            component=charge.component or row.get(layout.component, ""),
        )
        if charge.note:
            yield Warned(message=charge.note)


def _count(row: Row, columns: tuple[str, ...], reading: Reading) -> int | None:
    """The sum of the cells that say something; None where none does."""
    counts = []
    for name in columns:
        if text := row.get(name):
            try:
                counts.append(count_of(text, reading.style))
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
    return sum(counts) if counts else None


def _amount(row: Row, layout: Layout, reading: Reading, number: int = 0, currency: str = "") -> tuple[str, Decimal]:
    """The currency and the amount of the charge of that *number*; *currency* holds where nothing else says one."""
    stated = row.get(layout.currency_column, "")
    currency = stated.upper() or layout.currency or currency
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha():
        raise ValueError(f"{shown(stated)} is no currency: write its three letters, such as USD")
    name = layout.charges[number].column
    try:
        return currency, amount_of(row[name], reading.style, currency)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _tier(row: Row, layout: Layout) -> str:
    word = row.get(layout.tier, "")
    return tier_named(layout.tier_words.get(word, word))
