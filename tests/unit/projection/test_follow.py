"""Own GPUs followed: utilization from what was paid, serverless for the same tokens, and what is not known said."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from advisor.domain.assumptions import Overheads, Workload
from advisor.domain.comparison import Comparison
from advisor.domain.dedicated import Followed, OwnFleet
from advisor.domain.facts import Tokens
from advisor.domain.usage import UsageLine, WorkloadUsage
from advisor.market.token_prices import OwnPrice
from advisor.projection.follow import NOT_SEEN, Follower
from advisor.projection.weigh import Scales
from tests.unit import builders as a

PRICE, GPUS, HOURS = Decimal("2.50"), 4, 744
GPU_COST = PRICE * GPUS * HOURS
RATE = 12_000.0
LIST = OwnPrice(
    model="llama-3.1-8b", provider="aws", input=Decimal("0.20"), output=Decimal("0.60"), currency="USD",
    source="a contract",
)  # fmt: skip
RUNNING = Overheads(
    engineering_hours_per_month=Decimal(30), engineering_hourly_rate=Decimal(100), egress_per_month=Decimal(50),
    storage_per_month=Decimal(20),
)  # fmt: skip
OWN_TOKENS = Tokens(uncached_input=40_000_000_000, output=10_000_000_000, cache_read=0)


def line(
    provider: str, tokens: Tokens, billed: Decimal | None, source: str = "fleet", requests: int | None = None
) -> UsageLine:
    return UsageLine(
        source=source, provider=provider, model_raw="llama", tier="on_demand", tokens=tokens, requests=requests,
        billed=None if billed is None else a.usd(billed),
    )  # fmt: skip


def month(*lines: UsageLine, workload: Workload | None = None) -> WorkloadUsage:
    total = sum(one.tokens.total for one in lines)
    bill = sum((one.billed.amount for one in lines if one.billed), Decimal(0))
    usage = a.flat_month(float(total), bill, workload=workload)
    return replace(usage, lines=lines, tokens=replace(usage.tokens, uncached_input=total))


def follower(fleets: tuple[OwnFleet, ...] | None = None, **changes: Any) -> Follower:
    given: dict[str, Any] = {
        "fleet": a.fleet(overheads=RUNNING), "policy": a.policy(), "commitments": (), "offers": (a.offer("2.49"),),
        "own_profiles": (a.profile(RATE),), "own_prices": (LIST,),
    }  # fmt: skip
    own = (OwnFleet(source="fleet", gpu="A100-80GB", gpus=GPUS, price_per_gpu_hour=a.usd(PRICE)),)
    known = own if fleets is None else fleets
    return Follower(scales=Scales(**{**given, **changes}), fleets={one.source: one for one in known}, currency="USD")


def follow(usage: WorkloadUsage, by: Follower | None = None, **more: Any) -> Followed:
    given = {"hosts": {"aws"}, "committed": False, **more}
    return (by or follower()).follow(usage, None, **given)


OWN = line("self", OWN_TOKENS, GPU_COST)


def test_utilization_is_demanded_over_provisioned_replica_seconds_and_gpu_hours_are_what_was_paid() -> None:
    found = follow(month(OWN))
    assert found.utilization == pytest.approx(50e9 / RATE / (GPUS * HOURS * 3600))
    assert (found.gpus, found.gpu, found.missing) == (GPUS, "A100-80GB", ())


def test_a_replica_of_several_gpus_takes_several_gpu_hours() -> None:
    two = follower(own_profiles=(a.profile(RATE, tensor_parallel=2),))
    assert follow(month(OWN), two).utilization == pytest.approx(50e9 / RATE / (GPUS * HOURS * 3600 / 2))


def test_the_fleets_own_cache_hits_all_carry_over() -> None:
    hits = Tokens(uncached_input=0, output=0, cache_read=50_000_000_000)
    by = follower(fleet=a.fleet(cache_carry_over=0.7, cached_input_weight=0.05))
    found = follow(month(line("self", hits, GPU_COST)), by)
    assert found.utilization == pytest.approx(0.05 * 50e9 / RATE / (GPUS * HOURS * 3600))


def test_the_same_tokens_are_priced_at_the_host_paid_before_and_running_costs_stand_beside_the_gpus() -> None:
    found = follow(month(OWN))
    assert found.serverless == a.usd(40_000 * Decimal("0.20") + 10_000 * Decimal("0.60"))
    assert found.host == "aws"
    assert found.running_cost == a.usd(30 * 100 + 50 + 20)
    assert found.cost == a.usd(GPU_COST + 3070)
    assert found.saved == a.usd(14_000 - GPU_COST - 3070)


def test_workloads_on_own_gpus_share_what_runs_them_and_one_that_leaves_saves_a_further_models_hours() -> None:
    found = follow(month(OWN), beside=2)
    assert found.running_cost == a.usd(Decimal((30 + 2 * 5) * 100 + 50 + 20) / 3)
    assert found.avoidable_running == a.usd(5 * 100)
    assert found.avoidable == a.usd(GPU_COST + 500)


def test_allowed_hosts_stand_instead_of_those_paid_before_and_the_cheapest_is_taken() -> None:
    cheaper = replace(LIST, provider="together", input=Decimal("0.10"), output=Decimal("0.10"))
    both = follower(policy=a.policy(allowed_hosts=("aws", "together")), own_prices=(LIST, cheaper))
    assert (found := follow(month(OWN), both, hosts=())).host == "together"
    assert found.serverless == a.usd(50_000 * Decimal("0.10"))
    assert follow(month(OWN), follower(own_prices=(LIST, cheaper))).host == "aws", "together was never paid"


def test_a_commitment_makes_the_gpus_owed_and_leaves_the_rest_avoidable() -> None:
    until = Workload(name="chat", serve="llama-3.1-8b", commitment_until="2027-02")
    found = follow(month(OWN, workload=until), committed=True)
    assert (found.sunk, found.avoidable) == (a.usd(GPU_COST), a.usd(3070))
    assert found.months_committed == 4
    assert found.still_owed == a.usd(GPU_COST * 4)


def test_what_is_still_bought_serverless_is_paid_twice() -> None:
    rest = line("aws", Tokens(uncached_input=50_000_000_000, output=0), Decimal(9000), source="logs")
    found = follow(month(OWN, rest))
    assert found.paid_twice
    assert found.still_serverless == a.usd(9000)
    assert found.own_share == pytest.approx(0.5)
    assert not follow(month(OWN)).paid_twice
    unknown = replace(rest, billed=None)
    assert follow(month(OWN, unknown)).still_serverless is None
    assert not follow(month(OWN, unknown)).paid_twice, "what is not known is not said to be paid"


def test_the_plan_for_the_same_month_is_the_prediction() -> None:
    usage = month(OWN)
    (compared,) = follower().scales.weigh([usage])
    assert isinstance(compared, Comparison)
    found = follower().follow(usage, compared, {"aws"}, committed=False)
    assert found.predicted_gpu_cost == compared.chosen.cost.gpu
    assert found.predicted_utilization == compared.chosen.utilization


def test_a_fleet_that_nobody_measures_is_not_free() -> None:
    rest = line("aws", Tokens(uncached_input=1000, output=0), Decimal(1), source="logs")
    found = follow(month(rest))
    assert found.missing == (NOT_SEEN,)
    assert (found.gpu_cost, found.cost, found.avoidable, found.saved, found.utilization) == (None,) * 5


@pytest.mark.parametrize(
    ("usage", "by", "unknown", "said"),
    [
        (month(replace(OWN, billed=None)), follower(), ("gpu_cost", "utilization", "saved"), "states no cost"),
        (month(OWN), follower(own_prices=(), policy=a.policy(allowed_hosts=("acme",))), ("serverless", "saved"),
         "no price of llama-3.1-8b at acme"),
        (month(OWN), follower(fleets=()), ("utilization", "gpus"), "no source names the GPUs"),
        (month(OWN), follower((OwnFleet(source="fleet", gpu="no such gpu", gpus=4, price_per_gpu_hour=a.usd(1)),)),
         ("utilization",), "no throughput of llama-3.1-8b on no such gpu"),
    ],
    ids=["cost", "price", "fleet", "throughput"],
)  # fmt: skip
def test_what_is_missing_is_named_and_never_zero(
    usage: WorkloadUsage, by: Follower, unknown: tuple[str, ...], said: str
) -> None:
    found = follow(usage, by)
    assert {name: getattr(found, name) for name in unknown} == dict.fromkeys(unknown)
    assert any(said in line for line in found.missing), found.missing


def test_an_idle_fleet_is_known_to_serve_nothing_and_serverless_would_ask_nothing() -> None:
    idle = line("self", Tokens(uncached_input=0, output=0, cache_read=0), GPU_COST)
    usage = replace(month(OWN), lines=(idle,), tokens=Tokens(uncached_input=0, output=0))
    found = follow(usage)
    assert (found.serverless, found.utilization, found.own_share) == (a.usd(0), 0.0, None)
    assert found.excess_ratio == float("inf")
