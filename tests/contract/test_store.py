"""The SQLite store keeps every promise of a store."""

from __future__ import annotations

from pathlib import Path

from advisor.contract.store import Store
from advisor.contract.testing.store import StoreKit
from advisor.storage import open_store


class TestSqliteStore(StoreKit):
    def open_store(self, folder: Path) -> Store:
        return open_store(str(folder / "advisor.db"))
