"""What LiteLLM says of one request, or of one day's requests of a model, checked and in one form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from advisor.contract.shown import shown
from advisor.domain.units import DAY_SECONDS, FIVE_MINUTES

Inside = Literal["nothing", "inside", "outside", "unclear"]
"""Where cached tokens are: there are none, in the prompt's count, beside it, or the row does not show."""
# Providers that count cached tokens inside the prompt, as LiteLLM names them; of other makers' models than Anthropic's.
COUNT_INSIDE = frozenset(
    {"openai", "azure", "azure_ai", "text-completion-openai", "openai_like", "custom_openai", "hosted_vllm", "deepseek",
     "groq", "together_ai", "fireworks_ai", "deepinfra", "openrouter", "xai", "mistral", "vertex_ai", "gemini"}
)  # fmt: skip
FLAT_COST_KEY = "__ptu_flat_cost__"
"""The key of rows that hold what a reservation costs a day, and no requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Requests of one model in one bucket. `priced` is False where tokens were used and LiteLLM knows no price.

    `hits` are answers of the gateway's own cache. Cached tokens are None where the row says nothing of them.
    """

    start: datetime
    width_seconds: int
    provider: str
    model: str
    prompt: int
    completion: int
    read: int | None
    written: int | None
    inside: Inside
    spend: Decimal
    priced: bool
    requests: int | None
    failed: int = 0
    hits: int = 0


def request_of(row: Mapping[str, Any]) -> Calls:
    """One row of the spend logs. Raises ValueError saying what is wrong with it."""
    second = int(_moment(row.get("startTime")).timestamp())
    failed = str(row.get("status") or "").lower() == "failure"
    prompt, completion = _count(row, "prompt_tokens", failed), _count(row, "completion_tokens", failed)
    usage = _usage(row)
    details = usage.get("prompt_tokens_details")
    details = details if isinstance(details, Mapping) else {}
    read = _optional(usage, "cache_read_input_tokens")
    read = _optional(details, "cached_tokens") if read is None else read
    written = _optional(usage, "cache_creation_input_tokens")
    provider = str(row.get("custom_llm_provider") or "")
    model = _model(row, needed=not failed and prompt + completion > 0)
    spend = _spend(row)
    return Calls(
        start=datetime.fromtimestamp(second - second % FIVE_MINUTES, UTC),
        width_seconds=FIVE_MINUTES,
        provider=provider,
        model=model,
        prompt=prompt,
        completion=completion,
        read=read,
        written=written,
        inside=_inside(prompt, read, written, provider, model, shown=details.get("cached_tokens") is not None),
        spend=spend,
        priced=spend > 0 or not prompt + completion,
        requests=1,
        failed=int(failed),
        hits=int(str(row.get("cache_hit") or "").lower() == "true"),
    )


def day_of(row: Mapping[str, Any]) -> Calls:
    """One row of a daily table, or of the daily activity. Raises ValueError saying what is wrong with it."""
    try:
        day = date.fromisoformat(str(row.get("date") or "")[:10])
    except ValueError:
        raise ValueError(f"date is {shown(row.get('date'))}, no date") from None
    prompt, completion = _count(row, "prompt_tokens"), _count(row, "completion_tokens")
    read, written = _optional(row, "cache_read_input_tokens"), _optional(row, "cache_creation_input_tokens")
    provider = str(row.get("custom_llm_provider") or "")
    model = _model(row, needed=prompt + completion > 0)
    spend = _spend(row)
    failed, asked = _optional(row, "failed_requests"), _optional(row, "api_requests")
    successful = _optional(row, "successful_requests")
    if successful is None and asked is not None:
        successful = asked - (failed or 0)
    return Calls(
        start=datetime(day.year, day.month, day.day, tzinfo=UTC),
        width_seconds=DAY_SECONDS,
        provider=provider,
        model=model,
        prompt=prompt,
        completion=completion,
        read=read,
        written=written,
        inside=_inside(prompt, read, written, provider, model, shown=False),
        spend=spend,
        priced=True,  # a key without spend may have been served from the gateway's cache: judged by model and day
        requests=successful,
        failed=failed or 0,
    )


def _inside(prompt: int, read: int | None, written: int | None, provider: str, model: str, *, shown: bool) -> Inside:
    """What one row proves of its version's prompt count: see https://github.com/BerriAI/litellm/issues/15056."""
    cached = (read or 0) + (written or 0)
    if not cached:
        return "nothing"
    if prompt < cached:
        return "outside"
    as_openai = provider.lower() in COUNT_INSIDE and "claude" not in model.lower()
    return "inside" if shown or as_openai else "unclear"


def _model(row: Mapping[str, Any], *, needed: bool) -> str:
    model = str(row.get("model") or row.get("model_group") or "").strip()
    if needed and not model:
        raise ValueError("it names no model")
    return model


def _moment(value: object) -> datetime:
    """A stamp; LiteLLM writes UTC, with or without saying so."""
    moment = value if isinstance(value, datetime) else None
    if isinstance(value, str) and value.strip():
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            moment = None
    if moment is None:
        raise ValueError(f"startTime is {shown(value)}, no date and time")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _usage(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The provider's own usage object, which the metadata of newer versions keep."""
    usage = row.get("usage_object")
    if usage is None:
        metadata = _parsed(row.get("metadata"))
        usage = metadata.get("usage_object")
    return _parsed(usage)


def _parsed(value: object) -> Mapping[str, Any]:
    if isinstance(value, str) and value.lstrip().startswith("{"):  # a JSON column in a CSV export
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, Mapping) else {}


def _count(row: Mapping[str, Any], name: str, absent_is_zero: bool = False) -> int:
    count = _optional(row, name)
    if count is None and not absent_is_zero:
        raise ValueError(f"{name} is missing")
    return count or 0


def _optional(row: Mapping[str, Any], name: str) -> int | None:
    value = row.get(name)
    if value is None or value == "":
        return None
    number = _number(value, name)
    if number != number.to_integral_value() or number < 0:
        raise ValueError(f"{name} is {shown(value)}, not a whole number")
    return int(number)


def _spend(row: Mapping[str, Any]) -> Decimal:
    value = row.get("spend")
    spend = Decimal(0) if value is None or value == "" else _number(value, "spend")
    if spend < 0:
        raise ValueError(f"spend {spend} is negative")
    return spend


def _number(value: object, name: str) -> Decimal:
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        number = Decimal("nan")
    if isinstance(value, bool) or not number.is_finite():
        raise ValueError(f"{name} is {shown(value)}, not a number")
    return number
