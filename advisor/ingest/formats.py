"""Tells how a log file is written: CSV, JSON in three layouts, or Parquet; packed or not; in which encoding."""

from __future__ import annotations

import gzip
import shutil
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from advisor.contract.files import Compression, Look, UnreadableError, encoding_of, look, open_text
from advisor.ingest.layouts import HEAD_RECORDS, Layout, Place, text_layout
from advisor.ingest.zstd import check_frames

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MAX_OBJECT_BYTES = 16_777_216
BLOCK_BYTES = 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFile:
    """One file and how it is written.

    `read_from` is where the engine reads: the file itself, or a copy in UTF-8. `columns` are its columns, each with
    its place in a record: all of them in a table, those seen in the head of a JSON log. `kinds` are the types of a
    table's columns, as the engine names them.
    """

    path: Path
    read_from: str
    layout: Layout
    compression: Compression = "none"
    encoding: str = "utf-8"  # of the file; a copy is UTF-8
    delimiter: str = ""
    columns: Mapping[str, Place] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    copied: bool = False

    @property
    def table(self) -> bool:
        """Whether `columns` are all that there are."""
        return self.layout in ("csv", "parquet")


def recognise(file: Path, engine: DuckDBPyConnection, scratch: Path) -> LogFile | None:
    """How *file* is written; None where it is empty. Raises UnreadableError naming it and what can be read.

    A packed file is checked to its end: the engine reads a damaged one without a word.
    """
    seen = look(file)
    ending = check_gzip(file) if seen.compression == "gzip" else b""
    if seen.compression == "zstd":
        seen = _unpack_head(file, engine)
    if seen.empty:
        return None
    found = LogFile(path=file, read_from=_plain_name(file, scratch), layout="parquet", compression=seen.compression)
    if seen.parquet:
        return _parquet(found, engine)
    found = replace(found, encoding=seen.encoding, **text_layout(seen.head))
    # The engine takes a blank line above a header for the header; and lines are named by their line feeds.
    odd = found.layout == "csv" and (seen.head[0] in "\r\n" or "\n" not in seen.head)
    plain = seen.encoding in ("utf-8", "utf-8-sig") and not odd
    found = found if plain or seen.compression == "zstd" else in_utf8(found, scratch)
    if found.layout == "array" and found.compression != "zstd":
        _check_array(found, ending if found.compression == "gzip" else _ending(Path(found.read_from)))
    return found


def in_utf8(file: LogFile, scratch: Path) -> LogFile:
    """The same log as a copy in UTF-8, a table with one kind of line end and no blank lines above its header.

    Raises UnreadableError.
    """
    copy = _fresh(scratch, ".txt")
    look_alike = Look(compression=file.compression, encoding=file.encoding)
    try:
        with open_text(file.path, look_alike) as text, copy.open("w", encoding="utf-8", newline="\n") as out:
            if file.layout == "csv":
                text.reconfigure(newline=None)
                out.write(next((line for line in text if line.strip()), "").removeprefix("\ufeff"))
            shutil.copyfileobj(text, out, BLOCK_BYTES)
    except (OSError, EOFError, UnicodeError, zlib.error) as error:
        raise UnreadableError(f"{file.path} is damaged: {error}", "fetch it again, or convert it to UTF-8") from error
    return replace(file, read_from=str(copy), compression="none", copied=True)


def check_gzip(file: Path) -> bytes:
    """The last bytes that *file* unpacks to. Raises UnreadableError where it is not whole.

    The engine takes no notice of checksums; reading a file once more costs a tenth of the scan.
    """
    ending = b""
    try:
        with gzip.open(file) as unpacked:
            while block := unpacked.read(BLOCK_BYTES):
                ending = (ending + block).rstrip()[-1:]
            return ending
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableError(f"{file} is damaged: {error}", "fetch it again; nothing of it is counted") from error


def _ending(file: Path) -> bytes:
    with file.open("rb") as opened:
        opened.seek(max(0, file.stat().st_size - BLOCK_BYTES))
        return opened.read().rstrip()[-1:]


def _check_array(file: LogFile, ending: bytes) -> None:
    # The engine takes an array that ends after a comma for a whole one.
    if ending != b"]":
        raise UnreadableError(
            f"{file.path} is damaged: its list has no end", "fetch it again; nothing of it is counted"
        )


def _plain_name(file: Path, scratch: Path) -> str:
    """A name that the engine does not take for a glob."""
    if not set("*?[]") & set(str(file)):
        return str(file)
    link = _fresh(scratch, file.suffix)
    link.symlink_to(file.resolve())
    return str(link)


def _fresh(scratch: Path, suffix: str) -> Path:
    return scratch / f"{uuid4().hex}{suffix}"


def _unpack_head(file: Path, engine: DuckDBPyConnection) -> Look:
    import duckdb

    check_frames(file)
    try:
        rows = engine.execute(f"SELECT line FROM {lines_sql(str(file), 'zstd')} LIMIT {HEAD_RECORDS}").fetchall()
    except duckdb.Error as error:
        raise UnreadableError(f"{file} cannot be read: {first_line(error)}", "fetch it again, or unpack it") from error
    raw = "\n".join(line or "" for (line,) in rows).encode()
    if not raw.strip():
        return Look(compression="zstd", empty=True)
    return Look(compression="zstd", encoding=encoding_of(raw, file), head=raw.decode().removeprefix("\ufeff"))


def lines_sql(read_from: str, compression: Compression) -> str:
    """SQL of a text file's lines that are not blank, as they stand."""
    return (
        f"(SELECT line FROM read_csv([{quoted(read_from)}], columns = {{'line': 'VARCHAR'}}, auto_detect = false, "
        f"header = false, delim = '\x1f', quote = '', escape = '', strict_mode = false, "
        f"compression = {quoted(compression)}, max_line_size = {MAX_OBJECT_BYTES}) WHERE trim(line) <> '')"
    )


def _parquet(found: LogFile, engine: DuckDBPyConnection) -> LogFile:
    import duckdb

    try:
        described = engine.execute(
            f"DESCRIBE SELECT * FROM read_parquet([{quoted(found.read_from)}], hive_partitioning = false)"
        ).fetchall()
    except duckdb.Error as error:
        raise UnreadableError(f"{found.path} is damaged: {first_line(error)}", "fetch it again") from error
    columns = {".".join(place): place for name, kind, *_ in described for place in _leaves((name,), kind)}
    return replace(found, columns=columns, kinds=tuple(kind for _, kind, *_ in described))


def _leaves(place: Place, kind: str) -> list[Place]:
    import duckdb

    if not kind.startswith("STRUCT(") or kind.endswith("]"):
        return [place]
    return [leaf for key, inner in duckdb.sqltype(kind).children for leaf in _leaves((*place, key), str(inner))]


def quoted(text: str) -> str:
    """*text* as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
