"""Rows a second of whole files: through our server as a transform job asks it, and by what users would pick.

`make bench-batch DATA=housing.csv`. Rows are those of the file again and again, so that as many as wanted
are asked; every side begins at the same CSV text and ends at one number a row. Ours gets it over HTTP, in
payloads of [batch]'s size, so many at once, with a worker a core; MLflow's pyfunc and the scikit-learn
pipeline are handed the same payloads, which pandas reads, in one process each with a thread a core.
"""

from __future__ import annotations

import argparse
import io
import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import joblib
import pandas as pd

from benchmarks.serving.measure import running
from benchmarks.serving.servers import BUILD, ROOT, SERVERS
from benchmarks.serving.workload import Workload, as_csv, prepare
from contracts.batch import BatchScoring
from contracts.pipeline_config import PipelineConfig

BATCH = BatchScoring()
KINDS = ("ours", "mlflow", "scikit-learn")


def payloads(rows: pd.DataFrame, wanted: int) -> Iterator[tuple[bytes, int]]:
    """The rows as CSV without a header, over and over, in pieces of a payload's size, with their number."""
    text = as_csv(rows)
    lines = [line + b"\n" for line in text.splitlines()[-len(rows) :]]
    share = sum(map(len, lines)) / len(lines)
    each = min(wanted, int(BATCH.payload_mb * 2**20 / share))
    whole = lines * (1 + each // len(lines))
    piece = b"".join(whole[:each])
    for start in range(0, wanted, each):
        count = min(each, wanted - start)
        yield (piece if count == each else b"".join(whole[:count])), count


def _a_worker_a_core(
    environment: Callable[[int, Workload], Mapping[str, str]],
) -> Callable[[int, Workload], Mapping[str, str]]:
    workers = {"SAGEMAKER_MODEL_SERVER_WORKERS": str(os.cpu_count() or 1)}
    return lambda port, workload: {**environment(port, workload), **workers}


def ours(workload: Workload, wanted: int) -> tuple[float, list[float]]:
    """Rows a second, and the first answers."""
    chosen = next(server for server in SERVERS if server.ours)
    server = replace(chosen, environment=_a_worker_a_core(chosen.environment))
    first: list[float] = []
    with running(server, workload) as found:

        def ask(piece: tuple[bytes, int]) -> int:
            content, count = piece
            peer = HTTPConnection("127.0.0.1", found.port, timeout=600)
            peer.request("POST", "/invocations", content, {"content-type": "text/csv"})
            answer = peer.getresponse()
            lines = answer.read().split()
            if answer.status != 200 or len(lines) != count:
                raise RuntimeError(f"{count} rows, answered {answer.status} with {len(lines)} lines")
            if not first:
                first.extend(map(float, lines[:100]))
            peer.close()
            return count

        pieces = list(payloads(workload.rows, wanted))
        began = time.perf_counter()
        with ThreadPoolExecutor(BATCH.concurrency) as pool:
            done = sum(pool.map(ask, pieces))
        return done / (time.perf_counter() - began), first


def peer(kind: str, workload: Workload, wanted: int) -> tuple[float, list[float]]:
    """The same of a library in this process."""
    if kind == "mlflow":
        import mlflow

        predict = mlflow.pyfunc.load_model(str(workload.mlflow)).predict
    else:
        predict = joblib.load(workload.pipeline).predict
    columns = list(workload.rows.columns)
    pieces = list(payloads(workload.rows, wanted))
    first: list[float] = []
    began = time.perf_counter()
    for content, _ in pieces:
        found = predict(pd.read_csv(io.BytesIO(content), header=None, names=columns))
        if not first:
            first = [float(value) for value in found[:100]]
    return wanted / (time.perf_counter() - began), first


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("DATA"), required="DATA" not in os.environ
    )
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--peer-rows", type=int, default=1_000_000, help="they take longer")
    parser.add_argument("--only", choices=KINDS)
    arguments = parser.parse_args()
    config = PipelineConfig.load(ROOT / "pipeline.toml")
    workload = prepare(
        config,
        arguments.data,
        BUILD / "boosted",
        config.training.estimator,
        dict(config.training.parameters),
    )
    for kind in [arguments.only] if arguments.only else KINDS:
        rate, first = (
            ours(workload, arguments.rows) if kind == "ours" else peer(kind, workload, arguments.peer_rows)
        )
        print(f"{kind}: {rate:,.0f} rows/s; the first answers add up to {sum(first):.10g}", flush=True)
    print(f"load of the machine: {os.getloadavg()[0]:.0f}, cores: {os.cpu_count()}")


if __name__ == "__main__":
    main()
