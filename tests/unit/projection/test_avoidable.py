"""What leaving would save: commitments to a host stay owed, however its name is spelt."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.domain.assumptions import Commitment
from advisor.domain.units import Money
from advisor.domain.usage import WorkloadUsage
from advisor.projection.avoidable import avoidable, bills_of, cash_from
from tests.unit import builders as a


def promise(floor: str, provider: str = "aws", until: date = date(2027, 3, 31)) -> Commitment:
    return Commitment(provider=provider, floor_per_month=Decimal(floor), until=until)


def paying(**bills: str) -> WorkloadUsage:
    """A month that pays these hosts."""
    usage = a.flat_month(1e9, sum(map(Decimal, bills.values())))
    lines = tuple(replace(usage.lines[0], provider=name, billed=a.usd(bill)) for name, bill in bills.items())
    return replace(usage, lines=lines)


def left(usage: WorkloadUsage, *commitments: Commitment, **host_bills: str) -> Money:
    return avoidable(usage, commitments, {name: a.usd(bill) for name, bill in host_bills.items()})


def test_without_commitments_the_whole_invoice_is_avoidable() -> None:
    assert left(paying(aws="3000"), aws="3000") == a.usd(3000)


@pytest.mark.parametrize(
    ("host_bill", "saved"),
    [("9000", "3000"), ("6000", "3000"), ("5000", "3000"), ("4000", "2000"), ("3500", "1500"), ("3000", "1000")],
)
def test_what_others_pay_counts_first_against_the_floor(host_bill: str, saved: str) -> None:
    """A floor of 2,000 against a part of 3,000: owed is what the rest of the host's bill leaves of the floor."""
    assert left(paying(aws="3000"), promise("2000"), aws=host_bill) == a.usd(saved)


def test_a_floor_above_the_bill_leaves_nothing_to_save_and_never_less() -> None:
    assert left(paying(aws="3000"), promise("20000"), aws="3000") == a.usd(0)


@pytest.mark.parametrize("spelling", ["aws", "AWS", "Amazon Bedrock", "bedrock", "aws.bedrock"])
def test_a_commitment_holds_for_its_host_under_any_spelling(spelling: str) -> None:
    assert left(paying(aws="3000"), promise("2000", spelling), aws="3000") == a.usd(1000)
    assert left(paying(**{spelling: "3000"}), promise("2000"), aws="3000") == a.usd(1000)


def test_another_hosts_commitment_does_not_matter() -> None:
    assert left(paying(together="3000"), promise("2000", "aws"), together="3000") == a.usd(3000)


def test_commitments_to_one_host_add_up() -> None:
    assert left(paying(aws="3000"), promise("500"), promise("700", "bedrock"), aws="3000") == a.usd(1800)


@pytest.mark.parametrize(
    ("until", "saved"), [(date(2026, 10, 31), "1000"), (date(2026, 11, 1), "1000"), (date(2026, 10, 30), "3000")]
)
def test_a_commitment_counts_while_it_reaches_to_the_months_end(until: date, saved: str) -> None:
    assert left(paying(aws="3000"), promise("2000", until=until), aws="3000") == a.usd(saved)


def test_a_floor_is_taken_for_the_covered_share_of_the_month() -> None:
    usage = replace(paying(aws="3000"), days_covered=29)
    assert left(usage, promise("3100"), aws="3000") == a.usd(3000) - a.usd(3100) * 29 / 31


def test_two_hosts_are_bound_each_by_its_own_commitment() -> None:
    usage = paying(aws="1000", together="500")
    found = left(usage, promise("400"), promise("900", "together"), aws="1000", together="500")
    assert found == a.usd(1500 - 400 - 500)


def test_a_line_without_money_is_no_bill_of_zero() -> None:
    usage = paying(aws="1000")
    unknown = replace(usage.lines[0], provider="together", billed=None, estimated=None)
    assert bills_of(replace(usage, lines=(*usage.lines, unknown))) == {"aws": a.usd(1000)}


def test_an_estimate_stands_in_where_nothing_is_billed() -> None:
    usage = paying(aws="1000")
    assert bills_of(replace(usage, lines=(replace(usage.lines[0], billed=None),))) == {"aws": usage.lines[0].estimated}


def test_two_spellings_of_one_host_are_one_bill() -> None:
    assert bills_of(paying(bedrock="1000", aws="500")) == {"aws": a.usd(1500)}


MONEY = st.integers(0, 10_000)


@given(part=MONEY, others=MONEY, floor=MONEY)
def test_leaving_saves_what_the_host_is_paid_less_without_this_workload(part: int, others: int, floor: int) -> None:
    """A host is paid the larger of usage and floor: the saving is the difference of that, with and without."""
    found = left(paying(aws=str(part)), promise(str(floor)), aws=str(part + others))
    assert found == a.usd(max(part + others, floor) - max(others, floor))
    assert a.usd(0) <= found <= a.usd(part)


def cash(usage: WorkloadUsage, *commitments: Commitment, **host_bills: str) -> date | None:
    return cash_from(usage, commitments, {name: a.usd(bill) for name, bill in host_bills.items()})


def test_a_bill_is_cash_from_the_day_after_its_commitment_ends() -> None:
    assert cash(paying(aws="3000"), promise("2000"), aws="3000") == date(2027, 4, 1)
    assert cash(paying(aws="3000"), promise("2000", until=date(2026, 10, 31)), aws="3000") == date(2026, 11, 1)


def test_a_bill_that_is_avoidable_has_no_such_day() -> None:
    assert cash(paying(aws="3000"), aws="3000") is None
    assert cash(paying(aws="3000"), promise("2000"), aws="9000") is None, "others fill the floor"
    assert cash(paying(aws="3000"), promise("2000", until=date(2026, 10, 30)), aws="3000") is None


def test_of_several_commitments_the_last_that_still_binds_counts() -> None:
    """2,000 until the end of the year and 900 for longer: the others' 1,000 fill what is left after it."""
    first, second = promise("2000", until=date(2026, 12, 31)), promise("900", until=date(2027, 6, 30))
    assert cash(paying(aws="3000"), first, second, aws="3000") == date(2027, 7, 1)
    assert cash(paying(aws="3000"), first, second, aws="4000") == date(2027, 1, 1)
