"""The document of `advisor check --format json`: `advisor.check/1`.

Every object is always there; what is unknown or not computed in this version is null inside it. An infeasible plan has
null in place of its offer, profile, demand and cost.
"""

from __future__ import annotations

from advisor.domain.comparison import BreakEven, Comparison
from advisor.domain.report import Findings
from advisor.domain.usage import WorkloadUsage
from advisor.domain.verdict import State, Verdict
from advisor.reporting.compose import compose
from advisor.reporting.fields import Json, day, exact, finite, moment, source, total
from advisor.reporting.forecast_json import forecast
from advisor.reporting.memory_json import answer, change, correction, own_gpus
from advisor.reporting.odds_json import savings_spread, tornado
from advisor.reporting.plans_json import feasible, plans
from advisor.reporting.portfolio_json import portfolio
from advisor.reporting.sections import next_action
from advisor.reporting.terms_json import terms

SCHEMA = "advisor.check/1"


def check_document(findings: Findings) -> dict[str, Json]:
    """The findings as JSON values, ready for `json.dumps(..., allow_nan=False)`."""
    return {
        "schema": SCHEMA,
        "generated_at": moment(findings.generated_at),
        "month": str(findings.month),
        "month_closed": findings.month_closed,
        "currency": findings.currency,
        "headline": compose(findings).headline,
        "sources": [source(report) for report in findings.sources],
        "workloads": [_workload(findings, verdict) for verdict in findings.verdicts],
        "portfolio": portfolio(findings),
        "corrections": [correction(one) for one in findings.corrections],
        "issues": [
            {"severity": issue.severity.value, "source": issue.source or None, "message": issue.message}
            for issue in findings.issues
        ],
    }


def _workload(findings: Findings, verdict: Verdict) -> dict[str, Json]:
    usage, found = verdict.usage, None if verdict.followed else verdict.comparison
    return {
        "name": usage.workload.name,
        "serve": usage.workload.serve or None,
        "serving": usage.workload.serving,
        "models_raw": list(usage.models_raw),
        "eligible": verdict.state is not State.INELIGIBLE,
        "bill_share": findings.bill_share(verdict),
        "usage": _usage(usage),
        "serverless": _serverless(usage, found),
        "not_buyable": total(found.not_buyable) if found else None,
        "plans": plans(findings.fleet.policies, verdict),
        "alternatives": [feasible(plan, found) for plan in (*found.alternatives, *filter(None, [found.unmeasured]))]
        if found
        else [],
        "terms": terms(found),
        "chosen_policy": found.chosen.policy if found else None,
        "savings": {
            "money": total(found.savings) if found else None,
            "ratio": finite(found.savings_ratio) if found else None,
            **savings_spread(found),
        },
        "payback_months": finite(found.payback_months) if found else None,
        "probability_cheaper": finite(found.probability_cheaper) if found else None,
        "tornado": tornado(found),
        "engineering_hours": finite(found.engineering_hours) if found else None,
        "break_even": _break_even(found.break_even if found else None),
        "forecast": forecast(verdict.forecast),
        "change": change(verdict),
        "own_gpus": own_gpus(verdict),
        "verdict": _verdict(verdict),
    }


def _usage(usage: WorkloadUsage) -> dict[str, Json]:
    """Counts over the covered days; null where no day is covered, for nothing is then known."""
    known = usage.days_covered > 0
    tokens = usage.tokens
    return {
        "requests": usage.requests if known else None,
        "input_tokens": tokens.input if known else None,
        "cache_read_tokens": tokens.cache_read if known else None,
        "cache_write_tokens": tokens.cache_write if known else None,
        "output_tokens": tokens.output if known else None,
        "days_covered": usage.days_covered,
        "days_in_month": usage.month.day_count,
    }


def _serverless(usage: WorkloadUsage, found: Comparison | None) -> dict[str, Json]:
    """The bill. `reconciliation.drift_ratio` is of tokens: (billed - counted) / billed of two overlapping sources."""
    drift = usage.reconciliation
    return {
        "cost": total(usage.cost),
        "avoidable": total(found.avoidable) if found else None,
        "basis": usage.cost_basis.value if usage.cost_basis else None,
        "price_per_million_tokens": exact(usage.price_per_million),
        "problem": usage.cost_problem or None,
        "reconciliation": {
            "billed": total(usage.billed),
            "estimated": total(usage.estimated),
            "drift_ratio": drift.drift_ratio if drift else None,
            "billed_source": drift.billed_source if drift else None,
            "counted_source": drift.counted_source if drift else None,
            "billed_tokens": drift.billed_tokens if drift else None,
            "counted_tokens": drift.counted_tokens if drift else None,
            "worst_day": day(drift.worst_day.day) if drift and drift.worst_day else None,
            "worst_day_drift_ratio": drift.worst_day.ratio if drift and drift.worst_day else None,
        },
        "alternatives": [
            {
                "host": one.host,
                "tier": one.tier,
                "model_raw": one.model_raw,
                "cost": total(one.cost),
                "allowed": one.allowed,
                "source": one.source or None,
                "checked_on": day(one.checked_on),
            }
            for one in (found.elsewhere if found else ())
        ],
    }


def _break_even(found: BreakEven | None) -> dict[str, Json]:
    """Of the `equivalent` plan; `throughput` is tokens a second of one replica, `distance` a monthly bill."""
    return {
        "never": found.never if found else None,
        "never_because": (found.never_because or None) if found else None,
        "first_tokens": finite(found.first_tokens) if found else None,
        "permanent_tokens": finite(found.permanent_tokens) if found else None,
        "price_per_million_tokens": exact(found.price_per_million) if found else None,
        "utilization": finite(found.utilization) if found else None,
        "throughput": finite(found.throughput_tokens_per_second) if found else None,
        "gpu_hour_price": exact(found.gpu_hour_price) if found else None,
        "distance": total(found.distance) if found else None,
    }


def _verdict(verdict: Verdict) -> dict[str, Json]:
    """`reason` is a stable code, `reason_text` what is printed; `blocked_by` and `gates` name gates by code. `rests_on`
    says which plan is weighed: the workload's alone, with the whole of the shared cost."""
    return {
        "state": verdict.state.value,
        "previous": verdict.previous.value if verdict.previous else None,
        "reason": verdict.reason.value,
        "reason_text": verdict.reason_text,
        "rests_on": "alone" if verdict.comparison else None,
        "streak": verdict.streak,
        "leaning": verdict.leaning.value if verdict.leaning else None,
        "blocked_by": [gate.value for gate in verdict.blocked_by],
        "gates": [{"gate": one.gate.value, "met": one.met, "detail": one.detail} for one in verdict.gates],
        "next_action": next_action(verdict) or None,
        "advised": verdict.advised.value if verdict.advised else None,
        "answer": answer(verdict.answer),
        "snooze": answer(verdict.snooze),
    }
