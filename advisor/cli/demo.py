"""`advisor demo`: sample data, checked."""

from __future__ import annotations

from pathlib import Path

import click

from advisor.cli.options import clock, desk_at


@click.command()
@click.argument("folder", metavar="[DIR]", default="advisor-demo", type=click.Path(file_okay=False, path_type=Path))
def demo(folder: Path) -> int:
    """Write six months of sample logs, invoices and a configuration into DIR, and check them.

    The traffic is made up and the same on every machine; the prices and the throughput are the shipped tables.
    """
    from advisor.cli.check import judge, show
    from advisor.cli.sample import write_sample
    from advisor.errors import UsageError

    marker = folder / "advisor.toml"
    if marker.exists() and "advisor demo" not in marker.read_text(encoding="utf-8"):
        raise UsageError(f"{marker} is not a demo's configuration", "name another folder: advisor demo DIR")
    try:
        write_sample(folder, clock())
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be written: {error.strerror}", "name another folder") from error
    with desk_at(str(marker)) as desk:
        show(judge(desk, None, sync=True), "table")
    click.echo(f"\nMade-up traffic in {folder}/. Next: cd {folder} && advisor explain extract", err=True)
    return 0
