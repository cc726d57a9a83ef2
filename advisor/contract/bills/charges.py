"""Turns a series of charges into tokens and money: which tokens, of which model, and what kind of money."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal

from advisor.contract.bills.labels import EDITION, model_id
from advisor.contract.bills.meters import Meter, Part, read_meter
from advisor.contract.bills.records import USAGE, Bucket, Series
from advisor.contract.bills.remarks import written
from advisor.contract.bills.units import tokens_described, tokens_in
from advisor.contract.shown import shown
from advisor.contract.source import Lost, Parsed, PassedOver, Record, UsageRow, Warned
from advisor.domain.facts import Basis, CostFact, InputIncludes, RowProblem
from advisor.domain.units import Money

OF_A_MODEL = frozenset({USAGE, "credit", "refund", "discount", "adjustment", "correction"})
"""Kinds of charges that belong to the model that their meter names. Taxes, fees and purchases belong to none."""
BESIDE_MODELS = frozenset({"provisioned", "guardrail", "customization", "storage", "other"})
"""What is sold beside a model's tokens: its money is no part of what the tokens cost."""
UNCLEAR = "tokens"
NO_PART = "it does not say whether its tokens are input, output or cached"
NO_UNIT = "its unit {unit!r} does not say how many tokens it is: export the pricing unit too"
NO_MODEL = "it names no model: export the product's columns too"
NEGATIVE = "corrections take {count} {unit} more away than is there to correct: add the bill of the month they correct"


def bill_facts(record: Record) -> Iterator[Parsed]:
    """Translate one record of `bill_records`. Pure."""
    match record.get("bill"):
        case Series() as series:
            yield from _facts(series, _meter(series))
        case RowProblem() | Lost() | Warned() | PassedOver() as said:
            yield said
        case other:
            yield RowProblem(where="a record", why=f"it is none of a bill: {shown(other)}")


def _meter(series: Series) -> Meter:
    """What the series counts and of which model, from everything that names it."""
    counts_tokens = tokens_in(series.unit) is not None or tokens_in(series.priced_unit) is not None
    read = [meter for name in series.names if (meter := read_meter(name, counts_tokens=counts_tokens))]
    product, service = series.products
    models = [*(meter.model for meter in read), model_id(product), model_id(service) if EDITION.search(service) else ""]
    meter = read[0] if read else Meter(other=UNCLEAR if counts_tokens else "other")
    return replace(meter, model=next((model for model in models if model), ""))


def _facts(series: Series, meter: Meter) -> Iterator[Parsed]:
    if series.kind != USAGE:
        model, component = meter.model if series.kind in OF_A_MODEL else "", series.kind
    else:
        model, component = "" if meter.component in BESIDE_MODELS else meter.model, meter.component
    for bucket in series.buckets:
        yield from _cost(series, bucket, replace(meter, model=model), component)
    if series.kind != USAGE:
        return
    if meter.part or meter.other == UNCLEAR:
        yield from _tokens(series, meter)
    else:
        yield Warned(message=_apart(series, component))
    if any(_is_allocated(series, bucket) for bucket in series.buckets):
        yield Warned(
            message=f"{series.title} bills nothing but has an effective cost, as what is paid in advance or to a "
            "marketplace: the effective cost counts"
        )


def _tokens(series: Series, meter: Meter) -> Iterator[Parsed]:
    """One row a bucket. What rounding to whole tokens leaves is carried on, so that the sum stays right."""
    unit = _unit(series)
    carried = Decimal(0)
    for bucket in series.buckets:
        where = _where(series, bucket)
        quantity = bucket.priced_quantity if unit and unit.priced else bucket.quantity
        if meter.part is None:
            yield RowProblem(where=where, why=NO_PART)
        elif unit is None:
            yield RowProblem(where=where, why=NO_UNIT.format(unit=series.unit))
        elif not meter.model:
            yield RowProblem(where=where, why=NO_MODEL)
        elif quantity is None:
            yield RowProblem(where=where, why="its quantity is missing")
        elif quantity < 0:
            yield RowProblem(where=where, why=NEGATIVE.format(count=_short(-quantity), unit=series.unit))
        else:
            exact = quantity * unit.tokens + carried
            count = int(exact.to_integral_value(ROUND_HALF_EVEN))
            carried = exact - count
            yield _row(series, meter, meter.part, bucket, count)


