"""What should be done about a workload, why, and the one next step."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from advisor.domain.answers import Answer
from advisor.domain.change import Variance
from advisor.domain.comparison import Comparison, NotCompared
from advisor.domain.dedicated import Followed, Realized
from advisor.domain.forecast import Forecast
from advisor.domain.usage import WorkloadUsage


class State(StrEnum):
    """The verdicts of design section 3."""

    INELIGIBLE = "INELIGIBLE"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"
    STAY = "STAY"
    WATCH = "WATCH"
    SWITCH_BLOCKED = "SWITCH_BLOCKED"
    SWITCH = "SWITCH"
    RETURN = "RETURN"


class Gate(StrEnum):
    """What stands between a cheaper fleet and a recommendation, in the order in which they are shown."""

    SOURCE = "SOURCE"  # a source is partial or failed
    MONTH_OPEN = "MONTH_OPEN"
    DRIFT = "DRIFT"  # two sources of the same traffic count too different tokens
    MONTHLY_SHAPE = "MONTHLY_SHAPE"  # only monthly totals
    WEAK_OFFER = "WEAK_OFFER"  # undated, community or unsourced GPU price
    CREDIT_PERIOD = "CREDIT_PERIOD"  # saves nothing yet: a commitment keeps the bill owed all the same
    SAVINGS_RATIO = "SAVINGS_RATIO"
    MIN_SAVINGS = "MIN_SAVINGS"
    EQUIVALENT = "EQUIVALENT"  # the 70 % rule is not cheaper
    CHEAPER_SERVERLESS = "CHEAPER_SERVERLESS"  # another allowed host is not beaten by the same margins
    PROBABILITY = "PROBABILITY"
    LOW_END = "LOW_END"  # not cheaper at the low end of the throughput band
    PAYBACK = "PAYBACK"
    PRICE_TODAY = "PRICE_TODAY"  # not cheaper at today's token prices
    STREAK = "STREAK"  # not for enough closed months in a row
    TEAM = "TEAM"  # hours or on-call not there, or not stated


class Reason(StrEnum):
    """Why a verdict is what it is."""

    ALL_GATES_MET = "ALL_GATES_MET"
    STANDING = "STANDING"  # recommended before; the exit rule is not met
    TEAM_NOT_STATED = "TEAM_NOT_STATED"
    TEAM_TOO_SMALL = "TEAM_TOO_SMALL"
    GATE = "GATE"  # cheaper, but the first of `blocked_by` is not met
    SERVERLESS_CHEAPER = "SERVERLESS_CHEAPER"
    CHEAPER_SERVERLESS = "CHEAPER_SERVERLESS"  # a fleet is cheaper than the bill, another allowed host than the fleet
    NO_CLOSED_MONTH = "NO_CLOSED_MONTH"
    MISSING = "MISSING"  # price, profile, offer, rate or usage
    CLOSED_WEIGHTS = "CLOSED_WEIGHTS"
    NOT_MODELLED = "NOT_MODELLED"
    SLO_INFEASIBLE = "SLO_INFEASIBLE"  # no fleet known here meets the latency target
    CROSSING = "CROSSING"  # dearer now, but its volume is likely to reach the gates within six months
    DEDICATED = "DEDICATED"  # already on own GPUs
    MOVING = "MOVING"  # the user said that it moves: not repeated
    MIGRATING = "MIGRATING"  # own GPUs serve it in part: what falls on serverless is no decline
    DECLINED = "DECLINED"  # the user said no, and nothing material has changed since
    COMMITTED = "COMMITTED"  # own GPUs cost more than serverless, but they are owed in any case
    DEARER = "DEARER"  # own GPUs cost more than serverless, month after month
    RETURNING = "RETURNING"  # the user said that it moves back: not repeated


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """One gate of one month: whether it holds and the figures that say so, ready to print."""

    gate: Gate
    met: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Verdict:
    """The advice on one workload for one month.

    `streak` counts the closed months in a row, up to this one, in which every monthly economic gate held.
    `previous` is the verdict on the closed month before, None where there is none. `leaning` says, for a month that is
    not closed, which way its days point so far. `gates` are all gates of the month; `blocked_by` those not met, the
    binding one first. `reason_text` and `next_action` are printed as they are; only STAY has no next action.

    `answer` is the user's where it is the reason; `advised` is then what the rule says without it. `snooze` keeps
    messages of a recommendation, not the recommendation, until its day. `followed` and `realized` are of a month on own
    GPUs. `variance` is of the bill since the last closed month. `differences` are settings and prices that are not as
    they were when the month before was decided, ready to print. `forecast` is made for the month shown and for the
    closed month before it alone.
    """

    basis: Comparison | NotCompared
    state: State
    previous: State | None
    reason: Reason
    reason_text: str
    streak: int
    leaning: State | None
    gates: tuple[GateResult, ...]
    blocked_by: tuple[Gate, ...]
    next_action: str
    advised: State | None = None
    answer: Answer | None = None
    snooze: Answer | None = None
    followed: Followed | None = None
    realized: Realized | None = None
    variance: Variance | None = None
    differences: tuple[str, ...] = ()
    forecast: Forecast | None = None

    @property
    def usage(self) -> WorkloadUsage:
        return self.basis.usage

    @property
    def comparison(self) -> Comparison | None:
        return self.basis if isinstance(self.basis, Comparison) else None
