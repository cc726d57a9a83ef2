"""How sure a comparison is, given how well the throughput is known."""

from __future__ import annotations

import math
from statistics import NormalDist


def probability_cheaper(serverless: float, dedicated: float, sigma_serverless: float, sigma_dedicated: float) -> float:
    """P(dedicated < serverless) for independent lognormal totals with these medians [dec-01].

    Phi(ln(S / D) / sqrt(s_S^2 + s_D^2)). A billed invoice has s_S = 0. s_D is the throughput's sigma, applied to the
    whole dedicated total although its fixed part does not move with throughput. The spread is thus overstated, which
    pulls P towards 0.5: down where the fleet is cheaper, the only side on which the gate can be met.
    What is not in it: whole replicas, peaks, GPU rates and engineering hours, which `uncertainty.odds` draws, and
    volumes and prices to come.
    """
    if serverless <= 0:
        return 0.0
    spread = math.hypot(sigma_serverless, sigma_dedicated)
    if spread == 0:
        return 1.0 if dedicated < serverless else 0.0
    return NormalDist().cdf(math.log(serverless / dedicated) / spread)


def ratio_needed(probability: float, sigma: float) -> float:
    """The smallest S / D at which P(cheaper) reaches *probability* [dec-02]: e^(Phi^-1(P) sigma)."""
    return math.exp(NormalDist().inv_cdf(probability) * sigma)


def payback_months(one_off: float, saving_before_migration: float) -> float:
    """Months until the one-off migration is earned back; infinite where nothing is saved [dec-03]."""
    return one_off / saving_before_migration if saving_before_migration > 0 else math.inf
