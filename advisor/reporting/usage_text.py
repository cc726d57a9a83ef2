"""The answer of `advisor usage` for people: a table of at most 100 columns, and how each source did."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from advisor.domain.facts import ON_DEMAND, Basis
from advisor.domain.units import Money
from advisor.domain.usage import SourceReport, UsageAnswer, UsageTotal
from advisor.reporting import words
from advisor.reporting.fields import digits
from advisor.reporting.layout import GAP, WIDTH, columns, natural_widths, wrapped
from advisor.reporting.usage_csv import counts_of, usage_csv

__all__ = ["usage_csv", "usage_table"]

INDENT = "  "
STAMPS = {"month": "%Y-%m", "day": "%Y-%m-%d"}
NAMES = ("source", "model", "tier")
MODEL, TIER = 1, 2
COUNTS = ("requests", "input", "cache read", "cache write", "output")
CACHE = (2, 3)
Count = int | None
Written = Callable[[Count], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row or a total: of what, when, its five counts, and whether some of each are not reported; its amounts."""

    names: tuple[str, str, str]
    stamp: str
    counts: tuple[Count, ...]
    in_part: tuple[bool, ...]
    costs: tuple[str, ...]


def usage_table(answer: UsageAnswer) -> str:
    """The rows, a total for each source, and how the sources did; ends with a newline.

    Counts are exact, or in k, M and B where that would not fit. `-` is unknown, `~` an amount that is not billed, `≥` a
    sum of which some part is not reported. Amounts of two currencies or two bases are never added.
    """
    title = f"advisor usage · by {answer.by} · {_moment(answer.window.start)} to {_moment(answer.window.end)} UTC"
    body = [*_grid(answer), *_notes(answer)] if answer.rows else [f"{INDENT}no usage and no costs in this window"]
    below = [line for report in answer.sources for line in _source(report)]
    blocks = [wrapped(title, "", INDENT), body, ["Sources", *below] if below else []]
    return "\n\n".join("\n".join(lines) for lines in blocks if lines) + "\n"


def _grid(answer: UsageAnswer) -> list[str]:
    """One line for each row if its names fit in full, else the rows below their names.

    Left out is what would say nothing: the only source or period, the tier where all is on demand, a count of the
    cache that nobody reports.
    """
    rows = [_row(row, answer.by) for row in answer.rows]
    lines = [*rows, *_totals(answer)]
    told = [
        place
        for place in range(len(COUNTS))
        if place not in CACHE or any(row.counts[place] is not None for row in rows)
    ]
    names = [place for place in range(len(NAMES)) if place == MODEL or len({row.names[place] for row in rows}) > 1]
    if TIER not in names and rows[0].names[TIER] != ON_DEMAND:
        names.append(TIER)
    stamps = len({row.stamp for row in rows}) > 1
    left = [*(["period"] if stamps else []), *(NAMES[place] for place in names)]
    for written in (_exact, words.tokens):
        cells = [[*left, *_headings(told)]]
        for line in lines:
            start = [*([line.stamp] if stamps else []), *(line.names[place] for place in names)]
            cells += _with_costs(start, line, told, written)
        if _fits(cells):
            return columns(cells, natural_widths(cells), _right(len(left), told), INDENT)
    return _below_names(lines, told)


def _below_names(lines: Sequence[Line], told: Sequence[int]) -> list[str]:
    """The rows of each source, model and tier below a line that names them."""
    rows, totals = [line for line in lines if line.stamp], [line for line in lines if not line.stamp]
    groups = [
        *((" · ".join(names), list(of)) for names, of in groupby(sorted(rows, key=_names), key=_names)),
        *((f"total · {line.names[0]}", [line]) for line in totals),
    ]
    for written in (_exact, words.tokens):
        figures = [
            [cells for line in of for cells in _with_costs([line.stamp], line, told, written)] for _, of in groups
        ]
        heading = ["", *_headings(told)]
        widths = natural_widths([heading, *(cells for group in figures for cells in group)])
        excess = len(INDENT) + sum(widths) + GAP * (len(widths) - 1) - WIDTH
        if excess <= 0:
            break
    widths[-1] -= max(0, excess)
    found = columns([heading], widths, _right(1, told), INDENT)
    for (names, _), group in zip(groups, figures, strict=True):
        found += [*wrapped(names, INDENT, INDENT * 2), *columns(group, widths, _right(1, told), INDENT)]
    return found


def _names(line: Line) -> tuple[str, str, str]:
    return line.names


def _headings(told: Sequence[int]) -> list[str]:
    return [*(COUNTS[place] for place in told), "cost"]


