"""What a source of usage and cost promises. There are two ports; a source implements one.

* `Records`: for APIs and small files. `pull` does all the I/O and yields the source's own records, `parse` translates
  one record and is pure.
* `Relation`: for logs of any size. `scan` says, as plain data, which files to read and how their columns map; the
  ingest engine reads them, in bounded memory.

A source's fields are its settings. Sources import `advisor.contract` and `advisor.domain` only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal

from advisor.contract.aws import AwsSettings, Permission
from advisor.contract.settings import Settings
from advisor.domain.facts import ON_DEMAND, CostFact, InputIncludes, RowProblem
from advisor.domain.units import Window

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """Token counts as a source states them; ingest makes them disjoint by `input_includes`.

    `output_tokens` includes reasoning. `width_seconds` is the width at which the source delivers the bucket.
    """

    provider: str
    model_raw: str
    start: datetime
    width_seconds: int
    input_tokens: int
    output_tokens: int
    input_includes: InputIncludes
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    requests: int | None = None
    tier: str = ON_DEMAND
    scope: str = ""
    where: str = ""  # "file:row", for problems found later


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """Something the reader should know about a source, without a row being wrong."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A file or page that could not be read: the rest counts, and the pull is partial."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """Rows that were read and are about something else, as most of a cloud bill is: no reason to doubt the read."""

    rows: int


Parsed = UsageRow | CostFact | RowProblem | Warned | Lost | PassedOver


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a kind of source can give and what it asks for, as the documentation lists it.

    `tokens` and `cost` are the finest grain of each, "-" where it states none. `polling` is what the vendor charges for
    a month of daily reads.
    """

    tokens: str
    cost: str
    freshness: str
    polling: str
    permission: str


class Source(Settings, ABC):
    """What every source has. `kind` is filled by the registry from the entry point's name.

    An API is `incremental`: once it has been read, only what is new or may still have changed is asked for again, and
    it is read beside the other APIs. `restates` says how far back that is: 3 hours where it states tokens alone;
    3 days, and until day 10 of a month all of the month before, where it states money; always all of the month before
    where its buckets are as wide as a month. Files are read again as a whole. `keeps_days` is how many full days before
    today it still answers for, where it forgets older ones: those stay as they are stored.
    """

    kind: ClassVar[str] = ""
    terms: ClassVar[Terms | None] = None
    incremental: ClassVar[bool] = False
    restates: ClassVar[Literal["hours", "days", "months"]] = "days"
    keeps_days: ClassVar[int | None] = None
    name: str
    overlaps: tuple[str, ...] = ()
    empty_days: Literal["missing", "zero"] = "missing"

    def check(self) -> None:
        """A harmless real call that proves access; raises SourceError with the fix. The default checks nothing."""

    def permissions(self) -> Iterable[Permission]:
        """What AWS has to allow for `check` and all that a read may ask. Pure; the default asks AWS for nothing."""
        return ()


class Records(Source):
    """A source of records: an API, or files small enough to read row by row."""

    @abstractmethod
    def pull(self, window: Window) -> Iterable[Record]:
        """Yield the source's own records for *window*, lazily. The only method that does I/O; raises SourceError."""

    @abstractmethod
    def parse(self, record: Record) -> Iterable[Parsed]:
        """Translate one record. Pure: the same record always gives the same rows. A bad record is a RowProblem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where a relation's columns are: names, or dotted paths into nested records. Empty means not there."""

    timestamp: str
    model: str = ""
    input_tokens: str
    output_tokens: str
    cache_read_tokens: str = ""
    cache_write_tokens: str = ""
    requests: str = ""
    request_id: str = ""
    cost: str = ""
    tier: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """Files to read and how their columns map. Pure data: nothing has been opened yet.

    Exactly one of `Columns.model` and `model` names the model. With `Columns.requests`, a row is an already summed
    interval, else one request. `timestamp_unit` is "" for stamps that are dates and times, "s", "ms" or "h" for
    numbers: Unix time, or time since *origin* where one is given. `timezone` holds for stamps without a zone; without
    it such stamps are refused. `request_id` drops repeated records. A column that no file has is an error, unless
    `optional` names its field. A record with an `error` and no counts is a failed request: it is counted apart.
    """

    paths: tuple[str, ...]  # files, folders or globs, here or on S3
    columns: Columns
    input_includes: InputIncludes
    model: str = ""
    provider: str = ""
    currency: str = ""
    timezone: str = ""
    timestamp_unit: Literal["", "s", "ms", "h"] = ""
    origin: datetime | None = None
    skip: tuple[str, ...] = field(default=())  # globs of file names that hold no records
    optional: frozenset[str] = frozenset()  # fields of `Columns`
    output_optional: bool = False  # a record with input and no output, as of an embedding, put out nothing
    partitioned: bool = False  # folders of a known layout that name another time need not be read
    access: AwsSettings = field(default_factory=AwsSettings)  # who asks S3
    shape: Literal["", "otlp", "langfuse"] = ""  # of records that are no plain ones: it says where the fields are


class Relation(Source):
    """A source of log files (or a table) of any size."""

    @abstractmethod
    def scan(self, window: Window) -> Scan:
        """Say what to read for *window* and how it maps. Pure; raises SourceError where the settings cannot work."""
