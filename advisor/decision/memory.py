"""What the fold carries over closed months."""

from __future__ import annotations

from dataclasses import dataclass, replace

from advisor.domain.assumptions import SwitchPolicy
from advisor.domain.dedicated import Followed, Realized
from advisor.domain.units import Money, Month
from advisor.domain.verdict import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What the fold carries over closed months: rows of good and of losing months, and what was said last.

    `declined_at` is what acting would have saved in the last month before a recommendation was declined. Of own GPUs:
    the first month in a row of them, the row of months in which they cost more than serverless, whether a return is
    recommended, and what they saved.
    """

    streak: int = 0
    losing: int = 0
    standing: bool = False
    state: State | None = None
    declined_at: Money | None = None
    own_since: Month | None = None
    dearer: int = 0
    returning: bool = False
    realized: Realized | None = None

    def won(self, met: bool) -> Memory:
        """After a closed month that met all its own gates, or did not."""
        return replace(self, streak=self.streak + 1 if met else 0)

    def lost(self, months: int, policy: SwitchPolicy) -> Memory:
        """After so many more months at or below the exit rule; none ends the row of them."""
        losing = self.losing + months if months else 0
        return replace(self, losing=losing, standing=self.standing and losing < policy.return_months)

    def served(self, followed: Followed | None, month: Month) -> Memory:
        """After a closed month on own GPUs: what they saved adds up, and a month of which it is not known is counted
        as such."""
        since = self.own_since or month
        before = self.realized or Realized(since=since, saved=None, months=0, of_months=0)
        saved = followed.saved if followed else None
        total = before.saved if saved is None else saved if before.saved is None else before.saved + saved
        realized = Realized(
            since=since,
            saved=total,
            months=before.months + (saved is not None),
            of_months=before.of_months + 1,
        )
        return replace(self, own_since=since, realized=realized)

    def left(self, *, returned: bool) -> Memory:
        """Before a month that serverless serves alone: what was known of own GPUs is over. A workload that *returned*,
        as advised or as its user said, has to earn a new recommendation; one that only tried goes on."""
        if self.own_since is None:
            return self
        kept = replace(self, own_since=None, dearer=0, returning=False, realized=None)
        return replace(kept, streak=0, losing=0, standing=False) if returned or self.returning else kept
