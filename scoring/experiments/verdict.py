"""How an experiment stands: better, worse, inconclusive, stopped, or still to be watched.

The level alpha is divided by the number of challengers (a union bound), so that the chance of any wrong
verdict in the whole experiment is alpha at most. Losses are clipped to bounds that were fixed before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scoring.experiments.sample_ratio import is_mismatch
from scoring.experiments.sequence import Floats, Path, difference

RUNNING, BETTER, WORSE, INCONCLUSIVE, STOPPED = "running", "better", "worse", "inconclusive", "stopped"
SAMPLE_RATIO_ALPHA = 0.001
"""An uneven spread voids the experiment, and must not do so by chance."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What was fixed before the first label: arms with the champion first, their weights, the level, the
    horizon in labels, and the bounds of a loss."""

    arms: tuple[str, ...]
    weights: tuple[float, ...]
    alpha: float
    horizon_labels: int
    loss_low: float
    loss_high: float

    def __post_init__(self) -> None:
        if not 2 <= len(self.arms) <= 4 or len(set(self.arms)) != len(self.arms):
            raise ValueError(f"an experiment has two to four arms of different names, not {self.arms}")
        if len(self.weights) != len(self.arms) or min(self.weights) <= 0:
            raise ValueError(f"each of {len(self.arms)} arms needs a weight above 0; they are {self.weights}")
        if not 0 < self.alpha < 1 or self.horizon_labels < 1 or self.loss_low >= self.loss_high:
            raise ValueError(
                f"alpha lies between 0 and 1, the horizon is above 0 and the bounds of a loss differ: alpha "
                f"{self.alpha}, horizon {self.horizon_labels}, bounds {self.loss_low} and {self.loss_high}"
            )

    @property
    def shares(self) -> Floats:
        return np.asarray(self.weights) / sum(self.weights)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`arm` is the challenger that it is about; `labels` how many it took."""

    outcome: str
    reason: str
    arm: str = ""
    labels: int = 0


def paths(plan: Plan, losses: Floats, arms: npt.NDArray[np.intp]) -> dict[str, Path]:
    """Each challenger's difference to the champion, label by label; only up to the horizon."""
    clipped = np.clip(losses[: plan.horizon_labels], plan.loss_low, plan.loss_high)
    whose = arms[: plan.horizon_labels]
    shares = np.broadcast_to(plan.shares, (len(clipped), len(plan.arms)))
    alpha = plan.alpha / (len(plan.arms) - 1)
    return {
        name: difference(
            clipped, whose, shares, number, alpha=alpha, labels_aimed_at=max(1, plan.horizon_labels // 4)
        )
        for number, name in enumerate(plan.arms)
        if number
    }


def judge(plan: Plan, losses: Floats, arms: npt.NDArray[np.intp], *, assigned: Sequence[int]) -> Verdict:
    """`losses` and `arms` (n,) are the labels so far, in order; `assigned` counts each arm's callers."""
    voided = _voided(plan, arms, assigned)
    if voided:
        return Verdict(outcome=STOPPED, reason=voided, labels=len(losses))
    found = paths(plan, losses, arms)
    decided = [first for name, path in found.items() if (first := _first(name, path)) is not None]
    better = [verdict for verdict in decided if verdict.outcome == BETTER]
    if better:
        return min(better, key=lambda verdict: (float(found[verdict.arm].estimate[-1]), verdict.arm))
    if len(decided) == len(found):
        return max(decided, key=lambda verdict: verdict.labels)
    if len(losses) >= plan.horizon_labels:
        reason = f"{plan.horizon_labels} labels tell no challenger from the champion"
        return Verdict(outcome=INCONCLUSIVE, reason=reason, labels=plan.horizon_labels)
    return Verdict(
        outcome=RUNNING, reason=f"{len(losses)} of {plan.horizon_labels} labels", labels=len(losses)
    )


def _voided(plan: Plan, arms: npt.NDArray[np.intp], assigned: Sequence[int]) -> str:
    """Callers against the weights, and labels against callers: an arm that loses its labels looks better."""
    if is_mismatch(assigned, plan.weights, alpha=SAMPLE_RATIO_ALPHA):
        return f"callers were assigned {tuple(assigned)}, which weights of {plan.weights} don't give"
    labelled = np.bincount(arms, minlength=len(plan.arms)).tolist()
    if is_mismatch(labelled, assigned, alpha=SAMPLE_RATIO_ALPHA):
        return (
            f"labels came for {tuple(labelled)} of {tuple(assigned)} callers: the arms are not labelled alike"
        )
    return ""


def _first(arm: str, path: Path) -> Verdict | None:
    """The first label at which the sequence left 0 behind; what it says later changes nothing."""
    crossed = np.flatnonzero((path.high < 0) | (path.low > 0))
    if not len(crossed):
        return None
    at = int(crossed[0])
    outcome = BETTER if path.high[at] < 0 else WORSE
    reason = f"its mean loss differs by {path.estimate[at]:g}, between {path.low[at]:g} and {path.high[at]:g}"
    return Verdict(outcome=outcome, reason=reason, arm=arm, labels=at + 1)
