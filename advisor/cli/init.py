"""`advisor init`: a commented configuration from the user's own files."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "--from",
    "files",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    help="A request log or an invoice export; repeat for more.",
)
@click.option("--output", default="advisor.toml", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace a configuration that is there.")
def init(files: tuple[Path, ...], output: Path, force: bool) -> int:
    """Write a commented advisor.toml from your own files: their columns are recognised, and what is unclear is asked.

    Nothing is guessed that would change a number: where a file leaves a choice, the configuration has a line that
    says CHOOSE, and the first check names it.
    """
    from advisor.cli.recognise import configuration
    from advisor.errors import UsageError

    if output.exists() and not force:
        raise UsageError(f"{output} is there already", "replace it with --force, or write elsewhere with --output")
    text, notes = configuration(files, output.resolve().parent)
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}", "write elsewhere with --output") from error
    for note in notes:
        click.echo(f"note: {note}", err=True)
    click.echo(f"wrote {output}. Next: read it once, then `advisor usage` and `advisor check`")
    return 0
