"""Logs of requests, or of already summed intervals, in CSV, JSON or Parquet files of any size."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from advisor.contract.gather import FileSettings
from advisor.contract.settings import Settings
from advisor.contract.source import Columns, Relation, Scan, Terms
from advisor.domain.facts import InputIncludes
from advisor.domain.units import Window

OPENAI = {
    "timestamp": "created",
    "model": "model",
    "input_tokens": "usage.prompt_tokens",
    "output_tokens": "usage.completion_tokens",
    "cache_read_tokens": "usage.prompt_tokens_details.cached_tokens",
    "request_id": "id",
    "tier": "service_tier",
}
"""A chat completion as an OpenAI-compatible host answers it, one a record."""
OPENAI_OPTIONAL = frozenset({"cache_read_tokens", "request_id", "tier"})
OTEL = {
    "timestamp": "startTimeUnixNano",
    "model": "gen_ai.response.model",
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "cache_read_tokens": "gen_ai.usage.cache_read.input_tokens",
    "cache_write_tokens": "gen_ai.usage.cache_creation.input_tokens",
    "request_id": "spanId",
    "tier": "openai.response.service_tier",
}
"""Spans of the GenAI conventions, in export requests of OTLP as JSON; cached tokens are inside the input."""
LANGFUSE = {
    "timestamp": "startTime",
    "model": "model",
    "input_tokens": "usageDetails.input",
    "output_tokens": "usageDetails.output",
    "cache_read_tokens": "usageDetails.cache_read_input_tokens",
    "cache_write_tokens": "usageDetails.cache_creation_input_tokens",
    "request_id": "id",
    "cost": "totalCost",
}
"""Observations as Langfuse exports them; its keys of usage are disjoint, and its cost is an estimate in dollars."""
PRESETS = {"openai": OPENAI, "otel": OTEL, "langfuse": LANGFUSE}
SHAPES: dict[str, Literal["otlp", "langfuse"]] = {"otel": "otlp", "langfuse": "langfuse"}
"""Presets whose records hold a field at no fixed place: the engine knows where, `columns` cannot say it."""
CACHE_COLUMNS = ("cache_read_tokens", "cache_write_tokens")
Column = Annotated[str, Field(min_length=1)]


class LogColumns(Settings):
    """Which column, or dotted path into a nested record, holds what."""

    timestamp: Column | None = None
    model: Column | None = None
    input_tokens: Column | None = None
    output_tokens: Column | None = None
    cache_read_tokens: Column | None = None
    cache_write_tokens: Column | None = None
    requests: Column | None = None
    request_id: Column | None = None
    cost: Column | None = None
    tier: Column | None = None


class RequestLog(FileSettings, Relation):
    """One record is one request, or with `columns.requests` an interval that is summed already."""

    terms: ClassVar[Terms | None] = Terms(
        tokens="5 minutes",
        cost="day, where records state it",
        freshness="as logs are shipped",
        polling="free",
        permission="to read the files",
    )
    preset: Literal["openai", "otel", "langfuse"] | None = None
    columns: LogColumns = LogColumns()
    input_includes_cache: bool | None = None
    timezone: str = ""
    timestamp_unit: Literal["s", "ms", "h"] | None = None
    origin: datetime | None = None
    model: str = ""
    provider: str = ""
    currency: str = Field(default="", pattern="^([A-Z]{3})?$")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, timezone: str) -> str:
        try:
            return timezone and ZoneInfo(timezone).key
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f'there is no time zone {timezone!r}; write it as "UTC" or "Europe/Berlin"') from error

    @field_validator("origin")
    @classmethod
    def _origin_has_a_zone(cls, origin: datetime | None) -> datetime | None:
        if origin and origin.tzinfo is None:
            raise ValueError("write it with a zone, for example 2026-10-01T00:00:00Z")
        return origin

    @model_validator(mode="after")
    def _complete(self) -> RequestLog:
        columns = self.mapping()
        for name in ("timestamp", "input_tokens", "output_tokens"):
            if name not in columns:
                raise ValueError(f"columns.{name} is missing: name the log's column that holds it, or give a preset")
        if bool(self.model) == ("model" in columns):
            raise ValueError(
                "columns.model and model both name the model: keep one"
                if self.model
                else "name the column of the model with columns.model, or give the one model of this log with `model`"
            )
        if self.input_includes_cache is None and not self.preset and any(name in columns for name in CACHE_COLUMNS):
            raise ValueError(
                "say with input_includes_cache whether the input count includes the cached tokens: true or false"
            )
        if self.preset in SHAPES and (self._own() or self.timestamp_unit):
            raise ValueError(
                f"the preset {self.preset!r} says where everything is: leave out columns and timestamp_unit"
            )
        if "cost" in columns and not self._currency():
            raise ValueError('columns.cost needs a currency: add currency = "USD" or another')
        if self.origin and not self.timestamp_unit:
            raise ValueError("origin needs timestamp_unit: what the stamps count, s, ms or h")
        if self.timestamp_unit == "h" and not self.origin:
            raise ValueError('timestamp_unit = "h" needs origin: the time that hour 0 stands for')
        return self

    def mapping(self) -> dict[str, str]:
        """The columns by field: those of the preset, with the user's own over them."""
        preset = PRESETS[self.preset] if self.preset else {}
        return {name: column for name, column in preset.items() if not (name == "model" and self.model)} | self._own()

    def _own(self) -> dict[str, str]:
        own: dict[str, str] = self.columns.model_dump(exclude_none=True)
        return own

    def _currency(self) -> str:
        return self.currency or ("USD" if self.preset == "langfuse" else "")

    def scan(self, window: Window) -> Scan:
        """What to read: the same for every window, since a log's files do not say what they hold."""
        own = self._own()
        unit = self.timestamp_unit or ("s" if self.preset == "openai" and "timestamp" not in own else "")
        includes = self.preset in ("openai", "otel") if self.input_includes_cache is None else self.input_includes_cache
        return Scan(
            paths=self.path,
            columns=Columns(**self.mapping()),
            input_includes=InputIncludes.CACHE if includes else InputIncludes.NOTHING,
            model=self.model,
            provider=self.provider,
            currency=self._currency(),
            timezone=self.timezone,
            timestamp_unit=unit,
            origin=self.origin,
            optional=OPENAI_OPTIONAL - own.keys() if self.preset == "openai" else frozenset(),
            output_optional=self.preset in SHAPES,  # an embedding has none
            shape=SHAPES.get(self.preset or "", ""),
            access=self.access,
        )
