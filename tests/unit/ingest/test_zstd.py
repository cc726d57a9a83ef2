"""A zstd file that was cut anywhere is recognised, without unpacking it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from advisor.contract.files import UnreadableError
from advisor.ingest.zstd import check_frames
from tests.unit.ingest.logs import written

SKIPPABLE = b"\x5a\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"notes"
ONE_BYTE_REPEATED = bytes.fromhex("28b52ffd 20 64 23 03 00 61".replace(" ", ""))
"""A frame of one segment, 100 bytes: a last block that repeats 'a'."""


@pytest.fixture
def packed(tmp_path: Path) -> bytes:
    file = tmp_path / "made.zst"
    rows = "SELECT hash(i) AS id, i AS n FROM range(20000) AS r(i)"
    duckdb.execute(f"COPY ({rows}) TO '{file}' (FORMAT json, COMPRESSION zstd)")
    return file.read_bytes()


def test_a_whole_file_passes_in_one_frame_or_more(packed: bytes, tmp_path: Path) -> None:
    for content in (packed, packed + packed, SKIPPABLE + packed + SKIPPABLE, ONE_BYTE_REPEATED, b""):
        check_frames(written(tmp_path / "log.zst", content))


def test_a_file_that_ends_inside_a_frame_is_damaged(packed: bytes, tmp_path: Path) -> None:
    ends = [*range(1, 40), len(packed) // 3, len(packed) // 2, *range(len(packed) - 5, len(packed))]
    for end in ends:
        with pytest.raises(UnreadableError, match=r"log\.zst is damaged"):
            check_frames(written(tmp_path / "log.zst", packed[:end]))
        with pytest.raises(UnreadableError, match="damaged"):
            check_frames(written(tmp_path / "log.zst", packed + packed[:end]))


@pytest.mark.parametrize("end", range(1, len(SKIPPABLE)))
def test_a_cut_skippable_frame_is_damaged(end: int, packed: bytes, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="damaged"):
        check_frames(written(tmp_path / "log.zst", packed + SKIPPABLE[:end]))


def test_what_follows_a_frame_must_be_a_frame(packed: bytes, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="no zstd frame begins"):
        check_frames(written(tmp_path / "log.zst", packed + b"more than four bytes"))
