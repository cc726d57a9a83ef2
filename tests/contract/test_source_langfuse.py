"""Langfuse's metrics keep the promises of an API source."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from tests.contract.apis import ApiKit
from tests.http_server import HttpServer, Request

METRICS = "api/public/v2/metrics"


def row(at: str = "2026-10-01T08:00:00.000Z", **changes: Any) -> dict[str, Any]:
    counted = {
        "providedModelName": "gpt-4o-mini", "time_dimension": at, "sum_inputTokens": "1000", "sum_outputTokens": "200",
        "sum_totalCost": 0.25, "count_count": "7",
    }  # fmt: skip
    return {**counted, **changes}


class TestLangfuse(ApiKit):
    kind = "langfuse"
    paths = (METRICS,)
    settings: ClassVar = {"public_key": "pk-lf-1", "provider": "openai"}

    def serve(self, http: HttpServer) -> None:
        def answer(request: Request) -> Any:
            asked = json.loads(request.params["query"])
            first = asked["fromTimestamp"] <= "2026-10-01T08:00:00Z" < asked["toTimestamp"]
            return {"data": [row()] if first else []}

        http.on(METRICS, answer)
