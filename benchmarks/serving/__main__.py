"""Ours and what users would pick, asked in turn: `make bench-serving DATA=housing.csv`.

Each peer lives in an environment of its own under build/bench, installed at the first run.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from benchmarks.serving import report
from benchmarks.serving.measure import Running, answer, compile_tools, running
from benchmarks.serving.servers import BUILD, PEERS, ROOT, SERVERS, Server
from benchmarks.serving.workload import Workload, prepare
from contracts.pipeline_config import PipelineConfig

CELLS = {"c1": (1, 1), "c16": (1, 16), "c64": (1, 64), "b100": (100, 1), "b1000": (1000, 1)}
STEADY_RATE, STEADY_CONNECTIONS = 500.0, 64


def main() -> None:
    arguments = read_arguments()
    compile_tools()
    config = PipelineConfig.load(ROOT / "pipeline.toml")
    data, chosen = (
        Path(arguments.data),
        [s for s in SERVERS if not arguments.only or s.slug in arguments.only],
    )
    boosted = prepare(
        config, data, BUILD / "boosted", config.training.estimator, dict(config.training.parameters)
    )
    figures = compare(chosen, boosted, CELLS, arguments.rounds, arguments.seconds)
    grown = prepare(config, data, BUILD / "forest", "random_forest", {"n_estimators": 100})
    some = [s for s in chosen if not s.name.startswith("floor")]
    forest = compare(some, grown, {"b1000": CELLS["b1000"]}, arguments.rounds, arguments.seconds)
    (BUILD / "serving.json").write_text(json.dumps({"boosted": figures, "forest": forest}, indent=1))
    about = {
        "model": f"{config.training.estimator}, {config.training.parameters.get('max_iter')} iterations",
        "rounds": arguments.rounds,
        "note": arguments.note,
    }
    page = ROOT / "docs/performance/serving.md"
    report.write(page, figures, forest, [peer.name for peer in PEERS if peer.name in figures], about)
    print(page.read_text())


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default=os.environ.get("DATA") or None, help="the census as CSV")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--only", nargs="*", help="these servers alone (their short names)")
    parser.add_argument("--note", default="", help="a remark about this run for the page")
    arguments = parser.parse_args()
    if not arguments.data:
        parser.error("give the data: make bench-serving DATA=path/to/housing.csv")
    return arguments


def compare(
    servers: list[Server], workload: Workload, cells: dict[str, tuple[int, int]], rounds: int, seconds: float
) -> dict[str, dict[str, float]]:
    """Medians over the rounds; in each round every server is asked once for every cell."""
    with ExitStack() as stack:
        started = [stack.enter_context(running(server, workload)) for server in servers]
        for one in started:
            check(one)
        taken: dict[str, list[dict[str, float]]] = {one.server.name: [] for one in started}
        for number in range(rounds):
            for name, (rows, connections) in cells.items():
                for one in started:
                    told = one.ask(rows, connections, seconds)
                    taken[one.server.name].append(
                        {f"{name}_{key}": told[source] for key, source in _KEPT.items()}
                    )
                    print(
                        f"round {number + 1} {name:5} {one.server.name:42} p50 {told['p50_us']:9,.0f} us",
                        flush=True,
                    )
        return {one.server.name: summary(one, taken[one.server.name], seconds) for one in started}


_KEPT = {"p50": "p50_us", "p99": "p99_us", "rate": "per_second", "cpu": "cpu_us"}


def summary(one: Running, taken: list[dict[str, float]], seconds: float) -> dict[str, float]:
    keys = {key for cell in taken for key in cell}
    found = {key: statistics.median(cell[key] for cell in taken if key in cell) for key in sorted(keys)}
    found |= {"cold": one.cold_start_seconds, "memory": one.resident_megabytes()}
    if one.server.ours:
        steady = one.ask(1, STEADY_CONNECTIONS, max(seconds, 5.0), STEADY_RATE)
        found["steady_p99"] = steady["p99_us"]
    return found


def check(one: Running) -> None:
    """A server that answers wrongly is not compared."""
    if one.server.name.startswith("floor"):
        return
    found, expected = answer(one, 20), one.workload.expected[:20]
    complete = one.workload.rows.head(20).notna().all(axis=1).to_numpy()
    if not np.allclose(np.array(found)[complete], np.array(expected)[complete], rtol=1e-9):
        raise RuntimeError(f"{one.server.name} answers {found[:3]}, and the pipeline {expected[:3]}")


if __name__ == "__main__":
    main()
