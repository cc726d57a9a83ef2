"""Langfuse: hourly tokens of the generations that were traced, from the metrics of one project."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar

from advisor.contract.api_fields import (
    NAMELESS,
    UNNAMED,
    OddFieldError,
    amount,
    at_most,
    count,
    count_said,
    moment,
    or_unused,
    stamp,
    text,
    translated,
    unused,
    where,
    whole_hours,
    yesterday,
)
from advisor.contract.endpoint import Endpoint
from advisor.contract.http import Http
from advisor.contract.paging import by, once, outside, rows
from advisor.contract.settings import SecretRef
from advisor.contract.source import Parsed, Record, Records, Terms, UsageRow, Warned
from advisor.domain.facts import Basis, CostFact, InputIncludes
from advisor.domain.units import HOUR_SECONDS, Money, Window
from advisor.errors import ConfigError, SourceError

PATH = "api/public/v2/metrics"
# https://langfuse.com/docs/metrics/features/metrics-api: rows beyond the limit are left out without a word.
ROW_LIMIT = 1000
AT_ONCE = timedelta(days=7)
HOUR = timedelta(hours=1)
MEASURES = (("inputTokens", "sum"), ("outputTokens", "sum"), ("totalCost", "sum"), ("count", "count"))
TIME, MODEL = "time_dimension", "providedModelName"
INPUT, OUTPUT, COST, REQUESTS = "sum_inputTokens", "sum_outputTokens", "sum_totalCost", "count_count"


class Langfuse(Records):
    """What a project traced, by hour and model. Its costs are Langfuse's estimates, in dollars.

    Input tokens hold all kinds of input, which the metrics do not tell apart. The names of the fields of a row are not
    documented: a row that names them otherwise is refused. What was not traced, or not sampled, is not here.
    """

    terms: ClassVar[Terms | None] = Terms(
        tokens="hour",
        cost="hour, estimated",
        freshness="minutes",
        polling="free",
        permission="the API keys of the project",
    )
    incremental: ClassVar[bool] = True
    api_key: SecretRef
    public_key: str = ""
    base_url: Endpoint = "https://cloud.langfuse.com/"
    provider: str = ""

    def pull(self, window: Window) -> Iterator[Record]:
        return or_unused(once(self._records(window), PATH, by(TIME, MODEL)))

    def parse(self, record: Record) -> list[Parsed]:
        if nothing := unused(record):
            return nothing
        place = where(record, TIME, MODEL)
        return translated(place, lambda: self._facts(record, place))

    def check(self) -> None:
        with self._http() as http:
            self._rows(http, yesterday())

    def _records(self, window: Window) -> Iterator[Record]:
        with self._http() as http:
            for part in at_most(whole_hours(window), AT_ONCE):
                yield from self._rows(http, part)

    def _http(self) -> Http:
        secret = self.api_key.reveal()
        pair = f"{self.public_key}:{secret}" if self.public_key else secret
        if ":" not in pair:
            raise ConfigError(
                f"{self.name}: Langfuse needs both keys of the project",
                'set public_key = "pk-lf-...", or let api_key hold "pk-lf-...:sk-lf-..."',
            )
        headers = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        return Http(self.base_url, headers, permission="of the API keys of the project that is meant")

    def _rows(self, http: Http, window: Window) -> list[Record]:
        """All rows of *window*, asked for in halves where one answer cannot hold them. Raises SourceError."""
        query = {
            "view": "observations",
            "dimensions": [{"field": MODEL}],
            "metrics": [{"measure": measure, "aggregation": how} for measure, how in MEASURES],
            "timeDimension": {"granularity": "hour"},
            "fromTimestamp": stamp(window.start),
            "toTimestamp": stamp(window.end),
            "filters": [{"column": "type", "operator": "=", "value": "GENERATION", "type": "string"}],
            "config": {"row_limit": ROW_LIMIT},
        }
        found = rows(http.get(PATH, {"query": json.dumps(query)}), "data", PATH)
        if len(found) < ROW_LIMIT:
            return [row for row in found if not outside(row, TIME, window)]
        hours = int((window.end - window.start) / HOUR)
        if hours < 2:
            raise SourceError(
                f"{ROW_LIMIT} models or more were used in the hour of {stamp(window.start)}",
                "read the generations as an export, with kind request-log",
            )
        middle = window.start + hours // 2 * HOUR
        return [*self._rows(http, Window(window.start, middle)), *self._rows(http, Window(middle, window.end))]

    def _facts(self, record: Record, place: str) -> Iterator[Parsed]:
        start, model = moment(record, TIME), text(record, MODEL)
        if start != start.replace(minute=0, second=0, microsecond=0):
            raise OddFieldError(f"{TIME} is not the start of an hour")
        yield UsageRow(
            provider=self.provider,
            model_raw=model or UNNAMED,
            start=start,
            width_seconds=HOUR_SECONDS,
            input_tokens=count(record, INPUT),
            output_tokens=count(record, OUTPUT),
            input_includes=InputIncludes.NOTHING,
            requests=count_said(record, REQUESTS),
            where=place,
        )
        if not model:
            yield Warned(message=NAMELESS)
        if record.get(COST) is not None:
            yield CostFact(
                provider=self.provider,
                model_raw=model or UNNAMED,
                start=start,
                end=start + HOUR,
                amount=Money(amount(record, COST), "USD"),
                basis=Basis.ESTIMATED,
            )
