"""When a challenger replaces the champion."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import EvaluationError
from lambdas.evaluate_model.checks import Check, Contest, agreement_wanted
from lambdas.evaluate_model.drift import Drift
from lambdas.evaluate_model.gate import COLLAPSED, NOT_COMPARABLE, REJECTED, Verdict, compare
from lambdas.evaluate_model.slices import Slice
from tests.unit.lambdas.evaluate_model import world

ROWS = 1000
PARITY = {"rows": 100, "edge_rows": 10, "largest_difference": 0.0, "tolerance": 1e-9}


def contest(champion_error: float | None = 10.0, challenger_error: float = 8.0, **changes: Any) -> Contest:
    """A regression whose models' errors have these standard deviations."""
    random = np.random.default_rng(7)
    target = random.normal(100, 30, ROWS)
    shared = random.normal(0, 1, ROWS)
    answers = [
        None if size is None else target + size * (0.8 * shared + 0.6 * random.normal(0, 1, ROWS))
        for size in (champion_error, challenger_error)
    ]
    assert answers[1] is not None
    given = Contest(
        target=target,
        champion=answers[0],
        challenger=answers[1],
        slices=[],
        drift=[],
        latency_us=20.0,
        parity=PARITY,
        self_check="",
    )
    return replace(given, **changes)


def judged(found: Contest, task: str = "regression", **gate: Any) -> Verdict:
    settings_of_gate = {"min_gain_share": 0.01, "confidence": 0.9, "bootstrap_resamples": 400, **gate}
    return compare(found, world.config(task, **settings_of_gate).gate)


def check(verdict: Verdict, name: str) -> Check:
    return next(check for check in verdict.checks if check.name == name)


def failed(verdict: Verdict) -> list[str]:
    return [check.name for check in verdict.checks if not check.passed]


def test_a_better_challenger_is_promoted() -> None:
    verdict = judged(contest(10.0, 8.0))
    assert verdict.promote
    assert failed(verdict) == []
    assert check(verdict, "gain").figure == pytest.approx(0.2, abs=0.03)
    assert "better" in verdict.reason


def test_a_worse_challenger_is_rejected() -> None:
    verdict = judged(contest(10.0, 12.0))
    assert not verdict.promote
    assert failed(verdict) == ["gain", "confidence"]
    assert "worse" in verdict.reason


def test_an_equal_challenger_is_rejected_even_where_any_gain_will_do() -> None:
    found = contest()
    assert found.champion is not None
    verdict = judged(replace(found, challenger=found.champion), min_gain_share=0.0, confidence=0.5)
    assert failed(verdict) == ["gain", "confidence"]


def test_a_gain_below_the_one_wanted_is_rejected() -> None:
    verdict = judged(contest(10.0, 9.7), min_gain_share=0.1)
    assert "gain" in failed(verdict)


def test_better_by_less_than_noise_is_rejected() -> None:
    """The gain is there on these rows, but not on enough of their resamples."""
    random = np.random.default_rng(3)
    target = random.normal(0, 3, 60)
    champion, challenger = (target + random.normal(0, 1, 60) for _ in range(2))
    scale = np.sqrt(np.mean((target - champion) ** 2) / np.mean((target - challenger) ** 2)) * 0.99
    challenger = target + (challenger - target) * scale
    verdict = judged(
        contest(target=target, champion=champion, challenger=challenger), min_gain_share=0.0, confidence=0.95
    )
    assert check(verdict, "gain").passed
    assert check(verdict, "gain").figure == pytest.approx(0.01, abs=1e-6)
    assert failed(verdict) == ["confidence"]


def test_better_overall_but_worse_on_a_slice_is_rejected() -> None:
    found = contest(10.0, 7.0)
    assert found.champion is not None
    bad = np.arange(ROWS) < 30
    challenger = found.challenger.copy()
    challenger[bad] = found.target[bad] + 3 * (found.champion[bad] - found.target[bad])
    slices = [Slice("region", "islands", bad), Slice("region", "mainland", ~bad)]
    verdict = judged(replace(found, challenger=challenger, slices=slices), min_gain_share=0.0)
    assert check(verdict, "gain").passed
    assert check(verdict, "confidence").passed
    assert failed(verdict) == ["worst slice"]
    assert check(verdict, "worst slice").figure == pytest.approx(2.0)
    assert "region = islands (30 rows)" in verdict.reason


def test_a_slice_of_few_rows_is_not_judged() -> None:
    found = contest(10.0, 7.0)
    few = np.arange(ROWS) < 19
    challenger = np.where(few, found.target + 500.0, found.challenger)
    other = Slice("region", "rest", ~few)
    lone = replace(found, challenger=challenger, slices=[Slice("region", "rock", few), other])
    assert "rock" not in check(judged(lone), "worst slice").explanation


