"""aiconfigurator 0.12, in an environment of its own: its smallest fleet for a load and a latency target."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

REQUIREMENT = "aiconfigurator>=0.12,<0.13"
"""0.12 is the last that has this interface; 851 MB with what it needs, so never a dependency."""
HOME = Path(sys.prefix) / "aiconfigurator"
RECOMMEND = """
import contextlib, json, sys
from aiconfigurator.cli.api import cli_recommend
answers = []
for ask in json.load(sys.stdin):
    answer = None
    with contextlib.redirect_stdout(sys.stderr):
        try:
            found = cli_recommend(
                ask["model"], ask["system"], target_request_rate=ask["requests_per_second"], backend="vllm",
                database_mode="SILICON", isl=ask["input_length"], osl=ask["output_length"],
                ttft=ask["first_token_ms"], tpot=ask["token_ms"], strict_sla=True,
            )
            whole = found.best_configs.get("agg")
            if whole is not None and len(whole):
                row = whole.loc[whole["total_gpus_needed"].idxmin()]
                answer = {
                    "gpus": int(row["total_gpus_needed"]), "tensor_parallel": int(row["tp"]),
                    "requests_per_second_per_gpu": float(row["seq/s/gpu"]),
                    "first_token_ms": float(row["ttft"]), "token_ms": float(row["tpot"]),
                }
        except Exception as error:
            print(error, file=sys.stderr)
    answers.append(answer)
json.dump(answers, sys.stdout)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A steady load on one model and GPU, and the mean latencies that it may have, in its own names."""

    model: str
    system: str
    requests_per_second: float
    input_length: int
    output_length: int
    first_token_ms: float
    token_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Its answer: the fewest GPUs, as many equal replicas, each filled up to the latency target."""

    gpus: int
    tensor_parallel: int
    requests_per_second_per_gpu: float
    first_token_ms: float
    token_ms: float


def interpreter() -> Path | str:
    """The interpreter of its environment, made on first use (`make clean` removes it), or why there is none."""
    python = HOME / "bin" / "python"
    if _runs(python):
        return python
    for command in (
        [sys.executable, "-m", "venv", str(HOME)],
        [str(python), "-m", "pip", "install", "--quiet", REQUIREMENT],
    ):
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode:
            said = (ran.stderr or ran.stdout).strip().splitlines()
            return said[-1] if said else f"{command[0]} failed"
    return python if _runs(python) else f"{REQUIREMENT} was installed and cannot be imported"


def recommended(python: Path, asks: Sequence[Ask]) -> list[Fleet | None]:
    """One answer for each question; None where it has none. Some seconds each."""
    ran = subprocess.run(
        [str(python), "-c", RECOMMEND],
        input=json.dumps([asdict(ask) for ask in asks]),
        capture_output=True,
        text=True,
        check=True,
    )
    return [None if answer is None else Fleet(**answer) for answer in json.loads(ran.stdout)]


def _runs(python: Path) -> bool:
    if not python.exists():
        return False
    ran = subprocess.run([str(python), "-c", "import aiconfigurator.cli.api"], capture_output=True, check=False)
    return ran.returncode == 0
