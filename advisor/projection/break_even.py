"""Where a rented fleet and an invoice cost the same, the mix held fixed.

p is the invoice's price per token, c = GPU price x H the cost of one replica a month, C = theta x 3600 x H x U the
tokens it carries at the target, F the fixed cost. The fleet costs the staircase D(V) = c max(n_min, ceil(V / C)) + F,
the invoice S(V) = p V. Steps are closed on the right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from advisor.projection.policies import ROUNDING


@dataclass(frozen=True, slots=True, kw_only=True)
class Staircase:
    """One fleet against one price: p, c, C and F of the module's formulas, in one currency."""

    price_per_token: float
    cost_per_replica: float
    capacity_tokens: float
    fixed: float
    min_replicas: int = 1

    @property
    def marginal_price(self) -> float:
        """c / C: what a token costs on a replica that runs at the target utilization, fixed costs aside."""
        return self.cost_per_replica / self.capacity_tokens

    def never(self, min_ratio: float = 0.0) -> bool:
        """No volume is large enough: each replica costs at least what the tokens on it do. A tie is never."""
        return self.price_per_token * (1 - min_ratio) <= self.marginal_price * (1 + 1e-12)

    def cost(self, tokens: float) -> float:
        """D(V)."""
        replicas = max(self.min_replicas, math.ceil(tokens / self.capacity_tokens - ROUNDING))
        return self.cost_per_replica * replicas + self.fixed

    def first_on(self, replicas: int, min_ratio: float = 0.0, min_saving: float = 0.0) -> float | None:
        """The smallest volume at which *replicas* save enough, None if they never do within what they carry."""
        total = self.cost_per_replica * replicas + self.fixed
        needed = max(total / (1 - min_ratio), total + min_saving) / self.price_per_token
        below = 0.0 if replicas == self.min_replicas else (replicas - 1) * self.capacity_tokens
        tokens = max(below, needed)
        return tokens if tokens <= replicas * self.capacity_tokens * (1 + 1e-12) else None

    def first(self, min_ratio: float = 0.0, min_saving: float = 0.0) -> float | None:
        """The first volume at which the fleet saves enough; None for never.

        Replica n wins somewhere iff p C n (1 - ratio) >= c n + F, and p C n >= c n + F + saving, so the smallest such
        n is a division.
        """
        if self.never(min_ratio):
            return None
        gain = self.price_per_token * self.capacity_tokens
        by_ratio = self.fixed / (gain * (1 - min_ratio) - self.cost_per_replica)
        by_saving = (self.fixed + min_saving) / (gain - self.cost_per_replica)
        replicas = max(self.min_replicas, math.ceil(max(by_ratio, by_saving) - ROUNDING))
        while (tokens := self.first_on(replicas, min_ratio, min_saving)) is None:
            replicas += 1
        return tokens

    def permanent(self) -> float | None:
        """The smallest volume from which on the fleet is never dearer; None for never.

        With k = max(1, ceil((c + F) / (p C - c))) replicas the worst point of every later step still pays:
        V = max((k - 1) C, (c k + F) / p).
        """
        if self.never():
            return None
        gain = self.price_per_token * self.capacity_tokens - self.cost_per_replica
        replicas = max(self.min_replicas, math.ceil((self.cost_per_replica + self.fixed) / gain - ROUNDING))
        below = 0.0 if replicas == self.min_replicas else (replicas - 1) * self.capacity_tokens
        return max(below, (self.cost_per_replica * replicas + self.fixed) / self.price_per_token)

    def winning_intervals(self, limit: int = 50) -> tuple[tuple[float, float], ...]:
        """The volumes at which the fleet wins, up to the permanent crossing; the last interval has no end.

        At most *limit* intervals are listed.
        """
        permanent = self.permanent()
        if permanent is None:
            return ()
        found: list[tuple[float, float]] = []
        replicas = self.min_replicas
        while len(found) < limit and replicas * self.capacity_tokens <= permanent * (1 + 1e-12):
            start, end = self.first_on(replicas), replicas * self.capacity_tokens
            if start is not None and start < permanent:
                if found and found[-1][1] >= start:
                    found[-1] = (found[-1][0], end)
                else:
                    found.append((start, end))
            replicas += 1
        if found and found[-1][1] >= permanent:
            found[-1] = (found[-1][0], math.inf)
        else:
            found.append((permanent, math.inf))
        return tuple(found)
