"""Which folders of AWS's layouts can hold something of a window."""

from __future__ import annotations

import pytest

from advisor.contract.partitions import is_a_day, may_hold
from advisor.domain.units import Month

OCTOBER = Month(2026, 10).window
LOGS = "any/AWSLogs/111122223333/BedrockModelInvocationLogs/us-east-1"


@pytest.mark.parametrize(
    ("folder", "holds"),
    [
        ("", True),
        (LOGS, True),
        (f"{LOGS}/2025", False),
        (f"{LOGS}/2026", True),
        (f"{LOGS}/2026/08", False),
        (f"{LOGS}/2026/09", True),
        (f"{LOGS}/2026/09/29/23", False),
        (f"{LOGS}/2026/09/30/00", True),
        (f"{LOGS}/2026/11/01/05", True),
        (f"{LOGS}/2026/11/02/00", False),
        (f"{LOGS}/2026/13/99", True),
        ("logs/2020/01/01", True),
        ("export/data/BILLING_PERIOD=2026-10/run", True),
        ("export/metadata/billing_period=2026-09", True),
        ("export/data/BILLING_PERIOD=2026-12", False),
        ("export/data/BILLING_PERIOD=2026-08", False),
        ("report/20261001-20261101/assembly", True),
        ("report/20260801-20260901/assembly", False),
    ],
)
def test_a_folder_is_passed_over_only_where_its_name_says_another_time(folder: str, holds: bool) -> None:
    assert may_hold(folder, OCTOBER) is holds
    assert may_hold(folder + "/", OCTOBER) is holds


@pytest.mark.parametrize(("folder", "day"), [(LOGS, False), (f"{LOGS}/2026/10", False), (f"{LOGS}/2026/10/05/", True)])
def test_listing_folder_by_folder_ends_at_the_day(folder: str, day: bool) -> None:
    assert is_a_day(folder) is day
