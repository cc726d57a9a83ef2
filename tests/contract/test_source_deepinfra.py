"""DeepInfra's usage keeps the promises of an API source."""

from __future__ import annotations

from typing import Any

from tests.contract.apis import ApiKit
from tests.http_server import HttpServer

USAGE = "payment/usage/tokens"


def item(pricing_type: str, units: Any, cost: Any, model: str = "meta-llama/Meta-Llama-3.1-8B-Instruct") -> Any:
    return {
        "model": {"provider": "deepinfra", "model_name": model, "task": "text-generation"},
        "units": units, "rate": 0.000003, "cost": cost, "pricing_type": pricing_type,
    }  # fmt: skip


def month(period: str, invoice: str, *items: Any) -> Any:
    return {"period": period, "invoice_id": invoice, "total_cost": 5, "items": list(items)}


class TestDeepInfra(ApiKit):
    kind = "deepinfra"
    paths = (USAGE,)

    def serve(self, http: HttpServer) -> None:
        october = month("2026.10", "in_1", item("input_tokens", 1000, 3), item("output_tokens", 200, 2))
        http.on(USAGE, {"months": [october]})
