"""Which workloads move together: as good as trying every set, with what is shared counted once."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.decision.gates import NEVER_IN_A_MOVE
from advisor.decision.states import fold
from advisor.domain.assumptions import Commitment, FleetAssumptions, Team, Workload
from advisor.domain.comparison import Comparison
from advisor.domain.facts import PullStatus
from advisor.domain.portfolio import Portfolio
from advisor.domain.units import Month
from advisor.domain.verdict import Gate, Verdict
from advisor.projection.compare import compare
from advisor.projection.portfolio import portfolio
from advisor.projection.sharing import Floor, solve
from advisor.projection.subset import Fixed, Option, Project, Tree, best
from tests.unit import builders as a

NOVEMBER = Month(2026, 11)
FLEET = FleetAssumptions(policies=("equivalent", "static"), hours_per_month=Decimal(720))
BARRED = NEVER_IN_A_MOVE
ONCE = 25 * 100 + 120 * 100 / 12
"""What FLEET pays once, by default: 30 h less the first model's 5 h at $100, and a twelfth of the migration."""
EACH = 220 + 5 * 100
"""What it pays for each model on a $1 GPU: staging of 220 h, and 5 h."""


def month(name: str, bill: float, model: str = "", load: float = 0.5, **more: Any) -> Comparison:
    """A month on 2 x $1 GPUs x 720 h: one that carries it and one to spare. Another model takes another profile."""
    values = {"offer": a.offer("1"), "fleet": FLEET, "commitments": (), "bills": None, **more.pop("weighed", {})}
    usage = a.flat_month(
        load * 0.7 / 1.35 * 720 * 3600 * 1e6,
        bill,
        month=NOVEMBER,
        workload=Workload(name=name, serve="llama-3.1-8b", **more.pop("workload", {})),
        **more,
    )
    found = compare(
        usage,
        offers=[values["offer"]],
        profiles=[replace(a.profile(1e6), model=model or name)],
        fleet=values["fleet"],
        policy=a.policy(),
        commitments=values["commitments"],
        bills=values["bills"],
    )
    assert isinstance(found, Comparison)
    return found


def judged(*months: Comparison) -> list[Verdict]:
    return [fold([one], a.policy(), a.ABLE_TEAM)[-1] for one in months]


def chosen(*months: Comparison, team: Team | None = None, **more: Any) -> Portfolio:
    found = portfolio(judged(*months), more.pop("fleet", FLEET), team, more.pop("commitments", ()), BARRED, **more)
    assert found is not None
    return found


def test_two_that_would_each_lose_alone_save_together_what_they_share() -> None:
    chat, rag = month("chat", 5000), month("rag", 5200)
    assert chat.savings == a.usd(5000 - 2 * 720 - EACH - ONCE) == a.usd(-660)
    assert rag.savings == a.usd(-460)
    found = chosen(chat, rag)
    assert found.best.names == ("chat", "rag")
    assert found.best.savings == a.usd(5000 + 5200 - 2 * (2 * 720 + EACH) - ONCE) == a.usd(2380)
    assert found.best.engineering_hours == 30 + 5
    assert found.alone == (chat.savings, rag.savings)
    assert found.proved


def test_a_single_workload_saves_in_the_portfolio_what_its_verdict_says() -> None:
    one = month("chat", 9000)
    found = chosen(one)
    assert found.best.names == ("chat",)
    assert found.best.savings == one.savings
    assert found.best.engineering_hours == one.engineering_hours == 30


def test_where_nothing_pays_nothing_moves() -> None:
    found = chosen(month("chat", 100), month("rag", 200))
    assert found.best.names == ()
    assert found.best.savings == a.usd(0)
    assert found.best.engineering_hours == 0


def test_a_vendors_endpoint_takes_its_own_few_hours_beside_those_of_an_own_fleet() -> None:
    vendor = {"offer": a.offer("1", operated_by="vendor")}
    found = chosen(month("chat", 9000), month("tags", 9000, weighed=vendor))
    assert found.best.names == ("chat", "tags")
    assert found.best.engineering_hours == 30 + 6
    apart = month("chat", 9000).savings + month("tags", 9000, weighed=vendor).savings
    assert found.best.savings == apart + a.usd(120 * 100) / 12, "the migration is paid once"


