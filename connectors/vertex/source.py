"""Vertex AI: what a project's models served, from Cloud Monitoring, and what Google billed for it, from BigQuery."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from advisor.contract.api_fields import yesterday
from advisor.contract.endpoint import Endpoint
from advisor.contract.http import Http
from advisor.contract.settings import SecretRef
from advisor.contract.source import Parsed, PassedOver, Record, Records, Terms, Warned
from advisor.domain.units import Window

from . import bigquery, billing, metrics
from .login import bearer

PROJECT = r"^[a-z0-9][a-z0-9.:-]*$"
# Both of the export's tables, standard and detailed. The name is written into the query: it may hold nothing else.
TABLE = r"^[a-z0-9][a-z0-9.:-]*\.[A-Za-z0-9_]+\.gcp_billing_export_(resource_)?v1_[A-Za-z0-9_]+$"


class Vertex(Records):
    """Tokens by hour of `project`, money by day of `billing_table`, or both; at least one has to be set.

    Input of the metrics holds cached tokens, which they do not count apart; neither the console's own traffic nor that
    of AI Studio is in them. With both sides, the money is that of `project` alone, and the tokens of Vertex AI come
    from the metrics alone: counted by two sides, they would count twice.

    Unverified, as Google documents none of it: how SKUs name models, the units in which they count tokens, the
    names of the services that models of partners are billed under, and when a month of the export is final, which
    therefore is not said.
    """

    terms: ClassVar[Terms | None] = Terms(
        tokens="hour",
        cost="day",
        freshness="metrics minutes, the bill hours to days",
        polling="by series read, and by bytes of a query",
        permission="Monitoring Viewer, BigQuery Data Viewer and Job User",
    )
    incremental: ClassVar[bool] = True
    project: Annotated[str, Field(pattern=PROJECT)] = ""
    billing_table: Annotated[str, Field(pattern=TABLE)] = ""
    billing_services: Annotated[tuple[str, ...], Field(min_length=1)] = (
        "Vertex AI",
        "C7E2-9256-1C43",
        "Gemini API",
    )
    token: SecretRef | None = None
    base_url: Endpoint = "https://monitoring.googleapis.com/"
    billing_url: Endpoint = "https://bigquery.googleapis.com/"

    @property
    def restates(self) -> Literal["hours", "days", "months"]:  # type: ignore[override]  # it depends on the sides read
        """Charges come late and are corrected until the invoice; what Cloud Monitoring counted stays."""
        return "days" if self.billing_table else "hours"

    @model_validator(mode="after")
    def _has_a_side(self) -> Self:
        if not self.project and not self.billing_table:
            raise ValueError("set project, for its metrics, or billing_table, for the bill, or both")
        return self

    def check(self) -> None:
        """Ask for the requests of yesterday, and let BigQuery check the query of the bill without running it."""
        if self.project:
            with self._monitoring() as http:
                metrics.check(http, self.project)
        if self.billing_table:
            with self._bigquery() as http:
                bigquery.dry_run(http, self._question(yesterday()))

    def pull(self, window: Window) -> Iterator[Record]:
        if self.project:
            with self._monitoring() as http:
                yield from metrics.records(http, self.project, window)
        if self.billing_table:
            with self._bigquery() as http:
                yield from billing.records(http, self._question(window), metered=bool(self.project))

    def parse(self, record: Record) -> Iterator[Parsed]:
        if isinstance(record.get("said"), str):
            yield PassedOver(rows=1)
            yield Warned(message=record["said"])
        elif isinstance(record.get("told"), str):
            yield Warned(message=record["told"])
        elif "billed" in record:
            yield from billing.facts(record)
        else:
            yield from metrics.facts(record, self.project)

    def _question(self, window: Window) -> bigquery.Query:
        return billing.question(self.billing_table, self.billing_services, self.project, window)

    def _monitoring(self) -> Http:
        return Http(self.base_url, bearer(self.token, metrics.SCOPE), permission=metrics.PERMISSION)

    def _bigquery(self) -> Http:
        return Http(self.billing_url, bearer(self.token, bigquery.SCOPE), permission=bigquery.PERMISSION)
