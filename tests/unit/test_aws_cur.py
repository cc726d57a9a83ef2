"""A cost and usage report as promises: tokens and money by meter, newest version wins, nothing bad is silent."""

from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from advisor.domain.facts import Basis, PullStatus
from advisor.domain.units import Window
from tests.unit.bills import CUR, NOW, OCTOBER, cur, money, read, text, tokens, write

ALL_TIME = Window(datetime(2020, 1, 1, tzinfo=UTC), NOW)
OUTPUT = "USE1-Llama3-1-70B-output-tokens"


def _moments(day: int) -> dict[str, str]:
    return {
        "usage_start_date": f"2026-10-{day:02d}T08:00:00Z",
        "usage_end_date": f"2026-10-{day:02d}T09:00:00Z",
    }


def test_the_sample_export_adds_up_to_its_published_totals(samples: Path) -> None:
    found = read("aws-cur", samples / "generated" / "cur2", ALL_TIME)
    assert found.status is PullStatus.OK
    assert sum(fact.tokens.uncached_input for fact in found.usage) == 73_422_849_769
    assert sum(fact.tokens.output for fact in found.usage) == 9_136_292_889
    assert {fact.model_raw for fact in found.usage} == {"Llama3-1-70B", "Qwen3-32B"}
    # One EC2 row of $0.096 is of something else; the credit is money of a model.
    per_thousand = Decimal("36430842.045") * Decimal("0.00072")
    assert money(found, "input", "Llama3-1-70B") == per_thousand
    assert money(found, "credit") == -10


def test_a_real_report_without_llms_is_read_and_says_nothing(samples: Path) -> None:
    found = read("aws-cur", samples / "cur" / "cur_legacy_rows_1_641.csv", ALL_TIME)
    assert (found.status, found.rows, found.rejected) == (PullStatus.OK, 641, 0)
    assert (found.usage, found.costs) == ([], [])


@pytest.mark.parametrize("name", ["azure_ea_export_sample.csv", "oci_cost_report_sample.csv"])
def test_another_providers_export_is_refused_naming_file_and_columns(samples: Path, name: str) -> None:
    found = read("aws-cur", samples / "cur" / name, ALL_TIME)
    assert found.status is PullStatus.FAILED
    assert name in found.warnings[0]
    assert "'line_item_usage_type'" in found.warnings[0]


def test_each_kind_of_tokens_is_its_own_component_and_tier(tmp_path: Path) -> None:
    model = "USE1-Claude4.6Opus"
    path = write(
        tmp_path / "cur.csv",
        cur(usage_type=f"{model}-input-tokens", usage_amount="1"),
        cur(usage_type=f"{model}-cache-read-input-token-count", usage_amount="20"),
        cur(usage_type=f"{model}-cache-write-input-token-count", usage_amount="3"),
        cur(usage_type=f"{model}-cache-write-input-token-count-1-hour", usage_amount="4"),
        cur(usage_type=f"{model}-output-tokens", usage_amount="5"),
        cur(usage_type=f"{model}-output-tokens-batch", usage_amount="6"),
    )
    found = read("aws-cur", path)
    on_demand = [fact for fact in found.usage if fact.tier == "on_demand"]
    assert sum(fact.tokens.uncached_input for fact in on_demand) == 1_000
    assert sum(fact.tokens.cache_read or 0 for fact in on_demand) == 20_000
    assert sum(fact.tokens.cache_write or 0 for fact in on_demand) == 3_000 + 4_000
    assert sum(fact.tokens.output for fact in on_demand) == 5_000
    assert [fact.tokens.output for fact in found.usage if fact.tier == "batch"] == [6_000]
    assert {cost.component for cost in found.costs} == {
        "input", "cache_read", "cache_write", "cache_write_1h", "output",
    }  # fmt: skip


@pytest.mark.parametrize(("unit", "tokens_each"), [("Tokens", 1), ("1K tokens", 1_000), ("1M tokens", 1_000_000)])
def test_a_quantity_counts_in_the_unit_of_its_row(tmp_path: Path, unit: str, tokens_each: int) -> None:
    found = read("aws-cur", write(tmp_path / "cur.csv", cur(unit=unit, usage_amount="3")))
    assert tokens(found) == 3 * tokens_each


