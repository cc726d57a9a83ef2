"""Which workloads can be rented GPUs for at all."""

from __future__ import annotations

import pytest

from advisor.domain.assumptions import Workload
from advisor.domain.comparison import Missing, NotCompared
from advisor.market.models import Model
from advisor.projection.eligibility import served
from tests.unit import builders as a


def found(*models_raw: str, serve: str = "", approved_by: str = "") -> Model | NotCompared:
    workload = Workload(name="chat", serve=serve, approved_by=approved_by)
    return served(a.flat_month(1e9, "100", models_raw=models_raw, workload=workload))


def missing(answer: Model | NotCompared) -> tuple[Missing, str]:
    assert isinstance(answer, NotCompared)
    return answer.missing, answer.detail


@pytest.mark.parametrize("raw", ["meta.llama3-1-8b-instruct-v1:0", "meta-llama/Llama-3.1-8B-Instruct"])
def test_an_open_model_is_served_as_itself(raw: str) -> None:
    answer = found(raw)
    assert isinstance(answer, Model)
    assert answer.id == "llama-3.1-8b"


def test_spellings_of_one_model_are_one_model() -> None:
    answer = found("meta.llama3-1-8b-instruct-v1:0", "meta-llama/Llama-3.1-8B-Instruct")
    assert isinstance(answer, Model)


def test_closed_weights_cannot_be_rented_for() -> None:
    assert missing(found("gpt-4o")) == (Missing.CLOSED_WEIGHTS, "gpt-4o has closed weights")


def test_a_substitute_for_closed_weights_needs_somebody_who_accepted_it() -> None:
    what, detail = missing(found("gpt-4o", serve="llama-3.3-70b"))
    assert what is Missing.CLOSED_WEIGHTS
    assert "llama-3.3-70b would stand in for gpt-4o (closed weights)" in detail
    assert "approved_by" in detail
    assert isinstance(found("gpt-4o", serve="llama-3.3-70b", approved_by="ana"), Model)


def test_a_closed_substitute_stays_closed_whoever_approved_it() -> None:
    assert missing(found("meta.llama3-1-8b-instruct-v1:0", serve="gpt-4o", approved_by="ana"))[0] \
        is Missing.CLOSED_WEIGHTS  # fmt: skip


@pytest.mark.parametrize("raw", ["text-embedding-3-small", "amazon.titan-embed-text-v2:0", "cohere.rerank-v3-5:0"])
def test_what_the_throughput_model_does_not_cover_is_said_to_be_what_it_is(raw: str) -> None:
    what, detail = missing(found(raw))
    assert what is Missing.NOT_MODELLED
    assert "which the throughput model does not cover" in detail


def test_an_embedding_model_is_not_served_by_a_text_model_unasked() -> None:
    what, detail = missing(found("text-embedding-3-small", serve="llama-3.1-8b"))
    assert what is Missing.CLOSED_WEIGHTS
    assert "(an embedding model)" in detail


@pytest.mark.parametrize("raw", ["acme/ours", "acme/our-llama-3.1-8b-tuned"])
def test_an_unknown_model_and_a_fine_tune_are_never_taken_for_a_known_one(raw: str) -> None:
    what, detail = missing(found(raw))
    assert what is Missing.UNKNOWN_MODEL
    assert detail.startswith(f"{raw} is ")
    assert 'serve = "..." in its [[workloads]]' in detail


def test_a_fine_tune_is_served_as_the_model_that_it_is_said_to_be() -> None:
    answer = found("acme/our-llama-3.1-8b-tuned", serve="llama-3.1-8b")
    assert isinstance(answer, Model)
    assert answer.id == "llama-3.1-8b"


def test_a_misspelt_serve_is_named() -> None:
    what, detail = missing(found("acme/ours", serve="lama-3.1-8b"))
    assert what is Missing.UNKNOWN_MODEL
    assert "lama-3.1-8b is no model known here" in detail


@pytest.mark.parametrize("other", ["meta.llama3-1-70b-instruct-v1:0", "acme/ours", "gpt-4o"])
def test_of_several_models_none_is_picked(other: str) -> None:
    what, detail = missing(found("meta.llama3-1-8b-instruct-v1:0", other))
    assert what is Missing.UNKNOWN_MODEL
    assert "are several models: say which one would be hosted" in detail


def test_several_closed_models_are_closed() -> None:
    assert missing(found("gpt-4o", "gpt-4o-mini")) == (
        Missing.CLOSED_WEIGHTS,
        "gpt-4o, gpt-4o-mini have closed weights",
    )


def test_a_month_that_names_no_model_is_unknown() -> None:
    assert missing(found())[0] is Missing.UNKNOWN_MODEL
