"""How long an hour of captured requests takes to read, compact and judge, and how much memory, beside the
same done with pandas and SciPy.

    python -m benchmarks.captures [--requests 10000000] [--write docs/performance/monitoring.md]

Lines are as data capture writes them: one row of ten columns a request as CSV, nine numbers and a category,
in files of 50,000. They are made before, and lie on this machine's disk; what S3 would take is left out. Each
of the two reads them in a process of its own. The one with pandas parses the lines, splits the rows, and does
what a person would do with SciPy: `ks_2samp` of each number and `chi2_contingency` of the category against
the baseline's rows. It keeps no Parquet, finds no event that came twice, and has no thresholds of its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

LINES_A_FILE = 50_000
NUMBERS, KINDS = 9, ("a", "b", "c", "d")
BASELINE_ROWS = 20_000
NAMES = [*(f"c{number}" for number in range(NUMBERS)), "kind"]
HOUR = datetime(2026, 11, 28, 14, tzinfo=UTC)
BEGIN, END = "<!-- captures: begin -->", "<!-- captures: end -->"


def rows(chance: np.random.Generator, size: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    return chance.normal(size=(size, NUMBERS)), chance.choice(KINDS, size)


def write_files(folder: Path, requests: int) -> list[Path]:
    """As SageMaker Developer Guide, "Capture data from real-time endpoint", shows a line."""
    paths = []
    for start in range(0, requests, LINES_A_FILE):
        size = min(LINES_A_FILE, requests - start)
        numbers, kinds = rows(np.random.default_rng(start + 1), size)
        path = folder / f"{start:09}.jsonl"
        with path.open("w") as file:
            for place in range(size):
                asked = ",".join(f"{value:.6f}" for value in numbers[place]) + f",{kinds[place]}"
                file.write(_line(start + place, asked, f"{numbers[place, 0]:.6f}\\n"))
        paths.append(path)
    return paths


def _line(number: int, asked: str, answered: str) -> str:
    part = '"observedContentType":"text/csv","mode":"{}","data":"{}","encoding":"CSV"'
    return (
        f'{{"captureData":{{"endpointInput":{{{part.format("INPUT", asked)}}},'
        f'"endpointOutput":{{{part.format("OUTPUT", answered)}}}}},"eventMetadata":{{"eventId":'
        f'"{number:08x}-0000-4000-8000-{number:012x}","inferenceTime":"2026-11-28T14:{number % 60:02}:00Z"}},'
        '"eventVersion":"0"}\n'
    )


def baseline() -> dict[str, Any]:
    numbers, kinds = rows(np.random.default_rng(0), BASELINE_ROWS)
    found: dict[str, Any] = {f"c{place}": numbers[:, place] for place in range(NUMBERS)}
    return {**found, "kind": kinds.astype(object)}


def ours(paths: list[Path], scratch: Path) -> str:
    """The monitor's own code, with a folder in the place of the bucket."""
    from contracts.monitoring import Monitoring
    from inference.model import InputColumn
    from lambdas.judge_drift.verdict import Watched, judged, rule_of
    from lambdas.monitoring.champion import arrays_of, predictions_of
    from lambdas.read_window import compaction

    columns = [InputColumn(name=name, type="number") for name in NAMES[:-1]]
    columns.append(InputColumn(name="kind", type="category", categories=KINDS))
    kept = scratch / "kept.parquet"

    class Folder:
        """What the compaction asks of S3."""

        @staticmethod
        def read_bytes(uri: str) -> bytes:
            return Path(uri).read_bytes()

        @staticmethod
        def upload_file(path: Path, uri: str, kind: str) -> None:
            path.rename(kept)
            path.touch()  # the compaction removes its own

        @staticmethod
        def write_json(document: Any, uri: str) -> None:
            return None

    compaction.storage = Folder  # type: ignore[assignment, attr-defined]
    account = compaction.compact(
        [str(path) for path in paths], columns, "bucket", HOUR, scratch, is_classifier=False
    )
    then = baseline()
    watched = Watched(then)
    with pq.ParquetFile(kept) as file:
        for batch in file.iter_batches():
            table = pa.table(batch)
            watched.add({**arrays_of(table, columns), **predictions_of(table, ())}, table.num_rows)
    verdict = judged(watched, then, NAMES, rule_of(Monitoring()))
    return f"{account['rows']:,} rows, {verdict.status}"


def pandas_and_scipy(paths: list[Path], scratch: Path) -> str:
    import io

    import pandas as pd
    from scipy import stats

    pieces = []
    for path in paths:
        lines = [json.loads(line)["captureData"]["endpointInput"]["data"] for line in path.open()]
        pieces.append(pd.read_csv(io.StringIO("\n".join(lines)), header=None, names=NAMES))
    now, then = pd.concat(pieces, ignore_index=True), pd.DataFrame(baseline())
    chances = [stats.ks_2samp(now[name], then[name]).pvalue for name in NAMES[:-1]]
    counts = pd.concat([now["kind"].value_counts(), then["kind"].value_counts()], axis=1).fillna(0)
    chances.append(stats.chi2_contingency(counts.T.to_numpy()).pvalue)
    return f"{len(now):,} rows, smallest chance {min(chances):.2g}"


CONTESTANTS = {"the monitor": ours, "pandas and SciPy": pandas_and_scipy}


def lines(requests: int) -> Iterator[str]:
    yield f"| {requests:,} requests, ten columns | wall s | CPU s | peak MB | found |"
    yield "|---|---|---|---|---|"
    with tempfile.TemporaryDirectory(prefix="captures-") as name:
        write_files(Path(name), requests)
        for contestant in CONTESTANTS:
            command = [sys.executable, "-m", "benchmarks.captures", "--child", contestant, "--folder", name]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            yield f"| {contestant} | {done.stdout.strip().splitlines()[-1]} |"


def child(contestant: str, folder: Path) -> str:
    """Wall and CPU seconds with all imports, and the process's peak."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="captures-") as scratch:
        found = CONTESTANTS[contestant](sorted(folder.glob("*.jsonl")), Path(scratch))
    used = resource.getrusage(resource.RUSAGE_SELF)
    wall, cpu = time.monotonic() - began, used.ru_utime + used.ru_stime
    return f"{wall:,.1f} | {cpu:,.1f} | {used.ru_maxrss / 1024:,.0f} | {found}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000_000)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--child", choices=sorted(CONTESTANTS))
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    if arguments.child:
        print(child(arguments.child, arguments.folder))
        return
    found = []
    for line in lines(arguments.requests):
        print(line, flush=True)
        found.append(line)
    if arguments.write:
        head, rest = arguments.write.read_text(encoding="utf-8").split(BEGIN)
        body = "\n".join([BEGIN, *found, END])
        arguments.write.write_text(f"{head}{body}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