def test_units_are_taken_from_the_description_where_it_prices_a_number_of_tokens(tmp_path: Path) -> None:
    line = cur(
        usage_type="USE1-MP:USE1_InputTokenCount-Units",
        unit="Units",
        usage_amount="0.25",
        product_product_name="Claude Sonnet 4.6 (Amazon Bedrock Edition)",
        line_item_line_item_description="AWS Marketplace software usage|us-east-1|Million Input Tokens",
    )
    found = read("aws-cur", write(tmp_path / "cur.csv", line))
    assert tokens(found) == 250_000
    assert [fact.model_raw for fact in found.usage] == ["claude-sonnet-4-6"]


def test_tokens_in_an_unknown_unit_are_refused_while_their_money_counts(tmp_path: Path) -> None:
    found = read("aws-cur", write(tmp_path / "cur.csv", cur(unit="Units"), cur(usage_type=OUTPUT)))
    assert found.status is PullStatus.PARTIAL
    assert tokens(found) == 2_000
    assert money(found) == 2 * Decimal("0.5")
    (problem,) = found.problems
    assert "cur.csv: USE1-Llama3-1-70B-input-tokens at 2026-10-05 08:00" in problem.where
    assert "'Units'" in problem.why


def test_fractions_of_a_token_are_carried_so_that_the_sum_stays_right(tmp_path: Path) -> None:
    days = [cur(usage_amount="0.0004", **_moments(day)) for day in range(1, 11)]
    found = read("aws-cur", write(tmp_path / "cur.csv", *days))
    # Ten buckets of 0.4 tokens: rounded each alone they would be none.
    assert tokens(found) == 10 * Decimal("0.4")
    assert found.rejected == 0


def test_lines_of_all_accounts_and_tags_of_an_hour_add_up(tmp_path: Path) -> None:
    path = write(tmp_path / "cur.csv", cur(), cur(usage_account_id="222"), cur(), cur(**_moments(6)))
    found = read("aws-cur", path)
    by_start = {fact.start.day: fact.tokens.uncached_input for fact in found.usage}
    assert by_start == {5: 3 * 2_000, 6: 2_000}
    assert {(fact.width_seconds, fact.scope) for fact in found.usage} == {(3_600, "999")}


def test_credits_refunds_and_discounts_are_money_of_the_model_and_no_tokens(tmp_path: Path) -> None:
    path = write(
        tmp_path / "cur.csv",
        cur(),
        cur(line_item_type="Credit", unblended_cost="-0.1"),
        cur(line_item_type="Refund", unblended_cost="-0.02"),
        cur(line_item_type="EdpDiscount", unblended_cost="-0.003"),
    )
    found = read("aws-cur", path)
    assert tokens(found) == 2_000
    assert money(found, model="Llama3-1-70B") == Decimal("0.5") - Decimal("0.1") - Decimal("0.02") - Decimal("0.003")
    assert money(found, "credit") == Decimal("-0.1")


def test_taxes_and_fees_of_the_service_belong_to_no_model_and_others_are_left_out(tmp_path: Path) -> None:
    month = {"usage_start_date": "2026-10-01T00:00:00Z", "usage_end_date": "2026-11-01T00:00:00Z"}
    path = write(
        tmp_path / "cur.csv",
        cur(),
        cur(line_item_type="Tax", usage_type="", unblended_cost="0.04", **month),
        cur(line_item_type="Fee", usage_type="", unblended_cost="7", **month),
        cur(line_item_type="Tax", usage_type="", product_code="AmazonEC2", unblended_cost="99", **month),
        cur(usage_type="USE1-BoxUsage:m5.large", product_code="AmazonEC2", unit="Hrs", unblended_cost="99"),
    )
    found = read("aws-cur", path)
    assert money(found, model="") == Decimal("0.04") + 7
    assert money(found, "tax") == Decimal("0.04")
    assert money(found, "purchase") == 7
    assert money(found) == Decimal("0.5") + Decimal("0.04") + 7
    assert (found.status, found.rows) == (PullStatus.OK, 5)


