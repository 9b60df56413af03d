"""The tests of one column: each gives a figure, its chance under the null, and the share of rows that moved.

An effect is always a share of rows (0-1), so that one floor serves them all: by how much a share changed; of
two distributions the largest difference of any share below a bound (KS) or of any set of texts (total
variation). Pure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scoring.drift.baselines import Categorical, Counts, Numeric
from scoring.drift.nulls import beyond_p, chi2_sf, hypergeometric_sf, kolmogorov_sf, share_p
from scoring.drift.psi import psi, psi_by_chance
from scoring.figures import FloatArray

KS, CHI_SQUARE = "ks", "chi_square"
MISSING, UNSEEN, OUT_OF_RANGE = "missing_share", "unseen_categories", "out_of_range_share"
# A cell in which the window should have fewer rows is put together with the others of its kind: below ten the
# chi-square distribution understates what chance does far out.
_EXPECTED_ROWS = 10.0
_SHOWN_TEXTS = 20


@dataclass(frozen=True, kw_only=True)
class Tested:
    """One test: its figure, the chance of it, and the share of rows that moved."""

    test: str
    statistic: float
    p_value: float
    effect_share: float


@dataclass(frozen=True, kw_only=True)
class Column:
    """All tests of a column, the index beside what chance gives, and both histograms for whoever looks."""

    tests: tuple[Tested, ...]
    psi: float
    psi_by_chance: float
    labels: tuple[str, ...]
    then: tuple[int, ...]
    now: tuple[int, ...]


def of_numbers(baseline: Numeric, counted: Counts) -> Column:
    """`counted` as of `Numeric.count`."""
    missing, cells = int(counted[0]), counted[1:]
    rows, before = int(cells.sum()), baseline.rows
    tests = [_missing(missing, missing + rows, baseline.missing, baseline.missing + before)]
    if rows and before:
        tests += [_ks(baseline, cells, rows), _beyond(cells, rows, before)]
    then = np.append(baseline.binned(baseline.own()), baseline.missing)
    now = np.append(baseline.binned(counted), missing)
    edges = [f"{edge:.6g}" for edge in baseline.edges()]
    labels = [f"<= {edge}" for edge in edges] + [f"> {edges[-1]}" if edges else "any", "(missing)"]
    return _column(tests, then, now, labels)


def _ks(baseline: Numeric, cells: Counts, rows: int) -> Tested:
    """Two samples' largest distance: between two of the baseline's values its share below stands still, so
    the ends of the cells are all the places that there are to look at."""
    ours = np.zeros(len(cells), dtype=np.int64)
    ours[1::2] = baseline.counts
    distance = float(np.abs(np.cumsum(cells) / rows - np.cumsum(ours) / baseline.rows).max())
    effective = rows * baseline.rows / (rows + baseline.rows)
    return Tested(
        test=KS,
        statistic=distance,
        p_value=kolmogorov_sf(math.sqrt(effective) * distance),
        effect_share=distance,
    )


def _beyond(cells: Counts, rows: int, before: int) -> Tested:
    outside = int(cells[0] + cells[-1])
    return Tested(
        test=OUT_OF_RANGE,
        statistic=outside / rows,
        p_value=beyond_p(outside, rows, before),
        effect_share=outside / rows,
    )


def _missing(missing: int, rows: int, before: int, baseline: int) -> Tested:
    """Of no rows on either side nothing is known."""
    if not rows or not baseline:
        return Tested(test=MISSING, statistic=0.0, p_value=1.0, effect_share=0.0)
    return Tested(
        test=MISSING,
        statistic=missing / rows,
        p_value=share_p(missing, rows, before, baseline),
        effect_share=abs(missing / rows - before / baseline),
    )


def of_texts(baseline: Categorical, counted: Mapping[str | None, int]) -> Column:
    """`counted` as of `Categorical.count`."""
    missing = counted.get(None, 0)
    texts = {text: count for text, count in counted.items() if text is not None and count}
    rows, before = sum(texts.values()), baseline.rows
    unseen = sum(count for text, count in texts.items() if text not in baseline.counts)
    tests = [_missing(missing, missing + rows, baseline.missing, baseline.missing + before)]
    if rows and before:
        everything = sorted({*baseline.counts, *texts})
        then = np.array([baseline.counts.get(text, 0) for text in everything], dtype=np.int64)
        now = np.array([texts.get(text, 0) for text in everything], dtype=np.int64)
        tests += [_chi_square(then, now), _unseen(unseen, rows, baseline.singletons, before)]
    ranked = sorted(baseline.counts, key=lambda name: (-baseline.counts[name], name))
    names, others = ranked[:_SHOWN_TEXTS], ranked[_SHOWN_TEXTS:]
    labels = [*names, *(["(others)"] if others else []), "(unseen)", "(missing)"]
    shown = [baseline.counts[name] for name in names], [texts.get(name, 0) for name in names]
    if others:
        shown[0].append(sum(baseline.counts[name] for name in others))
        shown[1].append(sum(texts.get(name, 0) for name in others))
    shown[0].extend([0, baseline.missing])
    shown[1].extend([unseen, missing])
    return _column(tests, np.array(shown[0], dtype=np.int64), np.array(shown[1], dtype=np.int64), labels)


def _unseen(unseen: int, rows: int, singletons: int, before: int) -> Tested:
    expected = singletons / before
    return Tested(
        test=UNSEEN,
        statistic=unseen / rows,
        p_value=hypergeometric_sf(unseen, window=rows, marked=unseen + singletons, total=rows + before),
        effect_share=max(0.0, unseen / rows - expected),
    )


def _chi_square(then: Counts, now: Counts) -> Tested:
    """Pearson's test of two rows of counts over all texts that either side has: were it those of the
    baseline alone, the rare ones among them would have come too often there."""
    before, rows = int(then.sum()), int(now.sum())
    if not before or not rows:
        return Tested(test=CHI_SQUARE, statistic=0.0, p_value=1.0, effect_share=0.0)
    effect = 0.5 * float(np.abs(now / rows - then / before).sum())
    table = merged(np.array([then, now], dtype=np.float64))
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum()) if table.shape[1] > 1 else 0.0
    return Tested(
        test=CHI_SQUARE,
        statistic=statistic,
        p_value=chi2_sf(statistic, table.shape[1] - 1),
        effect_share=effect,
    )


def merged(table: FloatArray) -> FloatArray:
    """Counts (2, texts) where those too rare for the smaller side stand together as one; nobody looks at
    which rows they came from to decide that."""
    both = table.sum(axis=0)
    smaller = table.sum(axis=1).min() / both.sum()
    rare = both * smaller < _EXPECTED_ROWS
    kept = table[:, ~rare]
    rest = table[:, rare].sum(axis=1, keepdims=True)
    if rest.sum() == 0:
        return kept
    if rest.sum() * smaller >= _EXPECTED_ROWS or not kept.shape[1]:
        return np.hstack([kept, rest])
    least = int(kept.sum(axis=0).argmin())
    kept = kept.copy()
    kept[:, least] += rest[:, 0]
    return kept


def _column(tests: list[Tested], then: Counts, now: Counts, labels: list[str]) -> Column:
    return Column(
        tests=tuple(tests),
        psi=psi(then, now),
        psi_by_chance=psi_by_chance(then, int(now.sum())),
        labels=tuple(labels),
        then=tuple(int(count) for count in then),
        now=tuple(int(count) for count in now),
    )