def _right(left: int, told: Sequence[int]) -> frozenset[int]:
    return frozenset(range(left, left + len(told) + 1))


def _fits(cells: Sequence[Sequence[str]]) -> bool:
    widths = natural_widths(cells)
    return len(INDENT) + sum(widths) + GAP * (len(widths) - 1) <= WIDTH


def _row(row: UsageTotal, by: str) -> Line:
    return Line(
        names=(words.plain(row.source), words.plain(row.model_raw) or "(no model)", words.plain(row.tier)),
        stamp=f"{row.period_start:{STAMPS.get(by, '%Y-%m-%d %H:%M')}}",
        counts=counts_of(row),
        in_part=(False,) * len(COUNTS),
        costs=tuple(_amount(amount, basis) for amount, basis in row.costs),
    )


def _totals(answer: UsageAnswer) -> Iterator[Line]:
    """One line for each source: sources may have counted the same traffic, so they are not added."""
    sources = sorted({row.source for row in answer.rows})
    for source in sources:
        rows = [row for row in answer.rows if row.source == source]
        counts = list(zip(*map(counts_of, rows), strict=True))
        known = [[count for count in column if count is not None] for column in counts]
        costs: dict[tuple[str, Basis], Money] = {}
        for amount, basis in (cost for row in rows for cost in row.costs):
            key = (amount.currency, basis)
            costs[key] = costs[key] + amount if key in costs else amount
        yield Line(
            names=(words.plain(source), "total", ""),
            stamp="",
            counts=tuple(sum(column) if column else None for column in known),
            in_part=tuple(len(column) < len(rows) for column in known),
            costs=tuple(_amount(costs[key], key[1]) for key in sorted(costs)),
        )


def _with_costs(start: list[str], line: Line, told: Sequence[int], written: Written) -> Iterator[list[str]]:
    """The cells of a line; a second amount, of another currency or basis, has a line of its own."""
    figures = [
        f"≥ {written(line.counts[place])}"
        if line.in_part[place] and line.counts[place]
        else written(line.counts[place])
        for place in told
    ]
    first, *further = line.costs or (words.UNKNOWN,)
    yield [*start, *figures, first]
    yield from ([""] * (len(start) + len(told)) + [amount] for amount in further)


def _amount(amount: Money, basis: Basis) -> str:
    sign = "$" if amount.currency == "USD" else f"{words.plain(amount.currency)} "
    whole, _, decimals = digits(abs(amount.amount)).partition(".")
    figure = f"{'-' if amount.amount < 0 else ''}{sign}{int(whole):,}.{decimals}"
    return figure if basis is Basis.BILLED else f"~{figure}"


def _exact(count: Count) -> str:
    return words.UNKNOWN if count is None else f"{count:,}"


def _notes(answer: UsageAnswer) -> Iterator[str]:
    notes = ["input is all input, cache included; - is unknown, not zero"]
    if bases := {basis for row in answer.rows for _, basis in row.costs} - {Basis.BILLED}:
        notes.append(f"~ is not billed but {' or '.join(sorted(basis.value for basis in bases))}")
    priced = {row.source for row in answer.rows if row.costs}
    if unpriced := sum(not row.costs for row in answer.rows if row.source in priced):
        notes.append(f"the totals lack {words.counted(unpriced, 'row')} of unknown cost")
    if len({row.source for row in answer.rows}) > 1:
        notes.append("sources may count the same traffic, so they are not added up")
    yield ""
    yield from wrapped("; ".join(notes), INDENT, INDENT)


def _source(report: SourceReport) -> Iterator[str]:
    """How one source's last read went, and every reason to doubt its rows."""
    said = [f"{words.plain(report.kind) or 'never read'} {report.status.value}", words.counted(report.rows, "row")]
    if report.rejected:
        said.append(f"{report.rejected:,} rejected")
    if report.complete_through:
        said.append(f"complete through {words.moment(report.complete_through, 'UTC')}")
    said.append(f"missing {words.days(report.missing_days)}" if report.missing_days else "no day missing")
    yield from wrapped(f"{words.plain(report.name)}: {', '.join(said)}", INDENT, INDENT * 2)
    for reason in (*(f"warning: {text}" for text in report.warnings), *(f"rejected {row}" for row in report.problems)):
        yield from wrapped(words.plain(reason), INDENT * 2, INDENT * 3)


def _moment(when: datetime) -> str:
    return f"{when:%Y-%m-%d}" if not (when.hour or when.minute) else f"{when:%Y-%m-%d %H:%M}"