def _row(series: Series, meter: Meter, part: Part, bucket: Bucket, count: int) -> UsageRow:
    return UsageRow(
        provider=series.provider,
        model_raw=meter.model,
        start=bucket.start,
        width_seconds=int((bucket.end - bucket.start).total_seconds()),
        input_tokens=count if part is Part.INPUT else 0,
        output_tokens=count if part is Part.OUTPUT else 0,
        cache_read_tokens=count if part is Part.CACHE_READ else None,
        cache_write_tokens=count if part is Part.CACHE_WRITE else None,
        input_includes=InputIncludes.NOTHING,
        tier=meter.tier,
        scope=bucket.account,
        where=_where(series, bucket),
    )


def _cost(series: Series, bucket: Bucket, meter: Meter, component: str) -> Iterator[CostFact]:
    """The money of a bucket: none where the bill leaves it out, which is unknown, and none for a tax of zero."""
    amount = bucket.effective if _is_allocated(series, bucket) else bucket.billed
    if amount is None or (not amount and (series.kind != USAGE or not bucket.currency)):
        return
    yield CostFact(
        provider=series.provider,
        model_raw=meter.model,
        start=bucket.start,
        end=bucket.end,
        amount=Money(amount, bucket.currency),
        basis=Basis.ALLOCATED if _is_allocated(series, bucket) else Basis.BILLED,
        tier=meter.tier,
        component=component,
        final=bucket.final,
        scope=bucket.account,
    )


def _is_allocated(series: Series, bucket: Bucket) -> bool:
    """Whether the bucket's money is a share of a purchase, or billed by somebody else: then nothing is billed here.

    FOCUS: BilledCost is 0 where a third party is paid, EffectiveCost holds the amortised share.
    """
    return series.kind == USAGE and bucket.billed == 0 and (bucket.effective or 0) > 0 and bool(bucket.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unit:
    """The tokens in one unit, and whether it is the unit of the priced quantity."""

    tokens: int
    priced: bool


def _unit(series: Series) -> _Unit | None:
    for of_tokens in (False, True):
        for unit, priced in ((series.unit, False), (series.priced_unit, True)):
            if tokens := tokens_in(unit, of_tokens=of_tokens):
                return _Unit(tokens=tokens, priced=priced)
    for name in reversed(series.names):
        if tokens := tokens_described(name):
            return _Unit(tokens=tokens, priced=any(bucket.priced_quantity is not None for bucket in series.buckets))
    return None


def _apart(series: Series, component: str) -> str:
    """What a meter that counts no text tokens amounts to."""
    quantity = sum((bucket.quantity or Decimal(0) for bucket in series.buckets), Decimal(0))
    money: dict[str, Decimal] = defaultdict(Decimal)
    for bucket in series.buckets:
        money[bucket.currency] += bucket.billed or 0
    amounts = ", ".join(written(amount, currency) for currency, amount in money.items() if amount) or "nothing billed"
    paid = "capacity that is paid for already" if component == "provisioned" else "no text tokens"
    unit = series.unit or "units"
    return f"{series.title} is {paid}: {_short(quantity)} {unit}, {amounts}, kept apart as {component!r}"


def _where(series: Series, bucket: Bucket) -> str:
    return f"{bucket.file}: {series.title} at {bucket.start:%Y-%m-%d %H:%M}"


def _short(quantity: Decimal) -> str:
    return f"{quantity.normalize():,f}"
