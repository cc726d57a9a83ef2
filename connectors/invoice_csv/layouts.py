"""Which columns of an export hold what: the user's own mapping, or one of the known consoles'."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from advisor.contract.files import unknown_column
from advisor.domain.facts import Basis, InputIncludes
from advisor.errors import SourceError

Preset = Literal["openrouter", "anthropic-console", "fireworks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A column of money, and what kind of money it is; `note` is said where there is any."""

    column: str
    basis: Basis = Basis.BILLED
    component: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where things are in one kind of export. Empty means not there; counts are the sum of their columns.

    With `until` a row is one event from `date` to then, else it is the sum of a period. `currency` holds where no
    column says one. `only` gives, by column, the texts of the rows that count. `may_lack` names columns that some
    exports leave out.
    """

    date: str
    model: str
    until: str = ""
    input_tokens: tuple[str, ...] = ()
    output_tokens: tuple[str, ...] = ()
    cache_read_tokens: tuple[str, ...] = ()
    cache_write_tokens: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    tier: str = ""
    tier_words: Mapping[str, str] = field(default_factory=dict)
    charges: tuple[Charge, ...] = ()
    component: str = ""
    currency_column: str = ""
    currency: str = ""
    input_includes: InputIncludes = InputIncludes.NOTHING
    provider: str = ""
    only: Mapping[str, Collection[str]] = field(default_factory=dict)
    may_lack: frozenset[str] = frozenset()

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read, each once."""
        single = (self.date, self.model, self.until, self.tier, self.component, self.currency_column)
        counts = (
            *self.input_tokens,
            *self.output_tokens,
            *self.cache_read_tokens,
            *self.cache_write_tokens,
            *self.requests,
        )
        named = (*single, *counts, *(charge.column for charge in self.charges), *self.only)
        return tuple(dict.fromkeys(name for name in named if name))

    def lacking(self, header: Collection[str]) -> list[str]:
        """The columns that must be there and are not."""
        return [name for name in self.columns if name not in header and name not in self.may_lack]

    def counts(self, row: Mapping[str, str]) -> bool:
        """Whether a row is of the kind that is read."""
        return all(row.get(name, "") in texts for name, texts in self.only.items())


PRESETS: Mapping[Preset, tuple[Layout, ...]] = {
    # Activity export. `Usage` is what OpenRouter took; `BYOK Usage` is its estimate of what the vendors of the
    # user's own keys bill for the same rows. https://openrouter.ai/docs/guides/guides/activity-export
    "openrouter": (
        Layout(
            date="Date",
            model="Slug",
            input_tokens=("Prompt Tokens",),
            output_tokens=("Completion Tokens",),
            requests=("Requests",),
            charges=(
                Charge(column="Usage"),
                Charge(
                    column="BYOK Usage",
                    basis=Basis.ALLOCATED,
                    component="byok",
                    note="BYOK usage is what OpenRouter estimates that the vendors of your own keys bill: if their "
                    "invoices are sources too, that money is counted twice",
                ),
            ),
            currency="USD",
            input_includes=InputIncludes.CACHE_READ,
            provider="openrouter",
            may_lack=frozenset({"BYOK Usage"}),
        ),
    ),
    # The console writes tokens and money as two exports; older token exports have no cache columns.
    "anthropic-console": (
        Layout(
            date="usage_date_utc",
            model="model_version",
            input_tokens=("usage_input_tokens_no_cache",),
            output_tokens=("usage_output_tokens",),
            cache_read_tokens=("usage_input_tokens_cache_read",),
            cache_write_tokens=("usage_input_tokens_cache_write_5m", "usage_input_tokens_cache_write_1h"),
            tier="usage_type",
            provider="anthropic",
            may_lack=frozenset(
                {
                    "usage_input_tokens_cache_read",
                    "usage_input_tokens_cache_write_5m",
                    "usage_input_tokens_cache_write_1h",
                    "usage_type",
                }
            ),
        ),
        Layout(
            date="usage_date_utc",
            model="model",
            tier="usage_type",
            tier_words={"message": "standard"},
            charges=(Charge(column="cost_usd"),),
            component="token_type",
            currency="USD",
            provider="anthropic",
            may_lack=frozenset({"usage_type", "token_type"}),
        ),
    ),
    # One row an event, no money. Dedicated deployments and fine-tuning are in the same file, in accelerator seconds.
    # https://docs.fireworks.ai/accounts/exporting-billing-metrics
    "fireworks": (
        Layout(
            date="start_time",
            until="end_time",
            model="base_model_name",
            input_tokens=("prompt_tokens",),
            output_tokens=("completion_tokens",),
            input_includes=InputIncludes.CACHE_READ,
            provider="fireworks",
            only={"usage_type": {"TEXT_COMPLETION_INFERENCE_USAGE"}, "accelerator_seconds": {"", "0", "0.0"}},
            may_lack=frozenset({"accelerator_seconds"}),
        ),
    ),
}


def fitting(layouts: Iterable[Layout], header: Collection[str]) -> Layout | None:
    """The first layout whose columns are all in *header*."""
    return next((layout for layout in layouts if not layout.lacking(header)), None)


def chosen(layouts: Iterable[Layout], header: tuple[str, ...], file: str) -> Layout:
    """The layout of a file with that header. Raises SourceError naming the column that is missing or there twice."""
    layout = fitting(layouts, header)
    if layout is None:
        nearest = min(layouts, key=lambda layout: len(layout.lacking(header)))
        raise unknown_column(nearest.lacking(header)[0], header, file)
    for name in layout.columns:
        if header.count(name) > 1:
            raise SourceError(f"{file} has the column {name!r} {header.count(name)} times", "rename all but one")
    return layout
