"""What AWS bills for Bedrock by day, from Cost Explorer, which takes one cent for each request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from advisor.contract import aws
from advisor.contract.api_fields import OddFieldError, amount
from advisor.contract.aws import HOME, AwsSettings, Permission, asking, code_of, connect
from advisor.contract.bills.charges import bill_facts
from advisor.contract.bills.records import USAGE, Bucket, Series
from advisor.contract.source import Lost, Parsed, Record, Records, Terms, Warned
from advisor.domain.facts import RowProblem
from advisor.domain.units import Month, Window
from advisor.errors import SourceError

PRICE_PER_REQUEST = Decimal("0.01")  # https://aws.amazon.com/aws-cost-management/aws-cost-explorer/pricing/
MONTHS_KEPT = 13
MODEL_KNOWN_FROM = date(2026, 9, 1)
"""Costs by product attribute begin then (API_ProductAttributeValues)."""
USED = ("Usage", "DiscountedUsage", "SavingsPlanCoveredUsage")
MODEL = {"Type": "PRODUCT_ATTRIBUTE", "Key": "model"}
SERVICE = {"Type": "DIMENSION", "Key": "SERVICE"}
USAGE_TYPE = {"Type": "DIMENSION", "Key": "USAGE_TYPE"}
RECORD_TYPE = {"Type": "DIMENSION", "Key": "RECORD_TYPE"}
NO_MODEL = "model$"
MARKETPLACE = "-MP:"
"""In usage types of a marketplace, which name no model: where AWS knows none either, the service's name tells it."""
NO_SUCH_GROUPS = ("DataUnavailableException", "ValidationException")
KINDS = ("credit", "refund", "tax", "discount")
TITLE = "Cost Explorer"
ACTIONS = ("ce:GetCostAndUsage", "ce:GetDimensionValues")
Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$|^global$")]


class AwsCostExplorer(AwsSettings, Records):
    """The unblended cost, as billed, with the tokens that it was billed for where their unit is said."""

    terms: ClassVar[Terms | None] = Terms(
        tokens="day",
        cost="day",
        freshness="about a day",
        polling="about $0.90 ($0.01 a request, three a day)",
        permission="`ce:GetCostAndUsage`, `ce:GetDimensionValues`",
    )
    incremental: ClassVar[bool] = True
    restates: ClassVar[Literal["hours", "days", "months"]] = "days"
    regions: tuple[Region, ...] = ()
    max_requests_per_run: Annotated[int, Field(ge=3)] = 40
    # A day that is answered without a charge had none.
    empty_days: Literal["missing", "zero"] = "zero"

    def permissions(self) -> Iterator[Permission]:
        yield from (Permission(action=action) for action in ACTIONS)

    def check(self) -> None:
        """Ask for the names of the services once: one cent."""
        today = aws.utc_now().date()
        Asker(self, limit=1).services(today - timedelta(days=1), today)

    def pull(self, window: Window) -> Iterator[Record]:
        """Yield under `bill` a series of charges for each meter, and what there is to know beside them."""
        today = aws.utc_now().date()
        first = Month.of(today).plus(-MONTHS_KEPT).start.date()
        start, end = window.start.astimezone(UTC).date(), min(_day_after(window.end), today + timedelta(days=1))
        if start < first:
            yield {
                "bill": Lost(message=f"Cost Explorer keeps {MONTHS_KEPT} months: nothing before {first} can be read")
            }
        start = max(start, first)
        if start >= end:
            return
        asker = Asker(self, limit=self.max_requests_per_run)
        services = asker.services(start, end)
        if not services:
            raise SourceError(
                f"no service of the bill from {start} to {end} has Bedrock in its name",
                "check that the profile or role is of the account that pays for Bedrock",
            )
        split = min(max(start, MODEL_KNOWN_FROM), end)
        for since, until, groups in ((start, split, (SERVICE, USAGE_TYPE)), (split, end, (MODEL, USAGE_TYPE))):
            if since < until:
                yield from ({"bill": series} for series in asker.usage(services, since, until, groups))
        yield from ({"bill": series} for series in asker.others(services, start, end))
        spent = asker.requests * PRICE_PER_REQUEST
        yield {"bill": Warned(message=f"this read took {asker.requests} requests to Cost Explorer, ${spent}")}

    def parse(self, record: Record) -> Iterator[Parsed]:
        """Translate a series. Where its unit says no tokens, its money counts and its tokens are unknown."""
        refused: list[RowProblem] = []
        counted = isinstance(record.get("bill"), Series)
        for one in bill_facts(record):
            if counted and isinstance(one, RowProblem):
                refused.append(one)
            else:
                yield one
        if refused:
            yield Warned(message=f"{refused[0]}: the money counts, the tokens do not; see bedrock-cloudwatch for those")


