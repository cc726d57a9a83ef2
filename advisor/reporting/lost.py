"""Why a plan lost to the chosen one: the largest part of what it costs more."""

from __future__ import annotations

from advisor.domain.comparison import Comparison
from advisor.domain.fleet import Plan
from advisor.domain.units import Money
from advisor.reporting.explain_figures import amount, figure, rate


def lost_because(plan: Plan, found: Comparison) -> str | None:
    """The main reason, None for the chosen plan itself.

    The difference is split into GPU-hours at the chosen plan's price, the price of its own GPU-hours, tokens left to
    serverless, and fixed costs; these add up to it, and the largest is named.
    """
    chosen = found.chosen
    if plan is chosen:
        return None
    if plan.policy == "equivalent":
        return "the rule's lower bound, never chosen"
    if plan is found.unmeasured:
        return "by an estimate, and the chosen one is measured"
    if plan.cost.total <= chosen.cost.total:
        weaker = plan.profile.grade.sigma > chosen.profile.grade.sigma
        return "a tie, on weaker evidence" if weaker else "a tie, taken by name"
    price, paid = _price(plan), _price(chosen)
    parts = (
        (paid * (plan.gpu_hours - chosen.gpu_hours), _hours(plan, chosen)),
        ((price - paid) * plan.gpu_hours, f"a GPU-hour is dearer: {rate(price)} against {rate(paid)}"),
        (
            plan.cost.serverless - chosen.cost.serverless,
            f"more is left to serverless: {amount(plan.cost.serverless)} against {amount(chosen.cost.serverless)}",
        ),
        (
            plan.cost.fixed - chosen.cost.fixed,
            f"fixed costs are higher: {amount(plan.cost.fixed)} against {amount(chosen.cost.fixed)}",
        ),
    )
    return max(parts, key=lambda part: part[0].amount)[1]


def _price(plan: Plan) -> Money:
    """The mean price of the GPU-hours of a plan, commitments included."""
    return plan.cost.gpu / plan.gpu_hours


def _hours(plan: Plan, chosen: Plan) -> str:
    """More GPU-hours: other replicas, or nodes that are bought whole."""
    hours = f"more GPU-hours: {figure(plan.gpu_hours)} against {figure(chosen.gpu_hours)}"
    size = plan.profile.tensor_parallel
    if plan.gpus > plan.replicas * size:
        return f"{hours}, as GPUs are sold by {plan.offer.gpus}"
    if plan.policy != chosen.policy:
        return f"{hours} under {plan.policy}"
    return f"{hours}, as {plan.replicas} x {size} GPUs run it, not {chosen.replicas} x {chosen.profile.tensor_parallel}"
