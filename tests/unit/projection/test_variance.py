"""Why a bill changed: volume, price and mix that add up to the cent, whatever the lines are."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import reduce
from operator import add

from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.domain.change import Variance
from advisor.domain.facts import Tokens
from advisor.domain.units import Month
from advisor.domain.usage import UsageLine, WorkloadUsage
from advisor.market.token_prices import OwnPrice, TokenPrices
from advisor.projection.variance import variance
from tests.unit import builders as a

SEPTEMBER = Month(2026, 9)
LLAMA = "meta.llama3-1-8b-instruct-v1:0"
LIST = TokenPrices(
    [OwnPrice(model=LLAMA, input=Decimal("0.20"), output=Decimal("0.60"), currency="USD", source="a price list")]
)


def line(read: int, written: int, cost: str | None, model_raw: str = LLAMA, provider: str = "aws") -> UsageLine:
    return UsageLine(
        source="logs", provider=provider, model_raw=model_raw, tier="on_demand",
        tokens=Tokens(uncached_input=read, output=written), requests=None,
        billed=None if cost is None else a.usd(cost),
    )  # fmt: skip


def month(*lines: UsageLine, at: Month = a.OCTOBER) -> WorkloadUsage:
    costs = [one.billed.amount for one in lines if one.billed]
    cost = sum(costs, Decimal(0)) if len(costs) == len(lines) else None
    usage = a.flat_month(1000.0, cost, month=at)
    return replace(usage, lines=lines, tokens=reduce(add, (one.tokens for one in lines)))


def between(before: UsageLine, after: UsageLine) -> Variance:
    found = variance(month(before, at=SEPTEMBER), month(after), LIST)
    assert found
    return found


def parts(found: Variance) -> tuple[Decimal | int, ...]:
    return found.volume.amount, found.price.amount, found.mix.amount


def test_more_of_the_same_is_volume() -> None:
    found = between(line(1_000_000, 100_000, "0.26"), line(3_000_000, 300_000, "0.78"))
    assert parts(found) == (Decimal("0.52"), 0, 0)
    assert found.since == SEPTEMBER


def test_the_same_tokens_at_a_higher_price_are_price() -> None:
    assert parts(between(line(1_000_000, 100_000, "0.26"), line(1_000_000, 100_000, "0.52"))) == (0, Decimal("0.26"), 0)


def test_the_same_tokens_with_more_output_are_mix_where_a_list_price_tells_output_from_input() -> None:
    """A million tokens, all input at 0.20, become half output at 0.60: 0.20 became 0.10 + 0.30."""
    before, after = line(1_000_000, 0, "0.20"), line(500_000, 500_000, "0.40")
    assert parts(between(before, after)) == (0, 0, Decimal("0.20"))
    unlisted = [replace(one, model_raw="big") for one in (before, after)]
    assert parts(between(*unlisted)) == (0, Decimal("0.20"), 0), "without a list price it can only be price"


def test_a_line_that_cannot_be_split_in_one_month_is_split_in_none() -> None:
    """Tokens read from a cache have no list price: the dearer month is dearer as a whole."""
    before, after = line(1_000_000, 100_000, "0.26"), line(1_000_000, 100_000, "0.52")
    cached = replace(after, tokens=Tokens(uncached_input=500_000, output=100_000, cache_read=500_000))
    assert parts(between(before, cached)) == (0, Decimal("0.26"), 0)
    assert parts(between(cached, before)) == (0, Decimal("-0.26"), 0)


def test_a_dearer_model_that_comes_in_is_mix() -> None:
    cheap, dear = line(1_000_000, 0, "1.00"), line(1_000_000, 0, "9.00", model_raw="big")
    found = variance(month(cheap, at=SEPTEMBER), month(cheap, dear), LIST)
    assert found
    assert parts(found) == (Decimal("1.00"), 0, Decimal("8.00"))


def test_all_three_at_once_add_up() -> None:
    before = month(line(100, 0, "10.00"), line(100, 0, "30.00", "big"), at=SEPTEMBER)
    after = month(line(150, 0, "18.00"), line(100, 0, "30.00", "big"))
    found = variance(before, after, LIST)
    assert found
    assert parts(found) == (
        Decimal((250 - 200) * 40) / 200,
        Decimal(150) * (Decimal("0.12") - Decimal("0.10")),
        Decimal(48 - 40) - 10 - 3,
    )


def test_nothing_is_said_where_a_bill_or_its_tokens_are_not_known() -> None:
    known, unknown = line(1, 1, "1.00"), line(1, 1, None)
    assert variance(month(unknown, at=SEPTEMBER), month(known), LIST) is None
    assert variance(month(known, at=SEPTEMBER), month(unknown), LIST) is None
    assert variance(month(known, at=SEPTEMBER), month(known, unknown), LIST) is None
    assert variance(month(line(0, 0, "1.00"), at=SEPTEMBER), month(known), LIST) is None


def test_a_month_that_used_nothing_lost_its_bill_to_volume() -> None:
    found = variance(month(line(10, 10, "5.00"), at=SEPTEMBER), month(line(0, 0, "0.00")), LIST)
    assert found
    assert parts(found) == (Decimal("-5.00"), 0, 0)


LINES = st.lists(
    st.builds(
        lambda read, written, cents, model: line(read, written, f"{Decimal(cents) / 1000}", model),
        st.integers(0, 10**12),
        st.integers(0, 10**12),
        st.integers(0, 10**9),
        st.sampled_from([LLAMA, "big", "small"]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one.model_raw,
)


@settings(max_examples=150, deadline=None)
@given(before=LINES, after=LINES)
def test_the_parts_add_up_to_the_cent(before: list[UsageLine], after: list[UsageLine]) -> None:
    first, second = month(*before, at=SEPTEMBER), month(*after)
    found = variance(first, second, LIST)
    assert (found is None) is (first.tokens.total == 0)
    if found and first.cost and second.cost:
        assert sum(parts(found)) == second.cost.cents() - first.cost.cents()
        assert all(part == round(part, 2) for part in parts(found))