@pytest.mark.parametrize(
    ("gate", "changes"),
    [
        (Gate.MONTH_OPEN, {"closed": False}),
        (Gate.SOURCE, {"source_status": PullStatus.PARTIAL}),
        (Gate.DRIFT, {"reconciliation": a.drift(1000, 500)}),
        (Gate.WEAK_OFFER, {"weighed": {"offer": a.offer("1", tier="community")}}),
    ],
    ids=lambda value: value.value if isinstance(value, Gate) else "",
)
def test_figures_that_cannot_carry_a_move_never_join_one(gate: Gate, changes: dict[str, Any]) -> None:
    sound, doubtful = month("chat", 9000), month("rag", 90_000, **changes)
    found = chosen(sound, doubtful)
    assert found.best.names == ("chat",)
    assert found.held == (("rag", gate),)
    assert portfolio(judged(doubtful), FLEET, None, (), BARRED) is None, "nothing can be said of it"


def test_what_is_on_own_gpus_already_does_not_move() -> None:
    moved = month("chat", 9000, workload={"serving": "dedicated"})
    assert portfolio(judged(moved), FLEET, None, (), BARRED) is None


def test_the_teams_hours_bound_the_move_and_what_more_would_save_is_said() -> None:
    months = [month("chat", 5000), month("rag", 5200), month("tags", 5400)]
    found = chosen(*months, team=Team(engineering_hours_available=35, on_call_engineers=2))
    assert found.best.names == ("rag", "tags")
    assert found.best.engineering_hours == 35
    assert found.beyond is not None
    assert found.beyond.names == ("chat", "rag", "tags")
    assert found.beyond.engineering_hours == 40
    assert found.able
    assert found.proved


def test_without_the_hours_for_one_model_nothing_moves_and_on_call_is_said_apart() -> None:
    small = chosen(month("chat", 9000), team=Team(engineering_hours_available=20, on_call_engineers=1))
    assert small.best.names == ()
    assert small.beyond is not None
    assert not small.able
    assert not chosen(month("chat", 9000)).able, "a team that is not stated is no able one"
    assert chosen(month("chat", 9000), team=a.ABLE_TEAM).able


def test_workloads_of_one_model_share_replicas_and_the_spare() -> None:
    """Each 0.4 of a replica: apart 2 x (1 + 1 spare), together 0.8 in one, and one spare. Staging and hours are one
    model's, not two."""
    chat, rag = month("chat", 5000, "one", load=0.4), month("rag", 5200, "one", load=0.4)
    found = chosen(chat, rag)
    [pool] = found.shared
    assert pool.names == found.best.names == ("chat", "rag")
    assert (pool.replicas_apart, pool.plan.replicas) == (4, 2)
    assert pool.savings == a.usd(2 * 720)
    assert found.best.savings == a.usd(5000 + 5200 - 2 * 720 - EACH - ONCE)
    assert found.best.engineering_hours == 30
    assert found.proved


def test_a_floor_that_each_could_leave_alone_is_owed_when_both_leave() -> None:
    """Floor 8,000 of a bill of 20,000: either may leave with 10,000, both together still owe 8,000."""
    promise = Commitment(provider="aws", floor_per_month=Decimal(8000), until=date(2027, 3, 31))
    bound = {"commitments": (promise,), "bills": {"aws": a.usd(20_000)}}
    both = [month("chat", 10_000, weighed=bound), month("rag", 10_000, weighed=bound)]
    assert [one.avoidable for one in both] == [a.usd(10_000)] * 2
    found = chosen(*both, commitments=(promise,))
    alone, together = 10_000 - 2 * 720 - EACH - ONCE, 20_000 - 8000 - 2 * (2 * 720 + EACH) - ONCE
    assert together < alone
    assert found.best.savings == a.usd(alone)
    assert len(found.best.names) == 1
    assert found.proved


def test_a_fleet_has_to_beat_the_cheaper_hosts_of_those_that_move_and_saves_of_their_bills() -> None:
    """Bills of 9,000, and an allowed host that asks 2,500: beside 2 x 720, 220 and 500 each that leaves 340, and three
    times that pays for no 3,500. Where it asks 5,000, it does."""
    asked = (a.elsewhere("2500", allowed=True),)
    one, two, three = (replace(month(name, 9000), elsewhere=asked) for name in ("chat", "rag", "tags"))
    assert 0 < 3 * (2500 - 2 * 720 - EACH) < ONCE
    assert chosen(one).best.names == ()
    assert chosen(one, two, three).best.names == (), "3 x 340 are less than 3,500"
    cheaper = [replace(found, elsewhere=(a.elsewhere("5000", allowed=True),)) for found in (one, two)]
    found = chosen(*cheaper)
    assert found.best.names == ("chat", "rag")
    assert found.best.savings == a.usd(2 * (9000 - 2 * 720 - EACH) - ONCE)
    assert found.at_most == found.best.savings
    barred = [replace(found, elsewhere=(a.elsewhere("10", allowed=False),)) for found in (one, two)]
    assert chosen(*barred).best.names == ("chat", "rag"), "a host that is not allowed holds nobody back"


