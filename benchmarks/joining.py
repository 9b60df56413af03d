"""The point-in-time join beside pandas' merge_asof: labels, and groups of an offline store's Parquet.

python -m benchmarks.joining FOLDER --labels 5000000 --rows 20000000 --groups 3

Both read the same files, in a process each, and give the same values: the number of values found and their
sum are held against each other. Peak memory is the process's own (ru_maxrss).
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import duckdb

from contracts.feature_groups import EVENT_TIME, FeatureGroup
from lambdas.features.history import files
from lambdas.features.join import join

BEGIN = 1_760_000_000
SPAN_SECONDS = 30 * 86_400
MEMORY = "2200MB"  # what DuckDB may hold before it spills


def group(number: int) -> FeatureGroup:
    return FeatureGroup(
        name=f"g{number}", entity="house", features=(f"x{number}",), available_after_seconds=60
    )


def make(folder: Path, labels: int, rows: int, groups: int) -> None:
    """Events at random times of a month, of as many entities as there is one for each twenty rows; one in a
    thousand was written twice."""
    entities = max(1, rows // 20)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET threads = 2")
        connection.execute("SELECT setseed(0.5)")
        for number in range(groups):
            made = (
                f"SELECT (random() * {entities})::BIGINT::VARCHAR AS house, "
                f"{BEGIN} + floor(random() * {SPAN_SECONDS} * 1000) / 1000 AS {EVENT_TIME}, "
                f"random() AS x{number}, false AS is_deleted FROM range({rows})"
            )
            twice = (
                "SELECT *, to_timestamp(greenlight_event_time) AS api_invocation_time, "
                "to_timestamp(greenlight_event_time + 900) AS write_time FROM made"
            )
            again = (
                f"SELECT * REPLACE (x{number} + 9 AS x{number}, write_time AS api_invocation_time) FROM twice"
            )
            connection.execute(f"CREATE OR REPLACE TEMP TABLE made AS {made}")
            connection.execute(
                f"COPY (WITH twice AS ({twice}) SELECT * FROM twice UNION ALL "
                f"SELECT * FROM ({again}) WHERE hash(house, {EVENT_TIME}) % 1000 = 0) "
                f"TO '{folder}/g{number}.parquet' (FORMAT parquet)"
            )
        connection.execute(
            f"COPY (SELECT (random() * {entities})::BIGINT::VARCHAR AS house, "
            f"to_timestamp({BEGIN} + floor(random() * {SPAN_SECONDS})) AS seen FROM range({labels})) "
            f"TO '{folder}/labels.parquet' (FORMAT parquet)"
        )


def by_duckdb(folder: Path, groups: int) -> list[float]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET threads = 2")
        connection.execute(f"SET memory_limit = '{MEMORY}'")
        connection.execute(f"SET temp_directory = '{folder}/spill'")
        connection.execute(f"CREATE VIEW labels AS SELECT * FROM '{folder}/labels.parquet'")
        sources = [(group(number), files([f"{folder}/g{number}.parquet"])) for number in range(groups)]
        query = join(connection, "labels", "seen", sources)
        connection.execute(f"COPY ({query}) TO '{folder}/joined.parquet' (FORMAT parquet)")
        sums = ", ".join(f"count(x{number}), sum(x{number})" for number in range(groups))
        (found,) = connection.execute(f"SELECT {sums} FROM '{folder}/joined.parquet'").fetchall()
        return [float(value) for value in found]


def by_pandas(folder: Path, groups: int) -> list[float]:
    import pandas as pd

    joined = pd.read_parquet(folder / "labels.parquet")
    joined["number"] = range(len(joined))
    joined["known"] = (
        joined["seen"].astype("int64") // (1000 if joined["seen"].dt.unit == "ns" else 1) - 60_000_000
    )
    joined = joined.sort_values("known", kind="stable")
    for number in range(groups):
        columns = ["house", EVENT_TIME, f"x{number}", "api_invocation_time"]
        events = pd.read_parquet(folder / f"g{number}.parquet", columns=columns)
        events["t"] = (events[EVENT_TIME] * 1e6).round().astype("int64")
        events = events.sort_values(["t", "api_invocation_time"]).drop_duplicates(["house", "t"])
        events = events[["house", "t", f"x{number}"]]
        joined = pd.merge_asof(joined, events, left_on="known", right_on="t", by="house").drop(columns="t")
    joined.sort_values("number").to_parquet(folder / "joined-pandas.parquet")
    return [
        float(v)
        for number in range(groups)
        for v in (joined[f"x{number}"].count(), joined[f"x{number}"].sum())
    ]


WAYS = {"duckdb": by_duckdb, "pandas": by_pandas}


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.joining", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--labels", type=int, default=5_000_000)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--groups", type=int, default=3)
    parser.add_argument("--way", choices=WAYS, help="one of them, in this process")
    asked = parser.parse_args()
    if asked.way:
        began = time.perf_counter()
        found = WAYS[asked.way](asked.folder, asked.groups)
        seconds = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        print(
            json.dumps(
                {"way": asked.way, "seconds": round(seconds, 1), "peak_gib": round(peak, 2), "found": found}
            )
        )
        return
    asked.folder.mkdir(parents=True, exist_ok=True)
    make(asked.folder, asked.labels, asked.rows, asked.groups)
    told = []
    for way in WAYS:
        command = [sys.executable, "-m", "benchmarks.joining", str(asked.folder), "--way", way]
        ended = subprocess.run(
            [*command, "--groups", str(asked.groups)], capture_output=True, text=True, check=False
        )
        print(
            ended.stdout.strip() or f"{way} ended with {ended.returncode}: {ended.stderr[-500:]}", flush=True
        )
        told += [json.loads(ended.stdout)["found"]] if ended.returncode == 0 else []
    if len(told) == len(WAYS):
        same = all(abs(a - b) <= 1e-6 * max(1.0, abs(a)) for a, b in zip(*told, strict=True))
        print("both found the same" if same else "THEY DIFFER")


if __name__ == "__main__":
    main()
