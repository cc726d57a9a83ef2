"""What Google billed for AI by UTC day, project and SKU, from the Cloud Billing export in BigQuery.

https://cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/standard-usage: late and corrected charges are
new rows, with a later `export_time`; so all rows of a day are summed each time, whenever they were exported.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_EVEN, Decimal

from advisor.contract.api_fields import (
    DAY,
    Answer,
    OddFieldError,
    amount,
    currency,
    day,
    part,
    stamp,
    text,
    translated,
    where,
    whole_days,
)
from advisor.contract.bills.charges import BESIDE_MODELS
from advisor.contract.bills.meters import Meter, Part
from advisor.contract.http import Http
from advisor.contract.paging import by, once
from advisor.contract.source import Parsed, Record, UsageRow
from advisor.domain.facts import Basis, CostFact, InputIncludes
from advisor.domain.units import Money, Window

from .bigquery import TITLE, Query, answered
from .metrics import PROVIDER as VERTEX
from .skus import UNCLEAR, read_sku, tokens_each

GEMINI_API = "gcp.gemini"
REGULAR = "regular"
NAMED = 5
# The export's numbers are doubles: by way of their shortest text they become the decimals that were billed.
GROUP = by("day", "project", "service", "sku", "cost_type", "currency", "unit", "priced_unit")
EXACT = "CAST(CAST({} AS STRING) AS BIGNUMERIC)"
SQL = f"""\
SELECT
  CAST(DATE(usage_start_time, 'UTC') AS STRING) AS day,
  project.id AS project,
  service.description AS service,
  sku.description AS sku,
  cost_type,
  currency,
  usage.unit AS unit,
  usage.pricing_unit AS priced_unit,
  CAST(SUM({EXACT.format("cost")}) AS STRING) AS cost,
  CAST(SUM((SELECT SUM({EXACT.format("credit.amount")}) FROM UNNEST(credits) AS credit)) AS STRING) AS credits,
  CAST(SUM({EXACT.format("usage.amount")}) AS STRING) AS amount,
  CAST(SUM({EXACT.format("usage.amount_in_pricing_units")}) AS STRING) AS priced_amount
