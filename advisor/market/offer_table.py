"""Tables of GPU offers as CSV: the shipped one, and those that a refresh writes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TypeVar, get_args

from advisor.domain.fleet import CommitmentTerm, Offer, Operator, Unit
from advisor.domain.units import Money
from advisor.errors import MarketError
from advisor.market.gpus import canonical_gpu, is_unit

COLUMNS = (
    "provider", "instance", "gpu", "gpus", "price_per_gpu_hour", "currency", "commitment", "tier", "region",
    "operated_by", "unit", "source", "checked_on",
)  # fmt: skip
TIERS = ("standard", "community")
Choice = TypeVar("Choice", bound=str)


def read_offers(text: str, origin: str, remedy: str) -> tuple[Offer, ...]:
    """The offers of a table, in its order. A fault raises MarketError with the row of *origin* and the *remedy*."""
    lines = csv.reader(io.StringIO(text), strict=True)
    number, found = 1, []
    try:
        header = next(lines, [])
        if missing := [column for column in COLUMNS if column not in header]:
            raise ValueError(f"there is no column {missing[0]!r}")
        for cells in lines:
            number = lines.line_num
            if cells and len(cells) != len(header):
                raise ValueError(f"it has {len(cells)} cells, the header has {len(header)}")
            if cells:
                found.append(_offer(dict(zip(header, cells, strict=True))))
    except (ValueError, csv.Error, MarketError) as error:
        raise MarketError(f"{origin}, row {number}: {error}", remedy) from error
    return tuple(found)


def written(offers: Iterable[Offer]) -> str:
    """The table that `read_offers` reads, in a stable order."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(sorted(map(_cells, offers)))
    return text.getvalue()


def _offer(row: Mapping[str, str]) -> Offer:
    unit = _one_of(get_args(Unit), row["unit"], "unit")
    gpu = canonical_gpu(row["gpu"])
    if is_unit(gpu) != (unit == "throughput-unit"):
        raise ValueError(f"gpu {gpu!r} does not go with unit {unit!r}")
    if not (row["provider"].strip() and len(row["currency"]) == 3):
        raise ValueError("a provider and a currency of three letters are needed")
    return Offer(
        provider=row["provider"].strip().lower(),
        instance=row["instance"],
        gpu=gpu,
        gpus=int(_positive(row["gpus"], "gpus", whole=True)),
        price_per_gpu_hour=Money(_positive(row["price_per_gpu_hour"], "price_per_gpu_hour"), row["currency"]),
        commitment=_one_of(get_args(CommitmentTerm), row["commitment"], "commitment"),
        tier=_one_of(TIERS, row["tier"], "tier"),
        region=row["region"],
        operated_by=_one_of(get_args(Operator), row["operated_by"], "operated_by"),
        unit=unit,
        source=row["source"].strip(),
        checked_on=_day(row["checked_on"]),
    )


def _one_of(allowed: Sequence[Choice], value: str, column: str) -> Choice:
    for choice in allowed:
        if choice == value:
            return choice
    raise ValueError(f"{column} is {value!r}, not one of {', '.join(allowed)}")


def _positive(value: str, column: str, *, whole: bool = False) -> Decimal:
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("nan")
    if not (number.is_finite() and number > 0 and (not whole or number == number.to_integral_value())):
        raise ValueError(f"{column} is {value!r}, not a {'whole ' if whole else ''}number above 0")
    return number


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        raise ValueError(f"checked_on is {value!r}, not a day written YYYY-MM-DD") from None


def _cells(offer: Offer) -> tuple[str, ...]:
    return (
        offer.provider,
        offer.instance,
        offer.gpu,
        str(offer.gpus),
        f"{offer.price_per_gpu_hour.amount:f}",
        offer.price_per_gpu_hour.currency,
        offer.commitment,
        offer.tier,
        offer.region,
        offer.operated_by,
        offer.unit,
        offer.source,
        "" if offer.checked_on is None else offer.checked_on.isoformat(),
    )