@pytest.mark.parametrize("as_map", [False, True])
def test_a_marketplace_row_names_its_model_in_the_product(tmp_path: Path, as_map: bool) -> None:
    product = {"product_name": "Claude Opus 4.8 (Amazon Bedrock Edition)", "region": "us-east-1"}
    line = {**cur(usage_type="USE1-MP:USE1_output_tokens_standard-Units", product_code="4bkp8"), "product": ""}
    if as_map:
        path = tmp_path / "cur.parquet"
        rows = [{**line, "product": list(product.items())}]
        types = [(name, pyarrow.string()) for name in line if name != "product"]
        schema = pyarrow.schema([*types, ("product", pyarrow.map_(pyarrow.string(), pyarrow.string()))])
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema), path)
    else:
        path = write(tmp_path / "cur.csv", {**line, "product": json.dumps(product)})
    found = read("aws-cur", path)
    assert [(fact.model_raw, fact.tokens.output) for fact in found.usage] == [("claude-opus-4-8", 2_000)]
    assert money(found, "output", "claude-opus-4-8") == Decimal("0.5")


def test_a_token_row_that_names_no_model_is_refused_while_its_money_counts(tmp_path: Path) -> None:
    found = read("aws-cur", write(tmp_path / "cur.csv", cur(usage_type="USE1-MP:USE1_InputTokenCount-Units"), cur()))
    assert found.rejected == 1
    assert "names no model" in found.problems[0].why
    assert money(found, model="") == Decimal("0.5")


def test_what_is_no_text_token_is_counted_apart_with_its_money(tmp_path: Path) -> None:
    path = write(
        tmp_path / "cur.csv",
        cur(),
        cur(usage_type="USE1-NovaCanvas-T2I-1024-Standard", unit="Images", usage_amount="30", unblended_cost="1.2"),
        cur(usage_type="USE1-Guardrail-ContentPolicyUnitsConsumed", unit="Units", unblended_cost="0.3"),
        cur(usage_type="USE1-Llama3-1-70B-ProvisionedThroughput-ModelUnits", unit="Hrs", unblended_cost="40"),
    )
    found = read("aws-cur", path)
    assert (tokens(found), found.rejected) == (2_000, 0)
    assert money(found, "image", "Nova-Canvas") == Decimal("1.2")
    # What a guardrail or provisioned capacity costs is no part of what the model's tokens cost.
    assert money(found, "guardrail", "") == Decimal("0.3")
    assert money(found, "provisioned", "") == 40
    assert any("30 Images, $1.20, kept apart as 'image'" in warning for warning in found.warnings)
    assert any("capacity that is paid for already: 2 Hrs, $40.00" in warning for warning in found.warnings)


def test_gpu_instances_are_named_with_their_hours_and_cost_and_are_no_bill_of_tokens(tmp_path: Path) -> None:
    hours = {"product_code": "AmazonEC2", "unit": "Hrs", "usage_amount": "10", "unblended_cost": "500"}
    path = write(
        tmp_path / "cur.csv",
        cur(),
        cur(usage_type="USE1-BoxUsage:p5.48xlarge", **hours),
        cur(usage_type="USE1-BoxUsage:p5.48xlarge", **hours, **_moments(7)),
        cur(usage_type="USE1-Host:ml.g5.12xlarge", **{**hours, "product_code": "AmazonSageMaker"}),
        cur(usage_type="EBSOptimized:p3.8xlarge", **hours),
    )
    found = read("aws-cur", path)
    (remark,) = [warning for warning in found.warnings if "GPU" in warning]
    assert "2026-10" in remark
    assert f"p5.48xlarge {2 * 10 * 8} GPU-hours, $1,000.00" in remark
    assert f"g5.12xlarge {10 * 4} GPU-hours, $500.00" in remark
    assert "p3" not in remark
    assert money(found) == Decimal("0.5")


