"""`advisor profiles import`: the result of a load test as a profile of your own."""

from __future__ import annotations

import os
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from advisor.cli.options import config_option, configuration_if_any

if TYPE_CHECKING:
    from advisor.market.benchmark_profile import Imported


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--gpu", required=True, help="What it ran on: no result file says so.")
@click.option("--gpus", type=click.IntRange(min=1), help="GPUs that served the test, all together. Default: one group.")
@click.option("--model", default="", help="Default: the model that the file names.")
@click.option("--tensor-parallel", type=click.IntRange(min=1), help="GPUs of one replica. Default: all of --gpus.")
@click.option("--precision", default="", help="Of the weights. Default: what the model's name says.")
@click.option(
    "--cached-input", type=click.FloatRange(min=0), default=0.0, help="Tokens of each prompt that a prefix cache held."
)
@click.option("--write", is_flag=True, help="Append the table to the configuration instead of printing it.")
@config_option
def import_(
    file: Path,
    gpu: str,
    gpus: int | None,
    model: str,
    tensor_parallel: int | None,
    precision: str,
    cached_input: float,
    write: bool,
    config: str | None,
) -> int:
    """Turn FILE, a load test's result, into a [[fleet.profiles]] table, on stdout or in your configuration.

    FILE is the JSON of vllm bench serve, sglang.bench_serving, GuideLLM, AIPerf, GenAI-Perf or inference-perf. Of
    several runs the fastest counts. A run that failed, was too short or never filled the server is refused.
    """
    from advisor import config as configuration
    from advisor.domain.assumptions import FleetAssumptions
    from advisor.market.benchmark_formats import runs
    from advisor.market.benchmark_profile import imported, table

    path = configuration.locate(config, os.environ, Path.cwd()) if write else None
    found = configuration_if_any(config)
    fleet = found.fleet if found else FleetAssumptions()
    result = imported(
        runs(_text(file), file.name),
        origin=file.name,
        gpu=gpu,
        gpus=gpus,
        model=model,
        tensor_parallel=tensor_parallel,
        precision=precision,
        cached_input=cached_input,
        cached_weight=fleet.cached_input_weight,
    )
    text = table(result.profile)
    _remarks(result)
    if path is None:
        click.echo(text, nl=False)
    else:
        _append(path, text)
        click.echo(f"added to {path}: {_summary(result)}")
    return 0


def _text(file: Path) -> str:
    from advisor.errors import UsageError

    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}", "name the result file of a load test") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 text", "name the tool's JSON result") from error


def _remarks(result: Imported) -> None:
    """What a reader of the table has to know, on stderr."""
    for reason in result.rejected:
        click.echo(f"left out: {reason}", err=True)
    for caution in result.cautions:
        click.echo(f"warning: {caution}", err=True)


def _summary(result: Imported) -> str:
    profile = result.profile
    return (
        f"{profile.model} on {profile.tensor_parallel} x {profile.gpu}, "
        f"{profile.total_tokens_per_second:,.0f} tokens/s at {profile.input_length:,.0f}/{profile.output_length:,.0f}"
    )


def _append(path: Path, text: str) -> None:
    """Add a table to a configuration, whole or not at all: what results must be a configuration that can be read."""
    from advisor import config as configuration
    from advisor.errors import ConfigError

    before = path.read_text(encoding="utf-8")
    if text in before:
        raise ConfigError(f"{path} holds this profile already", "nothing was written")
    after = f"{before.rstrip()}\n\n{text}"
    try:
        configuration.parse(tomllib.loads(after), path.resolve().parent, str(path))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{path} cannot take another table: {error}",
            "write fleet.profiles as [[fleet.profiles]] tables, or add this yourself:\n" + text,
        ) from error
    target = path.resolve()
    with tempfile.NamedTemporaryFile("w", dir=target.parent, delete=False, encoding="utf-8") as scratch:
        scratch.write(after)
    written = Path(scratch.name)
    written.chmod(target.stat().st_mode)
    written.replace(target)
