"""What each function costs before its first event: the processor time of its imports, and its memory.

    python -m benchmarks.functions [--rounds 5] [--write docs/performance/functions.md]

Each handler is imported in a fresh process, once with compiled files beside the sources (as the image of
the data functions has them) and once without (as a zip has them: Lambda's file system is read-only, and so
each cold start compiles again). `import boto3` is asked in turn; figures are ratios to it in the same round.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PEER = "boto3"
CHILD = """
import importlib, resource, sys, time
began = time.process_time()
importlib.import_module(sys.argv[1])
print(time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
HEADINGS = ("function", "compiled, ms", "x boto3", "not compiled, ms", "x boto3", "memory, MB")


@dataclass(frozen=True)
class Cold:
    """One import in a fresh process: processor seconds, and the process's largest resident size in MiB."""

    seconds: float
    resident_mib: float


@dataclass(frozen=True)
class Row:
    """Medians over the rounds; the ratios are each round's own."""

    function: str
    compiled_seconds: float
    compiled_ratio: float
    source_seconds: float
    source_ratio: float
    resident_mib: float


def cold_import(module: str, *, is_compiled: bool) -> Cold:
    """Import it in a fresh process, with the compiled files that are there or as if there were none."""
    environment = {**os.environ, "AWS_REGION": "us-east-1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    if not is_compiled:
        environment["PYTHONPYCACHEPREFIX"] = os.devnull
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
    command = [sys.executable, "-c", CHILD, module]
    done = subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True)
    seconds, resident = map(float, done.stdout.split())
    return Cold(seconds, resident)


def handlers() -> list[str]:
    """Every function's module."""
    found = sorted((ROOT / "lambdas").glob("*/handler.py"))
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in found]


def measure(rounds: int) -> Iterator[Row]:
    """One row a function, boto3 asked beside it in each round."""
    for module in (PEER, *handlers()):
        cold_import(module, is_compiled=True)  # leaves the compiled files
        pairs = {
            is_compiled: [
                (cold_import(PEER, is_compiled=is_compiled), cold_import(module, is_compiled=is_compiled))
                for _ in range(rounds)
            ]
            for is_compiled in (True, False)
        }
        seconds = {key: statistics.median(own.seconds for _, own in found) for key, found in pairs.items()}
        ratios = {
            key: statistics.median(own.seconds / peer.seconds for peer, own in found)
            for key, found in pairs.items()
        }
        resident = statistics.median(own.resident_mib for _, own in pairs[True])
        name = module.removeprefix("lambdas.").removesuffix(".handler")
        yield Row(name, seconds[True], ratios[True], seconds[False], ratios[False], resident)


def table(rows: list[Row]) -> str:
    """The rows as Markdown."""
    lines = [f"| {' | '.join(HEADINGS)} |", "|---|" + "---:|" * (len(HEADINGS) - 1)]
    for row in rows:
        cells = (
            row.function,
            f"{row.compiled_seconds * 1000:.0f}",
            f"{row.compiled_ratio:.2f}",
            f"{row.source_seconds * 1000:.0f}",
            f"{row.source_ratio:.2f}",
            f"{row.resident_mib:.0f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


BEGIN, END = "<!-- table: made by make bench-functions -->", "<!-- end of the table -->"


def write(page: Path, rows: list[Row]) -> None:
    """Replace what stands between the page's two marks."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{table(rows)}\n\n{END}{after}")


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="fresh processes of each kind a function")
    parser.add_argument("--write", type=Path, help="the page whose table is replaced")
    given = parser.parse_args()
    rows = []
    for row in measure(given.rounds):
        print(
            f"{row.function}: {row.compiled_ratio:.2f} x boto3, {row.source_ratio:.2f} not compiled",
            flush=True,
        )
        rows.append(row)
    print(table(rows))
    if given.write:
        write(given.write, rows)


if __name__ == "__main__":
    main()
