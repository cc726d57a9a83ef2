"""A cost and usage report keeps the promises of a records source."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from advisor.contract.source import Record, Records
from advisor.contract.testing.source import RecordsKit
from advisor.domain.units import Month
from advisor.registry import build_source
from tests.unit.bills import cur, write


class TestAwsCur(RecordsKit):
    window = Month(2026, 10).window

    @pytest.fixture(autouse=True)
    def _report(self, tmp_path: Path) -> None:
        self.folder = tmp_path
        instance = cur(usage_type="USE1-BoxUsage:p5.48xlarge", product_code="AmazonEC2", unit="Hrs")
        write(tmp_path / "cur.csv", cur(), cur(line_item_type="Tax", usage_type="", usage_amount=""), instance)

    def source(self) -> Records:
        source = build_source({"name": "bill", "kind": "aws-cur", "path": ["cur.csv"]}, self.folder, {})
        assert isinstance(source, Records)
        return source

    def records(self) -> Iterable[Record]:
        return self.source().pull(self.window)
