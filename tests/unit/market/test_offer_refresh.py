"""What a refresh keeps, replaces and refuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from advisor.domain.fleet import Offer
from advisor.market.offer_refresh import Change, Reading, Unread, merged
from tests.unit import builders as a

A100 = "A100-80GB-SXM"


def row(price: str = "1.79", **changes: Any) -> Offer:
    return a.offer(price, gpu=A100, **{"source": "gpuhunt runpod 1", "provider": "runpod", "region": "EU", **changes})


def refreshed(kept: Sequence[Offer], *rows: Offer) -> tuple[set[Offer], Change]:
    """The offers kept from now on, and what changed, after RunPod has listed *rows*."""
    offers, (change,) = merged(kept, [Reading(provider="runpod", feed="gpuhunt", rows=rows)])
    assert len(offers) == len(set(offers))
    return set(offers), change


def counts(change: Change) -> tuple[int, int, int, int]:
    return (change.new, change.changed, change.same, change.gone)


def test_reading_replaces_what_its_provider_listed_before() -> None:
    old = [row("1.79"), row("1.99", region="US"), row("2.49", gpus=8)]
    now = [row("1.89"), row("1.99", region="US"), row("1.19", commitment="spot")]
    offers, change = refreshed(old, *now)
    assert offers == set(now)
    assert counts(change) == (1, 1, 1, 1)
    assert not change.failed


def test_rows_of_other_providers_feeds_and_hands_stay() -> None:
    others = [row(provider="verda"), row(source="AWS price list 1"), row(source="my own note")]
    offers, change = refreshed(others, row())
    assert offers == {*others, row()}
    assert counts(change) == (1, 0, 0, 0)


def test_cheapest_instance_stands_for_a_node() -> None:
    offers, _ = refreshed([], row("2.10", instance="large"), row("1.79", instance="small"))
    assert offers == {row("1.79", instance="small")}


def test_price_that_cannot_be_believed_is_refused_and_the_row_it_would_replace_stays() -> None:
    offers, change = refreshed([row("1.79"), row("1.99", region="US")], row("0.02"), row("1.89", region="US"))
    assert offers == {row("1.79"), row("1.89", region="US")}
    assert counts(change) == (0, 1, 0, 0)
    ((refused, reason),) = change.refused
    assert refused == row("0.02")
    assert reason.startswith("outside $0.42 to $14.33")


def test_refused_instance_does_not_keep_a_sound_one_of_its_node_out() -> None:
    offers, change = refreshed([row("1.79")], row("0.02", instance="small"), row("1.89", instance="large"))
    assert offers == {row("1.89", instance="large")}
    assert (counts(change), len(change.refused)) == ((0, 1, 0, 0), 1)


@pytest.mark.parametrize(
    ("rows", "why"),
    [([], "it lists no GPU known here"), ([row("0.02"), row("0.03", gpus=8)], "none of its prices can be believed")],
)
def test_provider_that_lists_nothing_to_believe_keeps_its_rows_and_counts_as_failed(
    rows: list[Offer], why: str
) -> None:
    kept = [row("1.79"), row("1.99", region="US")]
    offers, change = refreshed(kept, *rows)
    assert offers == set(kept)
    assert (change.failed, counts(change), len(change.refused)) == (why, (0, 0, 0, 0), len(rows))


def test_provider_that_was_not_read_keeps_its_rows_beside_one_that_was() -> None:
    kept = [row("1.79"), row("0.99", provider="verda")]
    offers, changes = merged(
        kept,
        [
            Unread(provider="runpod", feed="gpuhunt", reason="no answer"),
            Reading(provider="verda", feed="gpuhunt", rows=(row("1.09", provider="verda"),)),
        ],
    )
    assert set(offers) == {row("1.79"), row("1.09", provider="verda")}
    assert [(change.provider, change.failed) for change in changes] == [("runpod", "no answer"), ("verda", "")]
