"""Together's billing usage keeps the promises of an API source."""

from __future__ import annotations

from typing import Any, ClassVar

from tests.contract.apis import ApiKit
from tests.http_server import HttpServer

USAGE = "v1/billing/usage"


def item(product: str, quantity: str, cost: str, **dimensions: str) -> dict[str, Any]:
    return {
        "product_name": product, "quantity": quantity, "unit_price": "0.0000002", "cost": cost,
        "pricing_dimensions": dimensions, "attributes": {},
    }  # fmt: skip


def answer(*items: dict[str, Any], start: str = "2026-10-01T00:00:00Z", end: str = "2026-10-01T01:00:00Z") -> Any:
    return {
        "object": "list", "currency": "USD", "next_cursor": None,
        "data": [{"date": start[:10], "start_time": start, "end_time": end, "line_items": list(items)}],
    }  # fmt: skip


class TestTogether(ApiKit):
    kind = "together"
    paths = (USAGE,)
    settings: ClassVar = {"organization_id": "org-1"}

    def serve(self, http: HttpServer) -> None:
        model = "meta-llama/Llama-3.3-70B-Instruct-Turbo"
        good = answer(
            item("Serverless Inference - Input Tokens", "123456", "0.0246912", model=model),
            item("Serverless Inference - Output Tokens", "1000", "0.0002", model=model),
        )
        http.on(USAGE, good)
