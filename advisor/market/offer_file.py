"""Where the offers of the last refresh are kept: a user's file that every run reads over the shipped table."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from advisor.domain.fleet import Offer
from advisor.errors import MarketError
from advisor.market.offer_table import read_offers, written

REMEDY = "mend the row, or delete the file and run `advisor offers refresh`"


def offer_file(environ: Mapping[str, str]) -> Path | None:
    """$ADVISOR_OFFERS, else advisor/offers.csv in $XDG_DATA_HOME or ~/.local/share; None where there is no home."""
    if named := environ.get("ADVISOR_OFFERS"):
        return Path(named).expanduser()
    if shared := environ.get("XDG_DATA_HOME"):
        return Path(shared) / "advisor" / "offers.csv"
    home = environ.get("HOME")
    return Path(home) / ".local" / "share" / "advisor" / "offers.csv" if home else None


def refreshed(environ: Mapping[str, str]) -> tuple[Offer, ...]:
    """The offers of the user's file; none where there is no file. Raises MarketError naming file and row of a fault."""
    path = offer_file(environ)
    return () if path is None else kept(path)


def kept(path: Path) -> tuple[Offer, ...]:
    """The offers of a file; none where there is no file. Raises MarketError naming file and row of a fault."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise MarketError(f"{path} cannot be read: {error.strerror}", "check its mode, or delete it") from error
    except UnicodeDecodeError as error:
        raise MarketError(f"{path} is not UTF-8 text", REMEDY) from error
    return read_offers(text, str(path), REMEDY)


def keep(path: Path, offers: Iterable[Offer]) -> None:
    """Replace the file as a whole, so that a run beside this one reads the old table or the new one."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(written(offers), encoding="utf-8")
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise MarketError(f"{path} cannot be written: {error.strerror}", "name another file with --output") from error
