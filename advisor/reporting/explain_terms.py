"""The terms in an explanation: the chosen fleet on demand, for one year and three, at the floor and the optimum."""

from __future__ import annotations

from collections.abc import Iterator

from advisor.domain.comparison import Comparison
from advisor.domain.fleet import Offer
from advisor.domain.terms import Commit
from advisor.reporting import words
from advisor.reporting.explain_figures import amount, figure, percentage, rate, sourced


def terms(found: Comparison) -> Iterator[str]:
    """GPUs alone, in the month explained: that they are needed for as long as a term binds is not known."""
    chosen = found.chosen
    for term in found.terms:
        if term.offer is None:
            where = words.plain(f"{chosen.offer.gpu} at {chosen.offer.provider}")
            yield f"{term.commitment}: no offer of {where} is known; add [[fleet.offers]] with its price"
            continue
        yield f"{term.commitment}, {_offered(term.offer)}"
        if term.stable is None or term.optimum is None or term.commitment == "on-demand":
            yield from (f"  rented: {_rented(one, term.offer, chosen.offer)}" for one in (term.stable,) if one)
        elif term.stable == term.optimum:
            yield from _committed("stable floor and optimum", term.stable, term.offer, chosen.offer)
        else:
            yield from _committed("stable floor", term.stable, term.offer, chosen.offer)
            yield from _committed("optimum", term.optimum, term.offer, chosen.offer)


def _offered(offer: Offer) -> str:
    origin = "your own quote: " if offer.own else ""
    return words.plain(f"{rate(offer.price_per_gpu_hour)} an hour ({origin}{sourced(offer.source, offer.checked_on)})")


def _rented(commit: Commit, term: Offer, on_demand: Offer) -> str:
    """Hours times prices."""
    parts = (
        (commit.committed_hours, term.price_per_gpu_hour),
        (commit.on_demand_hours, on_demand.price_per_gpu_hour),
    )
    worked = " + ".join(f"{figure(hours)} GPU-hours x {rate(price)}" for hours, price in parts if hours)
    return f"{worked} = {amount(commit.gpu)}"


def _committed(name: str, commit: Commit, term: Offer, on_demand: Offer) -> Iterator[str]:
    """What is committed and how much of it is wanted, then what that saves against everything on demand."""
    if not commit.replicas:
        yield f"  {name}: nothing is committed, every hour costs less on demand"
        return
    kept = f"{words.counted(commit.replicas, 'replica')}, wanted {percentage(commit.utilization)} of the time"
    yield f"  {name}, {kept}: {_rented(commit, term, on_demand)}"
    yield f"  saved: {amount(commit.gpu + commit.savings)} on demand - {amount(commit.gpu)} = {amount(commit.savings)}"
