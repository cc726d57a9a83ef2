"""`advisor profiles`: what it lists, what an imported load test changes, and the script for one."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.e2e.running import SOURCE, Advisor

MINE = """
[[fleet.profiles]]
model = "meta-llama/Llama-3.1-8B-Instruct"
gpu = "A100 80GB"
prefill_tokens_per_second = 16908
decode_tokens_per_second = 5246
source = "load test 2026-10-30"
"""
RESULT = {
    "date": "20261102-151112", "backend": "vllm", "model_id": "meta-llama/Llama-3.1-8B-Instruct", "num_prompts": 1000,
    "request_rate": "inf", "max_concurrency": 128, "duration": 100.0, "completed": 1000,
    "total_input_tokens": 2_000_000, "total_output_tokens": 300_000, "total_token_throughput": 23_000.0,
}  # fmt: skip
TWO_REQUESTS = ("2000", "300")  # of 1,000/200 and 3,000/400 tokens


@pytest.fixture
def result(folder: Path) -> Path:
    path = folder / "bench.json"
    path.write_text(json.dumps(RESULT))
    return path


def test_profiles_needs_no_configuration_and_shows_rate_lengths_source_grade_and_age(advisor: Advisor) -> None:
    ran = advisor("profiles", "meta.llama3-1-8b-instruct-v1:0", "--gpu", "a100 sxm 80gb", "--format", "json")
    assert ran.code == 0, ran.err
    assert ran.json["schema"] == "advisor.profiles/1"
    rows = {(row["input_length"], row["output_length"]): row for row in ran.json["profiles"]}
    row = rows[1000, 1000]
    assert row["total_tokens_per_second"] == pytest.approx(2 * 3634.39 * 0.75, rel=1e-4)
    assert (row["gpu"], row["tensor_parallel"], row["precision"]) == ("A100-80GB-SXM", 1, "bf16")
    assert (row["grade"], row["age_days"]) == ("published measurement", 0)
    assert row["source"].startswith("github:")
    assert row["low"] < row["total_tokens_per_second"] < row["high"]


def test_profiles_at_own_lengths_are_one_a_gpu_with_estimates_for_the_others(advisor: Advisor) -> None:
    ran = advisor("profiles", "llama-3.3-70b", "--lengths", "1,155/211", "--format", "json")
    rows = ran.json["profiles"]
    assert {(row["input_length"], row["output_length"]) for row in rows} == {(1155, 211)}
    assert {row["grade"] for row in rows} == {"published measurement", "estimate"}
    assert len({(row["gpu"], row["tensor_parallel"], row["precision"]) for row in rows}) == len(rows)
    assert all("nobody has measured it" in row["note"] for row in rows if row["grade"] == "estimate")


def test_profiles_table_is_within_a_hundred_columns_and_names_its_sources(advisor: Advisor) -> None:
    for arguments in ((), ("llama-3.1-8b",), ("qwen3-*", "--lengths", "1000/300")):
        ran = advisor("profiles", *arguments)
        assert ran.code == 0, ran.err
        assert [line for line in ran.out.splitlines() if len(line) > 100] == []
        assert "\n1 " in ran.out
    assert "roofline of the GPU's peaks" in ran.out


def test_own_profiles_of_a_configuration_come_first_and_replace_the_published_at_a_mix(
    advisor: Advisor, folder: Path
) -> None:
    (folder / "advisor.toml").write_text(SOURCE + MINE)
    listed = list(csv.DictReader(io.StringIO(advisor("profiles", "llama-3.1-8b", "--format", "csv").out)))
    assert (listed[0]["gpu"], listed[0]["grade"]) == ("A100-80GB", "own benchmark")
    assert (listed[0]["total_tokens_per_second"], listed[0]["decode_tokens_per_second"]) == ("", "5246.0")
    ran = advisor("profiles", "llama-3.1-8b", "--gpu", "A100-80GB", "--lengths", "1000/300", "--format", "csv")
    assert [row["grade"] for row in csv.DictReader(io.StringIO(ran.out))] == ["own benchmark"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("no-such-model",), "'no-such-model' is not known here"),
        (("llama-3.1-8b", "--gpu", "A100"), "did you mean A100-40GB or"),
        (("llama-3.1-8b", "--lengths", "1000"), "write them as 1155/211"),
        (("llama-3.1-8b", "--lengths", "0/200"), "above zero"),
        (("llama-3.1-8b", "--config", "nowhere.toml"), "nowhere.toml"),
        (("import", "nowhere.json", "--gpu", "L4"), "nowhere.json cannot be read"),
        (("import", "nowhere.json"), "--gpu"),
    ],
)
def test_what_cannot_be_is_refused_in_two_lines(advisor: Advisor, arguments: tuple[str, ...], said: str) -> None:
    ran = advisor("profiles", *arguments)
    assert ran.code in (1, 2)
    assert ran.out == ""
    assert said in ran.err
    assert ran.err.startswith("error: ")


def test_a_model_nobody_measured_points_to_its_estimate(advisor: Advisor) -> None:
    ran = advisor("profiles", "gemma-3-27b")
    assert "advisor profiles gemma-3-27b --lengths IN/OUT" in " ".join(ran.out.split())
    assert advisor("profiles", "gemma-3-27b", "--lengths", "1000/300").out.count("estimate") > 5


def test_import_prints_a_table_that_the_configuration_takes(advisor: Advisor, folder: Path, result: Path) -> None:
    ran = advisor("profiles", "import", result.name, "--gpu", "h100 sxm", "--precision", "fp8")
    assert (ran.code, ran.err) == (0, "")
    (table,) = tomllib.loads(ran.out)["fleet"]["profiles"]
    assert table["total_tokens_per_second"] == (2_000_000 + 300_000) / 100
    assert (table["input_length"], table["output_length"]) == (2000, 300)
    assert table["source"] == "vllm bench serve 2026-11-02, bench.json"
    assert (folder / "advisor.toml").read_text() == SOURCE


def test_import_writes_to_the_configuration_once_and_checks_use_it(
    advisor: Advisor, folder: Path, result: Path
) -> None:
    config = folder / "advisor.toml"
    config.write_text(SOURCE + '# mine\n[fleet.only]\ngpus = ["A100-80GB-SXM"]\n' + MINE.replace("A100 80GB", "L4"))
    config.chmod(0o640)
    ran = advisor("profiles", "import", result.name, "--gpu", "A100-80GB-SXM", "--gpus", "2", "--write")
    assert ran.code == 0, ran.err
    assert "llama-3.1-8b on 2 x A100-80GB-SXM, 23,000 tokens/s at 2,000/300" in ran.out
    assert config.read_text().startswith(SOURCE + "# mine\n")
    assert config.stat().st_mode & 0o777 == 0o640
    again = advisor("profiles", "import", result.name, "--gpu", "A100-80GB-SXM", "--gpus", "2", "--write")
    assert again.code == 2
    assert "holds this profile already" in again.err
    (work,) = advisor("check", "--format", "json").json["workloads"]
    used = {plan["profile"]["gpu"]: plan["profile"] for plan in work["plans"] if plan["profile"]}
    assert used["A100-80GB-SXM"]["grade"] == "own benchmark"
    assert used["A100-80GB-SXM"]["total_tokens_per_second"] == 23_000
    assert advisor("profiles", "llama-3.1-8b", "--lengths", "2000/300", "--gpu", "A100-80GB-SXM").out.count("own") == 1


def test_import_leaves_a_configuration_alone_that_cannot_take_a_table(
    advisor: Advisor, folder: Path, result: Path
) -> None:
    inline = "[fleet]\nprofiles = []\n"
    (folder / "advisor.toml").write_text(SOURCE + inline)
    ran = advisor("profiles", "import", result.name, "--gpu", "L4", "--write")
    assert ran.code == 2
    assert "[[fleet.profiles]]" in ran.err
    assert (folder / "advisor.toml").read_text() == SOURCE + inline
    assert sorted(path.name for path in folder.iterdir()) == ["advisor.toml", "bench.json", "log.jsonl"]


def test_import_weighs_cached_tokens_as_the_configuration_does(advisor: Advisor, folder: Path, result: Path) -> None:
    (folder / "advisor.toml").write_text(SOURCE + "[fleet]\ncached_input_weight = 0.10\n")
    ran = advisor("profiles", "import", result.name, "--gpu", "H100-80GB-SXM", "--cached-input", "500")
    (table,) = tomllib.loads(ran.out)["fleet"]["profiles"]
    assert table["total_tokens_per_second"] == pytest.approx(10 * (1500 + 0.10 * 500 + 300))


def test_import_warns_on_stderr_and_refuses_short_runs(advisor: Advisor, folder: Path, result: Path) -> None:
    warned = advisor("profiles", "import", result.name, "--gpu", "L4")
    assert warned.code == 0
    assert warned.err.startswith("warning: 23,000 tokens/s is ")
    result.write_text(json.dumps({**RESULT, "duration": 12.0}))
    refused = advisor("profiles", "import", result.name, "--gpu", "L4")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == (
        "error: bench.json: it took 12 s, less than 30: send more prompts\nhint: nothing was imported\n"
    )


def test_recipe_is_a_script_at_the_workloads_own_lengths_with_the_line_that_imports_it(
    advisor: Advisor, folder: Path
) -> None:
    ran = advisor("profiles", "recipe", "llama-3.1-8b", "--gpu", "H100 SXM")
    assert ran.code == 0, ran.err
    into, out = TWO_REQUESTS
    assert f"--random-input-len {into} --random-output-len {out}" in ran.out
    assert "on 1 x H100-80GB-SXM" in ran.out
    assert "a GPU-hour (" in ran.out
    assert "advisor profiles import llama-3.1-8b-saturated.json --gpu H100-80GB-SXM --gpus 1" in ran.out
    checked = subprocess.run(["bash", "-n"], input=ran.out, text=True, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_recipe_without_a_gpu_is_for_the_chosen_plan(advisor: Advisor, folder: Path) -> None:
    (work,) = advisor("check", "--format", "json").json["workloads"]
    chosen = next(plan for plan in work["plans"] if plan["policy"] == work["chosen_policy"])
    ran = advisor("profiles", "recipe", "llama-3.1-8b", "--no-sync")
    assert f"on {chosen['profile']['tensor_parallel']} x {chosen['profile']['gpu']}," in ran.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing",), "there is no workload 'nothing'"),
        (("llama-3.1-8b", "--gpu", "T4"), "what a T4-16GB can do is not known here"),
        (("llama-3.1-8b", "--gpu", "azure-ptu:gpt-4o"), "a vendor's unit"),
    ],
)
def test_recipe_of_what_cannot_be_tested_says_why(
    advisor: Advisor, folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    ran = advisor("profiles", "recipe", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_recipe_of_closed_weights_or_unknown_lengths_says_why(advisor: Advisor, folder: Path) -> None:
    log = (folder / "log.jsonl").read_text()
    (folder / "log.jsonl").write_text(log.replace("llama-3.1-8b", "gpt-4o"))
    closed = advisor("profiles", "recipe", "gpt-4o", "--gpu", "L4")
    assert closed.code == 2
    assert "closed weights" in closed.err
    (folder / "bill.csv").write_text("day,model,in,out,usd\n2026-10-01,llama-3.1-8b,90000,900,5.00\n")
    (folder / "advisor.toml").write_text(
        '[[sources]]\nname = "bill"\nkind = "invoice-csv"\npath = "bill.csv"\nprovider = "aws"\ncurrency = "USD"\n'
        'columns = { date = "day", model = "model", input_tokens = "in", output_tokens = "out", amount = "usd" }\n'
    )
    counted = advisor("profiles", "recipe", "llama-3.1-8b", "--gpu", "L4")
    assert counted.code == 2
    assert "no request counts in 2026-10" in counted.err
