"""Recognises the files of a scan, checks the mapped columns against theirs, and reads them into the engine."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.contract.files import UnreadableError, unknown_column
from advisor.contract.source import Scan
from advisor.errors import SourceError
from advisor.ingest.formats import LogFile, first_line, in_utf8, recognise
from advisor.ingest.rows import FIELDS, reading_key, rows_sql
from advisor.ingest.scan_faults import FORGET_REJECTS, KEEP_REFUSED, MAKE_REFUSED
from advisor.ingest.scan_records import KEPT, Grammar

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FILES_AT_ONCE = 500


@dataclass(slots=True, kw_only=True)
class Reading:
    """The files of one scan on their way into the engine. `lost` says why a file does not count, and what to do."""

    engine: DuckDBPyConnection
    scratch: Path
    grammar: Grammar
    logs: list[LogFile] = field(default_factory=list)
    empty: list[Path] = field(default_factory=list)
    lost: list[UnreadableError] = field(default_factory=list)

    @property
    def spec(self) -> Scan:
        return self.grammar.spec

    def read(self, files: Sequence[Path]) -> None:
        """Recognise *files*, and read their records into the tables `kept` and `refused`.

        Raises SourceError for a mapped column that no file has, and where no file can be read.
        """
        self._recognise(files)
        unseen = self._unseen_columns()
        self.engine.execute(KEPT)
        self.engine.execute(MAKE_REFUSED)
        read = [log for batch in self._batches() for log in self._insert(batch)]
        order = {file: index for index, file in enumerate(files)}
        self.logs = sorted(read, key=lambda log: order[log.path])
        if self.lost and not self.logs:
            raise SourceError(self.lost[0].message, self.lost[0].hint)
        self._refuse_absent(unseen)

    def _recognise(self, files: Sequence[Path]) -> None:
        columns = self.spec.columns
        needed = {columns.timestamp, columns.input_tokens, columns.output_tokens}
        strangers = []
        for file in files:
            try:
                log = recognise(file, self.engine, self.scratch)
            except UnreadableError as error:
                self.lost.append(error)
                continue
            if not log:
                self.empty.append(file)
            elif log.table and self.spec.shape:
                hint = "export it as JSON, or map it with `columns` and no preset"
                self.lost.append(UnreadableError(f"{log.path} is no JSON", hint))
            elif log.table and not needed & log.columns.keys():
                strangers.append(log)
            else:
                self.logs.append(log)
        if not self.logs:  # then it is the mapping that is wrong, not a note that lies among the logs
            self.logs = strangers
            return
        for log in strangers:
            what = f"{log.path} has none of the mapped columns"
            self.lost.append(UnreadableError(what, "move it elsewhere, or name the logs alone with a glob in `path`"))

    def _unseen_columns(self) -> list[str]:
        """The mapped fields that no file shows. A table shows all its columns, a JSON log those of its head."""
        if self.spec.shape:
            return []
        seen = {name for log in self.logs for name in log.columns}
        unseen = [
            name
            for name in FIELDS
            if (column := getattr(self.spec.columns, name)) and column not in seen and name not in self.spec.optional
        ]
        if unseen and self.logs and all(log.table for log in self.logs):
            raise self._unknown(unseen[0])
        return unseen

    def _refuse_absent(self, unseen: Sequence[str]) -> None:
        """Raise SourceError for a field that no head shows, if no record has it either."""
        for name in unseen:
            queries = (
                f"SELECT count(r_{name}) FROM ({rows_sql(batch, self.spec.columns)})" for batch in self._batches()
            )
            if self._number("SELECT count(*) FROM kept") and not any(map(self._number, queries)):
                raise self._unknown(name)
        self.engine.execute(FORGET_REJECTS)

    def _number(self, query: str) -> int:
        return int(self.engine.execute(query).fetchall()[0][0])

    def _unknown(self, name: str) -> SourceError:
        names = [column for log in self.logs for column in log.columns]
        return unknown_column(getattr(self.spec.columns, name), names, ", ".join(self.spec.paths))

    def _batches(self) -> Iterator[Sequence[LogFile]]:
        """The logs, in groups that one statement can read."""
        groups: dict[tuple[object, ...], list[LogFile]] = defaultdict(list)
        for log in self.logs:
            groups[reading_key(log, self.spec.columns)].append(log)
        for group in groups.values():
            for first in range(0, len(group), FILES_AT_ONCE):
                yield group[first : first + FILES_AT_ONCE]

    def _insert(self, logs: Sequence[LogFile]) -> Iterator[LogFile]:
        """Read files of one key. Nothing of a damaged one is kept: it is found by halving, and lost."""
        import duckdb

        try:
            self.engine.execute(f"INSERT INTO kept {self.grammar.kept_sql(logs)}")
            if logs[0].layout == "csv":
                self.engine.execute(KEEP_REFUSED)
        except duckdb.Error as error:
            if isinstance(error, duckdb.OutOfMemoryException) or "No space left" in str(error):
                hint = "free disk space in the folder for temporary files, or name another with TMPDIR"
                raise SourceError(f"the scan ran out of room: {first_line(error)}", hint) from error
            self.engine.execute(FORGET_REJECTS)
            if len(logs) > 1:
                half = len(logs) // 2
                yield from self._insert(logs[:half])
                yield from self._insert(logs[half:])
            elif logs[0].layout == "csv" and not logs[0].copied and logs[0].compression != "zstd":
                yield from self._insert([in_utf8(logs[0], self.scratch)])  # mixed line ends stop the engine
            else:
                message = f"{logs[0].path} is damaged: {first_line(error)}"
                self.lost.append(UnreadableError(message, "fetch it again; nothing of it is counted"))
        else:
            self.engine.execute(FORGET_REJECTS)
            yield from logs


def labels(logs: Sequence[LogFile]) -> dict[str, str]:
    """What to call each file, by where it is read from: its name, or its path where names repeat."""
    times = Counter(log.path.name for log in logs)
    return {log.read_from: log.path.name if times[log.path.name] == 1 else str(log.path) for log in logs}
