"""What a report remembers, in words and in the document: changes, own GPUs, answers, corrections."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from advisor.contract.slack_limits import MAX_TOTAL
from advisor.domain.answers import AnswerKind
from advisor.domain.change import Variance
from advisor.domain.correction import Correction
from advisor.domain.dedicated import Realized
from advisor.domain.report import Findings
from advisor.domain.units import Money, Month
from advisor.domain.verdict import Reason, State, Verdict
from advisor.reporting.message import message_for, news_key
from advisor.reporting.news import told_once
from advisor.reporting.render import render
from advisor.reporting.schemas import schema
from tests.golden.cases import findings, judged
from tests.unit import builders as a
from tests.unit.own_fleets import answer, committed, followed

CHECK = Draft202012Validator(schema("check"))
SEPTEMBER = Month(2026, 9)


def changed(volume: str, price: str, mix: str, before: str = "100.00") -> Variance:
    after = sum(map(Decimal, (before, volume, price, mix)), Decimal(0))
    return Variance(
        since=SEPTEMBER, before=a.usd(before), after=a.usd(after), volume=a.usd(volume), price=a.usd(price),
        mix=a.usd(mix),
    )  # fmt: skip


def on_own(**changes: Any) -> Verdict:
    own = followed(a.OCTOBER, "7000", "10000", running_cost=a.usd(500), predicted_from=SEPTEMBER, **changes)
    saved = Realized(since=SEPTEMBER, saved=a.usd(5500), months=2, of_months=3)
    return replace(
        judged("chat", "7000"), state=State.STAY, reason=Reason.DEDICATED, followed=own, realized=saved, next_action=""
    )


def corrected(now: Verdict, before: str = "SWITCH", bill: str = "31000") -> Correction:
    return Correction(
        verdict=now, state_before=before, bill_before=Decimal(bill), dedicated_before=None,
        told_at=datetime(2026, 11, 6, tzinfo=UTC), causes=("data: the bill $31,000.00 became $30,240.00",),
    )  # fmt: skip


def text(found: Findings) -> str:
    return " ".join(render(found, "table").split())


def document(found: Findings) -> Any:
    made = json.loads(render(found, "json"))
    assert [error.message for error in CHECK.iter_errors(made)] == []
    return made


def test_a_bill_says_what_it_was_and_why_in_parts_that_add_up_as_printed() -> None:
    found = findings(replace(judged("extract", "30240"), variance=changed("12.00", "-1.25", "0.05")))
    assert "extract: $110.80 after $100.00 in September 2026: volume +$12.00, price -$1.25, mix +$0.05" in text(found)
    assert document(found)["workloads"][0]["change"] == {
        "since": "2026-09",
        **{
            name: {"amount": amount, "currency": "USD"}
            for name, amount in (
                ("before", "100.00"), ("after", "110.80"), ("volume", "12.00"), ("price", "-1.25"), ("mix", "0.05"),
            )
        },
        "differences": [],
    }  # fmt: skip


@pytest.mark.parametrize(("months", "said"), [(1, "1st month of 3"), (2, "2nd month of 3"), (5, "3rd month of 3")])
def test_the_streak_is_said_as_an_ordinal(months: int, said: str) -> None:
    assert f"extract: {said}" in text(findings(judged("extract", "30240", months=months)))


def test_parts_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(AssertionError, match="to the cent"):
        replace(changed("1.00", "0.00", "0.00"), mix=a.usd("0.01"))


def test_a_setting_that_changed_for_all_is_said_once() -> None:
    different = ("config: [policy] months_in_a_row 3 became 2",)
    both = [replace(judged(name, "30240"), differences=different) for name in ("extract", "tags")]
    assert text(findings(*both)).count("config: [policy]") == 1


def test_own_gpus_are_told_beside_prediction_and_serverless() -> None:
    found = findings(on_own())
    said = text(found)
    assert "4 x H100 cost $7,000 (predicted from September 2026: $6,500)" in said
    assert "60 % utilized (predicted from September 2026: 65 %)" in said
    assert "all in $7,500, of that $500 engineering and other costs" in said
    assert "serverless at aws would ask $10,000 for the same" in said
    assert "saved $5,500 since 2026-09, known of 2 of 3 months" in said
    assert "What would flip it" not in said
    assert "¹ of what is on own GPUs already: what they cost this month" in said
    one = document(found)["workloads"][0]
    assert one["own_gpus"]["saved"] == {"amount": "2500.00", "currency": "USD"}
    assert one["own_gpus"]["realized"]["months"] == 2
    assert (one["savings"]["money"], one["chosen_policy"]) == (None, None)


def test_what_is_not_known_of_own_gpus_is_null_and_said() -> None:
    found = findings(on_own(gpu_cost=None, sunk=None, utilization=None, missing=("its cost is not known",)))
    one = document(found)["workloads"][0]["own_gpus"]
    assert (one["cost"]["total"], one["saved"], one["utilization"]) == (None, None, None)
    assert one["missing"] == ["its cost is not known"]
    assert "its cost is not known" in text(found)


def test_what_stays_owed_is_said_with_its_months() -> None:
    own = replace(on_own(), followed=committed(a.OCTOBER, Month(2027, 1)))
    assert "$36,000 stays owed for 3 months, until 2027-01" in text(findings(own))


def test_a_correction_says_both_verdicts_and_bills_and_the_cause() -> None:
    now = replace(judged("extract", "30240"), state=State.WATCH)
    found = replace(findings(now), corrections=(corrected(now),))
    said = text(found)
    assert "extract in October 2026, as told on 2026-11-06; SWITCH is now WATCH:" in said
    assert "bill $31,000.00, now $30,240.00; dedicated plan not known, now $" in said
    assert "data: the bill $31,000.00 became $30,240.00" in said
    (one,) = document(found)["corrections"]
    assert (one["bill_before"]["amount"], one["bill"]["amount"], one["dedicated_before"]) == (
        "31000.00", "30240.00", None,
    )  # fmt: skip


def test_an_answer_and_a_snooze_are_in_the_document_with_their_reasons() -> None:
    moving = answer(AnswerKind.MOVING, (2026, 11, 10), month=Month(2027, 1), reason="ordered", who="kim")
    snooze = answer(AnswerKind.SNOOZED, (2026, 11, 10), until=date(2027, 1, 1))
    told = [
        replace(judged("extract", "30240"), state=State.STAY, next_action="", advised=State.SWITCH, answer=moving),
        replace(judged("tags", "30240"), snooze=snooze),
    ]
    one, two = (each["verdict"] for each in document(findings(*told))["workloads"])
    assert (one["advised"], one["answer"]["month"], one["answer"]["who"]) == ("SWITCH", "2027-01", "kim")
    assert (two["snooze"]["until"], two["answer"], two["advised"]) == ("2027-01-01", None, None)


def test_the_headline_names_what_is_on_the_way_and_does_not_keep_it() -> None:
    moving = replace(judged("extract", "30240"), state=State.STAY, reason=Reason.MOVING, next_action="")
    said = document(findings(moving, judged("rag", "3857", 18e9)))["headline"]
    assert said.startswith("STAY: keep the rest as is. Nearest to a move is rag")
    assert said.endswith("extract is on the way already.")


def test_an_answer_is_no_news_but_the_end_of_a_snooze_is() -> None:
    plain = judged("extract", "30240")
    key = news_key(findings(plain), "box", "recommendation")
    answered = replace(plain, state=State.STAY, advised=State.SWITCH, next_action="")
    assert news_key(findings(answered), "box", "recommendation") == key
    snoozed = [
        replace(plain, snooze=answer(AnswerKind.SNOOZED, (2026, 11, 1), until=until))
        for until in (date(2026, 11, 24), date(2026, 11, 25))
    ]
    over, still = (news_key(findings(verdict), "box", "recommendation") for verdict in snoozed)
    assert still == key
    assert over != key, "the 24th is the first day of messages again"


def test_a_report_is_not_sent_where_its_recommendation_was() -> None:
    found = findings(judged("extract", "30240"))
    report = message_for(found, "box", "text", "report")
    assert told_once([report], found, ()) == [report]
    assert told_once([report], found, {news_key(found, "box", "recommendation")}) == []


def test_a_correction_is_told_under_a_key_of_its_own_where_its_verdicts_were_told_before() -> None:
    now = judged("extract", "30240")
    found = replace(findings(now), corrections=(corrected(now),))
    plain = message_for(found, "box", "text", "recommendation")
    (first,), (again,) = told_once([plain], found, ()), told_once([plain], found, {plain.dedup_key})
    assert (first.kind, again.kind) == ("correction", "correction")
    assert first.dedup_key == plain.dedup_key
    assert again.dedup_key != plain.dedup_key
    assert first.subject.startswith("Correction: ")
    later = replace(found, corrections=(replace(corrected(now), told_at=datetime(2026, 11, 7, tzinfo=UTC)),))
    assert told_once([plain], later, {plain.dedup_key})[0].dedup_key != again.dedup_key


def test_a_message_that_stands_in_for_a_correction_follows_its_key() -> None:
    now = judged("extract", "30240")
    found = replace(findings(now), corrections=(corrected(now),))
    one, two = (message_for(found, name, "text", "recommendation") for name in ("box", "mail"))
    two = replace(two, stands_in_for=one.dedup_key)
    told = told_once([one, two], found, {one.dedup_key, two.dedup_key})
    assert told[1].stands_in_for == told[0].dedup_key != one.dedup_key


def test_slack_is_told_what_changed_and_what_is_corrected_within_its_limits() -> None:
    many = [
        replace(judged(f"workload {number}", "30240"), variance=changed("1.00", "2.00", "3.00")) for number in range(40)
    ]
    found = replace(findings(*many), corrections=tuple(map(corrected, many)))
    body = message_for(found, "slack", "slack", "report").body
    assert "as told on 2026-11-06" in body
    assert "volume +$1.00" in body

    def texts(node: Any) -> int:
        if isinstance(node, dict):
            return sum(len(value) if key == "text" and isinstance(value, str) else texts(value)
                       for key, value in node.items())  # fmt: skip
        return sum(map(texts, node)) if isinstance(node, list) else 0

    assert texts(json.loads(body)["blocks"]) <= MAX_TOTAL


def test_a_recommendation_says_how_to_answer_it_and_nothing_else_does() -> None:
    assert "and answer: advisor ack extract --moving 2026-12, or --declined" in text(
        findings(judged("extract", "30240"))
    )
    assert "advisor ack" not in text(findings(judged("rag", "3857", 18e9)))


def test_a_return_is_a_card_that_slack_takes() -> None:
    back = replace(on_own(), state=State.RETURN, reason=Reason.DEARER, next_action="plan the way back")
    body = json.loads(message_for(findings(back), "slack", "slack", "recommendation").body)
    (card,) = [block for block in body["blocks"] if "fields" in block]
    shown = [field["text"] for field in card["fields"]]
    assert "*Own GPUs*" in shown
    assert "$7,500 all in" in shown
    assert all(shown)
    assert "*Saves*" not in shown


def test_other_currencies_are_named() -> None:
    euros = Money(Decimal("-3.2"), "EUR")
    zero = Money.zero("EUR")
    found = Variance(since=SEPTEMBER, before=zero - euros, after=zero, volume=euros, price=zero, mix=zero)
    assert "volume -EUR 3.20, price EUR 0.00" in text(findings(replace(judged("extract", "30240"), variance=found)))
