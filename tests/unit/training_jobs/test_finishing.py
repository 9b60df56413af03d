"""Calibration and threshold are chosen by answers to unseen rows, and only where these are better for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contracts.training import Training
from inference.model import Head, InputColumn, Model
from inference.model.calibration import Calibration
from scoring.figures import FloatArray
from tests.unit.training_jobs.rows import housing_config
from training_jobs.calibrating import fit_calibration, helpful_calibration
from training_jobs.deciding import best_threshold, decision_metric, helpful_threshold
from training_jobs.export.checks import predictor_of
from training_jobs.finishing import coverage, finish
from training_jobs.out_of_fold import Judged, held_out, in_all_classes, together


def folds_of(truth_of_odds: float, shift: float = 0.0, folds: int = 3, count: int = 900) -> list[Judged]:
    """A model whose log odds are `truth_of_odds` times what they should be, and `shift` too high."""
    random = np.random.default_rng(1)
    parts = []
    for _ in range(folds):
        odds = random.normal(-1.0, 1.5, count)
        truth = (random.random(count) < 1 / (1 + np.exp(-odds))).astype(np.int64)
        said = 1 / (1 + np.exp(-(truth_of_odds * odds + shift)))
        parts.append(Judged(truth, np.column_stack([1 - said, said])))
    return parts


def training(**keys: object) -> Training:
    return replace(housing_config("linear", {}, classes=True).training, **keys)  # type: ignore[arg-type]


def model_of(classes: tuple[str, ...] = ("no", "yes")) -> Model:
    """One column; its value is the log odds of the second class."""
    head = Head("linear", 1, (0.0,), "sigmoid")
    return Model((InputColumn("odds", "number"),), (), head, classes, {"weights": np.array([[1.0]])})


def log_loss(parts: list[Judged]) -> float:
    return together(parts).metrics("classification", "")["log_loss_error"]


@pytest.mark.parametrize("folds", [3, 1])
def test_what_is_too_sure_is_held_back(folds: int) -> None:
    parts = folds_of(3.0, 1.0, folds)
    found = helpful_calibration(parts, 1)
    assert found is not None
    assert found.slope == pytest.approx(1 / 3, rel=0.15)
    after = [replace(part, answers=found(part.answers)) for part in parts]
    assert log_loss(after) < 0.85 * log_loss(parts)


def test_what_is_calibrated_stays() -> None:
    assert helpful_calibration(folds_of(1.0), 1) is None


def test_few_rows_choose_no_calibration() -> None:
    assert helpful_calibration(folds_of(5.0, 3.0, 3, 20), 1) is None


def test_several_classes_are_calibrated_together() -> None:
    random = np.random.default_rng(2)
    scores = random.normal(0, 1, (2000, 3))
    truth = (scores + random.gumbel(size=scores.shape)).argmax(axis=1)
    powers = np.exp(2.5 * scores + [0.0, 1.0, -1.0])
    found = fit_calibration(Judged(truth, powers / powers.sum(axis=1, keepdims=True)))
    assert found.slope == pytest.approx(0.4, abs=0.06)
    assert found.offsets == pytest.approx((0.0, -0.4, 0.4), abs=0.15)


def test_weights_decide_what_is_calibrated_to() -> None:
    rows = together(folds_of(1.0))
    weighted = fit_calibration(replace(rows, weights=np.where(rows.truth == 1, 4.0, 1.0)))
    assert weighted.offsets[1] == pytest.approx(np.log(4.0), abs=0.25)


def test_calibrated_probabilities_keep_their_order_and_add_up_to_one() -> None:
    said = np.linspace(0, 1, 101)
    found = Calibration(0.5, (0.0, 1.0))(np.column_stack([1 - said, said]))
    assert found.sum(axis=1) == pytest.approx(np.ones(101))
    assert (np.diff(found[:, 1]) > 0).all()
    assert np.isfinite(found).all()


def test_a_rare_class_is_answered_from_less_than_a_half_on() -> None:
    parts = folds_of(1.0, 0.0)
    threshold = helpful_threshold("f1_score", parts, 1)
    assert threshold is not None
    assert 0.2 < threshold < 0.48
    judged = together(parts)
    usual = judged.metrics("classification", "")["f1_score"]
    assert judged.metrics("classification", "", threshold)["f1_score"] > usual


def test_a_threshold_that_wins_nothing_is_left_out() -> None:
    truth = np.arange(200) % 2
    said = np.where(truth == 1, 0.9, 0.1)
    parts = [Judged(truth, np.column_stack([1 - said, said]))] * 3
    assert helpful_threshold("accuracy_score", parts, 1) is None
    assert best_threshold("accuracy_score", parts[0]) == 0.5


@pytest.mark.parametrize(("metric", "classes"), [("", 2), ("f1_score", 3)])
def test_without_a_metric_of_decisions_or_two_classes_there_is_none(metric: str, classes: int) -> None:
    answers: FloatArray = np.full((60, classes), 1 / classes)
    assert helpful_threshold(metric, [Judged(np.arange(60) % classes, answers)], 1) is None


def test_the_threshold_is_chosen_by_the_gates_metric_where_that_depends_on_one() -> None:
    assert decision_metric("", "f1_score") == "f1_score"
    assert decision_metric("", "log_loss_error") == ""
    assert decision_metric("mcc_score", "log_loss_error") == "mcc_score"


def test_a_finished_model_answers_what_its_folds_are_judged_by() -> None:
    parts = folds_of(3.0, 1.0)
    model, after = finish(model_of(), parts, training(), "f1_score", 1)
    assert model.calibration is not None
    assert model.threshold is not None
    odds = np.log(parts[0].answers[:, [1]] / parts[0].answers[:, [0]])
    served = predictor_of(Model.from_document(model.as_document(), model.arrays))
    answers = served.answers(odds)
    assert answers == pytest.approx(after[0].answers, rel=1e-9)
    said = served.labels(answers)
    assert ((said == "yes") == (answers[:, 1] >= model.threshold)).all()
    assert not ((said == "yes") == (answers.argmax(axis=1) == 1)).all()
    alone = served.answer_of_one(f"{odds[0, 0]!r}".encode(), is_json=False)
    assert alone is None or alone.tolist() == answers[:1].tolist()


def test_calibration_can_be_left_out() -> None:
    model, after = finish(model_of(), folds_of(3.0, 1.0), training(calibrate=False), "log_loss_error", 1)
    assert (model.calibration, model.threshold) == (None, None)
    assert after[0].answers.tolist() == folds_of(3.0, 1.0)[0].answers.tolist()


def test_answers_that_lack_a_class_of_the_model_choose_nothing() -> None:
    model = model_of(("a", "b"))
    parts = [Judged(np.zeros(200, dtype=np.int64), np.ones((200, 1)))]
    assert finish(model, parts, training(), "f1_score", 1)[0] is model


def test_every_part_is_judged_by_what_the_others_chose() -> None:
    parts = [Judged(np.full(3, n), np.zeros((3, 2))) for n in range(3)]
    assert [sorted({*by.truth}) for by, _ in held_out(parts, 1)] == [[1, 2], [0, 2], [0, 1]]
    halves = held_out([Judged(np.arange(10), np.zeros((10, 2)))], 1)
    assert [sorted([*by.truth, *rest.truth]) for by, rest in halves] == [list(range(10))] * 2


def test_a_class_unknown_to_a_fold_has_no_probability() -> None:
    assert in_all_classes(np.array([[0.3, 0.7]]), np.array([0, 2]), 3).tolist() == [[0.3, 0.0, 0.7]]


def values_of(folds: int = 3, count: int = 300) -> list[Judged]:
    random = np.random.default_rng(8)
    return [Judged(random.normal(size=count), np.zeros(count)) for _ in range(folds)]


def test_a_regression_keeps_what_its_answers_were_off() -> None:
    head = Head("linear", 1, (0.0,))
    model = Model((InputColumn("x", "number"),), (), head, (), {"weights": np.array([[1.0]])})
    parts = values_of()
    finished, after = finish(model, parts, training(), "rmse_error", 1)
    assert finished.arrays["residuals"].tolist() == np.sort(together(parts).truth).tolist()
    assert [len(part) for part in after] == [300] * 3
    few = [Judged(np.zeros(5), np.zeros(5))] * 3
    assert finish(model, few, training(), "rmse_error", 1)[0] is model


def test_many_residuals_are_thinned_out_evenly() -> None:
    whole = np.arange(30_001.0)
    head = Head("linear", 1, (0.0,))
    model = Model((InputColumn("x", "number"),), (), head, (), {"weights": np.array([[1.0]])})
    finished, _ = finish(model, [Judged(whole, np.zeros(30_001))], training(), "rmse_error", 1)
    found = finished.arrays["residuals"]
    assert len(found) == 10_000
    assert (found[0], found[-1]) == (0.0, 30_000.0)
    assert np.diff(found).max() <= 4


@pytest.mark.parametrize("folds", [3, 1])
def test_the_coverage_is_that_of_rows_that_chose_no_interval(folds: int) -> None:
    found = coverage(values_of(folds, 1500), 1)["intervals"]
    assert found["coverage_share"] == pytest.approx(0.9, abs=0.03)
    assert found["width"] == pytest.approx(2 * 1.645, rel=0.1)
    assert found["rows"] == folds * 1500


def test_a_coverage_that_the_folds_do_not_share_shows() -> None:
    parts = values_of()
    off = [replace(parts[0], truth=parts[0].truth + 10), *parts[1:]]
    assert coverage(off, 1)["intervals"]["coverage_share"] < 0.8


def test_classes_and_few_rows_have_no_intervals() -> None:
    assert coverage(folds_of(1.0), 1) == {}
    assert coverage([Judged(np.zeros(9), np.zeros(9))], 1) == {}