def test_without_a_slice_of_enough_rows_there_is_no_such_check() -> None:
    few = Slice("region", "rock", np.arange(ROWS) < 5)
    assert "worst slice" not in [c.name for c in judged(contest(slices=[few])).checks]


def test_where_higher_is_better_the_higher_one_is_promoted() -> None:
    verdict = judged(contest(10.0, 8.0), metric="r2_score", min_gain_share=0.001)
    assert verdict.promote
    assert judged(contest(8.0, 10.0), metric="r2_score").promote is False


def classes_contest(champion_right: float, challenger_right: float) -> Contest:
    random = np.random.default_rng(5)
    target = random.integers(0, 2, ROWS)

    def answers(right: float) -> Any:
        chosen = np.where(random.random(ROWS) < right, target, 1 - target)
        return np.column_stack([np.where(chosen == 0, 0.8, 0.2), np.where(chosen == 0, 0.2, 0.8)])

    return contest(target=target, champion=answers(champion_right), challenger=answers(challenger_right))


@pytest.mark.parametrize("metric", ["accuracy_score", "f1_score", "roc_auc_score", "log_loss_error"])
def test_classifiers_are_compared_by_any_of_their_metrics(metric: str) -> None:
    assert judged(classes_contest(0.7, 0.85), "classification", metric=metric).promote
    assert failed(judged(classes_contest(0.85, 0.7), "classification", metric=metric)) == [
        "gain",
        "confidence",
    ]


def test_a_first_model_must_beat_the_best_constant_answer() -> None:
    good = judged(contest(None, 8.0))
    assert good.promote
    assert check(good, "baseline").bound == pytest.approx(30, abs=2)
    found = contest(None, 8.0)
    worse_than_the_mean = np.full(ROWS, found.target.mean() + 1.0)
    verdict = judged(replace(found, challenger=worse_than_the_mean))
    assert failed(verdict) == ["baseline", "confidence"]


def test_a_first_model_must_keep_the_absolute_bound() -> None:
    assert failed(judged(contest(None, 8.0), first_model_bound=5.0)) == ["first model bound"]
    assert judged(contest(None, 8.0), first_model_bound=10.0).promote
    assert failed(judged(contest(None, 8.0), metric="r2_score", first_model_bound=0.99)) == [
        "first model bound"
    ]


def test_a_later_model_need_not_keep_the_first_ones_bound() -> None:
    assert judged(contest(10.0, 8.0), first_model_bound=5.0).promote


def test_data_that_moved_too_far_hold_the_challenger_back() -> None:
    moved = Drift(column="age", psi=0.6, bin="up to 3", old_share=0.1, new_share=0.4)
    still = Drift(column="size", psi=0.1, bin="up to 3", old_share=0.1, new_share=0.2)
    verdict = judged(contest(drift=[still, moved]), max_drift_psi=0.5)
    assert failed(verdict) == ["drift"]
    assert "age has moved most" in verdict.reason
    assert "10.0% before, 40.0% now" in verdict.reason
    assert judged(contest(drift=[still, moved]), max_drift_psi=0.7).promote


def test_a_slow_model_is_rejected() -> None:
    assert failed(judged(contest(latency_us=900.0), max_predict_latency_us=800.0)) == ["latency"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"parity": {**PARITY, "largest_difference": 1e-3}}, "differ by 0.001"),
        ({"parity": None}, "does not say"),
        ({"self_check": "row 1 of 64 answers 5"}, "row 1 of 64 answers 5"),
    ],
)
def test_a_model_that_does_not_answer_as_trained_is_rejected(changes: dict[str, Any], reason: str) -> None:
    verdict = judged(contest(**changes))
    assert failed(verdict) == ["parity"]
    assert reason in verdict.reason


def test_a_rejection_names_every_failed_check() -> None:
    verdict = judged(contest(10.0, 12.0, latency_us=900.0), max_predict_latency_us=800.0)
    for name in failed(verdict):
        assert check(verdict, name).explanation in verdict.reason


def test_a_metric_without_a_value_is_a_clear_error() -> None:
    target = np.zeros(ROWS, dtype=int)
    answers = np.tile([0.9, 0.1], (ROWS, 1))
    found = contest(target=target, champion=answers, challenger=answers)
    with pytest.raises(EvaluationError, match=r"roc_auc_score has no value on these 1,000 holdout rows"):
        judged(found, "classification", metric="roc_auc_score")


def test_the_same_rows_give_the_same_verdict() -> None:
    one, other = judged(contest()), judged(contest())
    assert one == other
    assert np.array_equal(one.gains, other.gains)


