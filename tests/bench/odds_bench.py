"""How long a Monte Carlo takes: 1,000 draws x 20 offers x 12 workloads of 8,760 hours, beside NumPy hour by hour.

Every draw is a fleet of whole replicas that follow the demand, late on the way up and later on the way down. Both sides
cost the same draws. The straightforward one passes over all hours in each draw; a sample of it is timed and multiplied.
"""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Sequence

import numpy as np

from advisor.domain.assumptions import FleetAssumptions
from advisor.domain.fleet import Demand, Grade, Offer, Plan
from advisor.domain.units import FIVE_MINUTES, HOUR_SECONDS, Month
from advisor.projection.autoscaled import following_within, wanted
from advisor.projection.demand import demand
from advisor.projection.policies import plan
from advisor.projection.series import series
from advisor.projection.uncertainty import totals
from advisor.projection.uncertainty_draws import (
    ENGINEERING_RANGE,
    GPU_PRICE_RANGE,
    SEED,
    Floats,
    burst_at,
    draws_of,
    throughput_factor,
    triangular,
    uniform,
)
from advisor.projection.uncertainty_plan import Replanned
from tests.unit import builders as a

DRAWS, WORKLOADS, GPUS, PROVIDERS = 1_000, 12, 5, 4
YEAR = Month(2026, 1)
HOURS = 8_760
ROUNDS = 5
SAMPLED = 40
"""Draws of each fourth plan that the straightforward way is timed on."""
GOAL_MS, GOAL_MB = 400, 200
FLEET = FleetAssumptions()


def demands() -> list[Demand]:
    """Twelve workloads with a day, a week and noise of their own, on five GPUs each."""
    hours = np.arange(HOURS)
    found = []
    for workload in range(WORKLOADS):
        noise = np.random.default_rng(workload)
        day = 1 + 0.5 * np.sin((hours + 2 * workload) / 24 * 2 * np.pi) + 0.2 * (hours // 24 % 7 < 5)
        tokens = day * noise.gamma(60, 1 / 60, HOURS) * 10 ** noise.uniform(7.2, 8.5)
        shape = a.shape(HOUR_SECONDS, tokens.tolist(), (tokens / 10).tolist(), start=YEAR.start)
        usage = a.month_usage(shape, cost="1000000", month=YEAR, days_covered=365)
        for gpu in range(GPUS):
            rate = a.profile(9_000.0 * 1.4**gpu, gpu=f"GPU {gpu}", grade=Grade.PUBLISHED)
            found.append(demand(usage, rate, FLEET))
    return found


def plans() -> list[Plan]:
    found = []
    for needed in demands():
        gpu = int(needed.profile.gpu[-1])
        for provider in range(PROVIDERS):
            offer: Offer = a.offer(f"{1.5 * 1.3**gpu + 0.1 * provider:.2f}", gpu=needed.profile.gpu)
            one = plan("autoscaled", needed, offer, FLEET)
            assert isinstance(one, Plan), one
            found.append(one)
    return found


def ours(every: Sequence[Plan]) -> list[Floats]:
    return [totals(Replanned(plan=one, demand=one.demand, fleet=FLEET), DRAWS) for one in every]


def hour_by_hour(one: Plan, which: Sequence[int]) -> Floats:
    """The cost in each of some draws: every hour's replicas, in whole ones, added up."""
    draws, cost = draws_of(DRAWS, SEED), one.cost
    slower = throughput_factor(one.profile, draws.throughput)
    burst, dearer = burst_at(FLEET.burst, draws.burst), uniform(GPU_PRICE_RANGE, draws.gpu_price)
    longer = triangular(ENGINEERING_RANGE[0], 1.0, ENGINEERING_RANGE[1], draws.engineering)
    busy = series(one.demand, FLEET).busy
    hour = float(one.offer.price_per_gpu_hour.amount)
    found = []
    for at in which:
        counts = wanted(busy * (burst[at] / FLEET.burst / slower[at]), one.utilization_target, FLEET.min_replicas)
        runs = following_within(counts, HOUR_SECONDS // FIVE_MINUTES, spare=FLEET.redundancy)
        gpu = sum(times * int(running.sum()) for running, times in runs) * FIVE_MINUTES / HOUR_SECONDS * hour
        kept = float((cost.egress + cost.storage + cost.migration).amount)
        rented = (gpu + float(cost.staging.amount)) * dearer[at]
        found.append(rented + kept + float(cost.engineering.amount) * longer[at])
    return np.array(found)


def main() -> None:
    every = plans()
    which = range(0, DRAWS, DRAWS // SAMPLED)
    sample = every[::4]
    mine, theirs = [], []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        drawn = ours(every)
        mine.append(time.perf_counter() - started)
        started = time.perf_counter()
        exact = [hour_by_hour(one, which) for one in sample]
        took = time.perf_counter() - started
        theirs.append(took * len(every) / len(sample) * DRAWS / len(which))
    off = [float(np.abs(drawn[4 * at][list(which)] / costs - 1).max()) for at, costs in enumerate(exact)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    fast, slow = statistics.median(mine), statistics.median(theirs)
    largest = max(one.replicas for one in every)
    print(
        f"Monte Carlo, {DRAWS:,} draws x {GPUS * PROVIDERS} offers x {WORKLOADS} workloads of {HOURS:,} h, "
        f"{min(one.replicas for one in every)} to {largest} replicas, median of {ROUNDS} interleaved rounds"
    )
    print(f"  {'load-duration curves, whole replicas':<44} {fast * 1000:9.1f} ms  (goal {GOAL_MS} ms)")
    print(
        f"  {'NumPy, every hour of every draw':<44} {slow * 1000:9.1f} ms  {slow / fast:6.1f}x  "
        f"(timed on {len(sample)} plans x {len(which)} draws, multiplied)"
    )
    print(f"  {'largest difference in a draw':<44} {max(off):9.2%}     (median of plans {statistics.median(off):.2%})")
    print(f"  {'peak memory of the whole process':<44} {peak:9.1f} MB  (goal {GOAL_MB} MB)")


if __name__ == "__main__":
    main()
