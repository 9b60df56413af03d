"""Chances under the null, in NumPy and the standard library alone. Each is held against SciPy by a test.

`n` rows of a window and `m` of a baseline are taken to be drawn alike; a chance is that of a figure at least
as extreme as the one seen.
"""

from __future__ import annotations

import math

import numpy as np

_TERMS = 100
_TINY = 1e-300
_STEPS = 10_000


def normal_sf(z: float) -> float:
    """P(Z >= z) of a standard normal."""
    return 0.5 * math.erfc(z / math.sqrt(2.0))


def kolmogorov_sf(x: float) -> float:
    """P(K >= x) of Kolmogorov's limiting distribution (Smirnov, "Table for estimating the goodness of fit of
    empirical distributions", 1948); for finite samples of continuous values it errs on the side of silence,
    and with ties more so."""
    if x <= 0.2:
        return 1.0  # the sum below ends at 1 to the last bit there
    if x < 1.0:
        odd = np.arange(1, 2 * _TERMS, 2, dtype=np.float64)
        below = math.sqrt(2 * math.pi) / x * float(np.exp(-((odd * math.pi) ** 2) / (8 * x * x)).sum())
        return min(1.0, max(0.0, 1.0 - below))
    k = np.arange(1, _TERMS, dtype=np.float64)
    signs = np.where(k % 2 == 1, 1.0, -1.0)
    return min(1.0, max(0.0, 2.0 * float((signs * np.exp(-2.0 * (k * x) ** 2)).sum())))


def chi2_sf(x: float, degrees: int) -> float:
    """P(X >= x) of a chi-square distribution: the regularised upper incomplete gamma function, by its series
    or its continued fraction (DLMF 8.11.4 and 8.9.2; Press et al., "Numerical Recipes", 6.2)."""
    if degrees <= 0 or x <= 0:
        return 1.0
    a, half = degrees / 2.0, x / 2.0
    scale = math.exp(a * math.log(half) - half - math.lgamma(a))
    return max(0.0, 1.0 - scale * _lower(a, half)) if half < a + 1 else scale * _upper(a, half)


def _lower(a: float, x: float) -> float:
    term = total = 1.0 / a
    for step in range(1, _STEPS):
        term *= x / (a + step)
        total += term
        if term < total * 1e-17:
            break
    return total


def _upper(a: float, x: float) -> float:
    """Lentz's algorithm."""
    b = x + 1.0 - a
    c, d = 1.0 / _TINY, 1.0 / b
    found = d
    for step in range(1, _STEPS):
        factor = -step * (step - a)
        b += 2.0
        d = 1.0 / (factor * d + b or _TINY)
        c = b + factor / c or _TINY
        found *= d * c
        if abs(d * c - 1.0) < 1e-16:
            break
    return found


def hypergeometric_sf(seen: int, *, window: int, marked: int, total: int) -> float:
    """P(X >= seen), where of `total` rows `marked` bear a mark and `window` are drawn: Fisher's exact test,
    one side of it (Fisher, "The logic of inductive inference", 1935)."""
    lowest, highest = max(0, window + marked - total), min(window, marked)
    if seen <= lowest:
        return 1.0
    if seen > highest:
        return 0.0
    mode = (window + 1) * (marked + 1) // (total + 2)
    if seen > mode:
        return _tail(seen, highest, window, marked, total)
    return max(0.0, 1.0 - _tail_below(seen - 1, lowest, window, marked, total))


def _tail_below(seen: int, lowest: int, window: int, marked: int, total: int) -> float:
    """P(X <= seen): as many marked inside as unmarked rows that stayed outside are many."""
    unmarked = total - marked
    return _tail(window - seen, window - lowest, window, unmarked, total)


def _tail(seen: int, highest: int, window: int, marked: int, total: int) -> float:
    """The sum of the probabilities from `seen`, which is beyond the mode, upwards: they fall, and are summed
    until they no longer matter."""
    spread = math.sqrt(
        window * (marked / total) * (1 - marked / total) * (total - window) / max(1, total - 1)
    )
    last = min(highest, seen + int(40 * spread) + 100)
    x = np.arange(seen, last, dtype=np.float64)
    ratios = (marked - x) * (window - x) / ((x + 1) * (total - marked - window + x + 1))
    terms = np.concatenate([[1.0], np.cumprod(ratios)])
    first = (
        _log_choose(marked, seen) + _log_choose(total - marked, window - seen) - _log_choose(total, window)
    )
    return min(1.0, math.exp(first) * float(terms.sum()))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def share_p(seen: int, window: int, before: int, baseline: int) -> float:
    """Whether a share moved, up or down: twice the smaller of Fisher's two tails, at most 1."""
    marked, total = seen + before, window + baseline
    above = hypergeometric_sf(seen, window=window, marked=marked, total=total)
    below = hypergeometric_sf(window - seen, window=window, marked=total - marked, total=total)
    return min(1.0, 2.0 * min(above, below))


def beyond_p(seen: int, window: int, baseline: int) -> float:
    """P(at least `seen` of a window's rows lie outside of a baseline's smallest and largest value).

    Of continuous values every order of all rows is equally likely, so the rows beyond the two ends number as
    those before the second of the baseline's: at least `seen` are there where among the first seen + 1 rows
    at most one is the baseline's (negative hypergeometric; Wilks, "Statistical prediction with special
    reference to the problem of tolerance limits", 1942). Ties make it less likely still.
    """
    if seen <= 0:
        return 1.0
    total, drawn = window + baseline, seen + 1
    inside = hypergeometric_sf(2, window=drawn, marked=baseline, total=total)
    exact = 0.0
    for ours in (0, 1):
        if drawn - ours <= window and ours <= baseline:
            exact += math.exp(
                _log_choose(baseline, ours) + _log_choose(window, drawn - ours) - _log_choose(total, drawn)
            )
    return min(1.0, exact) if exact < 0.5 else max(0.0, 1.0 - inside)