def test_currencies_are_kept(tmp_path: Path) -> None:
    found = read("aws-cur", write(tmp_path / "cur.csv", cur(currency_code="eur")))
    assert [cost.amount.currency for cost in found.costs] == ["EUR"]
    assert {cost.basis for cost in found.costs} == {Basis.BILLED}


def test_an_amount_that_is_left_out_is_unknown_and_not_zero(tmp_path: Path) -> None:
    found = read("aws-cur", write(tmp_path / "cur.csv", cur(unblended_cost="")))
    assert (tokens(found), found.costs) == (2_000, [])


def test_net_costs_that_differ_from_the_invoice_are_named_and_do_not_count(tmp_path: Path) -> None:
    found = read("aws-cur", write(tmp_path / "cur.csv", cur(line_item_net_unblended_cost="0.4")))
    assert money(found) == Decimal("0.5")
    assert any("2026-10 $0.50 billed, $0.40 effective" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("invoice", "today", "final"),
    [
        ("INV-1", datetime(2026, 11, 2, tzinfo=UTC), True),
        ("", datetime(2026, 11, 2, tzinfo=UTC), False),
        ("", datetime(2026, 11, 15, tzinfo=UTC), None),
    ],
)
def test_an_invoice_number_makes_money_final_and_its_absence_only_until_bills_are_settled(
    tmp_path: Path, invoice: str, today: datetime, final: bool | None
) -> None:
    path = write(tmp_path / "cur.csv", cur(invoice_id=invoice))
    found = read("aws-cur", path, Window(OCTOBER.start, today), today)
    assert [cost.final for cost in found.costs] == [final]


def test_only_what_starts_in_the_window_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "cur.csv", cur(), cur(**_moments(20)))
    window = Window(datetime(2026, 10, 10, tzinfo=UTC), NOW)
    assert [fact.start.day for fact in read("aws-cur", path, window).usage] == [20]
    outside = read("aws-cur", path, Window(datetime(2026, 11, 1, tzinfo=UTC), NOW))
    assert outside.usage == []
    assert any("the first is of 2026-10-05, the last of 2026-10-20" in warning for warning in outside.warnings)


def test_the_legacy_report_reads_as_the_new_one(tmp_path: Path) -> None:
    words = {"line_item": "lineItem", "bill": "bill", "pricing": "pricing"}

    def legacy(column: str) -> str:
        head = next(head for head in words if column.startswith(head))
        rest = column.removeprefix(f"{head}_").split("_")
        return f"{words[head]}/{''.join(word.capitalize() for word in rest)}"

    old = write(tmp_path / "old.csv", {legacy(column): value for column, value in CUR.items()})
    new = write(tmp_path / "new.csv", CUR)
    assert "lineItem/UsageType" in old.read_text()
    assert read("aws-cur", old).usage == read("aws-cur", new).usage
    assert read("aws-cur", old).costs == read("aws-cur", new).costs


def test_packing_encoding_delimiter_and_missing_values_change_nothing(tmp_path: Path) -> None:
    lines = [cur(), cur(line_item_type="Tax", usage_type="NULL", unit="NULL", usage_amount="NULL")]
    plain = read("aws-cur", write(tmp_path / "plain.csv", *lines))
    packed = tmp_path / "packed.csv.gz"
    packed.write_bytes(gzip.compress(("\ufeff" + text(lines, ";")).encode("utf-16")))
    assert read("aws-cur", packed).usage == plain.usage
    assert read("aws-cur", packed).costs == plain.costs
    assert (tokens(plain), plain.rejected) == (2_000, 0)


def test_dates_may_be_american_and_have_a_zone(tmp_path: Path) -> None:
    path = write(
        tmp_path / "cur.csv",
        cur(usage_start_date="10/5/26", usage_end_date="10/6/2026"),
        cur(usage_start_date="2026-10-07T01:00:00+02:00", usage_end_date="2026-10-07T02:00:00+02:00"),
    )
    found = read("aws-cur", path)
    assert [(fact.start, fact.width_seconds) for fact in found.usage] == [
        (datetime(2026, 10, 5, tzinfo=UTC), 24 * 3_600),
        (datetime(2026, 10, 6, 23, tzinfo=UTC), 3_600),
    ]


