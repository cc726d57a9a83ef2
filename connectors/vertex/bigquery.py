"""One query to BigQuery by its REST API: started once, waited for, and read page by page to its last row.

https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/query and .../jobs/getQueryResults
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from advisor.contract.api_fields import Answer, OddFieldError, count, named, part, text
from advisor.contract.http import Http
from advisor.contract.paging import rows
from advisor.errors import SourceError

SCOPE = "https://www.googleapis.com/auth/bigquery"
PERMISSION = (
    "bigquery.jobs.create on the project of the table and bigquery.tables.getData on the table, "
    "which the roles BigQuery Job User and BigQuery Data Viewer have"
)
TITLE = "BigQuery's answer"
WAIT_MS = 10_000
WAITS = 25
"""How often an answer is waited for: BigQuery itself holds each call until the rows are there, up to WAIT_MS."""
PAGE = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query in GoogleSQL, the project that runs and pays it, and its named parameters: a text or several."""

    project: str
    sql: str
    parameters: Mapping[str, str | tuple[str, ...]]


def dry_run(http: Http, query: Query) -> None:
    """Let BigQuery check the query and the right to run it; nothing is read or billed. Raises SourceError."""
    _ask(http, query, dryRun=True)


def answered(http: Http, query: Query) -> Iterator[dict[str, str | None]]:
    """Each row, by column, as text. Raises SourceError unless all of them came."""
    # With a request id, a call that is made again after a broken connection starts no second job.
    page = first = _ask(http, query, maxResults=PAGE, timeoutMs=WAIT_MS, requestId=str(uuid4()))
    found, waits, seen = 0, 0, {""}
    try:
        while True:
            token = ""
            if page.get("jobComplete") is True:
                for row in _rows(page):
                    found += 1
                    yield row
                token = text(page, "pageToken")
                if not token:
                    break
                if token in seen:
                    raise SourceError(f"{TITLE} gives the same page again", "run again later", transient=True)
                seen.add(token)
            elif (waits := waits + 1) > WAITS:
                raise SourceError("the query in BigQuery does not end", "try again later", transient=True)
            page = _more(http, query, part(first, "jobReference"), token)
        if found != (total := count(page, "totalRows")):
            raise SourceError(f"BigQuery gave {found} of {total} rows", "run again later", transient=True)
    except OddFieldError as error:
        raise SourceError(f"{TITLE} is not as documented: {error}", "check billing_url") from error


def _more(http: Http, query: Query, job: Answer, token: str) -> Answer:
    """The next page of a job, or its first, once it is complete. Raises OddFieldError where no job is named."""
    address = f"{_queries(query.project)}/{quote(named(job, 'jobId'), safe='')}"
    asked = {"location": text(job, "location") or None, "maxResults": PAGE, "timeoutMs": WAIT_MS}
    return _object(http.get(address, {**asked, "pageToken": token or None}))


def _ask(http: Http, query: Query, **options: Any) -> Answer:
    body = {
        "query": query.sql,
        "useLegacySql": False,
        "parameterMode": "NAMED",
        "queryParameters": [_parameter(name, value) for name, value in query.parameters.items()],
        **options,
    }
    return _object(http.post(_queries(query.project), body))


def _queries(project: str) -> str:
    return f"bigquery/v2/projects/{quote(project, safe='')}/queries"


def _parameter(name: str, value: str | tuple[str, ...]) -> dict[str, Any]:
    kind = {"type": "STRING"}
    if isinstance(value, str):
        return {"name": name, "parameterType": kind, "parameterValue": {"value": value}}
    values = [{"value": one} for one in value]
    return {
        "name": name,
        "parameterType": {"type": "ARRAY", "arrayType": kind},
        "parameterValue": {"arrayValues": values},
    }


def _rows(page: Answer) -> Iterator[dict[str, str | None]]:
    """The rows of a page: `{"f": [{"v": ...}]}` each, in the order of the schema."""
    names = [named(column, "name") for column in rows(part(page, "schema"), "fields", TITLE)]
    # An answer without any row leaves the list out.
    for row in rows(page, "rows", TITLE) if "rows" in page else ():
        cells = rows(row, "f", TITLE)
        if len(cells) != len(names):
            raise OddFieldError(f"a row has {len(cells)} values for {len(names)} columns")
        yield {name: None if cell.get("v") is None else str(cell["v"]) for name, cell in zip(names, cells, strict=True)}


def _object(answer: Any) -> Answer:
    if not isinstance(answer, Mapping):
        raise SourceError(f"{TITLE} is no JSON object", "check billing_url; a proxy may have answered")
    return answer
