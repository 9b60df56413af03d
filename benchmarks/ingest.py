"""What checking costs: `make bench-ingest DATA=housing.csv`.

The same CSV, made of the given one's rows over and over, is read, checked and written as Parquet by bare
DuckDB, by pandas, and by IngestData, which also hashes, splits, profiles and looks at every byte. Each runs
in a process of its own; the best of several rounds counts, and the rounds alternate.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from contracts.dataset import Column, DatasetContract
from contracts.pipeline_config import PipelineConfig

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "docs/performance/ingest.md"
CONTENDERS = ("duckdb", "IngestData", "pandas")


def main() -> None:
    arguments = read_arguments()
    if arguments.run:
        print(json.dumps(measured(arguments.run, Path(arguments.data), Path(arguments.scratch))))
        return
    with tempfile.TemporaryDirectory(prefix="bench-ingest-", dir=arguments.scratch) as scratch:
        big = Path(scratch) / "big.csv"
        rows = repeat(Path(arguments.data), big, arguments.megabytes * 1_000_000)
        print(f"{big.stat().st_size / 1e6:,.0f} MB, {rows:,} rows", flush=True)
        best = {name: best_of(name, big, scratch, arguments.rounds) for name in CONTENDERS}
    table = table_of(best)
    print(table)
    if arguments.write:
        REPORT.write_text(report(table, arguments.megabytes, rows), encoding="utf-8")


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest", description=__doc__)
    parser.add_argument("--data", default=os.environ.get("DATA"), help="a CSV that pipeline.toml accepts")
    parser.add_argument("--megabytes", type=int, default=1070)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scratch", default=tempfile.gettempdir())
    parser.add_argument("--write", action="store_true", help=f"write {REPORT.relative_to(ROOT)}")
    parser.add_argument("--run", choices=CONTENDERS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not arguments.data:
        parser.error("give the data: make bench-ingest DATA=path/to/housing.csv")
    return arguments


def repeat(source: Path, target: Path, size_bytes: int) -> int:
    """The source's rows over and over; returns their number."""
    header, body = source.read_bytes().split(b"\n", 1)
    times = max(1, size_bytes // len(body))
    with target.open("wb") as file:
        file.write(header + b"\n")
        for _ in range(times):
            file.write(body)
    return times * body.count(b"\n")


def best_of(name: str, data: Path, scratch: str, rounds: int) -> dict[str, float]:
    results = []
    for _ in range(rounds):
        command = [sys.executable, "-m", "benchmarks.ingest", "--run", name, "--data", str(data)]
        done = subprocess.run(
            [*command, "--scratch", scratch], cwd=ROOT, check=True, capture_output=True, text=True
        )
        results.append(json.loads(done.stdout.splitlines()[-1]))
        print(f"{name}: {results[-1]}", flush=True)
    return {key: min(result[key] for result in results) for key in results[0]}


def measured(name: str, data: Path, scratch: Path) -> dict[str, float]:
    """Wall and processor seconds without imports, and the peak of resident memory with them."""
    import resource

    contestant = {"duckdb": bare_duckdb, "IngestData": ingest_data, "pandas": with_pandas}[name]
    contract = PipelineConfig.load(ROOT / "pipeline.toml")
    with tempfile.TemporaryDirectory(dir=scratch) as directory:
        work = contestant(data, contract, Path(directory))
        started, used = time.perf_counter(), time.process_time()
        work()
        took, cpu = time.perf_counter() - started, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": round(took, 2), "processor_seconds": round(cpu, 2), "peak_mb": round(peak / 1024)}


def bare_duckdb(data: Path, config: PipelineConfig, scratch: Path) -> Callable[[], None]:
    import duckdb

    connection = duckdb.connect()
    columns = {c.name: "VARCHAR" if c.type == "category" else "DOUBLE" for c in config.dataset.columns}
    checks = " AND ".join(filter(None, (_in_sql(column) for column in config.dataset.columns)))
    read = f"read_csv('{data}', columns = {columns}, header = true)"
    query = f"COPY (SELECT * FROM {read} WHERE {checks}) TO '{scratch}/out.parquet' (FORMAT parquet)"

    def work() -> None:
        connection.execute(query)

    return work


def _in_sql(column: Column) -> str:
    low, high = column.minimum, column.maximum
    tests = [f'"{column.name}" >= {low}'] if low is not None else []
    tests += [f'"{column.name}" <= {high}'] if high is not None else []
    found = " AND ".join(tests)
    return f'({found} OR "{column.name}" IS NULL)' if found else ""


def ingest_data(data: Path, config: PipelineConfig, scratch: Path) -> Callable[[], None]:
    """As the function does it, from the stream on: saved, hashed, decoded, its lines told apart, and read."""
    import pyarrow as pa

    from lambdas.datasets.upload.arrival import save
    from lambdas.ingest_data.ingestion import ingest

    pa.array([0])  # the first array makes Arrow import pandas where there is one; the function has none

    def chunks() -> Iterator[bytes]:
        with data.open("rb") as file:
            while chunk := file.read(1 << 22):
                yield chunk

    def work() -> None:
        ingest(save(chunks(), scratch / "upload", config.dataset), config, scratch)

    return work


def with_pandas(data: Path, config: PipelineConfig, scratch: Path) -> Callable[[], None]:
    import pandas as pd

    def work() -> None:
        frame = pd.read_csv(data)
        frame[_in_pandas(frame, config.dataset)].to_parquet(scratch / "out.parquet")

    return work


def _in_pandas(frame: object, contract: DatasetContract) -> object:
    import pandas as pd

    assert isinstance(frame, pd.DataFrame)
    good = pd.Series(True, index=frame.index)
    for column in contract.columns:
        values = frame[column.name]
        if column.minimum is not None:
            good &= (values >= column.minimum) | values.isna()
        if column.maximum is not None:
            good &= (values <= column.maximum) | values.isna()
    return good


def table_of(best: dict[str, dict[str, float]]) -> str:
    base = best["duckdb"]
    lines = [
        "| what | seconds | to bare DuckDB | processor seconds | to bare DuckDB | peak resident |",
        "|---|---|---|---|---|---|",
    ]
    labels = {
        "duckdb": "bare DuckDB: read, check bounds, write Parquet",
        "IngestData": "IngestData: hash, check everything, split, write Parquet, profile",
        "pandas": "pandas: read, check bounds, write Parquet",
    }
    for name, found in best.items():
        lines.append(
            f"| {labels[name]} | {found['seconds']:.1f} | {found['seconds'] / base['seconds']:.2f} "
            f"| {found['processor_seconds']:.1f} "
            f"| {found['processor_seconds'] / base['processor_seconds']:.2f} "
            f"| {found['peak_mb']:,.0f} MB |"
        )
    return "\n".join(lines)


def report(table: str, megabytes: int, rows: int) -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        "# What checking an upload costs\n\n"
        f"A CSV of {megabytes:,} MB, {rows:,} rows of ten columns, on {cores} processors "
        f"({platform.machine()}, Python {platform.python_version()}). The best of several rounds, each in a "
        "process of its own.\n\n"
        f"{table}\n\n"
        "Made by `make bench-ingest DATA=path/to/housing.csv`.\n"
    )


if __name__ == "__main__":
    main()
