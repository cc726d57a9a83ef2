"""How far latency targets let a replica be filled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.domain.fleet import Grade, Profile
from advisor.market.latency import SloInfeasible, allowed_utilization, reading_speed


def replica(gpu: str, precision: str) -> Profile:
    return Profile(
        model="llama-3.1-8b", gpu=gpu, tensor_parallel=1, precision=precision, grade=Grade.OWN, source="a load test",
        total_tokens_per_second=10_000.0,
    )  # fmt: skip


CONVERSATION = (1155.0, 211.0)


@pytest.mark.parametrize(
    ("slo", "allowed"), [("chat", 0.70), ("server", 0.88), ("interactive", 0.55), ("batch", 0.95), ("", 0.95)]
)
def test_conversations_may_fill_a_replica_as_far_as_its_preset_was_met(slo: str, allowed: float) -> None:
    assert allowed_utilization(slo, *CONVERSATION, 0.95) == allowed


def test_a_preset_never_raises_the_configured_utilization() -> None:
    assert allowed_utilization("server", *CONVERSATION, 0.60) == 0.60
    assert allowed_utilization("batch", *CONVERSATION, 0.60) == 0.60


def test_prompts_of_four_thousand_tokens_need_four_replicas_for_the_whole_utilization() -> None:
    assert [allowed_utilization("chat", 4096, 256, 0.70, replicas=r) for r in (1, 3, 4, 8)] == [0.45, 0.45, 0.70, 0.70]


def test_a_first_token_twice_as_late_allows_a_prompt_twice_as_long() -> None:
    assert allowed_utilization("server", 8192, 256, 0.70) == 0.45
    assert allowed_utilization("server", 8192, 256, 0.70, replicas=4) == 0.70
    assert allowed_utilization("chat", 4096, 256, 0.70) == 0.45


@pytest.mark.parametrize(("slo", "input_length"), [("chat", 8192), ("interactive", 4096), ("server", 16_384)])
def test_prompts_that_use_up_the_first_token_limit_are_infeasible_at_any_utilization(
    slo: str, input_length: float
) -> None:
    found = allowed_utilization(slo, input_length, 256, 0.70, replicas=100)
    assert isinstance(found, SloInfeasible)
    assert f"{input_length:,}" in found.reason
    assert "faster GPU" in found.reason


def test_a_replica_that_reads_faster_meets_the_limit_with_longer_prompts() -> None:
    assert allowed_utilization("chat", 8192, 256, 0.70, reading_speed=4.0) == 0.70
    faster = reading_speed(replica("H100-80GB-SXM", "fp8"), 8192)
    assert faster is not None
    assert 1979 / 312 * 0.5 < faster < 1979 / 312
    assert reading_speed(replica("A100-80GB-SXM", "bf16"), 8192) == 1.0
    assert reading_speed(replica("T4-16GB", "bf16"), 8192) is None


def test_long_prompts_with_very_short_answers_come_in_lumps() -> None:
    assert allowed_utilization("chat", 2048, 28, 0.70) == 0.45
    assert allowed_utilization("chat", 2048, 28, 0.70, replicas=4) == 0.70
    assert allowed_utilization("chat", 2048, 256, 0.70) == 0.70


def test_a_preset_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="presets: chat, server, interactive, batch"):
        allowed_utilization("fast", *CONVERSATION, 0.70)


@given(
    slo=st.sampled_from(["", "chat", "server", "interactive", "batch"]),
    into=st.floats(1, 1e5),
    out=st.floats(1, 1e4),
    utilization=st.floats(0.05, 1),
    replicas=st.integers(1, 64),
)
def test_more_replicas_never_allow_less(slo: str, into: float, out: float, utilization: float, replicas: int) -> None:
    few, more = (
        allowed_utilization(slo, into, out, utilization, replicas=number) for number in (replicas, 2 * replicas)
    )
    if isinstance(few, SloInfeasible) or isinstance(more, SloInfeasible):
        assert few == more
    else:
        assert 0 < few <= more <= utilization