def test_months_that_cover_fewer_days_pay_for_fewer() -> None:
    short: dict[str, Any] = {"days_covered": 29, "missing_days": (date(2026, 11, 30),)}
    one = month("chat", 9000, **short)
    assert chosen(one).best.savings == one.savings
    assert chosen(one, month("rag", 10)).best.savings == one.savings, "who stays does not lengthen the month"


def every_set(names: list[str]) -> Iterator[tuple[str, ...]]:
    for size in range(len(names) + 1):
        yield from combinations(names, size)


MONEY = st.integers(-3000, 6000).map(Decimal)
FEW = st.integers(0, 3000).map(Decimal)
HOURS = st.integers(0, 20).map(Decimal)
CAPS = st.none() | st.integers(0, 80).map(Decimal)


@st.composite
def trees(draw: st.DrawFn, *, slack: bool = False) -> Tree:
    count = draw(st.integers(1, 9))
    pools: dict[Hashable, Fixed] = {
        f"pool {at}": Fixed(amount=draw(FEW), hours=draw(HOURS), under=draw(st.sampled_from("xy"))) for at in range(3)
    }
    return Tree(
        projects=[
            Project(
                name=f"w{at}",
                value=draw(MONEY),
                hours=draw(HOURS),
                pool=draw(st.sampled_from([*pools])),
                slack=draw(FEW) if slack else Decimal(0),
            )
            for at in range(count)
        ],
        pools=pools,
        platforms={key: Fixed(amount=draw(FEW), hours=draw(HOURS)) for key in "xy"},
        root=Fixed(amount=draw(FEW), hours=draw(HOURS)),
    )


@given(tree=trees(), cap=CAPS)
@settings(max_examples=60, deadline=None)
def test_the_tree_is_as_good_as_every_set_with_and_without_a_cap_on_hours(tree: Tree, cap: Decimal | None) -> None:
    every = [tree.option(names) for names in every_set([one.name for one in tree.projects])]
    most = max(one.value for one in every if cap is None or one.hours <= cap)
    found = best(tree.frontier(), cap)
    assert found.value == most
    assert (tree.option(found.names).value, tree.option(found.names).hours) == (found.value, found.hours)


def joint(tree: Tree, floors: list[Floor], names: tuple[str, ...]) -> Option:
    """A set's value by the definition: half of its slack for each that shares its pool, less what is owed more."""
    found = tree.option(names)
    gain = sum(
        (
            shared(pool, tuple(one.name for one in tree.projects if one.pool == pool and one.name in names), tree)
            for pool in tree.pools
        ),
        Decimal(0),
    )
    return replace(found, value=found.value + gain - sum(floor.more(names) for floor in floors))


def shared(pool: Hashable, names: tuple[str, ...], tree: Tree) -> Decimal:
    if len(names) < 2:
        return Decimal(0)
    return sum((one.slack / 2 for one in tree.projects if one.name in names), Decimal(0))


@given(tree=trees(slack=True), cap=CAPS, headroom=st.integers(0, 8000).map(Decimal), data=st.data())
@settings(max_examples=60, deadline=None)
def test_sets_that_share_replicas_and_a_floor_are_as_good_as_every_set(
    tree: Tree, cap: Decimal | None, headroom: Decimal, data: st.DataObject
) -> None:
    floors = [Floor(headroom=headroom, bills={one.name: data.draw(FEW) for one in tree.projects})]
    every = [joint(tree, floors, names) for names in every_set([one.name for one in tree.projects])]
    most = max(one.value for one in every if cap is None or one.hours <= cap)

    def gain(pool: Hashable, names: tuple[str, ...]) -> Decimal:
        return shared(pool, names, tree)

    found, at_most = solve(tree, cap, floors=floors, shared=gain, tried=10**6)
    assert found.value == most == at_most
    hurried, bound = solve(tree, cap, floors=floors, shared=gain, tried=1)
    assert hurried.value <= most <= bound


