"""`advisor.toml` as one frozen value: read, checked, with every fault named by its key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, StringConstraints, ValidationError, field_validator, model_validator

from advisor.contract.settings import Settings, explain
from advisor.domain.assumptions import Commitment, ExchangeRate, FleetAssumptions, SwitchPolicy, Team, Workload
from advisor.domain.fleet import CommitmentTerm, Grade, Offer, Operator, Profile, Unit
from advisor.domain.schedule import Cron, skipped_on
from advisor.domain.units import Money
from advisor.errors import ConfigError
from advisor.market.gpus import is_unit

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Name = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\s].*$")]
PositiveAmount = Annotated[Decimal, Field(gt=0)]
PriceAmount = Annotated[Decimal, Field(ge=0)]
Rate = Annotated[float, Field(gt=0)]


def _known_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(f"{value!r} is not a time zone; write it like Europe/Berlin")
    ZoneInfo(value)
    return value


Zone = Annotated[str, AfterValidator(_known_zone)]


class AdvisorTable(Settings):
    """`[advisor]`: where state is kept and how reports are written."""

    state: str = "advisor.db"
    currency: Currency = "USD"
    timezone: Zone = "UTC"


class OfferTable(Settings):
    """`[[fleet.offers]]`: a quote for GPUs."""

    provider: Name
    gpu: Name
    gpus: Annotated[int, Field(ge=1)] = 1
    price_per_gpu_hour: PositiveAmount
    commitment: CommitmentTerm = "on-demand"
    region: str = ""
    operated_by: Operator = "you"
    unit: Unit = "gpu"
    source: Name
    currency: Currency | None = None

    @model_validator(mode="after")
    def _units_are_named(self) -> OfferTable:
        if is_unit(self.gpu) != (self.unit == "throughput-unit"):
            raise ValueError(
                f'gpu = {self.gpu!r} with unit = "{self.unit}": a throughput unit is named UNIT:MODEL, such as '
                "azure-ptu:gpt-4o, in the offer and in its profile; a GPU has no colon"
            )
        if self.unit == "throughput-unit" and self.operated_by != "vendor":
            raise ValueError('a throughput unit is run by its vendor: add operated_by = "vendor"')
        return self

    def offer(self, currency: str) -> Offer:
        return Offer(
            provider=self.provider.lower(),
            gpu=self.gpu,
            gpus=self.gpus,
            price_per_gpu_hour=Money(self.price_per_gpu_hour, self.currency or currency),
            commitment=self.commitment,
            region=self.region,
            operated_by=self.operated_by,
            tier="standard",
            source=self.source,
            checked_on=None,
            own=True,
            unit=self.unit,
        )


class ProfileTable(Settings):
    """`[[fleet.profiles]]`: a measured throughput of one replica."""

    model: Name
    gpu: Name
    tensor_parallel: Annotated[int, Field(ge=1)] = 1
    precision: str = ""
    total_tokens_per_second: Rate | None = None
    prefill_tokens_per_second: Rate | None = None
    decode_tokens_per_second: Rate | None = None
    input_length: Rate | None = None
    output_length: Rate | None = None
    source: Name

    @model_validator(mode="after")
    def _one_form(self) -> ProfileTable:
        self.profile()
        return self

    def profile(self) -> Profile:
        return Profile(
            model=self.model,
            gpu=self.gpu,
            tensor_parallel=self.tensor_parallel,
            precision=self.precision,
            grade=Grade.OWN,
            source=self.source,
            total_tokens_per_second=self.total_tokens_per_second,
            prefill_tokens_per_second=self.prefill_tokens_per_second,
            decode_tokens_per_second=self.decode_tokens_per_second,
            input_length=self.input_length,
            output_length=self.output_length,
        )


class PriceTable(Settings):
    """`[[prices]]`: a negotiated or missing token price, per million tokens; `from` and `until` are inclusive days."""

    model: Name
    provider: str = ""
    tier: str = "on_demand"
    input: PriceAmount
    output: PriceAmount
    cache_read: PriceAmount | None = None
    cache_write: PriceAmount | None = None
    start: Annotated[date | None, Field(alias="from")] = None
    until: date | None = None
    source: Name
    currency: Currency | None = None


class ExchangeRateTable(Settings):
    """`[[exchange_rates]]`: one dated rate."""

    from_currency: Annotated[Currency, Field(alias="from")]
    to_currency: Annotated[Currency, Field(alias="to")]
    rate: PositiveAmount
    date: date
    source: Name

    def exchange_rate(self) -> ExchangeRate:
        return ExchangeRate(**self.model_dump())


class ScheduleTable(Settings):
    """`[schedule]`: when the report and the daily check are due, in one zone."""

    report: Annotated[str, AfterValidator(lambda text: Cron.monthly(text) and text)] = "0 9 6 * *"
    check: Annotated[str, AfterValidator(lambda text: Cron.daily(text) and text)] = "0 6 * * *"
    timezone: Zone = "UTC"

    @model_validator(mode="after")
    def _due_at_times_that_there_are(self) -> ScheduleTable:
        for key, cron in (("report", self.monthly), ("check", self.daily)):
            if day := skipped_on(cron.at, self.zone):
                raise ValueError(f"{key}: clocks in {self.timezone} leave out {cron.at:%H:%M} on {day}; another hour?")
        return self

    @property
    def monthly(self) -> Cron:
        return Cron.monthly(self.report)

    @property
    def daily(self) -> Cron:
        return Cron.daily(self.check)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class ServiceTable(Settings):
    """`[service]`: where the daemon answers, `host:port`; it has no password, so by default on this machine alone."""

    bind: Annotated[str, StringConstraints(pattern=r"^(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}$")] = "127.0.0.1:8700"

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.bind.rpartition(":")
        return host.strip("[]"), int(port)


class Config(Settings):
    """The whole configuration. Sources and channels stay tables: the registry makes them objects."""

    advisor: AdvisorTable = AdvisorTable()
    sources: Annotated[tuple[dict[str, Any], ...], Field(min_length=1)]
    workloads: tuple[Workload, ...] = ()
    fleet: FleetAssumptions = FleetAssumptions()
    offers: tuple[OfferTable, ...] = ()
    profiles: tuple[ProfileTable, ...] = ()
    prices: tuple[PriceTable, ...] = ()
    exchange_rates: tuple[ExchangeRateTable, ...] = ()
    commitments: tuple[Commitment, ...] = ()
    policy: SwitchPolicy = SwitchPolicy()
    team: Team | None = None
    channels: tuple[dict[str, Any], ...] = ()
    schedule: ScheduleTable = ScheduleTable()
    service: ServiceTable = ServiceTable()
    folder: Annotated[Path, Field(exclude=True)] = Path()

    @field_validator("sources", "channels")
    @classmethod
    def _named_kinds(cls, tables: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        for number, table in enumerate(tables):
            for key in ("name", "kind"):
                if not isinstance(table.get(key), str) or not table[key].strip():
                    raise ValueError(f"table {number + 1} has no {key!r}")
        _unique("name", [table["name"] for table in tables])
        return tables

    @field_validator("workloads")
    @classmethod
    def _unique_workloads(cls, workloads: tuple[Workload, ...]) -> tuple[Workload, ...]:
        _unique("workload", [workload.name for workload in workloads])
        return workloads

    @property
    def state(self) -> str:
        """Where the store is: a path made absolute against the configuration's folder, or a URL as it stands."""
        state = self.advisor.state
        return state if "://" in state else str((self.folder / Path(state).expanduser()).resolve())

    def not_yet(self) -> tuple[str, ...]:
        """What this configuration states that this version reads but does not act on, one sentence each."""
        return ()


