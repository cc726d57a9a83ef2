"""Golden files: what was said before, compared letter for letter; written anew only when asked."""

from __future__ import annotations

import os
from pathlib import Path

HERE = Path(__file__).parent


def agrees(name: str, text: str) -> None:
    """Compare *text* with the file *name* in this folder. A file that is not there is a failure, not a first time.

    ADVISOR_GOLDEN=rewrite writes the files; read the difference before keeping it.
    """
    file = HERE / name
    if os.environ.get("ADVISOR_GOLDEN") == "rewrite":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="")
    assert file.exists(), f"{file} is missing: write it with ADVISOR_GOLDEN=rewrite, and read it"
    assert text == file.read_bytes().decode("utf-8")
