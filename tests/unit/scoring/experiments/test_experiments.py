"""An experiment's verdict is wrong as rarely as was said, however often it is looked at."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy import stats

from scoring.experiments.assignment import assign
from scoring.experiments.sample_ratio import is_mismatch
from scoring.experiments.sequence import MIN_LABELS, difference, fixed_size
from scoring.experiments.verdict import BETTER, INCONCLUSIVE, RUNNING, STOPPED, WORSE, Plan, judge

PLAN = Plan(
    arms=("champion", "challenger"),
    weights=(1.0, 1.0),
    alpha=0.05,
    horizon_labels=4000,
    loss_low=0.0,
    loss_high=5.0,
)


def labels(number: int, gains: tuple[float, ...] = (0.0, 0.0), seed: int = 0):
    generator = np.random.default_rng(seed)
    arms = generator.integers(0, len(gains), number)
    return generator.exponential(1.0, number) * (1 - np.asarray(gains)[arms]), arms


def verdict(labelled, plan=PLAN):
    losses, arms = labelled
    return judge(plan, losses, arms, assigned=np.bincount(arms, minlength=len(plan.arms)).tolist())


@pytest.mark.parametrize("number", [2, 4])
def test_equal_arms_looked_at_after_every_label_are_rarely_told_apart(number):
    plan = Plan(
        arms=tuple("abcd"[:number]),
        weights=(1.0,) * number,
        alpha=0.05,
        horizon_labels=2000,
        loss_low=0.0,
        loss_high=5.0,
    )
    outcomes = Counter(verdict(labels(2000, (0.0,) * number, seed), plan).outcome for seed in range(300))
    assert set(outcomes) <= {BETTER, WORSE, INCONCLUSIVE}
    assert outcomes[BETTER] + outcomes[WORSE] <= stats.binom.ppf(0.999, 300, 0.05)


@pytest.mark.parametrize(("gain", "outcome"), [(0.3, BETTER), (-0.3, WORSE)])
def test_a_real_difference_is_found_long_before_the_horizon(gain, outcome):
    found = verdict(labels(4000, (0.0, gain)))
    assert (found.outcome, found.arm) == (outcome, "challenger")
    assert 2 * MIN_LABELS <= found.labels < 2000


def test_the_best_of_several_better_arms_wins():
    plan = Plan(
        arms=("a", "b", "c"),
        weights=(1.0, 1.0, 1.0),
        alpha=0.05,
        horizon_labels=6000,
        loss_low=0,
        loss_high=5,
    )
    assert verdict(labels(6000, (0.0, 0.3, 0.5)), plan).arm == "c"


def test_a_verdict_holds_whatever_comes_after():
    losses, arms = labels(4000, (0.0, 0.3))
    found = verdict((losses, arms))
    early = verdict((losses[: found.labels], arms[: found.labels]))
    assert (early.outcome, early.labels, early.reason) == (found.outcome, found.labels, found.reason)
    assert verdict((losses[: found.labels - 1], arms[: found.labels - 1])).outcome == RUNNING


def test_the_interval_covers_the_true_difference():
    losses, arms = labels(4000, (0.0, 0.2), seed=3)
    path = difference(losses, arms, np.full((4000, 2), 0.5), 1, alpha=0.05, labels_aimed_at=1000)
    known = np.isfinite(path.half_width)
    assert known.sum() > 3500
    assert np.all((path.low[known] < -0.2) & (path.high[known] > -0.2))
    assert path.half_width[-1] < 0.15


def test_uneven_shares_bias_nothing():
    generator = np.random.default_rng(1)
    arms = (generator.random(20_000) < 0.1).astype(int)
    losses = generator.exponential(1.0, 20_000)
    shares = np.tile([0.9, 0.1], (20_000, 1))
    path = difference(losses, arms, shares, 1, alpha=0.05, labels_aimed_at=5000)
    assert path.low[-1] < 0 < path.high[-1]
    assert abs(path.estimate[-1]) < 0.05


def test_one_wild_loss_counts_no_more_than_the_bound_that_was_fixed_before():
    losses, arms = labels(1000)
    wild = losses.copy()
    wild[500] = 1e12
    bounded = losses.copy()
    bounded[500] = PLAN.loss_high
    assert verdict((wild, arms)) == verdict((bounded, arms))


def test_an_uneven_assignment_voids_the_experiment():
    losses, arms = labels(1000)
    found = judge(PLAN, losses, arms, assigned=[6000, 5000])
    assert (found.outcome, "weights of (1.0, 1.0)" in found.reason) == (STOPPED, True)


def test_an_arm_whose_labels_are_missing_voids_the_experiment():
    losses, arms = labels(4000)
    kept = (arms == 0) | (np.arange(4000) % 3 > 0)
    found = judge(PLAN, losses[kept], arms[kept], assigned=[2000, 2000])
    assert (found.outcome, "not labelled alike" in found.reason) == (STOPPED, True)


def test_a_fair_spread_is_seldom_called_unfair_however_often_it_is_looked_at():
    generator = np.random.default_rng(0)
    voided = 0
    for _ in range(100):
        drawn = np.cumsum(generator.random(2000) < 0.3)
        voided += any(
            is_mismatch([n - int(drawn[n - 1]), int(drawn[n - 1])], [7.0, 3.0], alpha=0.05)
            for n in range(20, 2001, 20)
        )
    assert voided <= stats.binom.ppf(0.999, 100, 0.05)


def test_a_caller_without_a_weight_is_a_mismatch_at_once_and_no_caller_is_none():
    assert is_mismatch([5, 1], [1.0, 0.0], alpha=0.001)
    assert not is_mismatch([0, 0], [1.0, 1.0], alpha=0.001)
    assert not is_mismatch([0, 0], [0.0, 0.0], alpha=0.001)


WEIGHTS = {"champion": 2.0, "challenger": 1.0, "other": 1.0}


def test_callers_are_spread_by_weight_and_each_keeps_its_arm():
    keys = [f"caller-{number}" for number in range(20_000)]
    arms = [assign(key, WEIGHTS, salt="one") for key in keys]
    counted = Counter(arms)
    assert stats.chisquare([counted[arm] for arm in WEIGHTS], [10_000, 5_000, 5_000]).pvalue > 1e-4
    assert arms == [assign(key, WEIGHTS, salt="one") for key in keys]
    again = [assign(key, WEIGHTS, salt="two") for key in keys]
    assert sum(a == b for a, b in zip(arms, again, strict=True)) / len(keys) == pytest.approx(0.375, abs=0.02)


def test_only_those_move_that_a_changed_weight_moves():
    keys = [f"caller-{number}" for number in range(5_000)]
    less = {**WEIGHTS, "other": 0.5}
    for key in keys:
        before, after = assign(key, WEIGHTS, salt="s"), assign(key, less, salt="s")
        assert before == after or before == "other"
        assert assign(key, {**WEIGHTS, "other": 0.0}, salt="s") != "other"


@pytest.mark.parametrize("weights", [{}, {"a": 0.0}, {"a": 1.0, "b": -1.0}])
def test_weights_that_choose_nobody_are_refused(weights):
    with pytest.raises(ValueError, match="weights must be"):
        assign("k", weights, salt="s")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"arms": ("a",), "weights": (1.0,)}, "two to four arms"),
        ({"arms": ("a", "a")}, "two to four arms"),
        ({"weights": (1.0, 0.0)}, "weight above 0"),
        ({"alpha": 1.0}, "alpha lies between"),
        ({"loss_high": 0.0}, "bounds of a loss differ"),
    ],
)
def test_a_plan_that_can_tell_nothing_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        Plan(**{**PLAN.__dict__, **changes})


def test_a_single_look_needs_what_the_textbook_says():
    assert fixed_size(0.5, 1.0, 0.5) == 126  # 63 of each arm
