"""`advisor demo`: five workloads whose verdicts differ, the same on every machine, checked by the whole line."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.running import Advisor

VERDICTS = {
    "extract": "SWITCH",
    "support-chat": "WATCH",
    "rag": "STAY",
    "copilot": "INELIGIBLE",
    "summaries": "INSUFFICIENT_DATA",
}


def test_demo_writes_a_sample_and_answers_it(advisor: Advisor, tmp_path: Path) -> None:
    ran = advisor("demo", "sample")
    assert ran.code == 0, ran.err
    assert "MOVE 1 OF 5: move extract to your own GPUs" in ran.out
    assert all(len(line) <= 100 for line in ran.out.splitlines())
    assert "made-up" in ran.err.lower()
    assert (tmp_path / "sample" / "logs" / "aws" / "2026-05.jsonl.gz").is_file()

    checked = advisor("check", "--no-sync", "--format", "json", "--config", "sample")
    assert checked.code == 0, checked.err
    workloads = {workload["name"]: workload for workload in checked.json["workloads"]}
    assert {name: workload["verdict"]["state"] for name, workload in workloads.items()} == VERDICTS
    assert "4 of 31 days" in workloads["summaries"]["verdict"]["reason_text"]
    assert workloads["extract"]["verdict"]["streak"] >= 3


def test_a_recommended_move_has_an_exit_code_of_its_own(advisor: Advisor) -> None:
    advisor("demo", "sample")
    assert advisor("check", "--no-sync", "--config", "sample").code == 0
    assert advisor("check", "--no-sync", "--config", "sample", "--exit-code").code == 3


def test_the_sample_is_the_same_twice_and_so_is_its_answer(advisor: Advisor, tmp_path: Path) -> None:
    first, second = advisor("demo", "one"), advisor("demo", "two")
    assert first.out == second.out
    written = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.gz"))
    assert written
    for path in written:
        assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes()


def test_demo_again_in_the_same_folder_gives_the_same_answer(advisor: Advisor) -> None:
    assert advisor("demo", "one").out == advisor("demo", "one").out


def test_demo_never_replaces_a_configuration_that_is_not_its_own(advisor: Advisor, folder: Path) -> None:
    before = (folder / "advisor.toml").read_text()
    ran = advisor("demo", ".")
    assert ran.code == 2
    assert "not a demo's configuration" in ran.err
    assert (folder / "advisor.toml").read_text() == before


def test_every_command_answers_the_sample_in_every_format(advisor: Advisor) -> None:
    advisor("demo", "sample")
    for arguments in (
        ("check", "--format", "markdown"),
        ("check", "--format", "html"),
        ("report",),
        ("usage",),
        ("usage", "--by", "day", "--format", "csv"),
        ("explain", "extract"),
        ("explain", "copilot"),
        ("explain", "summaries"),
    ):
        ran = advisor(*arguments, "--no-sync", "--config", "sample")
        assert ran.code == 0, (arguments, ran.err)
        assert ran.out.endswith("\n")
        assert len(ran.out) > 200


def test_an_explanation_of_a_compared_workload_walks_the_whole_way_back(advisor: Advisor) -> None:
    advisor("demo", "sample")
    ran = advisor("explain", "extract", "--no-sync", "--config", "sample")
    headings = [line for line in ran.out.splitlines() if line and not line.startswith((" ", "advisor explain"))]
    assert headings == [
        "Verdict", "Gates", "The rule, with this month's numbers", "Invoice",
        "The same tokens elsewhere, at list price", "Throughput of the chosen plan", "Demand on it", "Plans",
        "Runners-up", "Terms of its GPUs, side by side", "What would turn it, for the rule's plan", "How sure",
        "Assumed, not measured", "Forecast", "Rows",
    ]  # fmt: skip