@given(tree=trees(slack=True), cap=CAPS)
@settings(max_examples=30, deadline=None)
def test_beyond_what_can_be_enumerated_the_bound_holds(tree: Tree, cap: Decimal | None) -> None:
    def gain(pool: Hashable, names: tuple[str, ...]) -> Decimal:
        return shared(pool, names, tree)

    most, _ = solve(tree, cap, floors=(), shared=gain, tried=10**6)
    with patch("advisor.projection.sharing.ENUMERATED", 0):
        found, at_most = solve(tree, cap, floors=(), shared=gain, tried=10**6)
    assert found.value <= most.value <= at_most
    assert cap is None or found.hours <= cap


@given(tree=trees(), cap=CAPS, loss=FEW)
@settings(max_examples=30, deadline=None)
def test_what_adds_nothing_changes_nothing(tree: Tree, cap: Decimal | None, loss: Decimal) -> None:
    extra = Project(name="extra", value=-loss, pool=next(iter(tree.pools)))
    with_it = replace(tree, projects=[*tree.projects, extra])
    assert sorted(best(with_it.frontier(), cap).names) == sorted(best(tree.frontier(), cap).names)


@given(
    bills=st.lists(st.tuples(st.integers(100, 9000), st.sampled_from(["one", "two", ""])), min_size=1, max_size=5),
    floor=st.integers(0, 12_000),
    hours=st.none() | st.integers(25, 60),
)
@settings(max_examples=25, deadline=None)
def test_savings_equal_the_best_set_priced_from_its_own_plans_and_never_exceed_the_spend(
    bills: list[tuple[int, str]], floor: int, hours: int | None
) -> None:
    """Every set of the verdicts' comparisons is priced by itself: each of its own portfolios is at most the whole's."""
    whole = {"aws": a.usd(sum(bill for bill, _ in bills))}
    promise = Commitment(provider="aws", floor_per_month=Decimal(floor), until=date(2027, 3, 31))
    bound = {"commitments": (promise,), "bills": whole}
    months = [month(f"w{at}", bill, model, load=0.3, weighed=bound) for at, (bill, model) in enumerate(bills)]
    # Whoever a floor holds back alone may still be weighed here: the figures are known.
    barred = BARRED - {Gate.CREDIT_PERIOD}
    team = None if hours is None else Team(engineering_hours_available=hours, on_call_engineers=2)
    found = portfolio(judged(*months), FLEET, team, (promise,), barred, tried=10**6)
    assert found is not None
    assert found.proved
    assert found.best.savings <= whole["aws"]
    most = max(_priced(set_, floor, whole["aws"].amount, hours) for set_ in every_set_of(months))
    assert found.best.savings.amount == most


def every_set_of(months: list[Comparison]) -> Iterator[tuple[Comparison, ...]]:
    for size in range(len(months) + 1):
        yield from combinations(months, size)


def _priced(months: tuple[Comparison, ...], floor: int, bill: Decimal, hours: int | None) -> Decimal:
    """A set by hand: one replica of $1 carries three workloads of one model at 0.3, and each model has a spare."""
    if not months:
        return Decimal(0)
    models: dict[str, int] = {}
    for one in months:
        models[one.chosen.profile.model] = models.get(one.chosen.profile.model, 0) + 1
    taken = 30 + 5 * (len(models) - 1)
    if hours is not None and taken > hours:
        return Decimal(0)
    replicas = sum(-(-3 * count // 10) + 1 for count in models.values())
    gpus = Decimal(replicas * 720)
    left = sum((one.serverless.amount for one in months), Decimal(0))
    avoidable = left - min(left, max(Decimal(0), floor - (bill - left)))
    return avoidable - gpus - EACH * len(models) - Decimal(ONCE)


def test_what_sharing_saves_can_make_a_pair_better_than_a_dearer_one_alone() -> None:
    """In 20 hours: c alone for 1,100, or a and b for 500 each and 200 that they save by sharing."""
    nothing = Fixed(amount=Decimal(0), under="x")
    pair = [Project(name=name, value=Decimal(500), hours=Decimal(10), pool="p", slack=Decimal(200)) for name in "ab"]
    tree = Tree(
        projects=[*pair, Project(name="c", value=Decimal(1100), hours=Decimal(20), pool="q")],
        pools={"p": nothing, "q": nothing},
        platforms={"x": nothing},
        root=nothing,
    )
    for tried, names, at_most in ((48, ("a", "b"), 1200), (0, ("c",), 1400)):
        found, bound = solve(tree, Decimal(20), floors=(), shared=lambda pool, group: Decimal(200), tried=tried)
        assert found.names == names
        assert bound == at_most
