"""How often the monitor cries without drift, and how often it sees one that is there.

    python -m benchmarks.drift [--windows 10000] [--write docs/performance/monitoring.md]

Without drift every window and its baseline come from one source: normal columns, half of them in pairs that
go together, some with missing values, skewed ones, ones of few different values, and texts, of which one in
ten columns has a long tail. Every so many windows a new baseline is drawn. A run's family is all that the
monitor tests: every column's distribution, missing share, range or unseen texts, the predictions and the
domain classifier. It errs where anything is called drifted.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from scoring.drift.baselines import Baseline, baseline_of
from scoring.drift.classifier import ROWS
from scoring.drift.judging import DRIFT, Judgement, Rule, judge
from scoring.figures import Array

BASELINE_ROWS = 20_000
WINDOWS_PER_BASELINE = 100
SIZES = {200: 1.0, 1_000: 1.0, 50_000: 0.1}  # rows of a window, and the share of the windows asked for
COLUMNS = (9, 100)
POWER_SHARE = 0.05
KEPT = Path("build/bench-drift.json")
PREDICTION = "prediction"
Rows = dict[str, Array]


@dataclass(frozen=True)
class Source:
    """A table of so many columns, and the predictions made of them."""

    columns: int

    def draw(self, chance: np.random.Generator, size: int) -> Rows:
        found: Rows = {}
        for number in range(self.columns):
            found[f"c{number}"] = self._column(number, chance, size, found)
        score = np.nan_to_num(np.asarray(found["c0"], dtype=np.float64)) + chance.normal(size=size) / 2
        return {**found, PREDICTION: score}

    def _column(self, number: int, chance: np.random.Generator, size: int, before: Rows) -> Array:
        match number % 10:
            case 1 | 2:
                return np.asarray(0.8 * before[f"c{number - number % 10}"] + 0.6 * chance.normal(size=size))
            case 3:
                return np.where(chance.random(size) < 0.02, np.nan, chance.normal(size=size))
            case 4:
                return chance.lognormal(size=size)
            case 5:
                return chance.integers(0, 12, size).astype(np.float64)
            case 6:
                shares = np.array([0.4, 0.3, 0.2, 0.09, 0.01])
                return np.array(list("abcde"), dtype=object)[chance.choice(5, size, p=shares)]
            case 7:
                return np.array([f"t{value}" for value in chance.zipf(1.6, size)], dtype=object)
        return chance.normal(size=size)


def judged(baselines: dict[str, Baseline], then: Rows, now: Rows) -> Judgement:
    """As JudgeDrift does."""
    size = len(now[PREDICTION])
    counted = {name: baselines[name].count(values) for name, values in now.items()}
    few = {name: values[:ROWS] for name, values in now.items()}
    return judge(baselines, counted, size, Rule(), samples=(then, few))


def baselines_of(source: Source, chance: np.random.Generator) -> tuple[dict[str, Baseline], Rows]:
    then = source.draw(chance, BASELINE_ROWS)
    few = {name: values[: 2 * ROWS] for name, values in then.items()}
    return {name: baseline_of(values) for name, values in then.items()}, few


@dataclass
class Kept:
    """What was measured before, on disk after each baseline's windows: a run of hours that is cut off goes on
    where it was. What is kept is of this very code; whoever changes it removes the file."""

    path: Path

    def __post_init__(self) -> None:
        self._found: dict[str, list[float]] = json.loads(self.path.read_text()) if self.path.exists() else {}

    def get(self, key: str, measure: Callable[[], int]) -> tuple[int, float]:
        """Alarms and seconds."""
        if key not in self._found:
            began = time.perf_counter()
            found = measure()
            self._found[key] = [found, time.perf_counter() - began]
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(json.dumps(self._found))
        alarms, seconds = self._found[key]
        return int(alarms), seconds


def false_alarms(columns: int, size: int, windows: int, kept: Kept) -> tuple[int, float]:
    """Windows without any drift that were called drifted, and the seconds that all of them took."""
    total, seconds = 0, 0.0
    for batch, start in enumerate(range(0, windows, WINDOWS_PER_BASELINE)):
        count = min(WINDOWS_PER_BASELINE, windows - start)
        key = f"{columns} columns, {size} rows, baseline {batch}, {count} windows"
        alarms, taken = kept.get(key, partial(_of_one_baseline, columns, size, batch, count))
        total, seconds = total + alarms, seconds + taken
    return total, seconds


def _of_one_baseline(columns: int, size: int, batch: int, windows: int) -> int:
    source, chance = Source(columns), np.random.default_rng([columns, size, batch])
    baselines, then = baselines_of(source, chance)
    return sum(judged(baselines, then, source.draw(chance, size)).status == DRIFT for _ in range(windows))


def shifted(rows: Rows, chance: np.random.Generator) -> Rows:
    """One column by three tenths of its deviation."""
    return {**rows, "c8": rows["c8"] + 0.3}


def new_category(rows: Rows, chance: np.random.Generator) -> Rows:
    """One text in twenty is one that never came before."""
    fresh = chance.random(len(rows["c6"])) < 0.05
    return {**rows, "c6": np.where(fresh, "new", rows["c6"]).astype(object)}


def broken_sensor(rows: Rows, chance: np.random.Generator) -> Rows:
    """Of 2 % missing values become 20 %."""
    return {**rows, "c3": np.where(chance.random(len(rows["c3"])) < 0.1837, np.nan, rows["c3"])}


DRIFTS = {
    "one column shifted by 0.3 standard deviations": (shifted, "c8"),
    "5 % of a new category": (new_category, "c6"),
    "a sensor from 2 % missing to 20 %": (broken_sensor, "c3"),
}


def power(columns: int, what: str, windows: int, size: int = 1_000) -> float:
    """The share of windows in which the very column is called drifted."""
    change, column = DRIFTS[what]
    source, chance = Source(columns), np.random.default_rng([columns, len(what)])
    baselines, then = baselines_of(source, chance)
    seen = 0
    for _ in range(windows):
        judgement = judged(baselines, then, change(source.draw(chance, size), chance))
        seen += column in {finding.column for finding in judgement.drifted}
    return seen / windows


def bounds(found: int, windows: int) -> tuple[float, float]:
    """The exact interval of a share at 99 % (Clopper and Pearson, 1934)."""
    from scipy import stats

    interval = stats.binomtest(found, windows).proportion_ci(0.98, method="exact")
    return float(interval.low), float(interval.high)


def lines(windows: int, kept: Kept) -> Iterator[str]:
    rate = Rule().false_alarm_rate
    yield "| rows | columns | windows | false alarms | rate | 99 % bounds | seconds a window |"
    yield "|---|---|---|---|---|---|---|"
    for columns in COLUMNS:
        for size, share in SIZES.items():
            count = max(1, round(windows * share))
            found, seconds = false_alarms(columns, size, count, kept)
            low, high = bounds(found, count)
            taken = seconds / count
            verdict = "" if low <= rate else " **above the rate**"
            yield (
                f"| {size:,} | {columns} | {count:,} | {found} | {found / count:.4f}{verdict} | "
                f"{low:.4f} to {high:.4f} | {taken:.3f} |"
            )
    yield ""
    times = max(20, round(windows * POWER_SHARE))
    yield f"| drift, 1,000 rows, {times} windows each | 9 columns | 100 columns |"
    yield "|---|---|---|"
    for what in DRIFTS:
        yield f"| {what} | {power(9, what, times):.1%} | {power(100, what, times):.1%} |"


def write(path: Path, body: str) -> None:
    """Between the marks of the document, which stay."""
    begin, end = "<!-- measured: begin -->", "<!-- measured: end -->"
    text = path.read_text(encoding="utf-8")
    head, rest = text.split(begin)
    path.write_text(f"{head}{begin}\n{body}\n{end}{rest.split(end)[1]}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", type=int, default=10_000)
    parser.add_argument("--write", type=Path)
    arguments = parser.parse_args()
    found = []
    for line in lines(arguments.windows, Kept(KEPT)):
        print(line, flush=True)
        found.append(line)
    if arguments.write:
        write(arguments.write, "\n".join(found))


if __name__ == "__main__":
    main()
