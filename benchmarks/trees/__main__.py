"""Who follows trees fastest in one process, on one thread: `make bench-trees DATA=housing.csv`.

Each model is fitted once and handed to each engine. The engines are asked in turn, round after round, with
the same rows; the figure is the median of a round's processor time, and the result the ratio of the best
exact engine's to ours. An answer further than 1e-9 from the fitting library's own counts as inexact: such an
engine is shown and not ranked. Compiling is timed apart.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.trees.engines import ENGINES, NotOfferedError, Predict
from benchmarks.trees.models import CANDIDATES, Candidate, Rows, fit, read_rows
from inference.model import FloatArray

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "docs/performance/trees.md"
OURS = "Greenlight"
TOLERANCE = 1e-9


class Entry(NamedTuple):
    """An engine that took the model: its function, how long it took to make, and its largest difference."""

    predict: Predict
    made_seconds: float
    difference: float


def main() -> None:
    arguments = read_arguments()
    rows = read_rows(Path(arguments.data), max(arguments.rows))
    lines: list[str] = []
    made: list[str] = []
    for candidate in CANDIDATES:
        print(f"{candidate.name}: fitting", flush=True)
        entries, refusals = prepare(candidate, rows)
        seconds = [f"{entries[name].made_seconds:.2f}" if name in entries else "–" for name in ENGINES]
        made.append(f"| {candidate.name} | {' | '.join(seconds)} |")
        for count in arguments.rows:
            times = ask_in_turn(entries, rows.ask[:count], arguments.seconds)
            lines.append(line_of(candidate.name, count, entries, times))
            print(lines[-1], flush=True)
        for name, why in refusals.items():
            print(f"  {name}: {why}", flush=True)
    text = report(lines, made)
    if arguments.write:
        REPORT.write_text(text, encoding="utf-8")
    print(text)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trees", description=__doc__)
    parser.add_argument("--data", default=os.environ.get("DATA"), help="housing.csv")
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 10, 1000, 10_000])
    parser.add_argument(
        "--seconds", type=float, default=2.0, help="of asking each line, all engines together"
    )
    parser.add_argument("--write", action="store_true", help=f"write {REPORT.relative_to(ROOT)}")
    arguments = parser.parse_args()
    if not arguments.data:
        parser.error("give the data: make bench-trees DATA=path/to/housing.csv")
    return arguments


def prepare(candidate: Candidate, rows: Rows) -> tuple[dict[str, Entry], dict[str, str]]:
    """What each engine made of the model, and why the others made nothing of it."""
    fitted = fit(candidate, rows)
    few = rows.ask[:500]
    expected = values_of((fitted.predict_proba if candidate.is_classifier else fitted.predict)(few), len(few))
    entries: dict[str, Entry] = {}
    refusals: dict[str, str] = {}
    for name, make in ENGINES.items():
        begin = time.perf_counter()
        try:
            predict = make(candidate, fitted, few.shape[1])
            answers = values_of(predict(few), len(few))
        except NotOfferedError as error:
            refusals[name] = str(error)
            continue
        except Exception as error:
            refusals[name] = f"{type(error).__name__}: {str(error)[:160]}"
            continue
        seconds = time.perf_counter() - begin
        entries[name] = Entry(predict, seconds, float(relative(expected, answers).max()))
    return entries, refusals


def values_of(answers: Any, count: int) -> FloatArray:
    return np.asarray(answers, dtype=np.float64).reshape(count, -1)


def relative(expected: FloatArray, found: FloatArray) -> FloatArray:
    scale = np.maximum(np.abs(expected), np.median(np.abs(expected)))
    return np.asarray(np.abs(expected - found) / np.maximum(scale, np.finfo(np.float64).tiny))


def ask_in_turn(entries: Mapping[str, Entry], rows: FloatArray, seconds: float) -> dict[str, float]:
    """The median processor time of each engine, in seconds; at least five rounds."""
    taken: dict[str, list[float]] = {name: [] for name in entries}
    end = time.perf_counter() + seconds * len(entries)
    rounds = 0
    while rounds < 5 or (time.perf_counter() < end and rounds < 2000):
        rounds += 1
        for name, entry in entries.items():
            begin = time.process_time_ns()
            entry.predict(rows)
            taken[name].append((time.process_time_ns() - begin) / 1e9)
    return {name: float(np.median(times)) for name, times in taken.items()}


def line_of(model: str, count: int, entries: Mapping[str, Entry], times: Mapping[str, float]) -> str:
    exact = {name: s for name, s in times.items() if entries[name].difference <= TOLERANCE and name != OURS}
    best = min(exact, key=lambda name: exact[name])
    cells = [shown(times[name], entries[name]) if name in times else "–" for name in ENGINES]
    ratio = exact[best] / times[OURS]
    return f"| {model} | {count:,} | {' | '.join(cells)} | {ratio:.1f} x ({best}) |"


def shown(seconds: float, entry: Entry) -> str:
    text = f"{seconds * 1e6:,.1f}"
    return text if entry.difference <= TOLERANCE else f"({text})"


def report(lines: list[str], made: list[str]) -> str:
    head = f"| model | rows | {' | '.join(ENGINES)} | best exact other / ours |"
    rule = "|---|---:|" + "---:|" * len(ENGINES) + "---|"
    table = "\n".join([head, rule, *lines])
    making = "\n".join([f"| model | {' | '.join(ENGINES)} |", "|---|" + "---:|" * len(ENGINES), *made])
    return f"""# How fast trees are followed

Microseconds of processor time a call, one thread, in one process, engines asked in turn, medians. Answers
agree with the fitting library's to 1e-9; an engine in brackets is further off and not ranked (most compute in
float32). A dash: the engine does not take the model, or would compile it for hours (tl2cgen and forests of
unpruned trees, whose C is over 100 MB).

{table}

From the fitted model to the first answer, compiling included, in seconds:

{making}

Made by `make bench-trees DATA=path/to/housing.csv`. Not measured: oneDAL, which follows only forests that it
grew itself, and several threads, since the endpoint runs one worker a processor instead.
"""


if __name__ == "__main__":
    main()
