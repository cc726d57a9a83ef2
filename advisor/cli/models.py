"""`advisor models`: the open models that a fleet could run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from advisor.market.models import Model
    from advisor.reporting.listing import Format, Listing


@click.command()
@click.argument("wanted", metavar="[FILTER]", default="")
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table")
def models(wanted: str, form: Format) -> int:
    """List the open models that Advisor knows, or those that FILTER names.

    FILTER is a model in any host's spelling, a part of an id or of a licence, or a glob.
    """
    from advisor.reporting.listing import rendered

    click.echo(rendered(listing(wanted), form), nl=False)
    return 0


def listing(wanted: str) -> Listing:
    """The models that *wanted* names. Raises UsageError where it names none of any kind."""
    from advisor.reporting.listing import Column, Listing

    found, note = _found(wanted)
    limits = {model.licence: model.licence_limits for model in found if model.licence_limits}
    dates = {model.checked_on for model in found if model.checked_on}
    notes = [note] if note and found else []
    notes += [f"! {licence}: {limit}" for licence, limit in sorted(limits.items())]
    if found:
        notes.append(
            f"{len(found)} of {_known()} open models; figures of {max(dates)}, sources with --format json. "
            "KV: cache of one token in bytes at 16 bits a value."
        )
    return Listing(
        name="models",
        schema="advisor.models/1",
        columns=(
            Column(key="id", title="MODEL", loose=True),
            Column(key="parameters_billions", title="TOTAL", right=True, cell=_billions),
            Column(key="active_billions", title="ACTIVE", right=True, cell=_billions),
            Column(key="layers"),
            Column(key="context_tokens", title="CONTEXT", right=True, cell=_binary),
            Column(key="kv_bytes_per_token", title="KV", right=True, cell=_binary),
            Column(key="precision", title="PRECISION", loose=True),
            Column(key="licence", title="LICENCE", cell=lambda name: f"{name} !" if name in limits else name or "-"),
            Column(key="licence_limits"),
            Column(key="measured_points"),
            Column(key="measured_as", title="MEASURED", loose=True, cell=lambda name: name or "no"),
            Column(key="source"),
            Column(key="checked_on"),
        ),
        rows=[_row(model) for model in found],
        notes=tuple(notes),
        empty=note,
    )


def _row(model: Model) -> dict[str, Any]:
    from advisor.market.profiles import shipped

    twins = [model.runs_like, *(one for one in shipped() if _runs_like(one) == model.id)]
    measured_as = next((one for one in (model.id, *twins) if one in shipped()), None)
    return {
        "id": model.id,
        "parameters_billions": model.parameters,
        "active_billions": model.active,
        "layers": model.layers,
        "context_tokens": model.context,
        "kv_bytes_per_token": model.kv_bytes_per_token(),
        "precision": model.precision,
        "licence": model.licence,
        "licence_limits": model.licence_limits,
        "measured_points": len(shipped().get(measured_as or "", ())),
        "measured_as": measured_as,
        "source": model.source,
        "checked_on": model.checked_on,
    }


def _found(wanted: str) -> tuple[Sequence[Model], str]:
    """The open models that a filter names, and what else there is to say of it."""
    from advisor.cli.naming import matching, unknown
    from advisor.market.models import by_id, canonical, known_ids

    every = [model for model_id in known_ids() if (model := by_id(model_id))]
    if not wanted:
        return every, ""
    if named := canonical(wanted):
        if named.base and (base := by_id(named.base)):
            return [base], f"{wanted} is {named.kind}, which is the model listed"
        if not named.modelled:
            return [], f"{wanted} is {named.kind}, which the throughput model does not cover"
        return ([named], "") if named.open_weights else ([], f"{wanted} has closed weights: nothing to rent GPUs for")
    found = [model for model in every if matching(wanted, model.id) or matching(wanted, model.licence)]
    if not found:
        raise unknown(wanted, known_ids(), "list what there is: advisor models")
    return found, ""


def _known() -> int:
    from advisor.market.models import known_ids

    return len(known_ids())


def _runs_like(model_id: str) -> str:
    from advisor.market.models import by_id

    model = by_id(model_id)
    return model.runs_like if model else ""


def _billions(size: float | None) -> str:
    return "-" if size is None else f"{size:g}B"


def _binary(size: float | None) -> str:
    """Whole powers of 1,024 as they are quoted: 131,072 is 128k."""
    if size is None:
        return "-"
    for unit, letter in ((1024**2, "M"), (1024, "k")):
        if size >= unit:
            return f"{size / unit:.4g}{letter}"
    return f"{size:g}"
