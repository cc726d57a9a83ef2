"""What `advisor check` says for every verdict, in every format, letter for letter."""

from __future__ import annotations

import pytest

from advisor.reporting.render import render
from tests.golden.cases import CASES
from tests.golden.files import HERE, agrees

ENDINGS = {"table": "txt", "markdown": "md", "html": "html", "json": "json"}


@pytest.mark.parametrize("format_name", ENDINGS)
@pytest.mark.parametrize("case", CASES)
def test_the_report_says_what_it_said_before(case: str, format_name: str) -> None:
    agrees(f"reports/{case}.{ENDINGS[format_name]}", render(CASES[case](), format_name))


def test_every_golden_report_belongs_to_a_case() -> None:
    names = {f"{case}.{ending}" for case in CASES for ending in ENDINGS.values()}
    assert {file.name for file in (HERE / "reports").iterdir()} == names
