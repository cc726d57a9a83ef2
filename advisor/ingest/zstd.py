"""Checks that a zstd file is whole, by walking its frames without unpacking them."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from advisor.contract.files import ZSTD, UnreadableError


def check_frames(file: Path) -> None:
    """Raise UnreadableError where *file* ends inside a frame: the engine reads such a file to its end without a word.

    The layout of frames and blocks is RFC 8878, section 3.1.
    """
    try:
        with file.open("rb") as opened:
            while magic := opened.read(4):
                if magic == ZSTD:
                    _walk(opened)
                elif len(magic) == 4 and magic[0] & 0xF0 == 0x50 and magic[1:] == b"\x2a\x4d\x18":
                    _skip(opened, int.from_bytes(_take(opened, 4), "little"))
                else:
                    raise EOFError("no zstd frame begins where one should")
    except (EOFError, OSError) as error:
        raise UnreadableError(f"{file} is damaged: {error}", "fetch it again") from error


def _walk(opened: BinaryIO) -> None:
    descriptor = _take(opened, 1)[0]
    single_segment = bool(descriptor & 0x20)
    content_size = (1 if single_segment else 0, 2, 4, 8)[descriptor >> 6]
    _take(opened, (0 if single_segment else 1) + (0, 1, 2, 4)[descriptor & 3] + content_size)
    last = False
    while not last:
        header = int.from_bytes(_take(opened, 3), "little")
        last, run_length = bool(header & 1), (header >> 1) & 3 == 1
        _skip(opened, 1 if run_length else header >> 3)
    _take(opened, 4 if descriptor & 4 else 0)


def _take(opened: BinaryIO, size: int) -> bytes:
    taken = opened.read(size)
    if len(taken) < size:
        raise EOFError("it ends in the middle of a zstd frame")
    return taken


def _skip(opened: BinaryIO, size: int) -> None:
    if size:
        opened.seek(size - 1, 1)
        _take(opened, 1)
