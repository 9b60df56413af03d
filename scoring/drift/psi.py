"""The population stability index, and how large it gets by chance. Pure.

PSI = sum over bins of (share now - share then) * ln(share now / share then) (Siddiqi, "Credit Risk
Scorecards", chapter 10). It has no unit, and without any drift its size goes by the number of rows: about
(1/n + 1/m) times a chi-square of one degree less than there are bins (Yurdakul and Naranjo, "Statistical
properties of the population stability index", 2020). So it is told beside what chance alone gives.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from scoring.figures import Array, FloatArray

_EMPTY = 0.5  # rows in a bin that has none, which no logarithm can take
_DRAWS = 2_000
_SEED = 20_261_128


def psi(then: Array, now: Array) -> float:
    """Of two counts over the same bins (b,). Bins that both lack say nothing."""
    inhabited = (np.asarray(then) > 0) | (np.asarray(now) > 0)
    return float(_index(_shares(then[inhabited]), _shares(now[inhabited]))) if inhabited.any() else 0.0


def _shares(counts: Array) -> FloatArray:
    filled = np.where(counts > 0, counts, _EMPTY).astype(np.float64)
    return np.asarray(filled / filled.sum(axis=-1, keepdims=True))


def _index(then: FloatArray, now: FloatArray) -> FloatArray:
    return np.asarray(((now - then) * np.log(now / then)).sum(axis=-1))


def psi_by_chance(then: Array, window: int, quantile: float = 0.99) -> float:
    """The index that windows of so many rows stay below that often without any drift, by drawing them and
    baselines alike from the baseline's shares; kept per size."""
    counts = tuple(int(count) for count in then if count > 0)
    return _by_chance(counts, int(window), quantile) if len(counts) > 1 and window > 0 else 0.0


@lru_cache(maxsize=4096)
def _by_chance(counts: tuple[int, ...], window: int, quantile: float) -> float:
    chance = np.random.default_rng(_SEED)
    shares = np.array(counts, dtype=np.float64) / sum(counts)
    then = chance.multinomial(sum(counts), shares, size=_DRAWS)
    now = chance.multinomial(window, shares, size=_DRAWS)
    return float(np.quantile(_index(_shares(then), _shares(now)), quantile))
