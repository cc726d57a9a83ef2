"""A FOCUS file keeps the promises of a records source."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from advisor.contract.source import Record, Records
from advisor.contract.testing.source import RecordsKit
from advisor.domain.units import Month
from advisor.registry import build_source
from tests.unit.bills import focus, write


class TestFocus(RecordsKit):
    window = Month(2026, 10).window

    @pytest.fixture(autouse=True)
    def _bill(self, tmp_path: Path) -> None:
        self.folder = tmp_path
        guardrail = focus(SkuId="USE1-Guardrail-ContentPolicyUnitsConsumed", ConsumedUnit="Units", PricingUnit="Units")
        write(tmp_path / "focus.csv", focus(), focus(ChargeCategory="Credit", BilledCost="-0.1"), guardrail)

    def source(self) -> Records:
        source = build_source({"name": "bill", "kind": "focus", "path": "focus.csv"}, self.folder, {})
        assert isinstance(source, Records)
        return source

    def records(self) -> Iterable[Record]:
        return self.source().pull(self.window)
