"""How often the gate errs: equal models that it promotes, and better ones that it does not.

    python -m benchmarks.gate [--uploads 1000] [--write docs/performance/gate.md]

Models are fitted once on the same rows, by other seeds, and answer a large pool of rows that none of them
saw; the answers are stored. They are levelled, so that over the whole pool all have the very same figure:
what still tells two of them apart is chance. An upload is a holdout drawn from the pool, each row once, on
which the gate's own `compare` decides at confidence 0.9. A model is better by a true gain of g where its
residuals are drawn towards the truth until the pool's error has shrunk by g.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from contracts.reading import Table
from contracts.training import Gate
from lambdas.evaluate_model.checks import Contest
from lambdas.evaluate_model.gate import compare
from scoring.figures import overall
from scoring.metrics import figure_of

CONFIDENCE = 0.9
GAINS = (0.01, 0.02, 0.05)
SIZES = (50, 200, 500)
SEEDS = 4
RESAMPLES = 400
POOL, TRAIN = 20_000, 4_000
Answers = npt.NDArray[Any]


@dataclass(frozen=True)
class Scenario:
    """A metric, the pool's target, and what equal models answered (one for each seed)."""

    name: str
    metric: str
    target: Answers
    answers: tuple[Answers, ...]


def scenarios() -> Iterator[Scenario]:
    """A smooth regression, one with heavy tails, and a classification."""
    from sklearn.datasets import make_friedman1
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    features, target = make_friedman1(TRAIN + POOL, noise=2.0, random_state=0)
    random = np.random.default_rng(0)
    heavy = target + random.standard_t(3, len(target)) * 3
    for name, truth in (("regression", target), ("regression, heavy tails", heavy)):
        answers = [
            ExtraTreesRegressor(60, min_samples_leaf=3, random_state=seed)
            .fit(features[:TRAIN], truth[:TRAIN])
            .predict(features[TRAIN:])
            for seed in range(SEEDS)
        ]
        yield levelled(name, "rmse_error", truth[TRAIN:], answers)
    classes = (target + random.normal(0, 3, len(target)) > np.median(target)).astype(int)
    shares = [
        ExtraTreesClassifier(60, min_samples_leaf=5, random_state=seed)
        .fit(features[:TRAIN], classes[:TRAIN])
        .predict_proba(features[TRAIN:])
        for seed in range(SEEDS)
    ]
    yield levelled("classification", "log_loss_error", classes[TRAIN:], shares)


def levelled(name: str, metric: str, target: Answers, answers: list[Answers]) -> Scenario:
    """All drawn towards the truth until they are as good as the best of them."""
    errors = [overall(figure_of(metric)(target, one), len(target)) for one in answers]
    best = min(errors)
    level = [improved(metric, target, one, 1 - best / e) for one, e in zip(answers, errors, strict=True)]
    return Scenario(name, metric, target, tuple(level))


def improved(metric_name: str, truth: Answers, answers: Answers, gain: float) -> Answers:
    """The answers of a model whose error over the whole pool is smaller by the gain."""
    if gain <= 0:
        return answers
    if answers.ndim == 1:
        return np.asarray(truth + (answers - truth) * (1 - gain))
    certain = np.eye(answers.shape[1])[truth]
    metric = figure_of(metric_name)

    def loss(part: float) -> float:
        return overall(metric(truth, (1 - part) * answers + part * certain), len(truth))

    low, high, wanted = 0.0, 1.0, loss(0.0) * (1 - gain)
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if loss(middle) > wanted else (low, middle)
    return np.asarray((1 - high) * answers + high * certain)


def promoted_share(scenario: Scenario, size: int, uploads: int, gain: float = 0.0) -> float:
    """Of so many uploads with a holdout of `size` rows, the share of which the challenger is promoted.

    The challenger is of another seed than the champion, and better by the gain.
    """
    document = {"metric": scenario.metric, "confidence": CONFIDENCE, "bootstrap_resamples": RESAMPLES}
    gate = _gate(document, scenario)
    pairs = list(permutations(range(SEEDS), 2))
    better = [improved(scenario.metric, scenario.target, one, gain) for one in scenario.answers]
    random = np.random.default_rng(size)
    promoted = 0
    for upload in range(uploads):
        old, new = pairs[upload % len(pairs)]
        rows = random.choice(len(scenario.target), size, replace=False)
        contest = Contest(
            target=scenario.target[rows],
            champion=scenario.answers[old][rows],
            challenger=better[new][rows],
            slices=[],
            drift=[],
            latency_us=1.0,
            parity={"rows": 1, "edge_rows": 0, "largest_difference": 0.0, "tolerance": 1e-9},
            self_check="",
        )
        promoted += compare(contest, gate).promote
    return promoted / uploads


def _gate(document: dict[str, object], scenario: Scenario) -> Gate:
    from contracts.dataset import DatasetContract

    task = "regression" if scenario.metric == "rmse_error" else "classification"
    kind = "number" if task == "regression" else "category"
    columns = [{"name": "x", "type": "number"}, {"name": "y", "type": kind}]
    contract = DatasetContract.read(Table({"columns": columns, "target": "y", "task": task}, "benchmark"))
    return Gate.read(Table(document, "benchmark"), contract)


def lower_bound(share: float, count: int) -> float:
    """The lower end of a 95 % interval, one-sided (Wilson, 1927)."""
    z = 1.645
    centre = share + z * z / (2 * count)
    spread = z * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return float((centre - spread) / (1 + z * z / count))


def measure(uploads: int, say: Callable[[str], None]) -> list[str]:
    """The table's lines."""
    lines = [
        "| data | metric | holdout rows | promoted though equal | lower 95 % bound | "
        + " | ".join(f"power at {gain:.0%}" for gain in GAINS)
        + " |",
        "|---|---|---|---|---|" + "---|" * len(GAINS),
    ]
    for scenario in scenarios():
        for size in SIZES:
            equal = promoted_share(scenario, size, uploads)
            powers = [promoted_share(scenario, size, max(1, uploads // 10), gain) for gain in GAINS]
            line = (
                f"| {scenario.name} | {scenario.metric} | {size:,} | {equal:.1%} | "
                f"{lower_bound(equal, uploads):.1%} | "
                + " | ".join(f"{power:.0%}" for power in powers)
                + " |"
            )
            say(line)
            lines.append(line)
    return lines


def main(arguments: list[str]) -> int:
    """1 where equal models are surely promoted more often than confidence allows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--uploads", type=int, default=1000)
    parser.add_argument("--write", type=Path, help="replace the table between the file's markers")
    given = parser.parse_args(arguments)
    lines = measure(given.uploads, lambda line: print(line, flush=True))
    if given.write:
        text = given.write.read_text(encoding="utf-8")
        head, rest = text.split(BEGIN)
        tail = rest.split(END)[1]
        given.write.write_text(head + BEGIN + "\n" + "\n".join(lines) + "\n" + END + tail, encoding="utf-8")
    bounds = [float(line.split("|")[5].strip().rstrip("%")) for line in lines[2:]]
    return int(max(bounds) > 100 * (1 - CONFIDENCE) + 1e-9)


BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