def test_a_period_that_ends_with_its_last_second_is_whole(tmp_path: Path) -> None:
    found = read("aws-cur", write(tmp_path / "cur.csv", cur(usage_end_date="2026-10-05T08:59:59Z")))
    assert [fact.width_seconds for fact in found.usage] == [3_600]


def test_bad_rows_are_named_by_file_and_line_and_the_others_count(tmp_path: Path) -> None:
    path = write(
        tmp_path / "cur.csv",
        cur(),
        cur(usage_start_date="soon"),
        cur(usage_amount="many"),
        cur(unblended_cost="1,5"),
        cur(currency_code=""),
        cur(usage_end_date="2026-10-05T08:00:00Z"),
        cur(line_item_type=""),
    )
    found = read("aws-cur", path)
    assert (found.status, found.rejected, tokens(found)) == (PullStatus.PARTIAL, 6, 2_000)
    assert [problem.where for problem in found.problems] == [f"{path}:{line}" for line in range(3, 9)]
    whys = [problem.why for problem in found.problems]
    assert whys[0] == "line_item_usage_start_date is 'soon', which is no time"
    assert whys[1] == "line_item_usage_amount is 'many', which is no number"
    assert whys[2] == "line_item_unblended_cost is '1,5', which is no number"
    assert whys[3] == "line_item_currency_code is missing"
    assert whys[4] == "line_item_usage_end_date is not after line_item_usage_start_date"
    assert whys[5] == "line_item_line_item_type is missing"


def test_a_report_without_llms_is_read_well_and_says_that_there_was_nothing(tmp_path: Path) -> None:
    machine = cur(product_code="AmazonEC2", usage_type="BoxUsage:m5.large", unit="Hrs")
    found = read("aws-cur", write(tmp_path / "cur.csv", *[machine] * 7))
    assert (found.status, found.rows, found.usage, found.costs) == (PullStatus.OK, 7, [], [])


def test_the_rest_of_the_bill_does_not_excuse_bad_llm_rows(tmp_path: Path) -> None:
    machine = cur(product_code="AmazonEC2", usage_type="BoxUsage:m5.large", unit="Hrs")
    found = read("aws-cur", write(tmp_path / "cur.csv", *[machine] * 3_000, cur(), cur(usage_amount="many")))
    assert (found.status, found.rejected) == (PullStatus.PARTIAL, 1)


def test_an_empty_file_is_nothing_read_and_not_nothing_used(tmp_path: Path) -> None:
    (tmp_path / "cur.csv").write_text("")
    assert read("aws-cur", tmp_path).status is PullStatus.FAILED
    write(tmp_path / "cur.csv")
    (tmp_path / "cur.csv").write_text(",".join(CUR) + "\n")
    assert read("aws-cur", tmp_path).status is PullStatus.FAILED


def test_bad_rows_of_something_else_do_not_matter(tmp_path: Path) -> None:
    path = write(tmp_path / "cur.csv", cur(), cur(product_code="AmazonEC2", usage_type="x", unblended_cost="?"))
    assert read("aws-cur", path).rejected == 0


def test_a_line_with_too_many_columns_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cur.csv"
    path.write_text(text([cur()]) + ",".join(["x"] * 40) + "\n" + text([cur(**_moments(6))]).splitlines()[1] + "\n")
    found = read("aws-cur", path)
    assert (found.status, tokens(found)) == (PullStatus.PARTIAL, 4_000)
    assert [problem.where for problem in found.problems] == [f"{path}:3"]