FROM `{{table}}`
WHERE usage_start_time >= TIMESTAMP(@first) AND usage_start_time < TIMESTAMP(@after)
  AND (service.id IN UNNEST(@services) OR service.description IN UNNEST(@services))
  AND (@project = '' OR project.id = @project)
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
ORDER BY 1, 2, 3, 4, 5, 6, 7, 8"""


def question(table: str, services: Sequence[str], project: str, window: Window) -> Query:
    """The sums of the days that *window* touches.

    *table* is the only part that is written into the text, as no parameter can name a table: the settings check it.
    """
    days = whole_days(window)
    return Query(
        project=table.rsplit(".", 2)[0],
        sql=SQL.format(table=table),
        parameters={
            "first": stamp(days.start),
            "after": stamp(days.end),
            "services": tuple(services),
            "project": project,
        },
    )


def records(http: Http, query: Query, *, metered: bool) -> Iterator[Record]:
    """One record for each sum, then what there is to know of them. Raises SourceError.

    Where *metered*, the tokens of Vertex AI come from its metrics, and those of the Gemini API alone from the bill.
    The tokens of a model count where all of its text tokens can be counted: half of them would pass for all.
    """
    sums = list(once(answered(http, query), TITLE, GROUP))
    if not sums:
        yield {"said": "the billing export holds nothing of these services in this time: check billing_services"}
        return
    counting = [one for one in sums if not (metered and _provider(one) == VERTEX)]
    uncounted = [one for one in counting if _is_uncounted(one)]
    whole = {_seller_and_model(one) for one in counting} - {_seller_and_model(one) for one in uncounted}
    for one in sums:
        yield {"billed": one, "counted": _seller_and_model(one) in whole}
    if nameless := {sku for one in sums if _is_nameless(sku := one["sku"] or "")}:
        yield {
            "told": f"SKUs that name no model known here keep their money without one, and no tokens: {_some(nameless)}"
        }
    if uncounted:
        models = _some({model for _, model in map(_seller_and_model, uncounted)})
        skus = _some({one["sku"] or "" for one in uncounted})
        why = f"the tokens of {models} are unknown, and their money counts: name and unit do not say them for {skus}"
        yield {"told": why if metered else f"{why}; project lets Cloud Monitoring count those of Vertex AI"}


def facts(record: Record) -> Iterator[Parsed]:
    """Translate one sum of `records`. Pure."""
    billed = record.get("billed")
    place = where(billed, "day", "project", "sku", "cost_type") if isinstance(billed, dict) else "a record"
    yield from translated(place, lambda: _facts(part(record, "billed"), place, counted=record.get("counted") is True))


def _facts(billed: Answer, place: str, *, counted: bool) -> Iterator[Parsed]:
    meter, kind = read_sku(text(billed, "sku")), text(billed, "cost_type") or REGULAR
    cost, credits = amount(billed, "cost"), _or_none(billed, "credits")
    component = meter.component if kind == REGULAR else kind.replace(" ", "_")
    yield _cost(billed, meter, component, cost)
    if credits:
        yield _cost(billed, meter, "credit", credits)
    if counted and kind == REGULAR and meter.part and meter.model and (tokens := _tokens(billed)) is not None:
        yield _usage(billed, meter, meter.part, tokens, place)


def _cost(billed: Answer, meter: Meter, component: str, cost: Decimal) -> CostFact:
    beside = meter.component in BESIDE_MODELS or component == "tax"
    start = day(billed, "day")
    return CostFact(
        provider=_provider(billed),
        model_raw="" if beside else meter.model,
        start=start,
        end=start + DAY,
        amount=Money(cost, currency(billed, "currency")),
        basis=Basis.BILLED,
        tier=meter.tier,
        component=component,
        scope=text(billed, "project"),
    )


def _usage(billed: Answer, meter: Meter, kind: Part, tokens: int, place: str) -> UsageRow:
    return UsageRow(
        provider=_provider(billed),
        model_raw=meter.model,
        start=day(billed, "day"),
        width_seconds=int(DAY.total_seconds()),
        input_tokens=tokens if kind is Part.INPUT else 0,
        output_tokens=tokens if kind is Part.OUTPUT else 0,
        cache_read_tokens=tokens if kind is Part.CACHE_READ else None,
        cache_write_tokens=tokens if kind is Part.CACHE_WRITE else None,
        input_includes=InputIncludes.NOTHING,
        tier=meter.tier,
        scope=text(billed, "project"),
        where=place,
    )


def _provider(billed: Answer) -> str:
    return GEMINI_API if text(billed, "service").lower() == "gemini api" else VERTEX


def _seller_and_model(billed: Answer) -> tuple[str, str]:
    return _provider(billed), read_sku(billed["sku"] or "").model


def _tokens(billed: Answer) -> int | None:
    """The tokens of a sum, or None where its unit and its SKU do not say them. Raises OddFieldError."""
    sku = text(billed, "sku")
    for unit, quantity in (("unit", "amount"), ("priced_unit", "priced_amount")):
        each, found = tokens_each(sku, text(billed, unit)), _or_none(billed, quantity)
        if each is not None and found is not None and found >= 0:
            return int((found * each).to_integral_value(ROUND_HALF_EVEN))
    return None


def _is_nameless(sku: str) -> bool:
    """Whether a SKU should name a model and does not, as far as is known here."""
    meter = read_sku(sku)
    return not meter.model and (meter.component == "other" or meter.component not in BESIDE_MODELS)


def _is_uncounted(billed: Answer) -> bool:
    """Whether these are text tokens of a model, and of which kind or how many is not said."""
    meter = read_sku(billed["sku"] or "")
    if (billed["cost_type"] or REGULAR) != REGULAR or not meter.model:
        return False
    try:
        return meter.component == UNCLEAR or (meter.part is not None and _tokens(billed) is None)
    except OddFieldError:
        return True


def _or_none(billed: Answer, key: str) -> Decimal | None:
    return None if billed.get(key) is None else amount(billed, key)


def _some(names: set[str]) -> str:
    listed = [name or "a SKU without a description" for name in sorted(names)]
    more = f" and {len(listed) - NAMED} more" if len(listed) > NAMED else ""
    return ", ".join(listed[:NAMED]) + more