class Asker:
    """Asks Cost Explorer for one run, and counts what that costs: each page, and each attempt at one."""

    def __init__(self, source: AwsCostExplorer, limit: int) -> None:
        self.client = connect(source, "ce", HOME)
        self.regions = source.regions
        self.limit = limit
        self.requests = 0

    def services(self, start: date, end: date) -> list[str]:
        """The names under which the account is billed for Bedrock; they differ between accounts and models."""
        asked = {"TimePeriod": _period(start, end), "Dimension": "SERVICE", "SearchString": "Bedrock"}
        with asking("ce:GetDimensionValues", TITLE):
            pages = list(self._pages(self.client.get_dimension_values, asked))
        return [one["Value"] for page in pages for one in page["DimensionValues"]]

    def usage(self, services: Sequence[str], start: date, end: date, groups: Sequence[Any]) -> Iterator[Series]:
        """What was used, by meter. Where AWS does not know the model, it is asked by service, which names some."""
        from botocore.exceptions import ClientError

        asked = self._asked(services, start, end, groups, {"Dimensions": {"Key": "RECORD_TYPE", "Values": [*USED]}})
        try:
            with asking("ce:GetCostAndUsage", TITLE):
                pages = list(self._pages(self.client.get_cost_and_usage, asked))
        except SourceError as error:
            cause = error.__cause__
            if groups[0] is SERVICE or not isinstance(cause, ClientError) or code_of(cause) not in NO_SUCH_GROUPS:
                raise
            yield from self.usage(services, start, end, (SERVICE, USAGE_TYPE))
            return
        found = _grouped(pages)
        if groups[0] is MODEL and any(name == NO_MODEL and MARKETPLACE in meter for name, meter, _ in found):
            yield from self.usage(services, start, end, (SERVICE, USAGE_TYPE))
            return
        for (name, meter, unit), buckets in found.items():
            products = ("", name) if groups[0] is SERVICE else (name.removeprefix(NO_MODEL), "")
            yield _series(USAGE, meter, products, unit, buckets)

    def others(self, services: Sequence[str], start: date, end: date) -> Iterator[Series]:
        """Credits, refunds, taxes and discounts."""
        beside = {"Not": {"Dimensions": {"Key": "RECORD_TYPE", "Values": [*USED]}}}
        asked = self._asked(services, start, end, (RECORD_TYPE, USAGE_TYPE), beside)
        with asking("ce:GetCostAndUsage", TITLE):
            pages = list(self._pages(self.client.get_cost_and_usage, asked))
        for (name, meter, unit), buckets in _grouped(pages).items():
            kind = next((kind for kind in KINDS if kind in name.lower()), "purchase")
            yield _series(kind, meter, ("", ""), unit, buckets)

    def _asked(
        self, services: Sequence[str], start: date, end: date, groups: Sequence[Any], records: Mapping[str, Any]
    ) -> dict[str, Any]:
        wanted = [{"Dimensions": {"Key": "SERVICE", "Values": [*services]}}, records]
        if self.regions:
            wanted.append({"Dimensions": {"Key": "REGION", "Values": [*self.regions]}})
        return {
            "TimePeriod": _period(start, end),
            "Granularity": "DAILY",
            "Metrics": ["UnblendedCost", "UsageQuantity"],
            "GroupBy": [*groups],
            "Filter": {"And": wanted},
        }

    def _pages(self, ask: Any, asked: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """All pages of an answer. Raises SourceError before the request that would be one too many."""
        more: dict[str, str] = {}
        seen: set[str] = set()
        while True:
            if self.requests >= self.limit:
                raise SourceError(
                    f"Cost Explorer has more pages than max_requests_per_run = {self.limit} allows; nothing is kept",
                    f"raise it, at ${PRICE_PER_REQUEST} a request, or read the bill itself with aws-cur",
                )
            self.requests += 1
            page = ask(**asked, **more)
            self.requests += int(page.get("ResponseMetadata", {}).get("RetryAttempts", 0))
            yield page
            token = page.get("NextPageToken")
            if not token:
                return
            if token in seen:
                raise SourceError(f"{TITLE} gives the same page again", "run again later", transient=True)
            seen.add(token)
            more = {"NextPageToken": token}


def _grouped(pages: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str, str], list[Bucket]]:
    """Buckets by the two keys of their group and the unit, oldest first. A page may break off inside a day.

    Raises SourceError where a group comes twice for a day: it would count twice.
    """
    found: dict[tuple[str, str, str], list[Bucket]] = defaultdict(list)
    taken: set[tuple[datetime, str, str]] = set()
    for page in pages:
        for day in page["ResultsByTime"]:
            for group in day["Groups"]:
                first, second = group["Keys"]
                try:
                    bucket = _bucket(day, group["Metrics"])
                except OddFieldError as error:
                    what = f"{TITLE} gives {first}, {second} on {day['TimePeriod']['Start']} no amount: {error}"
                    raise SourceError(what, "run again later; if it stays, report it") from error
                if (bucket.start, first, second) in taken:
                    what = f"{TITLE} gives {first}, {second} twice for a day, {bucket.start:%Y-%m-%d}"
                    raise SourceError(what, "run again later", transient=True)
                taken.add((bucket.start, first, second))
                found[first, second, group["Metrics"]["UsageQuantity"]["Unit"]].append(bucket)
    return {key: sorted(buckets, key=lambda bucket: bucket.start) for key, buckets in found.items()}


def _bucket(day: Mapping[str, Any], metrics: Mapping[str, Any]) -> Bucket:
    cost = metrics["UnblendedCost"]
    return Bucket(
        start=_midnight(day["TimePeriod"]["Start"]),
        end=_midnight(day["TimePeriod"]["End"]),
        account="",
        currency=cost["Unit"],
        quantity=amount(metrics["UsageQuantity"], "Amount"),
        priced_quantity=None,
        billed=amount(cost, "Amount"),
        effective=None,
        final=None if day.get("Estimated") is None else not day["Estimated"],
        file=TITLE,
    )


def _series(kind: str, meter: str, products: tuple[str, str], unit: str, buckets: Sequence[Bucket]) -> Series:
    return Series(
        provider="aws.bedrock",
        kind=kind,
        names=(meter,),
        products=products,
        unit="" if unit == "N/A" else unit,
        priced_unit="",
        buckets=tuple(buckets),
    )


def _period(start: date, end: date) -> dict[str, str]:
    return {"Start": start.isoformat(), "End": end.isoformat()}


def _midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day[:10]), time(), UTC)


def _day_after(end: datetime) -> date:
    """The first UTC day of which nothing is before *end*."""
    return (end.astimezone(UTC) + timedelta(days=1) - timedelta(microseconds=1)).date()
