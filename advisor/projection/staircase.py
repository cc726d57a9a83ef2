"""Where a fleet bought in whole steps and an invoice cost the same, the mix held fixed.

A step is what is bought together: one replica, or a node of several. p is the invoice's price per token, c the cost of
one step a month, C the tokens that it carries at the target utilization, F the fixed cost. The fleet costs the
staircase D(V) = c max(n_min, ceil(V / C)) + F, the invoice S(V) = p V. Steps are closed on the right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from advisor.projection.sizing import whole

TIE = 1 + 1e-12
"""Two sums closer than this are the same sum: what floating point leaves of an exact tie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staircase:
    """One fleet against one price: p, c, C, F and n_min of the module's formulas, in one currency."""

    price_per_token: float
    cost_per_step: float
    capacity_tokens: float
    fixed: float
    min_steps: int = 1

    @property
    def marginal_price(self) -> float:
        """c / C: what a token costs on a step that runs at the target utilization, fixed costs aside."""
        return self.cost_per_step / self.capacity_tokens

    def never(self, min_ratio: float = 0.0) -> bool:
        """No volume is large enough: each step costs at least what the tokens on it do. A tie is never."""
        return self.price_per_token * (1 - min_ratio) <= self.marginal_price * TIE

    def cost(self, tokens: float) -> float:
        """D(V)."""
        return self.cost_per_step * max(self.min_steps, whole(tokens / self.capacity_tokens)) + self.fixed

    def first_on(self, steps: int, min_ratio: float = 0.0, min_saving: float = 0.0) -> float | None:
        """The smallest volume at which *steps* save enough, None if they never do within what they carry."""
        total = self.cost_per_step * steps + self.fixed
        needed = max(total / (1 - min_ratio), total + min_saving) / self.price_per_token
        below = 0.0 if steps == self.min_steps else (steps - 1) * self.capacity_tokens
        tokens = max(below, needed)
        return tokens if tokens <= steps * self.capacity_tokens * TIE else None

    def first(self, min_ratio: float = 0.0, min_saving: float = 0.0) -> float | None:
        """The first volume at which the fleet saves enough; None for never.

        Step n wins somewhere iff p C n (1 - ratio) >= c n + F, and p C n >= c n + F + saving, so the smallest such n
        is a division.
        """
        if self.never(min_ratio):
            return None
        gain = self.price_per_token * self.capacity_tokens
        by_ratio = self.fixed / (gain * (1 - min_ratio) - self.cost_per_step)
        by_saving = (self.fixed + min_saving) / (gain - self.cost_per_step)
        steps = max(self.min_steps, whole(max(by_ratio, by_saving)))
        while (tokens := self.first_on(steps, min_ratio, min_saving)) is None:
            steps += 1  # the division fell a rounding short
        return tokens

    def permanent(self) -> float | None:
        """The smallest volume from which on the fleet is never dearer; None for never.

        With k = max(n_min, ceil((c + F) / (p C - c))) steps the worst point of every later step still pays:
        V = max((k - 1) C, (c k + F) / p).
        """
        if self.never():
            return None
        gain = self.price_per_token * self.capacity_tokens - self.cost_per_step
        steps = max(self.min_steps, whole((self.cost_per_step + self.fixed) / gain))
        below = 0.0 if steps == self.min_steps else (steps - 1) * self.capacity_tokens
        return max(below, (self.cost_per_step * steps + self.fixed) / self.price_per_token)

    def winning_intervals(self, limit: int = 50) -> tuple[tuple[float, float], ...]:
        """The volumes at which the fleet wins, up to the permanent crossing; the last interval has no end.

        At most *limit* intervals are listed before the last.
        """
        first, permanent = self.first(), self.permanent()
        if first is None or permanent is None:
            return ()
        found: list[tuple[float, float]] = []
        steps = max(self.min_steps, whole(first / self.capacity_tokens))
        while len(found) < limit and steps * self.capacity_tokens <= permanent * TIE:
            start = self.first_on(steps)
            if start is not None:
                found.append((start, steps * self.capacity_tokens))
            steps += 1
        if found and found[-1][1] * TIE >= permanent:
            return (*found[:-1], (found[-1][0], math.inf))
        return (*found, (permanent, math.inf))
