"""A folder keeps the promises of a channel."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor import registry
from advisor.contract.channel import Channel
from advisor.contract.testing.channel import ChannelKit


class TestFile(ChannelKit):
    wrong_bodies = ("not Unicode: \ud800",)
    folder: Path

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def channel(self) -> Channel:
        return registry.build_channel({"kind": "file", "name": "finops", "path": "messages"}, self.folder, {})

    def body(self, text: str) -> str:
        return text

    def arrived(self) -> list[tuple[str, str]]:
        folder = self.folder / "messages"
        assert {path.parent for path in self.folder.rglob("*") if path.is_file()} <= {folder}
        written = sorted(folder.glob("*"), key=lambda path: path.stat().st_mtime_ns) if folder.is_dir() else []
        return [(path.name, path.read_bytes().decode()) for path in written]