def test_a_damaged_file_is_lost_whole_and_the_others_count(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", cur())
    packed = gzip.compress(text([cur(**_moments(9)) for _ in range(20_000)]).encode())
    (tmp_path / "b.csv.gz").write_bytes(packed[: len(packed) // 2])
    found = read("aws-cur", tmp_path)
    assert (found.status, tokens(found)) == (PullStatus.PARTIAL, 2_000)
    assert any("b.csv.gz" in warning for warning in found.warnings)


def test_an_open_quote_that_swallows_the_rest_of_a_file_is_no_small_loss(tmp_path: Path) -> None:
    path = tmp_path / "cur.csv"
    lines = text([cur(**_moments(day)) for day in range(1, 31)]).splitlines()
    lines[5] = '"' + lines[5]
    path.write_text("\n".join(lines) + "\n")
    found = read("aws-cur", path)
    assert found.status is PullStatus.PARTIAL
    assert any("quote" in warning for warning in found.warnings)


def test_corrections_that_take_away_more_than_there_was_are_named(tmp_path: Path) -> None:
    found = read(
        "aws-cur", write(tmp_path / "cur.csv", cur(usage_amount="-3", unblended_cost="-0.7"), cur(**_moments(6)))
    )
    assert "corrections take 3 1K tokens more away" in found.problems[0].why
    assert money(found) == Decimal("0.5") - Decimal("0.7")


def _export(folder: Path, version: str, amount: str, hours_old: float = 0, part: int = 1) -> Path:
    path = folder / "data" / "BILLING_PERIOD=2026-10" / version / f"cur-{part:05d}.csv"
    return write(path, cur(usage_amount=amount, **_moments(part)), hours_old=hours_old)


def test_the_newest_version_of_a_month_counts_by_the_time_in_its_folders_name(tmp_path: Path) -> None:
    _export(tmp_path, "20261103T010203-aa", "7", hours_old=5)
    _export(tmp_path, "20261105T010203-bb", "3", hours_old=9)
    found = read("aws-cur", tmp_path)
    assert tokens(found) == 3_000
    assert any("older version" in warning for warning in found.warnings)


def test_a_manifest_says_which_files_count(tmp_path: Path) -> None:
    named = _export(tmp_path, "20261103T010203-aa", "7")
    _export(tmp_path, "20261105T010203-bb", "3")
    manifest = tmp_path / "metadata" / "BILLING_PERIOD=2026-10" / "cur-Manifest.json"
    manifest.parent.mkdir(parents=True)
    address = f"s3://bucket/{named.relative_to(tmp_path).as_posix()}"
    manifest.write_text(json.dumps({"columns": [{"name": "product"}], "dataFiles": [address]}))
    assert tokens(read("aws-cur", tmp_path)) == 7_000
    assert tokens(read("aws-cur", tmp_path / "data")) == 7_000
    manifest.write_text("{damaged")
    assert tokens(read("aws-cur", tmp_path)) == 3_000


def test_the_manifest_above_the_versions_rules_over_those_inside_them(tmp_path: Path) -> None:
    month = tmp_path / "20261001-20261101"
    for assembly, amount in (("aaa", "7"), ("bbb", "3")):
        write(month / assembly / "report-1.csv", cur(usage_amount=amount))
        inside = {"reportKeys": [f"p/report/{month.name}/{assembly}/report-1.csv"]}
        (month / assembly / "report-Manifest.json").write_text(json.dumps(inside))
    above = {"reportKeys": [f"p/report/{month.name}/aaa/report-1.csv"]}
    (month / "report-Manifest.json").write_text(json.dumps(above))
    os.utime(month / "report-Manifest.json", (0, 0))
    assert tokens(read("aws-cur", tmp_path)) == 7_000


def test_a_file_that_the_manifest_names_and_is_not_here_makes_the_read_partial(tmp_path: Path) -> None:
    folder = tmp_path / "20261001-20261101"
    write(folder / "assembly-2" / "report-1.csv", cur())
    keys = [f"p/report/20261001-20261101/assembly-2/report-{part}.csv" for part in (1, 2)]
    (folder / "report-Manifest.json").write_text(json.dumps({"assemblyId": "assembly-2", "reportKeys": keys}))
    found = read("aws-cur", tmp_path)
    assert (found.status, tokens(found)) == (PullStatus.PARTIAL, 2_000)
    assert any("report-2.csv" in warning for warning in found.warnings)


def test_parts_of_one_delivery_add_up(tmp_path: Path) -> None:
    _export(tmp_path, "", "1", part=1)
    _export(tmp_path, "", "2", part=2, hours_old=3)
    write(tmp_path / "data" / "BILLING_PERIOD=2026-10" / "cur-00003.csv", cur(usage_amount="4", **_moments(1)))
    found = read("aws-cur", tmp_path)
    assert tokens(found) == 1_000 + 2_000 + 4_000
    assert found.warnings == ()


def test_of_files_for_the_same_days_the_one_written_last_counts_and_is_named(tmp_path: Path) -> None:
    days = [cur(**_moments(day)) for day in (1, 2, 3)]
    write(tmp_path / "october.csv", *days, hours_old=48)
    write(tmp_path / "october-final.csv", *[{**day, "line_item_usage_amount": "5"} for day in days[:2]], days[2])
    found = read("aws-cur", tmp_path)
    assert tokens(found) == 5_000 + 5_000 + 2_000
    (remark,) = found.warnings
    assert "october-final.csv was written later: it counts for 2026-10-01 to 2026-10-03 instead of" in remark


def test_files_of_the_same_time_are_ordered_by_name_and_said_to_be(tmp_path: Path) -> None:
    write(tmp_path / "october (2).csv", cur(usage_amount="2"))
    write(tmp_path / "october (1).csv", cur(usage_amount="1"))
    found = read("aws-cur", tmp_path)
    assert tokens(found) == 2_000
    assert "october (2).csv has the same time and is last by name" in found.warnings[0]


def test_a_restated_month_drops_what_it_no_longer_has(tmp_path: Path) -> None:
    write(tmp_path / "b.csv", *(cur(**_moments(day)) for day in (2, 3, 4)), hours_old=48)
    write(tmp_path / "a.csv", cur(**_moments(2)), cur(**_moments(4)), hours_old=1)
    assert [fact.start.day for fact in read("aws-cur", tmp_path).usage] == [2, 4]


def test_daily_files_add_up_and_overlapping_ones_count_a_day_once(tmp_path: Path) -> None:
    for day in (1, 2, 3):
        write(tmp_path / f"2026-10-{day:02d}.csv", cur(**_moments(day)))
    write(tmp_path / "week.csv", cur(usage_amount="9", **_moments(3)), cur(**_moments(4)), hours_old=24)
    found = read("aws-cur", tmp_path)
    assert {fact.start.day: fact.tokens.uncached_input for fact in found.usage} == dict.fromkeys((1, 2, 3, 4), 2_000)


def test_a_tax_on_the_first_day_does_not_make_a_daily_file_speak_for_that_day(tmp_path: Path) -> None:
    write(tmp_path / "2026-10-01.csv", cur(**_moments(1)), hours_old=48)
    tax = cur(line_item_type="Tax", usage_type="", unblended_cost="0.1", **_moments(1))
    write(tmp_path / "2026-10-03.csv", cur(**_moments(3)), tax)
    found = read("aws-cur", tmp_path)
    assert [fact.start.day for fact in found.usage] == [1, 3]
    assert money(found, "tax") == Decimal("0.1")


def test_bills_of_different_accounts_and_months_never_replace_each_other(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", cur())
    write(tmp_path / "b.csv", cur(payer_account_id="888"), hours_old=1)
    write(tmp_path / "c.csv", cur(usage_account_id="222"), hours_old=2)
    write(tmp_path / "d.csv", cur(billing_period_start_date="2026-11-01T00:00:00Z"), hours_old=3)
    found = read("aws-cur", tmp_path)
    assert tokens(found) == 4 * 2_000
    assert found.warnings == ()


def test_what_lies_beside_a_report_is_no_part_of_it(tmp_path: Path) -> None:
    write(tmp_path / "cur.csv", cur())
    (tmp_path / "cur-create-table.sql").write_text("CREATE TABLE cur")
    (tmp_path / "cur-Manifest.json").write_text("{}")
    (tmp_path / "cost_and_usage_data_status.parquet").write_text("x")
    found = read("aws-cur", tmp_path)
    assert (found.status, tokens(found), found.warnings) == (PullStatus.OK, 2_000, ())
