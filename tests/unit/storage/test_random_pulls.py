"""Any sequence of pulls leaves the store with what a plain dictionary would hold, and counts every change."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.contract.store import Replaced
from advisor.contract.testing.store_values import ALWAYS, OCTOBER, bucket, outputs, pull_of
from advisor.domain.facts import PullStatus
from advisor.domain.units import Window
from advisor.storage import open_store

HOURS = 6


class Read(NamedTuple):
    """One read of a source: hours with their output tokens, and the window that it spoke for."""

    source: str
    status: PullStatus
    first: int
    last: int
    counts: dict[tuple[str, int], int]


def hour(number: int) -> datetime:
    return OCTOBER.start + timedelta(hours=number)


READS = st.builds(
    Read,
    source=st.sampled_from(["prod", "bill"]),
    status=st.sampled_from(PullStatus),
    first=st.integers(0, HOURS - 1),
    last=st.integers(1, HOURS),
    counts=st.dictionaries(
        st.tuples(st.sampled_from(["llama", "qwen"]), st.integers(0, HOURS - 1)), st.integers(0, 3), max_size=6
    ),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(READS, max_size=6))
def test_the_store_holds_what_the_last_reads_said(reads: Sequence[Read]) -> None:
    held: dict[tuple[str, str, datetime], int] = {}
    with TemporaryDirectory() as folder, closing(open_store(str(Path(folder) / "advisor.db"))) as store:
        for read in reads:
            window = Window(hour(min(read.first, read.last)), hour(max(read.first, read.last)))
            said = {(read.source, model, hour(at)): count for (model, at), count in read.counts.items()}
            facts = [bucket(count, start, model_raw=model) for (_, model, start), count in said.items()]
            replaced = store.replace(pull_of(facts, source=read.source, status=read.status, window=window))
            if read.status is PullStatus.FAILED:
                assert replaced == Replaced(added=0, changed=0, removed=0, unchanged=0)
                continue
            gone = {
                key
                for key in held
                if read.status is PullStatus.OK and key[0] == read.source and key[2] in window and key not in said
            }
            assert replaced == Replaced(
                added=len(said.keys() - held.keys()),
                changed=sum(key in held and held[key] != count for key, count in said.items()),
                removed=len(gone),
                unchanged=sum(held.get(key) == count for key, count in said.items()),
            )
            held = {key: count for key, count in {**held, **said}.items() if key not in gone}
            assert outputs(store.usage(ALWAYS)) == held