def _unique(what: str, names: list[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"{what} {repeated[0]!r} is used twice")


def locate(option: str | None, environ: Mapping[str, str], here: Path) -> Path:
    """The file named by the option, else $ADVISOR_CONFIG, else advisor.toml here. Raises ConfigError if absent."""
    path = Path(option or environ.get("ADVISOR_CONFIG") or here / "advisor.toml").expanduser()
    if path.is_dir():
        path = path / "advisor.toml"
    if not path.is_file():
        raise ConfigError(
            f"there is no configuration at {path}",
            "write one with `advisor init --from YOUR_LOG`, see one with `advisor demo`, or name it with --config",
        )
    return path


def load(path: Path) -> Config:
    """Read a configuration file. Raises ConfigError naming file, key and fix."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}", "check the file's mode") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text", "save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{path} is not TOML: {error}", "strings need quotes; tables are written [name] or [[name]]"
        ) from error
    return parse(tables, path.resolve().parent, str(path))


def parse(tables: Mapping[str, Any], folder: Path, origin: str = "advisor.toml") -> Config:
    """Check the tables of a configuration; relative paths in it start at *folder*."""
    tables = dict(tables)
    if isinstance(tables.get("fleet"), Mapping):
        fleet = dict(tables["fleet"])
        for key in ("offers", "profiles"):
            if key in fleet:
                tables[f"fleet.{key}"] = fleet.pop(key)
        tables["fleet"] = fleet
    for key in ("offers", "profiles", "folder"):
        if key in tables:
            raise ConfigError(
                f"{origin}: {key}: unknown key", f"write it as [[fleet.{key}]]" if key != "folder" else ""
            )
    for key in ("offers", "profiles"):
        if f"fleet.{key}" in tables:
            tables[key] = tables.pop(f"fleet.{key}")
    try:
        return Config.model_validate({**tables, "folder": folder}, context={"folder": folder})
    except ValidationError as error:
        fault = explain(error, Config)
        message = re.sub(r"\b(offers|profiles)\.", r"fleet.\1.", fault.message)
        raise ConfigError(f"{origin}: {message}", fault.hint) from error
