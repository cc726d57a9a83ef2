"""The documentation, executed: what it shows is what the command prints, and what it lists is all there is.

`ADVISOR_GOLDEN=rewrite` writes the commands' real output into the README.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from advisor import config, registry
from advisor.cli import COMMANDS
from advisor.contract.settings import known_keys
from advisor.contract.source import Terms
from tests.e2e.running import Advisor

PROJECT = Path(__file__).parents[2]
README = PROJECT / "README.md"
RUN = re.compile(r"<!-- run: (?P<command>.+?) -->\n```\n(?P<output>.*?)```\n", re.DOTALL)
CONFIGURATION = re.compile(r"<!-- config -->\n```toml\n(?P<text>.*?)```\n", re.DOTALL)
SOURCES = re.compile(r"<!-- sources -->\n(?P<table>.*?)<!-- /sources -->\n", re.DOTALL)
LINK = re.compile(r"\]\((?P<target>[^)#:]+)(#[^)]*)?\)")
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "connectors/README.md")


def shown(command: str, folder: Path) -> str:
    """What a reader sees who types *command* on the day of the report, in the folder that holds the sample."""
    binaries = Path(sys.executable).parent
    environ = {**os.environ, "ADVISOR_NOW": "2026-11-24T12:00:00Z", "PATH": f"{binaries}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environ, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documentation")
    shown("advisor demo sample", folder)
    return folder


def test_what_the_readme_shows_is_what_the_command_prints(sample: Path) -> None:
    text = README.read_text(encoding="utf-8")
    blocks = list(RUN.finditer(text))
    assert len(blocks) >= 3
    real = {block["command"]: shown(block["command"], sample) for block in blocks}
    if os.environ.get("ADVISOR_GOLDEN") == "rewrite":
        README.write_text(RUN.sub(lambda block: _block(block["command"], real[block["command"]]), text), "utf-8")
        return
    for block in blocks:
        assert block["output"] == real[block["command"]], block["command"]


def _block(command: str, output: str) -> str:
    return f"<!-- run: {command} -->\n```\n{output}```\n"


def test_the_readme_lists_every_kind_of_source_on_its_terms() -> None:
    text = README.read_text(encoding="utf-8")
    heads = ("kind", "finest tokens", "finest cost", "freshness", "cost of daily reads, a month", "permission")
    lines = [heads, ("---",) * len(heads)]
    for kind in registry.kinds(registry.SOURCES):
        terms = getattr(registry.load(registry.SOURCES, kind), "terms", None)
        assert isinstance(terms, Terms), f"{kind} declares no terms"
        lines.append((f"`{kind}`", terms.tokens, terms.cost, terms.freshness, terms.polling, terms.permission))
    table = "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
    if os.environ.get("ADVISOR_GOLDEN") == "rewrite":
        README.write_text(SOURCES.sub(f"<!-- sources -->\n{table}<!-- /sources -->\n", text), "utf-8")
        return
    found = SOURCES.search(text)
    assert found
    assert found["table"] == table


def reference() -> dict[str, Any]:
    found = CONFIGURATION.search(README.read_text(encoding="utf-8"))
    assert found
    return tomllib.loads(found["text"])


def test_the_configuration_shown_is_accepted_as_it_stands() -> None:
    config.parse(reference(), PROJECT)


def test_the_configuration_shown_has_every_key_that_there_is() -> None:
    tables = reference()
    fleet = tables["fleet"]
    places: dict[tuple[int | str, ...], dict[str, Any]] = {
        ("advisor",): tables["advisor"],
        ("workloads", 0): tables["workloads"][0],
        ("fleet",): {key: value for key, value in fleet.items() if key not in ("offers", "profiles")},
        ("fleet", "overheads"): fleet["overheads"],
        ("fleet", "only"): fleet["only"],
        ("offers", 0): fleet["offers"][0],
        # One form of the rates is shown, the comment names the other.
        ("profiles", 0): fleet["profiles"][0] | {"prefill_tokens_per_second": 0, "decode_tokens_per_second": 0},
        ("prices", 0): tables["prices"][0],
        ("exchange_rates", 0): tables["exchange_rates"][0],
        ("commitments", 0): tables["commitments"][0],
        ("policy",): tables["policy"],
        ("team",): tables["team"],
        ("schedule",): tables["schedule"],
        ("service",): tables["service"],
    }
    for place, table in places.items():
        assert set(table) == known_keys(config.Config, place), place
    shown_tables = {*tables, "offers", "profiles"}
    assert known_keys(config.Config, ()) - {"folder"} == shown_tables


@pytest.mark.parametrize("section", ["fleet", "policy"])
def test_the_values_shown_are_the_defaults(section: str) -> None:
    stated = config.parse({"sources": reference()["sources"], section: _defaults(section)}, PROJECT)
    default = config.parse({"sources": reference()["sources"]}, PROJECT)
    assert getattr(stated, section) == getattr(default, section)


def _defaults(section: str) -> dict[str, Any]:
    table: dict[str, Any] = reference()[section]
    return {key: value for key, value in table.items() if key not in ("offers", "profiles", "only")}


def test_every_command_is_documented_and_has_a_help_page(advisor: Advisor) -> None:
    text = README.read_text(encoding="utf-8")
    for command in COMMANDS:
        assert re.search(rf"advisor {command}\b|^  {command} ", text, re.MULTILINE), command
        ran = advisor(command, "--help")
        assert ran.code == 0
        assert all(len(line) <= 100 for line in ran.out.splitlines())


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_leads_to_a_file(name: str) -> None:
    document = PROJECT / name
    for link in LINK.finditer(document.read_text(encoding="utf-8")):
        assert (document.parent / link["target"]).exists(), link["target"]


def test_the_python_shown_runs(sample: Path) -> None:
    text = README.read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    script = sample / "sample" / "notebook.py"
    script.write_text(code)
    assert "extract SWITCH" in shown("python -P notebook.py", script.parent)


def test_make_targets_named_in_the_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    for name in DOCUMENTS:
        named = re.findall(r"`make ([a-z]+)`|^    make ([a-z]+)", (PROJECT / name).read_text(encoding="utf-8"), re.M)
        assert {first or second for first, second in named} <= targets


def test_the_articles_figures_in_the_readme_are_the_tests() -> None:
    table = README.read_text(encoding="utf-8").partition("### The article's example")[2]
    worked = (PROJECT / "tests" / "golden" / "test_worked_examples.py").read_text(encoding="utf-8")
    for figure in ("3,750.60", "3,241.98", "99.2", "12.50", "9.58"):
        assert figure in table
    for figure in ("3750.60", "3241.98", "0.992", "12.50", "0.0958"):
        assert figure in worked


def test_the_accuracy_shown_is_what_the_bench_prints() -> None:
    bench = PROJECT / "tests" / "bench" / "throughput_bench.py"
    done = subprocess.run([sys.executable, str(bench)], cwd=PROJECT, capture_output=True, text=True, check=True)
    by_gpu = done.stdout.partition("| GPU |")[2].partition("\n\n")[0]
    assert f"| GPU |{by_gpu}\n" in README.read_text(encoding="utf-8")
