"""What every store promises, as tests: a test class inherits `StoreKit` and says how a store is opened."""

from __future__ import annotations

from advisor.contract.testing.store_answers import AnswersKit
from advisor.contract.testing.store_facts import FactsKit
from advisor.contract.testing.store_ledger import LedgerKit
from advisor.contract.testing.store_periods import PeriodsKit


class StoreKit(FactsKit, LedgerKit, AnswersKit, PeriodsKit):
    """The promises of `advisor.contract.store.Store`.

        class TestMyStore(StoreKit):
            def open_store(self, folder: Path) -> Store:
                return MyStore(folder / "store")

    Two stores opened on one folder are two programs that work on the same state.
    """
