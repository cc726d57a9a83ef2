"""Why a bill is another than it was a month before."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from advisor.domain.units import Money, Month


@dataclass(frozen=True, slots=True, kw_only=True)
class Variance:
    """Why a bill is another than in the closed month `since`, in cents that add up: before + volume + price + mix =
    after. `volume` is more or fewer tokens at the former average price, `mix` another share of dear and cheap tokens,
    `price` the same tokens at other prices."""

    since: Month
    before: Money
    after: Money
    volume: Money
    price: Money
    mix: Money

    def __post_init__(self) -> None:
        parts = self.volume + self.price + self.mix
        assert self.before + parts == self.after, "the parts of a variance add up to the cent"

    @property
    def change(self) -> Money:
        return self.after - self.before

    @property
    def ratio(self) -> Decimal | None:
        """The change over the former bill; None where that was nothing."""
        return self.change.amount / self.before.amount if self.before.amount else None
