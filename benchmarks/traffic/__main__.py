"""A/A and A/B experiments on a table's real losses, looked at after every label.

`python -m benchmarks.traffic housing.csv` prints the share of equal arms that were told apart, the labels
that a true gain of 5 % takes beside a test with a single look, and how evenly a million callers are spread.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.ensemble import HistGradientBoostingRegressor

from scoring.experiments.assignment import assign
from scoring.experiments.sequence import Floats, fixed_size
from scoring.experiments.verdict import BETTER, INCONCLUSIVE, WORSE, Plan, Verdict, judge

TARGET = "median_house_value"
GAIN = 0.05
HORIZON = 20_000
KEYS = 1_000_000


def losses_of(path: Path) -> tuple[Floats, float]:
    """Absolute errors of a fitted model on the half of the rows that it did not see, as shares of a mean, and
    the bound of a loss: the 99th percentile of a quarter that is used for nothing else."""
    table = pd.read_csv(path).sample(frac=1.0, random_state=0)
    features = table.drop(columns=[TARGET]).select_dtypes("number")
    target = table[TARGET].to_numpy(float)
    quarter = len(table) // 4
    model = HistGradientBoostingRegressor(random_state=0).fit(features[:quarter], target[:quarter])
    errors = np.abs(model.predict(features[quarter:]) - target[quarter:])
    errors /= errors[:quarter].mean()
    return errors[quarter:], float(np.quantile(errors[:quarter], 0.99))


def plan(arms: int, bound: float, horizon: int) -> Plan:
    return Plan(
        arms=tuple("abcd"[:arms]),
        weights=(1.0,) * arms,
        alpha=0.05,
        horizon_labels=horizon,
        loss_low=0.0,
        loss_high=bound,
    )


def experiment(losses: Floats, made: Plan, gain: float, seed: int) -> Verdict:
    """Labels drawn anew from the losses; the last arm's are smaller by the gain."""
    generator = np.random.default_rng(seed)
    arms = generator.integers(0, len(made.arms), made.horizon_labels)
    drawn = generator.choice(losses, made.horizon_labels) * np.where(
        arms == len(made.arms) - 1, 1 - gain, 1.0
    )
    return judge(made, drawn, arms, assigned=np.bincount(arms, minlength=len(made.arms)).tolist())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--experiments", type=int, default=1000)
    given = parser.parse_args()
    losses, bound = losses_of(given.data)
    for arms in (2, 4):
        outcomes = Counter(
            experiment(losses, plan(arms, bound, HORIZON), 0.0, seed).outcome
            for seed in range(given.experiments)
        )
        wrong = outcomes[BETTER] + outcomes[WORSE]
        print(f"A/A, {arms} arms: {wrong / given.experiments:.1%} told apart, {dict(outcomes)}")
    clipped = np.clip(losses, 0.0, bound)
    single = fixed_size(GAIN * clipped.mean(), float(clipped.std()), 0.5)
    for horizon in (single, HORIZON, 2 * single):
        found = [
            experiment(losses, plan(2, bound, horizon), GAIN, 10_000 + seed)
            for seed in range(given.experiments)
        ]
        power = sum(verdict.outcome == BETTER for verdict in found) / len(found)
        mean = float(np.mean([verdict.labels for verdict in found]))
        print(
            f"A/B, gain {GAIN:.0%}, horizon {horizon}: power {power:.1%}, {mean:.0f} labels on average, "
            f"{mean / single:.2f} x the {single} of a single look at a power of 80 %; "
            f"{sum(verdict.outcome == INCONCLUSIVE for verdict in found)} inconclusive"
        )
    _spread()


def _spread() -> None:
    weights = {"a": 2.0, "b": 1.0, "c": 1.0}
    counted = Counter(assign(str(number), weights, salt="benchmark") for number in range(KEYS))
    expected = [KEYS * weight / 4 for weight in weights.values()]
    chance = stats.chisquare([counted[arm] for arm in weights], expected).pvalue
    print(f"{KEYS:,} callers: {dict(counted)}, chi-square p = {chance:.3f}")


if __name__ == "__main__":
    main()
