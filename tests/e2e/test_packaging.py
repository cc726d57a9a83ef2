"""A wheel, a source distribution and both kinds of `pip install` give a command that works from any folder."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


def run(*command: str | Path, folder: Path) -> str:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("ADVISOR_", "PYTHON"))}
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, env=clean, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project and what `python -m build` makes of it: the wheel goes through the source distribution."""
    folder = tmp_path_factory.mktemp("built")
    copy = folder / "project"
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=PROJECT, capture_output=True, text=True
    )
    if files.returncode:
        pytest.skip("packaging is tested from a git checkout")
    for name in files.stdout.splitlines():
        if (PROJECT / name).is_file():
            target = copy / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((PROJECT / name).read_bytes())
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist", copy, folder=folder)
    return folder


def environment(folder: Path) -> Path:
    """A virtual environment that sees this one's dependencies but not this project. Returns its python."""
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=folder).strip())
    dependencies = [path for path in map(Path, sys.path) if path.name == "site-packages"]
    finder = "".join(f"import sys; sys.path.append({str(path)!r})\n" for path in dependencies)
    (site / "dependencies.pth").write_text(finder)
    return python


@pytest.mark.timeout(400)
@pytest.mark.parametrize("how", ["wheel", "sdist", "folder", "editable"])
def test_installed_command_runs_the_demo_from_another_folder(built: Path, tmp_path: Path, how: str) -> None:
    python = environment(tmp_path / "venv")
    packages: dict[str, list[str | Path]] = {
        "wheel": [next((built / "dist").glob("*.whl"))],
        "sdist": [next((built / "dist").glob("*.tar.gz"))],
        "folder": [built / "project"],
        "editable": ["--editable", built / "project"],
    }
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-build-isolation")
    run(*pip, "--force-reinstall", *packages[how], folder=tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    where = run(python, "-P", "-c", "import advisor; print(advisor.__file__)", folder=elsewhere).strip()
    assert Path(where).is_relative_to(built if how == "editable" else tmp_path), "the test must not run the checkout"

    out = run(tmp_path / "venv" / "bin" / "advisor", "demo", "sample", folder=elsewhere)

    assert "extract" in out
    assert (elsewhere / "sample" / "advisor.toml").is_file()


def test_wheel_holds_the_package_alone(built: Path) -> None:
    with zipfile.ZipFile(next((built / "dist").glob("*.whl"))) as wheel:
        names = wheel.namelist()
    roots = {name.split("/")[0] for name in names}
    assert {root for root in roots if not root.endswith(".dist-info")} == {"advisor"}
    assert any(name.startswith("advisor/templates/") and name.endswith(".j2") for name in names)
    assert any(name.startswith("advisor/connectors/") for name in names)
    assert "advisor/py.typed" in names
