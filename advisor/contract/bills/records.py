"""What a bill yields once it has been summed: one series of charges for each meter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

USAGE = "usage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """The charges of one meter, account, currency and period, added up; times in UTC.

    `quantity` is in the series' `unit`, `priced_quantity` in its `priced_unit`. None is what the bill leaves out.
    """

    start: datetime
    end: datetime
    account: str
    currency: str
    quantity: Decimal | None
    priced_quantity: Decimal | None
    billed: Decimal | None
    effective: Decimal | None
    final: bool | None
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """All charges of one kind for one meter, oldest first. Texts are the bill's own, empty where it has none.

    `kind` is `usage`, `credit`, `tax`, `purchase` and so on; `names` are what may say what is counted, best first;
    `products` what may name the model.
    """

    provider: str
    kind: str
    names: tuple[str, ...]
    products: tuple[str, ...]
    unit: str
    priced_unit: str
    buckets: tuple[Bucket, ...]

    @property
    def title(self) -> str:
        return next((name for name in (*self.names, *self.products) if name), "a charge without a name")
