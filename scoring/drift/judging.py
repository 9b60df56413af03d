"""The verdict on a window: every test of every column, the predictions and the domain classifier, as one
family.

Something drifted where a test is significant among all (Holm's bound keeps the chance of any false alarm in a
run at the rate asked for) and at least so many of the rows moved: of a million rows a thousandth is
significant, and nobody's business. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scoring.drift.baselines import Baseline, Categorical, Counts, Numeric
from scoring.drift.classifier import tell_apart
from scoring.drift.column_tests import Column, Tested, of_numbers, of_texts
from scoring.drift.family import holm
from scoring.figures import Array

DRIFT, NO_DRIFT, INSUFFICIENT_DATA = "DRIFT", "NO_DRIFT", "INSUFFICIENT_DATA"
ALL_COLUMNS = "(all columns)"
Counted = Counts | Mapping[str | None, int]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`false_alarm_rate` (0-1) is of a run over all of its tests together; `min_effect_share` (0-1) of the
    rows must have moved; a window of fewer than `min_rows` says nothing."""

    false_alarm_rate: float = 0.01
    min_effect_share: float = 0.02
    min_rows: int = 200


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One test of one column; `adjusted_p` is its chance as it counts among all."""

    column: str
    test: str
    statistic: float
    p_value: float
    adjusted_p: float
    effect_share: float
    drifted: bool


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """`columns` are all that were looked at, `findings` all tests, the surest first."""

    status: str
    rows: int
    findings: tuple[Finding, ...] = ()
    columns: Mapping[str, Column]

    @property
    def drifted(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.drifted)


def judge(
    baselines: Mapping[str, Baseline],
    counted: Mapping[str, Counted],
    rows: int,
    rule: Rule,
    *,
    samples: tuple[Mapping[str, Array], Mapping[str, Array]] | None = None,
) -> Judgement:
    """`counted` is of a window of so many rows, by the baselines' own `count`; `samples` are rows of the
    baseline and of the window, for the classifier. A column that the window lacks is not judged."""
    columns = {
        name: _column(baseline, counted[name]) for name, baseline in baselines.items() if name in counted
    }
    if rows < rule.min_rows:
        return Judgement(status=INSUFFICIENT_DATA, rows=rows, columns=columns)
    tested = [(name, test) for name, column in columns.items() for test in column.tests]
    together = tell_apart(baselines, *samples) if samples else None
    if together:
        tested.append((ALL_COLUMNS, together))
    findings = _findings(tested, rule)
    status = DRIFT if any(finding.drifted for finding in findings) else NO_DRIFT
    return Judgement(status=status, rows=rows, findings=findings, columns=columns)


def _column(baseline: Baseline, counted: Counted) -> Column:
    if isinstance(baseline, Categorical):
        assert isinstance(counted, Mapping)  # noqa: S101 - of texts only texts are counted
        return of_texts(baseline, counted)
    assert isinstance(baseline, Numeric)  # noqa: S101
    return of_numbers(baseline, np.asarray(counted))


def _findings(tested: list[tuple[str, Tested]], rule: Rule) -> tuple[Finding, ...]:
    adjusted = holm(np.array([test.p_value for _, test in tested], dtype=np.float64))
    found = [
        Finding(
            column=name,
            test=test.test,
            statistic=test.statistic,
            p_value=test.p_value,
            adjusted_p=float(p),
            effect_share=test.effect_share,
            drifted=bool(p <= rule.false_alarm_rate and test.effect_share >= rule.min_effect_share),
        )
        for (name, test), p in zip(tested, adjusted, strict=True)
    ]
    return tuple(sorted(found, key=lambda finding: (finding.p_value, finding.column, finding.test)))
