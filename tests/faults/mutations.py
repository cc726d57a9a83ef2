"""Takes each safeguard of a delivery out, one at a time, and shows that the tests turn red: `make faults` runs it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile

ROOT = Path(__file__).resolve().parents[2]
KILLED = "tests/faults/test_delivery_killed.py"
OUTBOX = "tests/faults/test_delivery_outbox.py"


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """A safeguard, the text that it is in *file*, what stands there without it, and the tests that have to notice."""

    safeguard: str
    file: str
    text: str
    without: str
    tests: str


MUTATIONS = (
    Mutation(
        safeguard="the wait until a post has settled",
        file="advisor/delivery/slack.py",
        text="timedelta(seconds=TIMEOUT_SECONDS + 60)",
        without="timedelta()",
        tests=KILLED,
    ),
    Mutation(
        safeguard="looking a message up before it is sent again",
        file="advisor/delivery/slack.py",
        text="looks_up: ClassVar[bool] = True",
        without="looks_up: ClassVar[bool] = False",
        tests=KILLED,
    ),
    Mutation(
        safeguard="posting without the client's own retries",
        file="advisor/delivery/slack.py",
        text="            retry_handlers=[],\n",
        without="",
        tests=f"{KILLED} tests/faults/test_delivery_slack.py",
    ),
    Mutation(
        safeguard="SES without its client's retries",
        file="advisor/delivery/ses.py",
        text='retries={"total_max_attempts": 1}, ',
        without="",
        tests="tests/faults/test_delivery_http.py",
    ),
    Mutation(
        safeguard="one row for one piece of news",
        file="advisor/storage/ledger.py",
        text="        dedup_key=message.dedup_key,\n        **frozen,",
        without="        dedup_key=f'{message.dedup_key} {at}',\n        **frozen,",
        tests=f"{OUTBOX} tests/contract/test_store.py",
    ),
    Mutation(
        safeguard="outcomes of the last attempt only",
        file="advisor/storage/ledger.py",
        text="table.c.attempts == attempt, ",
        without="",
        tests=f"{OUTBOX} tests/contract/test_store.py",
    ),
    Mutation(
        safeguard="a paused run leaves its message to others",
        file="advisor/delivery/outbox.py",
        text="claimed_at > STALE",
        without="claimed_at > STALE * 1000",
        tests=OUTBOX,
    ),
    Mutation(
        safeguard="escaping what Slack reads as markup",
        file="advisor/reporting/message_slack.py",
        text='.replace("<", "&lt;")',
        without="",
        tests="tests/golden/test_messages.py tests/unit/reporting",
    ),
)


def main() -> int:
    """Try every mutation in a copy of the tracked files; 1 if the tests stayed green on any."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    survived = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in tracked.split("\n"):
            if name and (ROOT / name).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                copyfile(ROOT / name, copy / name)
        every = " ".join(dict.fromkeys(" ".join(mutation.tests for mutation in MUTATIONS).split()))
        whole_run = _tested(copy, every)
        if " failed" in whole_run or " passed" not in whole_run:
            print(f"the tests are red with every safeguard in place: {whole_run}")
            return 1
        for mutation in MUTATIONS:
            path = copy / mutation.file
            whole = path.read_text()
            assert whole.count(mutation.text) == 1, f"{mutation.file} does not hold {mutation.text!r} once"
            path.write_text(whole.replace(mutation.text, mutation.without))
            last = _tested(copy, mutation.tests)
            path.write_text(whole)
            red = " failed" in last
            survived += not red
            print(f"{'red' if red else 'STILL GREEN'}  without {mutation.safeguard}: {last}", flush=True)
    return 1 if survived else 0


def _tested(copy: Path, tests: str) -> str:
    """What pytest says last of these tests."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests.split()]
    return subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False).stdout.strip().split("\n")[-1]


if __name__ == "__main__":
    sys.exit(main())
