"""`make nightly`: everything that takes hours, one step after another; started again, it goes on.

The steps done for a commit are kept in build/nightly.json. Each step's last result, with date and commit, is
written into docs/testing.md as soon as it is there, failures too.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
STATE = PROJECT / "build/nightly.json"
DOCUMENT = PROJECT / "docs/testing.md"
BEGIN, END = "<!-- nightly: begin -->", "<!-- nightly: end -->"
STEPS = {
    "check": "lint, types, templates, advisories",
    "test": "unit, infrastructure, integration, end to end, the documents' code blocks",
    "notebooks": "the six notebooks, top to bottom",
    "docs": "the documentation's site, every link and anchor",
    "test-newcomer": "a rehearsal from nothing, as an ordinary user",
    "test-pythons": "the unit tests on 3.11, 3.12 and 3.13",
    "test-long": "a rehearsal as on a Mac, other teams' data, a VPC of its own",
    "test-tables": "real tables, each drafted and rehearsed",
    "test-clients": "the AWS CLI, the SageMaker SDK, Triton's client",
    "test-deployments": "each fault of a deployment, under load",
    "test-serving": "100,000 bodies, a million requests",
    "chaos": "600 uploads with random faults",
}
_SUMMARY = re.compile(r"^(?:=+ )?(\d+ (?:passed|failed|error).*? in [\d.]+s).*$", re.MULTILINE)


@dataclass(frozen=True)
class Result:
    """How one step ended, when, on which commit, and after how many minutes."""

    told: str
    status: int
    date: str
    commit: str
    minutes: int


def told(status: int, output: str) -> str:
    """pytest's own summaries, or whether it passed."""
    summaries = _SUMMARY.findall(output)
    if summaries:
        return "; ".join(summaries)
    return "passed" if status == 0 else f"failed with status {status}"


def read(state: Path) -> dict[str, Result]:
    """The last result of each step; empty before the first night."""
    if not state.exists():
        return {}
    return {step: Result(**result) for step, result in json.loads(state.read_text()).items()}


def left_to_do(results: Mapping[str, Result], commit: str) -> list[str]:
    """The steps that did not pass yet on this commit."""
    passed = {step for step, result in results.items() if result.commit == commit and result.status == 0}
    return [step for step in STEPS if step not in passed]


def table(results: Mapping[str, Result]) -> str:
    """Markdown: a row a step."""
    lines = ["| command | what | last result | date | commit | minutes |", "|---|---|---|---|---|---|"]
    for step, what in STEPS.items():
        result = results.get(step)
        ended = (
            f"{result.told} | {result.date} | {result.commit} | {result.minutes}"
            if result
            else "not run yet | | | "
        )
        lines.append(f"| `make {step}` | {what} | {ended} |")
    return "\n".join(lines)


def embed(document: str, made: str) -> str:
    """The document with the table between its two markers."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{made}\n{END}{after}"


def run_step(step: str) -> tuple[int, str]:
    """Run one target, shown as it goes; its status and what it said."""
    said = []
    with subprocess.Popen(
        ["make", "--no-print-directory", step],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            sys.stdout.write(line)
            said.append(line)
    return process.returncode, "".join(said)


def run(
    commit: str,
    clock: Callable[[], datetime],
    do: Callable[[str], tuple[int, str]],
    state: Path = STATE,
    document: Path = DOCUMENT,
) -> int:
    """Do what is left for this commit; the number of steps that failed."""
    results = read(state)
    failed = 0
    for step in left_to_do(results, commit):
        print(f"nightly: make {step}", flush=True)
        started = clock()
        status, output = do(step)
        minutes = round((clock() - started).total_seconds() / 60)
        results[step] = Result(told(status, output), status, f"{clock():%Y-%m-%d}", commit, minutes)
        failed += status != 0
        state.parent.mkdir(parents=True, exist_ok=True)
        state.write_text(json.dumps({name: asdict(result) for name, result in results.items()}, indent=1))
        document.write_text(embed(document.read_text(), table(results)))
    return failed


def main() -> int:
    described = subprocess.run(
        ["git", "describe", "--always", "--abbrev=8"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    return min(run(described.stdout.strip(), lambda: datetime.now(UTC), run_step), 1)


if __name__ == "__main__":
    sys.exit(main())
