"""`advisor explain`: one golden file a case, and all arithmetic that is shown can be repeated by its reader."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from statistics import NormalDist

import pytest
from rich.cells import cell_len

from advisor.reporting.explain import explain
from tests.golden.explain_cases import CASES
from tests.golden.files import agrees


@pytest.mark.parametrize("case", CASES)
def test_an_explanation_reads_as_its_golden_file(case: str) -> None:
    agrees(f"explain/{case}.txt", explain(CASES[case](), "chat"))


@pytest.mark.parametrize("state", ["SWITCH", "WATCH", "STAY", "INSUFFICIENT_DATA"])
def test_an_explanation_begins_with_the_verdict(state: str) -> None:
    title, _, heading, first = explain(CASES[state.lower()](), "chat").splitlines()[:4]
    assert title == "advisor explain · chat · October 2026 · closed"
    assert heading == "Verdict"
    assert first.startswith(f"  {state}: ")


@pytest.mark.parametrize("case", CASES)
def test_every_line_fits_100_columns(case: str) -> None:
    assert max(map(cell_len, explain(CASES[case](), "chat").splitlines())) <= 100


@pytest.mark.parametrize("case", CASES)
def test_all_arithmetic_shown_is_right(case: str) -> None:
    """Every `what: a x b = c` is worked out anew from the figures as they are printed."""
    checked = 0
    for line in said(explain(CASES[case](), "chat")):
        if " = " in line:
            _, _, equation = line.partition(": ")
            worked, _, result = equation.partition(" = ")
            stated, half_a_digit = number(result)
            assert worth(worked) == pytest.approx(stated, rel=2e-5, abs=half_a_digit * 1.01), line
            checked += 1
    assert checked >= (1 if case == "insufficient_data" else 25), "too little of it is arithmetic"


def said(text: str) -> Iterator[str]:
    """Lines as they were before they were broken: what begins two steps deeper goes on."""
    whole: list[str] = []
    for line in text.splitlines():
        depth = len(line) - len(line.lstrip())
        if whole and depth >= 6 and (len(whole[-1]) - len(whole[-1].lstrip())) <= depth - 4:
            whole[-1] += " " + line.strip()
        else:
            whole.append(line)
    return iter(whole)


NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"


def number(text: str) -> tuple[float, float]:
    """The first figure of a text and half a unit of its last digit; a percentage is a ratio."""
    found = re.match(rf"\s*(-?)\$?(?:-?EUR )?({NUMBER})( %)?", text)
    assert found, text
    sign, digits, percent = found.groups()
    decimals = len(digits.partition(".")[2])
    scale = 0.01 if percent else 1.0
    value = float(digits.replace(",", "")) * scale
    return (-value if sign or text.strip().startswith("-") else value), 0.5 * 10**-decimals * scale


def worth(text: str) -> float:
    """The value of an expression: its figures, operators and functions; words and currencies are left out."""
    tokens = re.findall(rf"(?:Phi|ln|exp|ceil|max)\(|{NUMBER}(?: %)?|(?<= )[x/+-](?= )|-(?=[$\dE])|[(),]", text)
    python = [
        f"({token[:-2].replace(',', '')} / 100)" if token.endswith("%")
        else "*" if token == "x"
        else token if token.endswith("(") or token in "(),/+-"
        else token.replace(",", "")
        for token in tokens
    ]  # fmt: skip
    functions = {"Phi": NormalDist().cdf, "ln": math.log, "exp": math.exp, "ceil": math.ceil, "max": max}
    return float(eval(" ".join(python), {"__builtins__": {}}, functions))


def test_the_arithmetic_test_would_notice_a_wrong_figure() -> None:
    assert worth("2 GPUs x 744 h x $2.49") == pytest.approx(2 * 744 * 2.49)
    assert worth("max(1, ceil(2.01395 mean / 0.7)) + 1 spare") == max(1, math.ceil(2.01395 / 0.7)) + 1
    assert worth("($30,240.00 - $4,547.80 fixed) / 2,232 GPU-hours") == pytest.approx((30_240 - 4_547.80) / 2_232)
    assert worth("Phi(ln($30.00 / $20.00) / 0.1)") == pytest.approx(NormalDist().cdf(math.log(1.5) / 0.1))
    assert worth("EUR 10.00 x (1 - 25.00 %)") == pytest.approx(7.5)
    assert worth("-EUR 8.00 / EUR 2.00") == -4
    assert worth("12 tokens/s x exp(-1.28 x 0.1)") == pytest.approx(12 * math.exp(-0.128))
    assert number("-EUR 1,200.50 saved") == (-1_200.5, 0.005)
    assert number("40.28 %, now") == pytest.approx((0.4028, 0.00005))
