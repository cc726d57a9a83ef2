"""Fireworks' billing keeps the promises of an API source."""

from __future__ import annotations

from typing import ClassVar

from tests.contract.apis import ApiKit
from tests.http_server import HttpServer

USAGE, COSTS = "v1/accounts/acme/billingUsage", "v1/accounts/acme/usageCosts:query"
MODEL = "accounts/fireworks/models/llama-v3p1-70b-instruct"
DAY = {"startTime": "2026-10-01T00:00:00Z", "endTime": "2026-10-02T00:00:00Z"}
USED = {
    **DAY, "modelName": MODEL, "promptTokens": "1000", "completionTokens": "200", "usageType": "SERVERLESS",
    "group": {"model_name": MODEL},
}  # fmt: skip
CHARGED = {
    "dimensions": {"startTime": DAY["startTime"], "model": MODEL},
    "subtotal": {"currencyCode": "USD", "units": "12", "nanos": 500_000_000},
}


class TestFireworks(ApiKit):
    kind = "fireworks"
    paths = (USAGE, COSTS)
    settings: ClassVar = {"account_id": "acme"}

    def serve(self, http: HttpServer) -> None:
        http.on(USAGE, {"serverlessCosts": [USED], "dedicatedCosts": []})
        http.on(COSTS, {"rows": [CHARGED], "nextPageToken": ""})
