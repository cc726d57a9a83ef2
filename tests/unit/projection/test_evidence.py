"""An estimate carries a plan only where nothing is measured; where it promises more, it is named and not taken."""

from __future__ import annotations

from dataclasses import replace

from advisor.decision.states import fold
from advisor.domain.comparison import Comparison
from advisor.domain.fleet import Grade, Profile
from advisor.domain.verdict import State
from advisor.projection.compare import compare
from tests.unit import builders as a

SLOW, FAST = a.profile(5_000, grade=Grade.PUBLISHED), a.profile(50_000, grade=Grade.ESTIMATE, gpu="H100-80GB-SXM")
OFFERS = [a.offer("2.00"), a.offer("2.00", gpu="H100-80GB-SXM")]


def weighed(*profiles: Profile) -> Comparison:
    found = compare(a.flat_month(30e9, "60000"), offers=OFFERS, profiles=profiles, fleet=a.fleet(), policy=a.policy())
    assert isinstance(found, Comparison)
    return found


def test_an_estimate_never_displaces_a_measurement() -> None:
    found = weighed(SLOW, FAST)
    assert found.chosen.profile is SLOW
    assert found.equivalent.profile is SLOW
    assert found.unmeasured
    assert found.unmeasured.profile is FAST
    assert found.unmeasured.cost.total < found.chosen.cost.total


def test_a_dearer_estimate_is_not_worth_a_word() -> None:
    assert weighed(SLOW, replace(FAST, total_tokens_per_second=1_000.0)).unmeasured is None


def test_where_nothing_is_measured_the_estimate_is_the_plan_and_the_next_step_is_to_measure() -> None:
    found = weighed(FAST)
    assert found.chosen.profile is FAST
    assert found.unmeasured is None
    verdict = fold(a.consecutive([found] * 3), a.policy(), a.ABLE_TEAM)[-1]
    assert verdict.state is State.SWITCH
    assert verdict.next_action == "measure before you move: advisor profiles recipe chat"
