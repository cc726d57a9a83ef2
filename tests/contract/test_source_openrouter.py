"""OpenRouter's activity keeps the promises of an API source."""

from __future__ import annotations

from tests.contract.apis import ApiKit
from tests.http_server import HttpServer

ACTIVITY = "api/v1/activity"


class TestOpenRouter(ApiKit):
    kind = "openrouter"
    paths = (ACTIVITY,)

    def serve(self, http: HttpServer) -> None:
        used = {
            "date": "2026-10-24", "model": "openai/gpt-4.1", "model_permaslug": "openai/gpt-4.1-2025-04-14",
            "endpoint_id": "550e8400", "provider_name": "OpenAI", "usage": 0.015, "byok_usage_inference": 0.012,
            "requests": 5, "prompt_tokens": 50, "cached_tokens": 10, "completion_tokens": 125, "reasoning_tokens": 25,
        }  # fmt: skip
        http.on(ACTIVITY, {"data": [used]})
