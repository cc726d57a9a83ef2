"""A folder of messages: whole or not there, once for each news, and a failure that says what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from advisor.delivery.file import File
from advisor.domain.report import Message
from advisor.errors import DeliveryError

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


def news(key: str = "october", body: str = "stay\n") -> Message:
    return Message(dedup_key=key, channel="folder", kind="report", subject="stay", body=body)


def folder(path: Path) -> File:
    return File(name="folder", path=str(path))


def test_a_message_becomes_a_file_named_by_day_kind_and_news(tmp_path: Path) -> None:
    receipt = folder(tmp_path / "new" / "folder").deliver(news(), AT)
    written = Path(receipt.provider_id)
    assert written.parent == tmp_path / "new" / "folder"
    assert written.name.startswith("2026-11-24-report-")
    assert written.suffix == ".txt"
    assert written.read_bytes() == b"stay\n"
    assert receipt.delivered_at == AT


def test_news_that_is_there_already_is_not_written_again_on_another_day(tmp_path: Path) -> None:
    first = folder(tmp_path).deliver(news(), AT)
    again = folder(tmp_path).deliver(news(body="worded anew"), AT + timedelta(days=3))
    assert again.provider_id == first.provider_id
    assert [path.read_text() for path in tmp_path.iterdir()] == ["stay\n"]


def test_other_news_of_the_day_is_another_file(tmp_path: Path) -> None:
    for key in ("october", "november"):
        folder(tmp_path).deliver(news(key), AT)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_cannot_be_made_is_a_failure_that_may_pass(tmp_path: Path) -> None:
    blocked = tmp_path / "messages"
    blocked.write_text("not a folder")
    with pytest.raises(DeliveryError, match="cannot be written") as failed:
        folder(blocked).deliver(news(), AT)
    assert not failed.value.permanent
    assert blocked.read_text() == "not a folder"


def test_a_disk_that_fails_halfway_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("os.fsync", full)
        with pytest.raises(DeliveryError, match="No space left"):
            folder(tmp_path).deliver(news(), AT)
    assert list(tmp_path.iterdir()) == []
    folder(tmp_path).deliver(news(), AT)
    assert len(list(tmp_path.iterdir())) == 1
