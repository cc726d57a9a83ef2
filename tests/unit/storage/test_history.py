"""Nothing that a source once said is lost: former values go to the history, with the time they were replaced."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from advisor.contract.store import Store
from advisor.contract.testing.store_values import ALWAYS, AT, LATER, bucket, charge, october, pull_of
from advisor.domain.facts import PullStatus
from advisor.errors import StorageError
from advisor.storage import open_store

USAGE = "SELECT start, output, requests, replaced_at FROM usage_history ORDER BY id"
COST = "SELECT start, nanos, final, replaced_at FROM cost_history ORDER BY id"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(str(tmp_path / "advisor.db"))) as opened:
        yield opened


def rows(folder: Path, query: str) -> list[tuple[int | None, ...]]:
    with closing(sqlite3.connect(folder / "advisor.db")) as reader:
        return reader.execute(query).fetchall()


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def test_a_restated_and_a_vanished_bucket_keep_their_former_values(tmp_path: Path, store: Store) -> None:
    store.replace(pull_of([bucket(1, requests=7), bucket(2, october(2)), bucket(3, october(3))], [charge("1.5")]))
    assert rows(tmp_path, USAGE) == rows(tmp_path, COST) == []
    store.replace(pull_of([bucket(10), bucket(3, october(3))], [charge("1.5", final=True)], pulled_at=LATER))
    assert rows(tmp_path, USAGE) == [
        (seconds(october(1)), 1, 7, seconds(LATER)),
        (seconds(october(2)), 2, None, seconds(LATER)),
    ]
    assert rows(tmp_path, COST) == [(seconds(october(1)), 1_500_000_000, None, seconds(LATER))]


def test_each_restatement_adds_one_row(tmp_path: Path, store: Store) -> None:
    for output in (1, 2, 2, 3):
        store.replace(pull_of([bucket(output)], pulled_at=AT))
    assert [row[1] for row in rows(tmp_path, USAGE)] == [1, 2]


def test_a_refused_pull_leaves_no_trace(tmp_path: Path, store: Store) -> None:
    store.replace(pull_of([bucket(1)]))
    with pytest.raises(StorageError):
        store.replace(pull_of([bucket(2)], [charge("1e30")]))
    assert rows(tmp_path, USAGE) == []
    assert len(rows(tmp_path, "SELECT id FROM pull")) == 1
    assert store.replace(pull_of([bucket(2)], status=PullStatus.PARTIAL)).changed == 1


def test_a_snapshot_cannot_be_written(store: Store) -> None:
    with store.snapshot() as still:
        with pytest.raises(StorageError, match="snapshot"):
            still.replace(pull_of([bucket(1)]))
        with still.snapshot() as nested:
            assert nested.usage(ALWAYS) == []
    assert store.usage(ALWAYS) == []
