"""`advisor profiles recipe`: the load test of a workload, ready to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from advisor.cli.check import judge
from advisor.cli.options import config_option, desk_at, month_option, sync_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from advisor.desk import Desk
    from advisor.domain.comparison import Comparison
    from advisor.domain.fleet import Offer, Plan, Profile
    from advisor.domain.units import Month
    from advisor.domain.usage import WorkloadUsage
    from advisor.domain.verdict import Verdict
    from advisor.market.models import Model
    from advisor.market.recipe import Recipe


@click.command()
@click.argument("workload")
@click.option("--gpu", default="", help="Default: that of the chosen plan.")
@config_option
@month_option
@sync_option
def recipe(workload: str, gpu: str, config: str | None, month: Month | None, no_sync: bool) -> int:
    """Print a bash script that measures WORKLOAD on a GPU: its own lengths, cached share and busiest rate.

    It starts vLLM, saturates one replica, sends what a replica would meet in the busiest minutes, and ends with the
    line that imports the result. Minutes and cost stand at its top.
    """
    from advisor.market.recipe import script
    from advisor.reporting.explain import verdict_on

    with desk_at(config) as desk:
        verdict = verdict_on(judge(desk, month, sync=not no_sync), workload)
        click.echo(script(recipe_of(desk, verdict, gpu)), nl=False)
    return 0


def recipe_of(desk: Desk, verdict: Verdict, gpu: str) -> Recipe:
    """The load test of a verdict's workload, on *gpu* or on that of its chosen plan.

    Raises UsageError where the month has no request counts, the model could not run on rented GPUs, or no GPU is named
    and none was chosen.
    """
    from advisor.desk import scales_for
    from advisor.domain.comparison import NotCompared
    from advisor.errors import UsageError
    from advisor.market.gpus import canonical_gpu, is_unit
    from advisor.market.recipe import Recipe
    from advisor.projection.eligibility import served

    usage, plan = verdict.usage, verdict.comparison.chosen if verdict.comparison else None
    model = served(usage)
    if isinstance(model, NotCompared):
        raise UsageError(f"there is nothing to measure for {usage.workload.name}: {model.detail}")
    if not usage.requests or not usage.tokens.input or not usage.tokens.output:
        raise UsageError(
            f"{usage.workload.name} has no request counts in {usage.month}, so the lengths to test are not known",
            "add a source that counts requests, such as a request log",
        )
    wanted = canonical_gpu(gpu) if gpu else plan.offer.gpu if plan else ""
    if not wanted:
        raise UsageError(f"no plan was chosen for {usage.workload.name}", "name the GPU to test on: --gpu")
    if is_unit(wanted):
        raise UsageError(f"{wanted} is a vendor's unit, not a GPU to run a server on", "name a GPU: --gpu")
    profile = _profile(usage, model, wanted, plan, desk)
    offer = plan.offer if plan and not gpu else _cheapest(scales_for(desk, usage.month)[0].offers, wanted)
    group, precision = _replica(model, wanted, profile)
    read, written = usage.tokens.input / usage.requests, usage.tokens.output / usage.requests
    # Where it is not known what the provider's cache answered, the test has no cached prompts: the slower of the two.
    carried = desk.config.fleet.cache_carry_over * (usage.tokens.cache_read or 0) / usage.requests
    counted = read - carried * (1 - desk.config.fleet.cached_input_weight) + written
    return Recipe(
        workload=usage.workload.name,
        model=model,
        gpu=wanted if profile is None else profile.gpu,
        tensor_parallel=group,
        precision=precision,
        input_length=read,
        output_length=written,
        cached_input=min(carried, read - 1),
        peak_requests_per_second=_busiest(usage, verdict.comparison, profile, desk),
        saturated_requests_per_second=_saturated(profile, counted),
        price_per_gpu_hour=offer.price_per_gpu_hour if offer else None,
        provider=offer.provider if offer else "",
    )


def _profile(usage: WorkloadUsage, model: Model, gpu: str, plan: Plan | None, desk: Desk) -> Profile | None:
    """What is known of the model on the GPU: of the chosen plan, else the best known, else nothing."""
    from advisor.market.gpus import same_gpu
    from advisor.market.profiles import profiles

    if plan and same_gpu(plan.profile.gpu, gpu):
        return plan.profile
    assert usage.requests
    known = profiles(
        model.id,
        own=[table.profile() for table in desk.config.profiles],
        input_length=usage.tokens.input / usage.requests,
        output_length=usage.tokens.output / usage.requests,
        input_share=usage.tokens.input / usage.tokens.total,
        gpus=(gpu,),
    )
    fitting = [profile for profile in known if same_gpu(profile.gpu, gpu)]
    return min(fitting, key=lambda profile: (profile.grade.sigma, profile.tensor_parallel), default=None)


def _replica(model: Model, gpu: str, profile: Profile | None) -> tuple[int, str]:
    """The group and precision to test: of what is known, else the smallest group that holds the released weights."""
    from advisor.errors import UsageError
    from advisor.market.estimates import served_precision
    from advisor.market.memory_fit import smallest_group
    from advisor.market.specs import specs_of

    if profile is not None:
        return profile.tensor_parallel, profile.precision
    specs = specs_of(gpu)
    if specs is None:
        raise UsageError(f"what a {gpu} can do is not known here", "name another GPU: --gpu")
    precision = served_precision(model, specs)
    group = smallest_group(model, memory_gb=specs.memory_gb, precision=precision)
    if group is None:
        raise UsageError(f"eight {gpu} do not hold {model.id}, or its size is not known", "name a larger GPU: --gpu")
    return group, precision


def _cheapest(offers: Sequence[Offer], gpu: str) -> Offer | None:
    from advisor.market.gpus import same_gpu

    fitting = [offer for offer in offers if offer.commitment == "on-demand" and same_gpu(offer.gpu, gpu)]
    return min(fitting, key=lambda offer: offer.price_per_gpu_hour.amount, default=None)


def _saturated(profile: Profile | None, tokens: float) -> float | None:
    """Requests a second that one replica is expected to answer at most; *tokens* of a request, cached ones weighed."""
    rate = profile.total_tokens_per_second if profile else None
    return rate / tokens if rate else None


def _busiest(usage: WorkloadUsage, comparison: Comparison | None, profile: Profile | None, desk: Desk) -> float | None:
    """Requests a second that one replica meets in the busiest five minutes, filled to the target utilization at most.

    The month's requests over its seconds, times peak over mean of the chosen plan's demand; and no more than the target
    utilization of what one replica answers, since further replicas take the rest.
    """
    if comparison is None or not usage.requests:
        return None
    demand = comparison.chosen.demand
    everywhere = usage.requests / (3600 * float(demand.hours)) * demand.peak_to_mean
    per_request = demand.replica_seconds / usage.requests
    filled = desk.config.fleet.utilization / per_request if per_request else everywhere
    return min(everywhere, filled) or None
