"""`advisor profiles`: how fast models run on GPUs, where that is from, and how to measure it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from advisor.cli.default import ListsByDefault
from advisor.cli.options import clock, config_option, configuration_if_any
from advisor.cli.profiles_import import import_
from advisor.cli.profiles_recipe import recipe

if TYPE_CHECKING:
    from advisor.domain.fleet import Profile
    from advisor.reporting.listing import Format, Listing


class LengthsType(click.ParamType["tuple[float, float]"]):
    """Mean tokens of a request, in and out: `1155/211`."""

    name = "IN/OUT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        if isinstance(value, tuple):
            return value
        try:
            into, out = (float(part.replace(",", "")) for part in str(value).split("/"))
        except ValueError:
            self.fail(f"{value!r} are no lengths; write them as 1155/211", param, ctx)
        if not (0 < into < float("inf") and 0 < out < float("inf")):
            self.fail(f"{value!r}: both lengths have to be above zero", param, ctx)
        return into, out


@click.group(cls=ListsByDefault, subcommand_metavar="[MODEL | COMMAND] [OPTIONS]")
def profiles() -> None:
    """List how fast models run on GPUs, import your own load test, or get a script for one.

    `advisor profiles [MODEL]` is short for `advisor profiles list [MODEL]`.
    """


@profiles.command("list")
@click.argument("model", default="")
@click.option("--gpu", default="", help="Only this GPU, in any spelling.")
@click.option("--lengths", type=LengthsType(), help="Bring rates to these mean tokens a request; adds estimates.")
@config_option
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table")
def list_(model: str, gpu: str, lengths: tuple[float, float] | None, config: str | None, form: Format) -> int:
    """List measured points as they count, own ones first; with --lengths, what a workload of that mix would get.

    MODEL is a model in any host's spelling, a part of an id, or a glob. Needs no configuration; the
    [[fleet.profiles]] of one are listed too.
    """
    from advisor.reporting.listing import rendered

    found = configuration_if_any(config)
    own = [table.profile() for table in found.profiles] if found else []
    click.echo(rendered(profile_list(model, gpu, lengths, own, clock().date()), form), nl=False)
    return 0


profiles.add_command(import_)
profiles.add_command(recipe)


def profile_list(
    model: str, gpu: str, lengths: tuple[float, float] | None, own: Sequence[Profile], today: date
) -> Listing:
    """The profiles asked for. Raises UsageError where nothing of that name is known."""
    from advisor.market.gpus import canonical_gpu, same_gpu
    from advisor.market.profiles import OFFLINE_DERATE
    from advisor.reporting.listing import Column, Listing

    at = canonical_gpu(gpu) if gpu else ""
    ids = _ids(model, own, all_open=lengths is not None)
    rows = [
        _row(profile, today)
        for model_id in ids
        for profile in _profiles(model_id, lengths, own)
        if not at or same_gpu(profile.gpu, at)
    ]
    marks = {source: str(number) for number, source in enumerate(dict.fromkeys(row["source"] for row in rows), 1)}
    dates = {row["source"]: row["checked_on"] for row in rows}
    notes = [f"{mark} {source}{f', {dates[source]}' if dates[source] else ''}" for source, mark in marks.items()]
    if rows:
        notes.insert(0, f"Tokens/s of one replica, input and output. Offline maxima are taken x {OFFLINE_DERATE}.")
    if rows and not lengths:
        notes.insert(1, "At your own mix, with estimates for other GPUs: --lengths IN/OUT.")
    return Listing(
        name="profiles",
        schema="advisor.profiles/1",
        columns=(
            Column(key="model", title="MODEL" if len(ids) > 1 else "", loose=True),
            Column(key="gpu", title="GPU", loose=True),
            Column(key="tensor_parallel", title="TP", right=True),
            Column(key="precision", title="PRECISION"),
            Column(key="input_length", title="IN", right=True, cell=_whole),
            Column(key="output_length", title="OUT", right=True, cell=_whole),
            Column(key="total_tokens_per_second", title="TOKENS/S", right=True, cell=_whole),
            Column(key="prefill_tokens_per_second"),
            Column(key="decode_tokens_per_second"),
            Column(key="low"),
            Column(key="high"),
            Column(key="grade", title="GRADE", cell=lambda grade: grade.split()[0]),
            Column(key="age_days", title="DAYS", right=True),
            Column(key="source", title="SRC", right=True, cell=lambda source: marks[source]),
            Column(key="checked_on"),
            Column(key="note"),
        ),
        rows=rows,
        about={"input_length": lengths[0] if lengths else None, "output_length": lengths[1] if lengths else None},
        notes=tuple(notes),
        empty=_nothing(ids, at, lengths),
    )


def _profiles(model_id: str, lengths: tuple[float, float] | None, own: Sequence[Profile]) -> Sequence[Profile]:
    from advisor.market.profiles import own_of, points_of, profiles

    if lengths is None:
        return (*own_of(model_id, own), *points_of(model_id))
    share = lengths[0] / sum(lengths)
    return profiles(model_id, own=own, input_length=lengths[0], output_length=lengths[1], input_share=share)


def _ids(model: str, own: Sequence[Profile], *, all_open: bool) -> Sequence[str]:
    """The models to list, in order."""
    from advisor.cli.naming import matching, unknown
    from advisor.market.models import canonical, known_ids
    from advisor.market.profiles import measured_models

    mine = {known.id if (known := canonical(profile.model)) else profile.model for profile in own}
    measured = sorted({*measured_models(), *mine})
    if not model:
        return measured
    if model in mine:
        return [model]
    if named := canonical(model):
        return [named.base or named.id]
    every = sorted({*measured, *known_ids()})
    if matched := [one for one in (every if all_open else measured) if matching(model, one)]:
        return matched
    if matched := [one for one in every if matching(model, one)]:
        return matched
    raise unknown(model, every, "list what there is: advisor profiles")


def _row(profile: Profile, today: date) -> dict[str, Any]:
    low, high = profile.band
    rate = profile.total_tokens_per_second
    return {
        "model": profile.model,
        "gpu": profile.gpu,
        "tensor_parallel": profile.tensor_parallel,
        "precision": profile.precision,
        "input_length": profile.input_length,
        "output_length": profile.output_length,
        "total_tokens_per_second": rate,
        "prefill_tokens_per_second": profile.prefill_tokens_per_second,
        "decode_tokens_per_second": profile.decode_tokens_per_second,
        "low": None if rate is None else rate * low,
        "high": None if rate is None else rate * high,
        "grade": profile.grade.value,
        "age_days": None if profile.checked_on is None else (today - profile.checked_on).days,
        "source": profile.source,
        "checked_on": profile.checked_on,
        "note": profile.note,
    }


def _whole(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:,.0f}"


def _nothing(ids: Sequence[str], gpu: str, lengths: tuple[float, float] | None) -> str:
    name = ids[0] if len(ids) == 1 else "MODEL"
    what = (f" of {name}" if len(ids) == 1 else "") + (f" on {gpu}" if gpu else "")
    if lengths:
        return f"no throughput{what} is known, nor can it be estimated: measure it, then advisor profiles import"
    at = f" --gpu {gpu}" if gpu else ""
    return f"nobody has measured the throughput{what}; an estimate: advisor profiles {name}{at} --lengths IN/OUT"
