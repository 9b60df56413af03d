"""The verdict on a window, and whether it is drift in time or was there from the champion's first hour.
Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from contracts.monitoring import Monitoring
from scoring.drift.baselines import Baseline, Categorical, baseline_of
from scoring.drift.classifier import ROWS
from scoring.drift.judging import DRIFT, Counted, Judgement, Rule, judge
from scoring.figures import Array

SKEW, IN_TIME = "training_serving_skew", "drift_in_time"
SAMPLE_ROWS = 20_000
_SEED = 20_261_130
Rows = Mapping[str, Array]


def rule_of(policy: Monitoring) -> Rule:
    return Rule(
        false_alarm_rate=policy.false_alarm_rate,
        min_effect_share=policy.min_effect_share,
        min_rows=policy.min_rows,
    )


class Watched:
    """A window, counted piece by piece against a baseline; of its rows a sample is kept."""

    def __init__(self, then: Rows) -> None:
        self.baselines: dict[str, Baseline] = {
            name: baseline_of(values) for name, values in then.items() if len(values)
        }
        self.rows = 0
        self._counted: dict[str, Any] = {}
        self._counted_rows: Counter[str] = Counter()
        self._sample: list[dict[str, Array]] = []
        self._keys: list[Array] = []
        self._chance = np.random.default_rng(_SEED)

    def add(self, piece: Rows, rows: int) -> None:
        """A column that one piece lacks is none of the window's: what there is of it says half the truth."""
        self.rows += rows
        for name, baseline in self.baselines.items():
            if name in piece:
                counts = baseline.count(piece[name])
                self._counted_rows[name] += rows
                if name not in self._counted:
                    self._counted[name] = counts
                elif isinstance(baseline, Categorical):
                    self._counted[name].update(counts)
                else:
                    self._counted[name] = self._counted[name] + counts
        self._keep(piece, rows)

    @property
    def counted(self) -> dict[str, Counted]:
        return {name: found for name, found in self._counted.items() if self._counted_rows[name] == self.rows}

    @property
    def sample(self) -> dict[str, Array]:
        """Rows of the window, each as likely as any other to be among them."""
        if not self._sample:
            return {}
        names = set.intersection(*(set(piece) for piece in self._sample))
        return {name: np.concatenate([piece[name] for piece in self._sample]) for name in sorted(names)}

    def _keep(self, piece: Rows, rows: int) -> None:
        """The rows of the smallest random keys so far (Vitter, "Random sampling with a reservoir", 1985)."""
        self._sample.append(dict(piece))
        self._keys.append(self._chance.random(rows))
        keys = np.concatenate(self._keys)
        if len(keys) <= 2 * SAMPLE_ROWS:
            return
        chosen = keys <= np.partition(keys, SAMPLE_ROWS - 1)[SAMPLE_ROWS - 1]
        start = 0
        for number, own in enumerate(self._keys):
            mask = chosen[start : start + len(own)]
            start += len(own)
            self._sample[number] = {name: values[mask] for name, values in self._sample[number].items()}
            self._keys[number] = own[mask]


def judged(watched: Watched, then: Rows, features: Iterable[str], rule: Rule) -> Judgement:
    """The classifier looks at the features: the predictions follow from them."""
    sample, names = watched.sample, list(features)
    chance = np.random.default_rng(_SEED)
    samples = (
        few_of({name: then[name] for name in names if name in then}, chance),
        few_of({name: sample[name] for name in names if name in sample}, chance),
    )
    return judge(watched.baselines, watched.counted, watched.rows, rule, samples=samples)


def few_of(rows: Rows, chance: np.random.Generator) -> dict[str, Array]:
    """As many as the classifier looks at, drawn alike for all columns."""
    size = len(next(iter(rows.values()), ()))
    chosen = chance.permutation(size)[:ROWS]
    return {name: values[chosen] for name, values in rows.items()}


def cause_of(judgement: Judgement, since_first: Judgement | None) -> str:
    """Of a drift from the training data: whether the champion's first window was like this one already."""
    if judgement.status != DRIFT:
        return ""
    if since_first is None:
        return SKEW
    moved = {finding.column for finding in since_first.drifted}
    return IN_TIME if moved & {finding.column for finding in judgement.drifted} else SKEW


def reason_of(judgement: Judgement, cause: str, min_rows: int) -> str:
    """One sentence for whoever reads the alarm."""
    if judgement.rows < min_rows:
        return f"{judgement.rows} rows are fewer than the {min_rows} of min_rows, and say nothing"
    found = judgement.drifted
    if not found:
        return f"nothing moved by what chance does not do, in {judgement.rows} rows"
    shown = ", ".join(
        f"{finding.column} ({finding.test}, {finding.effect_share:.1%} of the rows)" for finding in found[:5]
    )
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    when = (
        "as it was in the first hours that the model served, so serving is not fed as training was"
        if cause == SKEW
        else "which it was not in the first hours that the model served"
    )
    return f"{shown}{more}: {when}"
