"""Records that hold their counts as lists or free keys, read in SQL: OpenTelemetry's spans, Langfuse's observations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

VALUE = 'STRUCT("intValue" VARCHAR, "stringValue" VARCHAR, "doubleValue" VARCHAR)'
SPAN = (
    'STRUCT("traceId" VARCHAR, "spanId" VARCHAR, "startTimeUnixNano" VARCHAR, '
    f'"attributes" STRUCT("key" VARCHAR, "value" {VALUE})[])'
)
# https://github.com/open-telemetry/semantic-conventions/blob/v1.41.1/docs/gen-ai/gen-ai-spans.md, with the names that
# came before. Spans of agents and chains repeat the usage of the calls below them, so only calls of a model count.
CALLS = ("chat", "text_completion", "generate_content", "embeddings")
ATTRIBUTES = {
    "model": ("gen_ai.response.model", "gen_ai.request.model"),
    "input_tokens": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
    "output_tokens": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
    "cache_read_tokens": ("gen_ai.usage.cache_read.input_tokens",),
    "cache_write_tokens": ("gen_ai.usage.cache_creation.input_tokens",),
    "tier": ("openai.response.service_tier", "gen_ai.openai.response.service_tier"),
}
# Langfuse's keys are free. By its convention they are disjoint, and begin with what they are: output_reasoning_tokens.
DETAILS = {
    "input_tokens": ("^(input|prompt)", "cache"),
    "output_tokens": ("^(output|completion)", ""),
    "cache_read_tokens": ("cached|cache_?read", ""),
    "cache_write_tokens": ("cache_?(creation|write)", ""),
}
SPELLINGS = {
    "timestamp": ("startTime", "start_time"),
    "model": ("model", "providedModelName", "provided_model_name"),
    "request_id": ("id",),
    "cost": ("totalCost", "total_cost"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How records of a shape are read: the type of each column, and each field of a request as SQL over a `call`.

    `calls` is SQL of the calls of a model in the table `{raw}` of those columns, each with the `file` and `number` of
    the record that holds it; a record that is none gives a call that is NULL.
    """

    types: Mapping[str, str]
    calls: str
    fields: Mapping[str, str]

    def rows_sql(self, reader: str, file: str, fields: tuple[str, ...], *, numbered: bool) -> str:
        """SQL of the same columns as `rows.rows_sql`; *reader* reads `types`, and *file* is its column of the name."""
        picked = ", ".join(
            f"nullif(trim({self.fields.get(field, 'NULL')}::VARCHAR), '') AS r_{field}" for field in fields
        )
        number = "row_number() OVER ()" if numbered else "0"
        raw = f"(SELECT *, {file} AS file, {number} AS number FROM {reader})"
        return f"SELECT {picked}, file{', number' if numbered else ''} FROM ({self.calls.replace('{raw}', raw)})"


def _attribute(*names: str) -> str:
    """The value of the first attribute of those names that a span has."""
    values = []
    for name in names:
        value = f'list_filter(call.attributes, lambda a: a."key" = \'{name}\')[1]."value"'
        values.append(f'coalesce({value}."intValue", {value}."stringValue", {value}."doubleValue")')
    return f"coalesce({', '.join(values)})"


def _details(pattern: str, but: str) -> str:
    """The sum of the counts whose keys are like *pattern* and not like *but*; a count that is none stands as it is."""
    usage = 'coalesce(call."usageDetails", call."usage_details")'
    unlike = f" AND NOT regexp_matches(lower(e.\"key\"), '{but}')" if but else ""
    found = (
        f'list_filter(map_entries({usage}), lambda e: e."value" IS NOT NULL AND '
        f"regexp_matches(lower(e.\"key\"), '{pattern}'){unlike})"
    )
    number = 'TRY_CAST(e."value" AS DECIMAL(38, 9))'
    wrong = f'list_filter({found}, lambda e: {number} IS NULL)[1]."value"'
    return (
        f"CASE WHEN len({found}) > 0 THEN coalesce({wrong}, "
        f"list_sum(list_transform({found}, lambda e: {number}))::VARCHAR) END"
    )


def _first(*names: str) -> str:
    values = [f'call."{name}"' for name in names]
    return f"coalesce({', '.join(values)})"


_COUNTED = (
    f"({_attribute(*ATTRIBUTES['input_tokens'])} IS NOT NULL OR {_attribute(*ATTRIBUTES['output_tokens'])} IS NOT NULL)"
)
_OPERATION = _attribute("gen_ai.operation.name")
_NANOSECONDS = 'TRY_CAST(call."startTimeUnixNano" AS BIGINT)'

SHAPES = {
    "otlp": Shape(
        types={
            "resourceSpans": f'STRUCT("scopeSpans" STRUCT("spans" {SPAN}[])[])[]',
            "resourceMetrics": "VARCHAR",  # a collector may write both into one file
            "resourceLogs": "VARCHAR",
        },
        calls=f"""\
SELECT file, number, call FROM (
    SELECT file, number, unnest(scope.spans) AS call FROM (
        SELECT file, number, unnest(resource."scopeSpans") AS scope FROM (
            SELECT file, number, unnest("resourceSpans") AS resource FROM {{raw}})))
WHERE {_COUNTED} AND coalesce({_OPERATION}, 'chat') IN ({", ".join(f"'{name}'" for name in CALLS)})
UNION ALL SELECT file, number, NULL FROM {{raw}}
WHERE "resourceSpans" IS NULL AND "resourceMetrics" IS NULL AND "resourceLogs" IS NULL""",
        fields={
            "timestamp": f"""\
coalesce(strftime(make_timestamp({_NANOSECONDS} // 1000), '%Y-%m-%dT%H:%M:%SZ'), call."startTimeUnixNano")""",
            "request_id": 'call."traceId" || call."spanId"',
            **{field: _attribute(*names) for field, names in ATTRIBUTES.items()},
        },
    ),
    "langfuse": Shape(
        types={
            **{name: "VARCHAR" for names in SPELLINGS.values() for name in names},
            "usageDetails": "MAP(VARCHAR, VARCHAR)",
            "usage_details": "MAP(VARCHAR, VARCHAR)",
        },
        # Spans and events have no usage, and are about something else.
        calls="""\
SELECT call.file, call.number, call FROM (SELECT record AS call FROM {raw} AS record)
WHERE coalesce(cardinality(call."usageDetails"), cardinality(call."usage_details"), 0) > 0
OR coalesce(call.id, call."startTime", call."start_time") IS NULL""",
        fields={
            **{field: _first(*names) for field, names in SPELLINGS.items()},
            **{field: _details(*patterns) for field, patterns in DETAILS.items()},
        },
    ),
}
