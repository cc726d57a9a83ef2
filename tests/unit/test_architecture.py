"""The project's shape, held by tests: packages, layers' folder names, module sizes."""

from __future__ import annotations

import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def test_every_package_folder_is_listed_for_packaging() -> None:
    listed = set(tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    folders = [*PROJECT.glob("advisor/**/__init__.py"), *PROJECT.glob("connectors/**/__init__.py")]
    names = {str(path.parent.relative_to(PROJECT)).replace("/", ".") for path in (*folders, PROJECT / "templates/x")}
    assert listed == {name if name.startswith("advisor") else f"advisor.{name}" for name in names}


def test_no_module_outgrows_300_lines() -> None:
    modules = [*PROJECT.glob("advisor/**/*.py"), *PROJECT.glob("connectors/**/*.py")]
    long = {
        str(path.relative_to(PROJECT)): lines for path in modules if (lines := len(path.read_text().splitlines())) > 300
    }
    assert long == {}


def test_every_module_says_what_it_is() -> None:
    modules = [*PROJECT.glob("advisor/**/*.py"), *PROJECT.glob("connectors/**/*.py"), *PROJECT.glob("tests/**/*.py")]
    silent = [str(path) for path in modules if path.read_text().strip() and not path.read_text().startswith('"""')]
    assert silent == []


def test_requirements_are_hashed_and_name_no_host() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (PROJECT / name).read_text()
        assert "--hash=sha256:" in text
        assert "://" not in text
        assert "--index-url" not in text
        assert "--find-links" not in text


def test_every_dependency_says_why_it_is_there() -> None:
    lines = (PROJECT / "pyproject.toml").read_text().splitlines()
    start = lines.index("dependencies = [") + 1
    block = lines[start : lines.index("]", start)]
    assert [line for line in block if "#" not in line] == []
