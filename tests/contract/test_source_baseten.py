"""Baseten's billing summary keeps the promises of an API source."""

from __future__ import annotations

from typing import Any, ClassVar

from tests.contract.apis import ApiKit
from tests.http_server import HttpServer

SUMMARY = "v1/billing/usage_summary"


def summary(*days: dict[str, Any], **more: Any) -> dict[str, Any]:
    model = {"model_name": "deepseek-ai/DeepSeek-V3.1", "model_family": "DeepSeek", "daily": list(days)}
    return {
        "dedicated_usage": None, "training_usage": None,
        "model_apis_usage": {"subtotal": 1, "credits_used": 0, "total": 1, "breakdown": [model]}, **more,
    }  # fmt: skip


def used(date: str = "2026-10-01", cached: int | None = 400, **changes: Any) -> dict[str, Any]:
    day = {"date": date, "subtotal": 1.25, "input_tokens": 1000, "output_tokens": 200, "cached_input_tokens": cached}
    return {**day, **changes}


class TestBaseten(ApiKit):
    kind = "baseten"
    paths = (SUMMARY,)
    settings: ClassVar = {"input_includes_cache": True}

    def serve(self, http: HttpServer) -> None:
        http.on(SUMMARY, summary(used()))
