"""How much better one arm is than another, known with an error that holds however often it is looked at.

Each label is one loss of the arm that its caller was assigned to. It gives one unbiased value of the
difference between the arms' mean losses: the difference of the means so far, corrected by how far this loss
is from its arm's mean, over the share of callers that the arm gets (augmented inverse-probability weighting).
The mean of these values is the estimate, and around it lies the asymptotic confidence sequence of
Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic confidence
sequences" (2024). Asymptotic: its error holds from some number of labels on, and so nothing is judged before
`MIN_LABELS` of each arm.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
MIN_LABELS = 100


@dataclass(frozen=True, kw_only=True)
class Path:
    """After each label: the difference of mean losses, challenger minus champion, and its half-width.

    Shapes (n,); the half-width is infinite where too little is known.
    """

    estimate: Floats
    half_width: Floats

    @property
    def low(self) -> Floats:
        return self.estimate - self.half_width

    @property
    def high(self) -> Floats:
        return self.estimate + self.half_width


def difference(
    losses: Floats,
    arms: npt.NDArray[np.intp],
    shares: Floats,
    challenger: int,
    *,
    alpha: float,
    labels_aimed_at: int,
    champion: int = 0,
) -> Path:
    """The path over n labels, in the order in which they came.

    `losses` (n,) are bounded by a rule fixed before; `arms` (n,) says whose they are; `shares` (n, k), above
    0 where an arm answers, are the arms' shares of the callers when each was assigned. `labels_aimed_at` is
    where the sequence is to be narrowest, and is fixed before as well.
    """
    values = _mean_before(losses, arms == challenger) - _mean_before(losses, arms == champion)
    for arm, sign in ((challenger, 1.0), (champion, -1.0)):
        is_its = arms == arm
        residual = losses - _mean_before(losses, is_its)
        values += np.where(is_its, sign * residual / np.where(is_its, shares[:, arm], 1.0), 0.0)
    number = np.arange(1, len(losses) + 1, dtype=float)
    estimate = np.cumsum(values) / number
    variance = np.maximum(np.cumsum(values**2) / number - estimate**2, 0.0)
    half_width = np.sqrt(variance) * mixture_width(number, alpha=alpha, aimed_at=labels_aimed_at)
    fewest = np.minimum(np.cumsum(arms == challenger), np.cumsum(arms == champion))
    return Path(estimate=estimate, half_width=np.where(fewest >= MIN_LABELS, half_width, np.inf))


def mixture_width(number: Floats, *, alpha: float, aimed_at: int) -> Floats:
    """Half-width, in standard deviations, of a normal mixture's confidence sequence after so many values; it
    is narrowest, beside a single look's, about `aimed_at`."""
    rho2 = (-2 * log(alpha) + log(-2 * log(alpha) + 1)) / aimed_at
    inside = number * rho2 + 1
    width: Floats = np.sqrt(2 * inside / (number**2 * rho2) * np.log(np.sqrt(inside) / alpha))
    return width


def fixed_size(effect: float, deviation: float, share: float) -> int:
    """Labels of both arms that a test with a single look needs, at 5 % and a power of 80 %; `share` (0-1) is
    the challenger's, `deviation` a loss's standard deviation in either arm."""
    z = 1.959964 + 0.841621
    return int(np.ceil((z * deviation / effect) ** 2 * (1 / share + 1 / (1 - share))))


def _mean_before(losses: Floats, is_its: npt.NDArray[np.bool_]) -> Floats:
    """An arm's mean loss before each label; before its first one all losses' mean so far, or 0."""
    total = np.concatenate([[0.0], np.cumsum(np.where(is_its, losses, 0.0))[:-1]])
    count = np.concatenate([[0.0], np.cumsum(is_its)[:-1]])
    everyones = np.concatenate([[0.0], np.cumsum(losses)[:-1]]) / np.maximum(np.arange(len(losses)), 1)
    return np.where(count > 0, total / np.maximum(count, 1), everyones)
