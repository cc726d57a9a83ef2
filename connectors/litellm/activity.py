"""Takes LiteLLM's daily activity apart: tokens and spend of each model on each day, as its API answers them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Any

from advisor.contract.http import Http
from advisor.contract.shown import shown
from advisor.contract.source import Record
from advisor.domain.units import Window
from advisor.errors import SourceError

PATH = "user/daily/activity"
PAGE_ROWS = 1_000


def pages(http: Http, window: Window) -> Iterator[Record]:
    """All pages of the activity in *window*. A page holds rows of the table, not days: one day may be on several."""
    last = (window.end - timedelta(microseconds=1)).astimezone(UTC).date()
    query = {"start_date": window.start.astimezone(UTC).date().isoformat(), "end_date": last.isoformat()}
    page, total = 1, 1
    while page <= total:
        answer = http.get(PATH, {**query, "page": page, "page_size": PAGE_ROWS})
        if not isinstance(answer, Mapping) or not isinstance(answer.get("results"), list):
            raise SourceError("LiteLLM answers without results", "check base_url: it is the proxy's, without a path")
        yield answer
        told = answer.get("metadata")
        told = told if isinstance(told, Mapping) else {}
        try:
            total = int(told.get("total_pages") or 1)
        except (TypeError, ValueError) as error:
            raise SourceError(f"LiteLLM tells {shown(told['total_pages'])} pages, which is no number") from error
        page += 1


def rows(answer: Record) -> Iterator[tuple[str, Record]]:
    """The activity of each day and model as a row of the daily table, with where it stands."""
    for result in answer["results"]:
        if not isinstance(result, Mapping):
            yield "a day", {}
            continue
        day = str(result.get("date") or "")
        breakdown = _under(result, "breakdown")
        models, providers = _under(breakdown, "models"), _under(breakdown, "providers")
        found: dict[str, int] = {"prompt_tokens": 0, "completion_tokens": 0}
        for model, entry in models.items():
            metrics = _under(entry, "metrics") if isinstance(entry, Mapping) else {}
            for name in found:
                found[name] += _whole(metrics.get(name))
            yield (
                f"{day} {model}",
                {**metrics, "date": day, "model": model, "custom_llm_provider": _provider(model, providers)},
            )
        yield from _of_no_model(day, _under(result, "metrics"), found)


def _of_no_model(day: str, metrics: Record, found: Mapping[str, int]) -> Iterator[tuple[str, Record]]:
    """What the day's total holds beside its models, as a row without one: it is refused by name, not lost."""
    more = {name: _whole(metrics.get(name)) - count for name, count in found.items()}
    if any(count > 0 for count in more.values()):
        yield f"{day}, beside its models", {"date": day, **{name: max(count, 0) for name, count in more.items()}}


def _provider(model: str, providers: Record) -> str:
    """The provider of a model's requests: the only one of the day, or the one that the model's name begins with."""
    if len(providers) == 1:
        only = next(iter(providers))
        return "" if only == "unknown" else only
    first = model.partition("/")[0]
    return first if "/" in model and first in providers else ""


def _under(record: Record, key: str) -> Mapping[str, Any]:
    found = record.get(key)
    return found if isinstance(found, Mapping) else {}


def _whole(value: object) -> int:
    """A count, 0 where it is none: then the row itself is refused."""
    try:
        return int(Decimal(str(value)))
    except (ArithmeticError, ValueError):
        return 0
