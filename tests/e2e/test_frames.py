"""The Python face, as a notebook uses it: the same figures as the command, in tidy tables."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

import advisor
from advisor.domain.verdict import State
from advisor.errors import ConfigError
from tests.e2e.running import Advisor

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def sample(advisor: Advisor, tmp_path: Path) -> Path:
    advisor("demo", "sample")
    return tmp_path / "sample" / "advisor.toml"


def test_a_notebook_can_ask_what_the_command_answers(sample: Path) -> None:
    findings = advisor.check(sample, now=NOW)
    assert [verdict.usage.workload.name for verdict in findings.moves] == ["extract"]
    comparison = findings.moves[0].comparison
    assert comparison is not None
    assert comparison.chosen.demand.usage is comparison.usage, "every value holds the value it came from"

    by_hour = advisor.usage(sample, by="hour", source="bedrock-logs", sync=False, now=NOW)
    assert str(by_hour.index.dtype).endswith("UTC]")
    by_clock = by_hour["input_tokens"].groupby(pd.DatetimeIndex(by_hour.index).hour).sum()
    assert by_clock.idxmax() in range(12, 17), "the sample's busy hours are in the afternoon"
    of_extract = by_hour[by_hour["model"] == "llama-3.1-8b"]
    assert int((of_extract["input_tokens"] + of_extract["output_tokens"]).sum()) == comparison.usage.tokens.total

    plans = advisor.plans(sample, sync=False, now=NOW)
    (chosen,) = plans[plans["chosen"] & (plans["workload"] == "extract")].to_dict("records")
    assert chosen["cost.total.amount"] == comparison.chosen.cost.total.cents()
    assert chosen["offer.gpu"] == comparison.chosen.offer.gpu
    assert "cost" not in plans.columns


def test_usage_adds_up_to_the_invoice_exactly(sample: Path) -> None:
    billed = advisor.usage(sample, by="day", source="openai-invoice", now=NOW)["billed_cost_USD"]
    assert all(isinstance(amount, Decimal) for amount in billed)
    month = advisor.usage(sample, source="openai-invoice", sync=False, now=NOW)["billed_cost_USD"]
    assert billed.sum() == month.sum()
    assert billed.index.is_monotonic_increasing


def test_unknown_counts_are_missing_never_zero(sample: Path) -> None:
    rows = advisor.usage(sample, source="bedrock-logs", now=NOW)
    assert rows["cache_read_tokens"].isna().all()
    assert rows["requests"].notna().all()


def test_history_holds_what_was_delivered(advisor: Advisor, sample: Path) -> None:
    import advisor as product

    assert isinstance(product.history(sample, now=NOW), pd.DataFrame)
    assert product.history(sample, now=NOW).empty
    advisor("check", "--config", str(sample), "--notify")
    told = product.history(sample, workload="extract", now=NOW)
    assert told["state"].tolist() == [State.SWITCH.value]
    assert told.index[0] == pd.Timestamp("2026-10-01", tz="UTC")


def test_a_missing_configuration_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no configuration"):
        advisor.check(tmp_path / "none.toml")


def test_the_package_imports_without_pandas_and_the_command_too(tmp_path: Path) -> None:
    code = "import sys, advisor, advisor.cli; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-P", "-c", code], cwd=tmp_path, check=False).returncode == 0


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'chek'"):
        _ = advisor.chek
