"""What a request costs now beside an earlier commit.

`python -m benchmarks.serving.against --old CHECKOUT --data housing.csv`. Both servers run side by side and
are asked in turn, old, new, old, so that whatever else the machine does falls on both. A round's ratio is the
new one's processor time a request to the mean of the old one's before and after.
"""

from __future__ import annotations

import argparse
import json
import statistics
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.serving.measure import Running, compile_tools, running
from benchmarks.serving.servers import BUILD, ROOT, Server, _our_environment, _ours
from benchmarks.serving.workload import as_csv, json_records, prepare
from contracts.pipeline_config import PipelineConfig

_RESAMPLES = 10_000
_CELLS = {
    "csv, 1 row": ("text/csv", 1),
    "csv, 100 rows": ("text/csv", 100),
    "json, 1 row": ("application/json", 1),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--old", required=True, type=Path, help="a checkout of the earlier commit")
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=1.0)
    arguments = parser.parse_args()
    compile_tools()
    config = PipelineConfig.load(ROOT / "pipeline.toml")
    workload = prepare(
        config, arguments.data, BUILD / "against", config.training.estimator, dict(config.training.parameters)
    )
    found = {}
    for name, (content_type, rows) in _CELLS.items():
        with ExitStack() as stack:
            old = stack.enter_context(running(_server("old", arguments.old, content_type), workload))
            new = stack.enter_context(running(_server("new", ROOT, content_type), workload))
            found[name] = compare(old, new, rows, arguments.rounds, arguments.seconds)
        print(name, json.dumps(found[name]), flush=True)
    (BUILD / "against.json").write_text(json.dumps(found, indent=1))


def _server(name: str, root: Path, content_type: str) -> Server:
    """Our server from a checkout of its own; one core, one worker."""
    is_csv = content_type == "text/csv"
    server = Server(
        f"{name} {content_type}", "/invocations", content_type, as_csv if is_csv else json_records, _ours
    )
    return replace(
        server,
        environment=lambda port, workload: {
            **_our_environment(port, workload),
            "PYTHONPATH": str(root.resolve()),
        },
        ours=True,
    )


def compare(old: Running, new: Running, rows: int, rounds: int, seconds: float) -> dict[str, float]:
    """Medians of processor time (us), and the median ratio with its 95 % interval by resampling rounds."""
    ratios, before, now = [], [], []
    for _ in range(rounds):
        first, middle, last = (one.ask(rows, 16, seconds)["cpu_us"] for one in (old, new, old))
        ratios.append(2 * middle / (first + last))
        before += [first, last]
        now.append(middle)
    random = np.random.default_rng(0)
    medians = np.median(random.choice(ratios, (_RESAMPLES, rounds)), axis=1)
    low, high = np.quantile(medians, (0.025, 0.975))
    return {
        "old_us": round(statistics.median(before), 2),
        "new_us": round(statistics.median(now), 2),
        "ratio": round(statistics.median(ratios), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
    }


if __name__ == "__main__":
    main()
