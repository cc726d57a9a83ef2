"""A folder: one text file a message, whole or not there."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator

from advisor.contract.channel import Channel, Format
from advisor.contract.settings import LocalPath
from advisor.domain.report import Message, Receipt
from advisor.errors import DeliveryError


def _local(path: str) -> str:
    if "://" in path:
        raise ValueError(f"{path!r} is no folder on this machine")
    return path


class File(Channel):
    """Writes messages into the folder `path`, which is made if it is not there, as `2026-11-24-report-0f3a….txt`."""

    settles_within: ClassVar[timedelta] = timedelta(minutes=1)  # written again, it is the same file
    format: ClassVar[Format] = "text"
    path: Annotated[LocalPath, AfterValidator(_local)]

    def deliver(self, message: Message, at: datetime) -> Receipt:
        """See `Channel`. A message whose file is there already, under any date, is not written again."""
        folder = Path(self.path)
        key = hashlib.sha256(message.dedup_key.encode()).hexdigest()[:12]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for written in folder.glob(f"*-{key}.txt"):
                return Receipt(
                    provider_id=str(written), delivered_at=datetime.fromtimestamp(written.stat().st_mtime, UTC)
                )
            target = folder / f"{at.astimezone(UTC):%Y-%m-%d}-{message.kind}-{key}.txt"
            _write_whole(target, message.body.encode())
        except OSError as error:
            raise DeliveryError(
                f"{folder} cannot be written: {error.strerror}",
                "path is a folder; check that it can be made and written",
            ) from error
        except UnicodeEncodeError as error:
            raise DeliveryError("the message is not valid Unicode", permanent=True) from error
        return Receipt(provider_id=str(target), delivered_at=at)


def _write_whole(target: Path, content: bytes) -> None:
    """Write beside *target* and rename, so that nobody ever reads half of it."""
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(target)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