@given(
    champion=st.floats(0.1, 1e3),
    challenger=st.floats(0.1, 1e3),
    metric=st.sampled_from(["rmse_error", "r2_score"]),
)
@settings(max_examples=40, deadline=None)
def test_two_models_are_never_each_better_than_the_other(
    champion: float, challenger: float, metric: str
) -> None:
    found = contest(champion, challenger)
    assert found.champion is not None
    turned = replace(found, champion=found.challenger, challenger=found.champion)
    wanted: dict[str, Any] = {"metric": metric, "min_gain_share": 0.0, "bootstrap_resamples": 100}
    verdicts = [judged(each, **wanted) for each in (found, turned)]
    assert not all(verdict.promote for verdict in verdicts)
    for verdict in verdicts:
        sound = verdict.outcome != COLLAPSED
        assert verdict.promote == (sound and all(c.passed for c in verdict.checks))
        assert all(np.isfinite([c.figure, c.bound]).all() for c in verdict.checks)


def test_a_challenger_that_beats_a_fallen_champion_is_not_promoted_but_asked_about() -> None:
    """Both are worse than always answering the mean, one of them less so."""
    verdict = judged(contest(90.0, 60.0), min_gain_share=0.0)
    assert check(verdict, "gain").passed
    assert (verdict.promote, verdict.outcome) == (False, COLLAPSED)
    assert "no better than a constant answer" in verdict.reason


def test_a_challenger_below_the_constant_is_rejected_whatever_it_beats() -> None:
    found = contest(32.0, 31.0, recorded_advantage=-0.5)
    verdict = judged(found, min_gain_share=0.0)
    assert not verdict.promote
    assert {"baseline", "baseline confidence"} <= set(failed(verdict))


def test_a_champion_far_from_its_own_record_has_collapsed() -> None:
    """It is still better than a constant, by a tenth; it was by nine."""
    verdict = judged(contest(27.0, 8.0, recorded_advantage=0.9))
    assert verdict.outcome == COLLAPSED
    assert "and was 90.0% better when it passed" in verdict.reason


def test_a_champion_that_does_as_it_did_is_simply_beaten() -> None:
    assert judged(contest(10.0, 8.0, recorded_advantage=0.67)).promote


def test_models_without_common_new_rows_are_not_comparable() -> None:
    verdict = judged(contest(None, 8.0, incomparable="only 3 rows are new", common_rows=3))
    assert (verdict.promote, verdict.outcome, verdict.reason) == (
        False,
        NOT_COMPARABLE,
        "only 3 rows are new",
    )
    assert failed(verdict) == ["comparison"]


def test_what_cannot_be_compared_and_beats_no_constant_is_rejected() -> None:
    verdict = judged(contest(None, 60.0, incomparable="only 3 rows are new", common_rows=3))
    assert verdict.outcome == REJECTED
    assert "the challenger's rmse_error" in verdict.reason


def test_a_far_smaller_dataset_is_told_and_below_a_share_refused() -> None:
    told = judged(contest(training_rows=(300, 1000)))
    assert told.promote
    assert "trained on 300 rows, the champion on 1,000" in check(told, "size").explanation
    assert failed(judged(contest(training_rows=(99, 1000)))) == ["size"]
    assert judged(contest(training_rows=(99, 1000)), min_size_share=0.0).promote


def test_a_leak_is_refused_where_the_gate_says_so() -> None:
    leaky = contest(leaks=("casual + registered tells the target",))
    assert judged(leaky).promote
    refused = judged(leaky, refuse_leaks=True)
    assert failed(refused) == ["leak"]
    assert "casual + registered" in refused.reason
    assert judged(contest(), refuse_leaks=True).promote


def test_resamples_must_agree_by_more_than_their_own_chance() -> None:
    assert agreement_wanted(0.9, 400) == pytest.approx(0.915)
    assert agreement_wanted(0.9, 10_000) == pytest.approx(0.903)
    assert agreement_wanted(1.0, 400) == 1.0  # which can still be reached


def test_equal_models_are_promoted_no_more_often_than_confidence_allows() -> None:
    """Two hundred uploads of sixty rows, on each of which both models err alike and apart."""
    promoted = 0
    for upload in range(200):
        random = np.random.default_rng(upload)
        target = random.normal(0, 10, 60)
        old, new = (target + random.normal(0, 2, 60) for _ in range(2))
        found = contest(target=target, champion=old, challenger=new)
        promoted += judged(found, min_gain_share=0.0, bootstrap_resamples=200).promote
    assert promoted <= 28  # of two hundred at a true share of a tenth, 28 or fewer are 97 % sure
