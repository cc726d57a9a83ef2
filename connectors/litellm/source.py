"""Usage of a LiteLLM proxy. What it spent is its own estimate from a price map, never an invoice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Literal

from pydantic import model_validator

from advisor.contract.aws import Permission
from advisor.contract.endpoint import Endpoint
from advisor.contract.files import UnreadableError
from advisor.contract.gather import FileSettings, gather
from advisor.contract.http import Http
from advisor.contract.paging import Once, by
from advisor.contract.settings import Paths, SecretRef
from advisor.contract.source import Lost, Parsed, PassedOver, Record, Records, Terms, UsageRow, Warned
from advisor.domain.facts import CostFact, RowProblem
from advisor.domain.units import Window

from . import activity
from .exports import read_export
from .tally import Tally

PERMISSION = "of a proxy admin: the master key, or a key of the role proxy_admin_viewer"


class LiteLlm(Records):
    """One gateway, read from its database, its API or its exports. Tokens of a day, or of 5 minutes from its logs."""

    terms: ClassVar[Terms | None] = Terms(
        tokens="5 minutes",
        cost="day, estimated",
        freshness="minutes",
        polling="free",
        permission="`SELECT` on two tables, or a key",
    )
    database_url: SecretRef | None = None
    base_url: Endpoint | None = None
    api_key: SecretRef | None = None
    path: Paths | None = None
    detail: Literal["day", "request"] = "day"
    input_includes_cache: bool | None = None

    @property
    def incremental(self) -> bool:  # type: ignore[override]  # of a class elsewhere; here it depends on the way in
        """Exports are read again as a whole: a file that came late may hold any day."""
        return self.path is None

    @model_validator(mode="after")
    def _one_way_in(self) -> LiteLlm:
        ways = [self.database_url is not None, self.base_url is not None, self.path is not None]
        if sum(ways) != 1:
            raise ValueError("give exactly one of database_url, base_url with api_key, and path")
        if (self.api_key is not None) != (self.base_url is not None):
            raise ValueError("base_url and api_key go together")
        if self.detail == "request" and self.database_url is None:
            raise ValueError(
                'detail = "request" needs database_url: the API pages logs too slowly, exports hold what they hold'
            )
        return self

    def permissions(self) -> Iterable[Permission]:
        return FileSettings(path=self.path).permissions() if self.path is not None else ()

    def check(self) -> None:
        """Open the database and look for its tables, ask the API for one row, or find the files."""
        if self.path is not None:
            FileSettings(path=self.path).check()
        elif self.database_url is not None:
            from .database import DAILY, LOGS, columns_of, database, no_tables

            with database(self.database_url.reveal()) as connection:
                if not columns_of(connection, DAILY) and not columns_of(connection, LOGS):
                    raise no_tables()
        else:
            yesterday = datetime.now(UTC) - timedelta(days=1)
            with self._http() as http:
                next(activity.pages(http, Window(yesterday, yesterday)))

    def pull(self, window: Window) -> Iterator[Record]:
        tally = Tally(window=window, includes_cache=self.input_includes_cache)
        if self.path is not None:
            said = self._exports(self.path, tally)
        elif self.database_url is not None:
            said = self._database(self.database_url.reveal(), tally)
        else:
            said = self._api(tally)
        for one in said:
            yield {"litellm": one}
        for fact in tally.facts():
            yield {"litellm": fact}

    def parse(self, record: Record) -> Iterator[Parsed]:
        """Rows are summed while they are read, so that memory does not grow with requests: here they pass."""
        match record.get("litellm"):
            case UsageRow() | CostFact() | RowProblem() | Warned() | Lost() | PassedOver() as said:
                yield said
            case _:
                yield RowProblem(where="a record", why="it is none of LiteLLM")

    def _exports(self, paths: tuple[str, ...], tally: Tally) -> Iterator[Parsed]:
        with gather(paths, tally.window) as gathered:
            for file in gathered.files:
                try:
                    for where, record in read_export(file):
                        yield from _row(tally, record, where)
                except UnreadableError as error:
                    yield Lost(message=f"{error.message}; {error.hint}")

    def _api(self, tally: Tally) -> Iterator[Parsed]:
        with self._http() as http:
            days = Once(activity.PATH, lambda day: day)
            for answer in activity.pages(http, tally.window):
                # A day may go on on the next page; on one page each of its models comes once.
                models = Once(activity.PATH, by("date", "model"))
                for day in answer["results"]:
                    days.take(day)
                for place, row in activity.rows(answer):
                    models.take(row)
                    yield from tally.day(row, place)

    def _http(self) -> Http:
        assert self.base_url is not None
        assert self.api_key is not None
        return Http(self.base_url, {"Authorization": f"Bearer {self.api_key.reveal()}"}, permission=PERMISSION)

    def _database(self, address: str, tally: Tally) -> Iterator[Parsed]:
        from . import database as postgres

        with postgres.database(address) as connection:
            daily = bool(postgres.columns_of(connection, postgres.DAILY))
            logs = bool(postgres.columns_of(connection, postgres.LOGS))
            if not daily and not logs:
                raise postgres.no_tables()
            if self.detail == "day" and daily:
                for row in postgres.days(connection, tally.window):
                    yield from tally.day(row, f"{postgres.DAILY} {row['date']} {row['model']}")
                hits, tokens = postgres.gateway_hits(connection, tally.window.end) if logs else (0, 0)
                if hits:
                    yield Warned(
                        message=f"on the last day the gateway answered {hits:,} requests ({tokens:,} tokens) from its "
                        'own cache; the daily table counts them as traffic: detail = "request" leaves them out'
                    )
                return
            if self.detail == "day":
                yield Warned(message="this LiteLLM keeps no daily table: its spend logs are read, which takes longer")
            for row in postgres.requests(connection, tally.window):
                yield from tally.request(row, f"{postgres.LOGS} {row['request_id']}", unique=True)


def _row(tally: Tally, record: Record, where: str) -> Iterator[Parsed]:
    """Add what an export or an answer holds: a request, a day of a model, or whole days."""
    if "startTime" in record:
        yield from tally.request(record, where)
    elif isinstance(record.get("results"), list):
        if not tally.is_copy(record["results"], record["results"]):
            for place, row in activity.rows(record):
                yield from tally.day(row, f"{where} {place}".strip())
    elif "date" in record and "prompt_tokens" in record:
        yield from tally.exported_day(record, where)
    else:
        yield RowProblem(where=where or "a record", why="it has neither a startTime nor a date with prompt_tokens")
