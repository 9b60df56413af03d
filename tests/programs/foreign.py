"""`make test-foreign`: other people's suites and clients judge the embedded cloud; their counts go into
docs/fidelity.md.

JSONata's own suite is not shipped: `git clone https://github.com/jsonata-js/jsonata`, then
`make test-foreign JSONATA=jsonata/test/test-suite`. Without it, that row keeps its last figure.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.programs.nightly import told

PROJECT = Path(__file__).resolve().parents[2]
DOCUMENT = PROJECT / "docs/fidelity.md"
BEGIN, END = "<!-- foreign: begin -->", "<!-- foreign: end -->"
HEAD = ("| judge | what it is asked | last result | date |", "|---|---|---|---|")


@dataclass(frozen=True)
class Judge:
    """One of other people's programs, and the command that lets it judge."""

    name: str
    asked: str
    command: tuple[str, ...]


def judges(jsonata: Path | None) -> list[Judge]:
    """Those that can be asked here."""
    pytest = (sys.executable, "-m", "pytest", "-q")
    clients = (*pytest, "-m", "clients")
    found = [
        Judge(
            "AWS CLI, SageMaker SDK",
            "an upload, waiting and invoking, through a deployment; the registry, a job, the endpoint",
            (*clients, "tests/clients/test_aws_clients.py"),
        ),
        Judge(
            "Triton's client",
            "metadata and inference in JSON and in binary",
            (*clients, "tests/clients/test_v2_client.py"),
        ),
        Judge(
            "CDK CLI",
            "bootstrap, deploy, a deployment that fails and is repeated, destroy, hotswap, watch",
            (*pytest, "tests/integration/test_cdk_cli.py", "tests/integration/test_hotswap.py"),
        ),
        Judge(
            "MLflow's client",
            "runs, artefacts, models and aliases by the app's ARN, signed",
            (*pytest, "tests/integration/sagemaker/test_mlflow.py"),
        ),
    ]
    if jsonata is not None:
        command = (sys.executable, "-m", "tests.programs.jsonata_suite", str(jsonata))
        found.append(Judge("JSONata's suite", "expressions, without what 2.0.6 has not", command))
    return found


def summary(status: int, output: str) -> str:
    """pytest's summary, else the last line that the program said."""
    said = told(status, output)
    lines = [line for line in output.splitlines() if line.strip()]
    return lines[-1] if said.startswith(("passed", "failed")) and lines else said


def merged(document: str, results: Sequence[tuple[Judge, str]], date: str) -> str:
    """The document with today's results; who was not asked keeps the row that it had."""
    before, _, rest = document.partition(BEGIN)
    table, _, after = rest.partition(END)
    rows = {line.split("|")[1].strip(): line for line in table.strip().splitlines()[2:]}
    for judge, said in results:
        rows[judge.name] = f"| {judge.name} | {judge.asked} | {said} | {date} |"
    return "\n".join([f"{before}{BEGIN}", *HEAD, *rows.values(), f"{END}{after}"])


def run(command: Sequence[str]) -> tuple[int, str]:
    """Run one, shown as it goes; its status and what it said."""
    said = []
    with subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            sys.stdout.write(line)
            said.append(line)
    return process.returncode, "".join(said)


def ask(
    asked: Sequence[Judge], do: Callable[[Sequence[str]], tuple[int, str]]
) -> tuple[list[tuple[Judge, str]], int]:
    """Every judge in turn, whatever the others say; what each said, and how many found a fault."""
    results, failed = [], 0
    for judge in asked:
        print(f"test-foreign: {judge.name}", flush=True)
        status, output = do(judge.command)
        failed += status != 0
        results.append((judge, summary(status, output)))
    return results, failed


def main() -> int:
    parser = argparse.ArgumentParser(prog="make test-foreign", description=__doc__)
    parser.add_argument("--jsonata", type=Path, help="a checkout's test/test-suite")
    chosen = parser.parse_args()
    results, failed = ask(judges(chosen.jsonata), run)
    DOCUMENT.write_text(merged(DOCUMENT.read_text(), results, f"{datetime.now(UTC):%Y-%m-%d}"))
    for judge, said in results:
        print(f"{judge.name}: {said}")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
