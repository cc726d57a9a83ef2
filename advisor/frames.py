"""The answers for notebooks and other programs: values of the line, and tidy pandas tables with the JSON's names.

Each function reads the configuration, pulls the sources unless `sync=False`, and closes everything again. *config* is
a path, as for `--config`; without it, `$ADVISOR_CONFIG`, then `advisor.toml` here. Errors are `advisor.errors`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from advisor import app
from advisor import config as configuration
from advisor.contract.store import Decision
from advisor.desk import Desk, wire
from advisor.domain.facts import Pull
from advisor.domain.report import Findings
from advisor.domain.units import Month

if TYPE_CHECKING:
    import pandas as pd

HISTORY = (
    "month", "at", "event", "workload", "state", "reason", "revision", "serverless.amount", "dedicated.amount",
    "answer", "from_month", "until", "who", "decided_at", "digest", "assumed",
)  # fmt: skip
COUNTS = ("requests", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")


def check(
    config: str | Path | None = None,
    *,
    month: str | Month | None = None,
    sync: bool = True,
    now: datetime | None = None,
) -> Findings:
    """Judge the last full month, or *month*: every verdict with the comparison, plans, demand and usage behind it."""
    with _desk(config, now) as desk:
        return _judged(desk, month, sync)


def usage(
    config: str | Path | None = None,
    *,
    by: str = "month",
    start: date | None = None,
    end: date | None = None,
    source: str | None = None,
    sync: bool = True,
    now: datetime | None = None,
) -> pd.DataFrame:
    """Tokens and costs as the sources gave them: one row for each period, source, model and tier.

    Indexed by `period_start` (UTC). Counts are nullable integers: `<NA>` is unknown, never 0; `input_tokens` is all
    input. Money has one column for each basis and currency, such as `billed_cost_USD`, of exact `Decimal`s.
    *start* is inside the window, *end* is not; without them, the last full month.
    """
    import pandas as pd

    from advisor.reporting.usage_json import usage_document

    with _desk(config, now) as desk:
        window = app.usage_window(desk, _midnight(start), _midnight(end))
        if sync:
            app.sync(desk, window.start if start or end else None, _silent, only=source)
        answer = app.usage(desk, by, window, source)
    rows: list[dict[str, Any]] = []
    document: Any = usage_document(answer)
    for total, row in zip(answer.rows, document["rows"], strict=True):
        money = {f"{basis.value}_cost_{amount.currency}": amount.amount for amount, basis in total.costs}
        rows.append({key: value for key, value in row.items() if key != "costs"} | money)
    names = ["period_start", "source", "model_raw", "model", "tier", *COUNTS]
    table = pd.DataFrame(rows, columns=[*names, *sorted({key for row in rows for key in row} - set(names))])
    return _indexed(table.astype(dict.fromkeys(COUNTS, "Int64")), "period_start")


def plans(
    config: str | Path | None = None,
    *,
    month: str | Month | None = None,
    sync: bool = True,
    now: datetime | None = None,
) -> pd.DataFrame:
    """Every plan of every workload in one month: a row for each workload and policy, the names as in the JSON.

    Indexed by the month's start (UTC). What is nested in the JSON is dotted, such as `offer.gpu`; amounts, such as
    `cost.total.amount`, are exact `Decimal`s. An infeasible plan has no values there. `chosen` marks the plan that the
    verdict rests on.
    """
    import pandas as pd

    from advisor.reporting.check_json import check_document

    found = check(config, month=month, sync=sync, now=now)
    document: Any = check_document(found)
    rows = [
        {"month": found.month.start, "workload": one["name"], "chosen": plan["policy"] == one["chosen_policy"], **plan}
        for one in document["workloads"]
        for plan in one["plans"]
    ]
    nested = {key for row in rows for key, value in row.items() if isinstance(value, Mapping)}
    present = [{key: value for key, value in row.items() if value is not None or key not in nested} for row in rows]
    table = pd.json_normalize(_decimals(present))
    return _indexed(table, "month") if len(table) else table


def history(config: str | Path | None = None, *, workload: str = "", now: datetime | None = None) -> pd.DataFrame:
    """What was said before: one row for each recorded verdict, revisions included, and for each answer to one.

    Indexed by the month that was judged or answered (its start, UTC), and then in the order in which it was said.
    `event` is `decision` or `answer`; the other names are those of the JSON, amounts are exact `Decimal`s. `decided_at`
    and `assumed` belong to decisions. Verdicts are recorded when they are delivered. Raises UsageError for a workload
    that is not known.
    """
    import pandas as pd

    from advisor import answering
    from advisor.reporting.history import events

    with _desk(config, now) as desk:
        if workload:
            answering.known(desk, workload)
        with desk.store.snapshot() as store:
            decisions, answers = store.decisions(workload), store.answers(workload)
    rows: list[dict[str, Any]] = []
    for event, said in events(decisions, answers):
        own = said if isinstance(said, Decision) else None
        amounts = {f"{name}.amount": _amount(event[name]) for name in ("serverless", "dedicated")}
        rows.append(
            {
                **{key: value for key, value in event.items() if key not in ("serverless", "dedicated")},
                **amounts,
                "month": Month.parse(event["month"]).start,
                "at": pd.Timestamp(event["at"]),
                "decided_at": own.decided_at if own else None,
                "assumed": dict(own.assumed) if own else None,
            }
        )
    return _indexed(pd.DataFrame(rows, columns=list(HISTORY)), "month")


@contextmanager
def _desk(config: str | Path | None, now: datetime | None) -> Iterator[Desk]:
    path = configuration.locate(str(config) if config else None, os.environ, Path.cwd())
    with wire(configuration.load(path), os.environ, now or datetime.now(UTC)) as desk:
        yield desk


def _judged(desk: Desk, month: str | Month | None, sync: bool) -> Findings:
    wanted = Month.parse(month) if isinstance(month, str) else month
    if sync:
        app.sync(desk, wanted.start if wanted else None, _silent)
    return app.check(desk, wanted)


def _silent(pulls: Iterator[Pull], _count: int) -> Iterator[Pull]:
    """Progress that nobody watches."""
    return pulls


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)


def _amount(total: Any) -> Decimal | None:
    return Decimal(total["amount"]) if total else None


def _decimals(node: Any) -> Any:
    """The same JSON value with every `{"amount", "currency"}` amount as an exact Decimal."""
    if isinstance(node, Mapping):
        if set(node) == {"amount", "currency"}:
            return {"amount": Decimal(node["amount"]), "currency": node["currency"]}
        return {key: _decimals(value) for key, value in node.items()}
    if isinstance(node, Iterable) and not isinstance(node, str):
        return [_decimals(value) for value in node]
    return node


def _indexed(table: pd.DataFrame, column: str) -> pd.DataFrame:
    import pandas as pd

    table[column] = pd.to_datetime(table[column], utc=True)
    return table.set_index(column).sort_index(kind="stable")
