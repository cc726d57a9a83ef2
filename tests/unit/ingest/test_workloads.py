"""Which workload each model id belongs to."""

from __future__ import annotations

from advisor.domain.assumptions import Workload
from advisor.domain.report import Severity
from advisor.ingest.workloads import assign

LLAMA, LLAMA_US = "meta.llama3-1-8b-instruct-v1:0", "us.meta.llama3-1-8b-instruct-v1:0"
GPT = "gpt-4o-2024-08-06"


def test_without_configured_workloads_there_is_one_for_each_canonical_model() -> None:
    assigned = assign([], [("logs", LLAMA), ("logs", LLAMA_US), ("logs", GPT), ("other", LLAMA)])
    assert {workload.name for workload in assigned.of.values()} == {"llama-3.1-8b", "gpt-4o"}
    assert assigned.of["logs", LLAMA] is assigned.of["other", LLAMA]
    assert assigned.of["logs", LLAMA].serve == "llama-3.1-8b"
    assert assigned.issues == ()


def test_the_first_glob_in_file_order_wins_whatever_its_case_raw_or_canonical() -> None:
    first = Workload(name="first", models=("META.llama3-1-8b-*",))
    second = Workload(name="second", models=("llama-3.1-*",))
    assigned = assign([first, second], [("logs", LLAMA), ("logs", LLAMA_US)])
    assert assigned.of["logs", LLAMA].name == "first"
    assert assigned.of["logs", LLAMA_US].name == "second"


def test_a_glob_that_matches_nothing_names_what_was_seen_and_the_nearest() -> None:
    assigned = assign([Workload(name="chat", models=("meta.llama3-2-*",))], [("logs", LLAMA)])
    (issue,) = assigned.issues
    assert issue.source == "chat"
    assert '"meta.llama3-2-*"' in issue.message
    assert LLAMA in issue.message
    assert assigned.of["logs", LLAMA].name == "llama-3.1-8b", "its traffic is not lost"


def test_a_workload_restricted_to_sources_leaves_the_others_alone() -> None:
    chat = Workload(name="chat", models=("llama-*",), sources=("prod",))
    assigned = assign([chat], [("prod", LLAMA), ("dev", LLAMA)])
    assert assigned.of["prod", LLAMA].name == "chat"
    assert assigned.of["dev", LLAMA].name == "llama-3.1-8b"


def test_a_workload_of_several_models_has_to_say_which_one_would_be_hosted() -> None:
    mixed = Workload(name="mixed", models=("*",))
    assigned = assign([mixed], [("logs", LLAMA), ("logs", GPT)])
    (issue,) = assigned.issues
    assert issue.severity is Severity.ERROR
    assert "serve =" in issue.message
    assert assigned.of["logs", LLAMA].serve == ""
    assert (
        assign([Workload(name="mixed", models=("*",), serve="llama-3.1-8b")], [("logs", LLAMA), ("logs", GPT)]).issues
        == ()
    )


def test_a_workload_that_is_shadowed_by_an_earlier_one_is_told_so() -> None:
    assigned = assign(
        [Workload(name="all", models=("*",), serve="x"), Workload(name="chat", models=("llama-*",))], [("logs", LLAMA)]
    )
    assert ["earlier workload" in issue.message for issue in assigned.issues] == [True]


def test_an_unconfigured_model_never_takes_a_configured_name() -> None:
    assigned = assign([Workload(name="llama-3.1-8b", models=("gpt-*",), serve="x")], [("logs", GPT), ("logs", LLAMA)])
    assert assigned.of["logs", LLAMA].name == "llama-3.1-8b (2)"
