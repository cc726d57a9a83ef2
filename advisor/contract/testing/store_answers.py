"""What every store promises of answers to recommendations."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from advisor.contract.store import Store
from advisor.contract.testing.store_values import LATER, OCTOBER, answer, decision
from advisor.domain.answers import AnswerKind
from advisor.errors import StorageError

NOT_UNICODE = "\ud800"


class AnswersKit:
    """The promises of `Store.answer` and `Store.answers`. The fixture `store` is that of the other kits."""

    def open_store(self, folder: Path) -> Store:
        """The store kept in *folder*, created where it is not there yet."""
        raise NotImplementedError

    def test_answers_come_back_whole_in_the_order_in_which_they_were_given(self, store: Store) -> None:
        given = [
            answer(AnswerKind.SNOOZED, until=date(2027, 1, 15)),
            answer(AnswerKind.MOVING, month=OCTOBER.plus(2), reason="", who=""),
            answer(AnswerKind.RETURNING, month=OCTOBER.plus(9), at=LATER, workload="search"),
            answer(reason="naïve, 漢字", at=LATER),
        ]
        for one in given:
            store.answer(one)
        assert store.answers() == given
        assert store.answers("chat") == [given[0], given[1], given[3]]
        assert store.answers("nobody") == []

    def test_the_same_answer_given_twice_is_kept_twice(self, store: Store) -> None:
        store.answer(answer())
        store.answer(answer())
        assert store.answers() == [answer(), answer()]

    def test_an_answer_outlives_the_program_that_took_it_and_changes_no_decision(
        self, tmp_path: Path, store: Store
    ) -> None:
        store.decide([decision()], [], LATER)
        store.answer(answer())
        other = self.open_store(tmp_path)
        assert (other.answers(), other.decisions()) == ([answer()], [decision()])
        other.close()

    def test_a_snapshot_sees_the_answers_of_its_moment(self, tmp_path: Path, store: Store) -> None:
        other = self.open_store(tmp_path)
        with store.snapshot() as still:
            other.answer(answer())
            assert still.answers() == []
        assert store.answers() == [answer()]
        other.close()

    def test_an_answer_that_cannot_be_kept_is_refused_whole(self, store: Store) -> None:
        with pytest.raises(StorageError, match="Unicode"):
            store.answer(answer(reason=NOT_UNICODE))
        assert store.answers() == []
