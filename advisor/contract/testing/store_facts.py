"""What every store promises of facts: a re-read changes nothing, a restatement replaces, missing is never zero."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from advisor.contract.store import Coverage, Replaced, Store
from advisor.contract.testing.store_values import (
    ALWAYS,
    AT,
    LATER,
    OCTOBER,
    bucket,
    charge,
    october,
    outputs,
    pull_of,
)
from advisor.domain.facts import Basis, PullStatus, RowProblem, Tokens
from advisor.domain.units import Month, Window
from advisor.domain.usage import UNREPORTED
from advisor.errors import StorageError

MOST = 2**63 - 1


class FactsKit:
    """The promises of `Store.replace` and of what reads it back."""

    def open_store(self, folder: Path) -> Store:
        """The store kept in *folder*, created where it is not there yet."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        opened = self.open_store(tmp_path)
        yield opened
        opened.close()

    def test_a_pull_read_again_changes_nothing(self, store: Store) -> None:
        pull = pull_of([bucket(1), bucket(2, october(1, 1))], [charge("3.50")])
        assert store.replace(pull) == Replaced(added=3, changed=0, removed=0, unchanged=0)
        before = outputs(store.usage(ALWAYS)), store.costs(ALWAYS), store.coverage(ALWAYS)
        assert store.replace(pull) == Replaced(added=0, changed=0, removed=0, unchanged=3)
        assert (outputs(store.usage(ALWAYS)), store.costs(ALWAYS), store.coverage(ALWAYS)) == before

    def test_a_restated_bucket_replaces_the_former(self, store: Store) -> None:
        store.replace(pull_of([bucket(1), bucket(2, october(1, 1))], [charge("3.50")]))
        restated = pull_of([bucket(10), bucket(2, october(1, 1)), bucket(3, october(1, 2))], [charge("4.00")])
        assert store.replace(restated) == Replaced(added=1, changed=2, removed=0, unchanged=1)
        assert sorted(outputs(store.usage(ALWAYS)).values()) == [2, 3, 10]
        assert [cost.amount.amount for cost in store.costs(ALWAYS)] == [Decimal(4)]

    def test_a_count_that_becomes_known_is_a_change(self, store: Store) -> None:
        store.replace(pull_of([bucket(1)]))
        assert store.replace(pull_of([bucket(1, requests=0)])).changed == 1
        assert store.usage(ALWAYS)[0].requests.tolist() == [0]

    def test_an_ok_pull_removes_what_it_does_not_hold_inside_its_window_only(self, store: Store) -> None:
        last_of_september, first_of_november = october(1).replace(month=9, day=30, hour=23), OCTOBER.end
        moments = [last_of_september, october(1), october(31, 23), first_of_november]
        usage, costs = [bucket(1, moment) for moment in moments], [charge("1", moment) for moment in moments]
        store.replace(pull_of(usage, costs, window=ALWAYS))
        assert store.replace(pull_of()) == Replaced(added=0, changed=0, removed=4, unchanged=0)
        kept = [last_of_september, first_of_november]
        assert [start for _, _, start in outputs(store.usage(ALWAYS))] == kept
        assert [cost.start for cost in store.costs(ALWAYS)] == kept
        days = frozenset(moment.date() for moment in kept)
        assert store.coverage(ALWAYS) == {"prod": Coverage(usage_days=days, cost_days=days)}

    def test_a_pull_leaves_other_sources_alone(self, store: Store) -> None:
        store.replace(pull_of([bucket(1)], [charge("1")], source="other"))
        store.replace(pull_of([bucket(2)], [charge("2")]))
        store.replace(pull_of())
        assert outputs(store.usage(ALWAYS)) == {("other", "llama", OCTOBER.start): 1}
        assert [cost.source for cost in store.costs(ALWAYS)] == ["other"]
        assert set(store.coverage(ALWAYS)) == {"other"}

    def test_a_partial_pull_replaces_only_what_it_holds(self, store: Store) -> None:
        store.replace(pull_of([bucket(1), bucket(2, october(2))], [charge("1"), charge("2", october(2))]))
        partial = pull_of([bucket(10), bucket(3, october(3))], status=PullStatus.PARTIAL)
        assert store.replace(partial) == Replaced(added=1, changed=1, removed=0, unchanged=0)
        assert sorted(outputs(store.usage(ALWAYS)).values()) == [2, 3, 10]
        assert len(store.costs(ALWAYS)) == 2
        assert store.coverage(ALWAYS)["prod"] == Coverage(
            usage_days=frozenset({date(2026, 10, 1), date(2026, 10, 2), date(2026, 10, 3)}),
            cost_days=frozenset({date(2026, 10, 1), date(2026, 10, 2)}),
        )

    def test_a_failed_pull_records_only_that_it_failed(self, store: Store) -> None:
        store.replace(pull_of([bucket(1)], [charge("1")]))
        before = outputs(store.usage(ALWAYS)), store.costs(ALWAYS), store.coverage(ALWAYS)
        failed = pull_of([bucket(9)], status=PullStatus.FAILED, pulled_at=LATER, warnings=("no such host",))
        assert store.replace(failed) == Replaced(added=0, changed=0, removed=0, unchanged=0)
        assert (outputs(store.usage(ALWAYS)), store.costs(ALWAYS), store.coverage(ALWAYS)) == before
        assert store.pulls()["prod"].status is PullStatus.FAILED
        assert store.pulls()["prod"].warnings == ("no such host",)

    def test_the_last_good_pull_is_known_behind_later_ones_that_are_not(self, store: Store) -> None:
        store.replace(pull_of([bucket(1)], pulled_at=AT, complete_through=october(1)))
        store.replace(pull_of([bucket(2)], pulled_at=AT, complete_through=october(2)))
        for status in (PullStatus.PARTIAL, PullStatus.FAILED):
            store.replace(pull_of([bucket(3)], pulled_at=LATER, status=status))
        good = store.pulls(PullStatus.OK)["prod"]
        assert (good.status, good.pulled_at, good.complete_through) == (PullStatus.OK, AT, october(2))
        assert store.pulls(PullStatus.PARTIAL)["prod"].status is PullStatus.PARTIAL
        assert store.pulls()["prod"].status is PullStatus.FAILED
        store.replace(pull_of([bucket(3)], source="other", status=PullStatus.FAILED))
        assert set(store.pulls(PullStatus.OK)) == {"prod"}

    def test_a_scope_is_restated_without_its_neighbours(self, store: Store) -> None:
        store.replace(pull_of([bucket(1, scope="a"), bucket(2, scope="b")]))
        store.replace(pull_of([bucket(10, scope="a")], status=PullStatus.PARTIAL))
        assert outputs(store.usage(ALWAYS)) == {("prod", "llama", OCTOBER.start): 10 + 2}

    def test_scopes_become_one_series_that_knows_what_any_of_them_knows(self, store: Store) -> None:
        told = Tokens(uncached_input=5, output=6, cache_read=7)
        facts = [bucket(1, scope="a"), bucket(2, scope="b", tokens=told), bucket(3, october(1, 1), scope="b")]
        store.replace(pull_of(facts))
        (series,) = store.usage(ALWAYS)
        assert series.output.tolist() == [1 + 6, 3]
        assert series.uncached_input.tolist() == [1000 + 5, 1000]
        assert series.cache_read.tolist() == [7, UNREPORTED]
        assert series.cache_write.tolist() == [UNREPORTED, UNREPORTED]

    def test_unreported_stays_unreported_and_zero_stays_zero(self, store: Store) -> None:
        zeros = Tokens(uncached_input=0, output=0, cache_read=0, cache_write=0)
        store.replace(pull_of([bucket(1), bucket(0, october(1, 1), tokens=zeros, requests=0)]))
        (series,) = store.usage(ALWAYS)
        for counts in (series.requests, series.cache_read, series.cache_write):
            assert counts.tolist() == [UNREPORTED, 0]

    def test_the_same_bucket_twice_in_one_pull_adds_up(self, store: Store) -> None:
        assert store.replace(pull_of([bucket(1), bucket(2, requests=3)], [charge("1"), charge("2")])).added == 2
        (series,) = store.usage(ALWAYS)
        assert (series.output.tolist(), series.requests.tolist()) == ([1 + 2], [3])
        assert [cost.amount.amount for cost in store.costs(ALWAYS)] == [Decimal(1 + 2)]

    def test_models_providers_tiers_and_widths_are_series_of_their_own(self, store: Store) -> None:
        changes: list[dict[str, Any]] = [
            {},
            {"model_raw": "x"},
            {"provider": "x"},
            {"tier": "batch"},
            {"width_seconds": 300},
        ]
        store.replace(pull_of([bucket(1, **change) for change in changes]))
        assert len(store.usage(ALWAYS)) == len(changes)
        assert {one.width_seconds for one in store.usage(ALWAYS)} == {300, 3600}

    def test_a_series_is_in_time_order(self, store: Store) -> None:
        store.replace(pull_of([bucket(hour, october(1, hour)) for hour in (5, 0, 3)]))
        store.replace(pull_of([bucket(1, october(1, 1))], status=PullStatus.PARTIAL))
        assert store.usage(ALWAYS)[0].output.tolist() == [0, 1, 3, 5]

    def test_a_window_holds_its_start_and_not_its_end(self, store: Store) -> None:
        moments = [october(1, hour) for hour in range(4)]
        store.replace(pull_of([bucket(1, at) for at in moments], [charge("1", at) for at in moments]))
        window = Window(october(1, 1), october(1, 3))
        assert [start for _, _, start in outputs(store.usage(window))] == moments[1:3]
        assert [cost.start for cost in store.costs(window)] == moments[1:3]
        empty = Window(october(1), october(1))
        assert (store.usage(empty), store.costs(empty), store.coverage(empty)) == ([], [], {})

    def test_counts_up_to_63_bits_are_exact_and_larger_ones_refused_with_the_whole_pull(self, store: Store) -> None:
        store.replace(pull_of([bucket(MOST)]))
        assert store.usage(ALWAYS)[0].output.tolist() == [MOST]
        for facts in ([bucket(MOST + 1)], [bucket(MOST), bucket(1)], [bucket(-1)], [bucket(1, requests=MOST + 1)]):
            with pytest.raises(StorageError) as refused:
                store.replace(pull_of([*facts, bucket(5, october(9))]))
            assert "llama" in refused.value.message
            assert refused.value.hint
        assert outputs(store.usage(ALWAYS)) == {("prod", "llama", OCTOBER.start): MOST}

    @pytest.mark.parametrize(
        ("written", "kept"),
        [
            ("123456789.123456789", "123456789.123456789"),
            ("-0.01", "-0.01"),
            ("0", "0"),
            ("0.0000000005", "0"),
            ("0.0000000015", "0.000000002"),
            ("0.0000000025", "0.000000002"),
            ("-0.0000000015", "-0.000000002"),
            ("1e-9", "0.000000001"),
        ],
    )
    def test_money_is_exact_to_a_billionth_half_even(self, store: Store, written: str, kept: str) -> None:
        store.replace(pull_of([], [charge(written)]))
        assert [cost.amount.amount for cost in store.costs(ALWAYS)] == [Decimal(kept)]

    @pytest.mark.parametrize("amount", ["1e10", "-1e10", "1e40"])
    def test_money_that_does_not_fit_is_refused(self, store: Store, amount: str) -> None:
        with pytest.raises(StorageError, match="does not fit"):
            store.replace(pull_of([], [charge(amount)]))
        assert store.costs(ALWAYS) == []

    def test_charges_come_back_whole_with_their_source(self, store: Store) -> None:
        stated = [
            charge("1", final=None),
            charge("1", final=False, tier="batch", component="cache_read"),
            charge("1", final=True, scope="account 7", basis=Basis.ALLOCATED, provider="azure"),
            charge("1", currency="EUR"),
            charge("-1", october(2), model_raw="modèle 模型"),
        ]
        store.replace(pull_of([], stated))
        back = store.costs(ALWAYS)
        assert len(back) == len(stated)
        assert all(replace(fact, source="prod") in back for fact in stated)

    def test_a_sum_of_charges_is_final_only_if_all_are(self, store: Store) -> None:
        finals = {1: (True, True), 2: (True, None), 3: (True, False), 4: (False, True), 5: (None, None)}
        store.replace(pull_of([], [charge("1", october(day), final=f) for day, both in finals.items() for f in both]))
        assert [cost.final for cost in store.costs(ALWAYS)] == [True, None, False, False, None]

    def test_days_of_usage_and_of_cost_are_kept_apart(self, store: Store) -> None:
        store.replace(pull_of([bucket(1)], [charge("1", october(2))], source="both"))
        quiet = frozenset({date(2026, 10, 3)})
        store.replace(pull_of(source="silent", usage_days=quiet))
        assert store.coverage(OCTOBER.window) == {
            "both": Coverage(usage_days=frozenset({date(2026, 10, 1)}), cost_days=frozenset({date(2026, 10, 2)})),
            "silent": Coverage(usage_days=quiet, cost_days=frozenset()),
        }
        assert store.coverage(Month(2026, 11).window) == {}

    def test_the_last_pull_of_each_source_comes_back_whole(self, store: Store) -> None:
        assert store.pulls() == {}
        store.replace(pull_of(source="other", status=PullStatus.PARTIAL))
        store.replace(pull_of([bucket(1)]))
        last = pull_of(
            [bucket(1)],
            kind="invoice-csv",
            pulled_at=LATER,
            complete_through=october(2),
            rows=12,
            rejected=1,
            problems=(RowProblem(where="usage.csv:17", why="no model"),),
            warnings=("a totals row was left out",),
        )
        store.replace(last)
        assert set(store.pulls()) == {"other", "prod"}
        assert store.pulls()["other"].status is PullStatus.PARTIAL
        assert store.pulls()["other"].complete_through is None
        record = store.pulls()["prod"]
        assert (record.kind, record.window, record.pulled_at) == (last.kind, last.window, LATER)
        assert (record.status, record.complete_through) == (PullStatus.OK, october(2))
        assert (record.rows, record.rejected) == (12, 1)
        assert record.problems == ("usage.csv:17: no model",)
        assert record.warnings == last.warnings

    def test_months_are_those_with_usage_oldest_first(self, store: Store) -> None:
        assert store.months() == ()
        moments = [OCTOBER.end, Month(2025, 12).start, OCTOBER.start, october(31, 23)]
        store.replace(pull_of([bucket(1, at) for at in moments], [charge("1", Month(2027, 1).start)], window=ALWAYS))
        assert store.months() == (Month(2025, 12), OCTOBER, Month(2026, 11))

    def test_facts_outlive_the_program(self, tmp_path: Path) -> None:
        first = self.open_store(tmp_path)
        first.replace(pull_of([bucket(1)], [charge("2")], pulled_at=AT))
        first.close()
        second = self.open_store(tmp_path)
        assert outputs(second.usage(ALWAYS)) == {("prod", "llama", OCTOBER.start): 1}
        assert second.pulls()["prod"].pulled_at == AT
        second.close()
