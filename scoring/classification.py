"""Metrics of classifications. Pure. The truth is each row's position among the classes (rows,); answers are
probabilities (rows, classes). Metrics of decisions take the most probable class, or of two classes the second
where its probability reaches `threshold` (0-1)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scoring.figures import Array, Figure, FloatArray, mean, mean_of_known, ratio

TWO_CLASSES = 2


def decisions(answers: FloatArray, threshold: float | None = None) -> npt.NDArray[np.intp]:
    """The position of the class that is answered (rows,)."""
    if threshold is None or answers.shape[1] != TWO_CLASSES:
        return np.asarray(answers.argmax(axis=1))
    return np.asarray(answers[:, 1] >= threshold).astype(np.intp)


def log_loss_error(target: Array, answers: FloatArray, threshold: float | None = None) -> Figure:
    """Mean of -ln(probability of the true class), probabilities held above the smallest double step
    (Good, "Rational Decisions", 1952)."""
    chosen = answers[np.arange(len(target)), target]
    losses = -np.log(np.clip(chosen, np.finfo(np.float64).eps, 1.0))
    return lambda weights: mean(weights, losses)


def brier_error(target: Array, answers: FloatArray, threshold: float | None = None) -> Figure:
    """Mean squared distance of the probabilities from what came: of two classes sum over the second alone
    (0-1), of more over all (0-2), as scikit-learn scales it (Brier, 1950)."""
    hit = np.eye(answers.shape[1])[target]
    squares = np.square(hit - answers).sum(axis=1)
    losses = squares / 2 if answers.shape[1] == TWO_CLASSES else squares
    return lambda weights: mean(weights, losses)


def accuracy_score(target: Array, answers: FloatArray, threshold: float | None = None) -> Figure:
    """Share of rows whose answered class is the true one."""
    right = (decisions(answers, threshold) == target).astype(np.float64)
    return lambda weights: mean(weights, right)


def balanced_accuracy_score(target: Array, answers: FloatArray, threshold: float | None = None) -> Figure:
    """Mean over the classes that occur of the share of their rows that is answered rightly."""
    chosen = decisions(answers, threshold)
    members = [(target == c).astype(np.float64) for c in range(answers.shape[1])]
    right = (chosen == target).astype(np.float64)
    return lambda weights: mean_of_known(
        [ratio(weights @ (rows * right), weights @ rows) for rows in members]
    )


def f1_score(target: Array, answers: FloatArray, threshold: float | None = None) -> Figure:
    """Mean over the classes that occur of 2 TP / (2 TP + FP + FN): every class counts alike (macro average;
    van Rijsbergen, "Information Retrieval", chapter 7)."""
    chosen = decisions(answers, threshold)
    classes = range(answers.shape[1])
    hits = [((target == c) & (chosen == c)).astype(np.float64) for c in classes]
    seen = [(target == c).astype(np.float64) + (chosen == c) for c in classes]

    def figure(weights: FloatArray) -> FloatArray:
        pairs = zip(hits, seen, strict=True)
        return mean_of_known([ratio(2 * (weights @ hit), weights @ both) for hit, both in pairs])

    return figure


def mcc_score(target: Array, answers: FloatArray, threshold: float | None = None) -> Figure:
    """Matthews' correlation of truth and decision, for any number of classes; 0 where either is always the
    same (Gorodkin, "Comparing two K-category assignments by a K-category correlation coefficient", 2004)."""
    chosen = decisions(answers, threshold)
    size = answers.shape[1]
    right = (chosen == target).astype(np.float64)
    truth, decided = np.eye(size)[target], np.eye(size)[chosen]

    def figure(weights: FloatArray) -> FloatArray:
        total, hits = weights.sum(axis=1), weights @ right
        true, said = weights @ truth, weights @ decided
        covariance = hits * total - (true * said).sum(axis=1)
        spread = (total**2 - (true**2).sum(axis=1)) * (total**2 - (said**2).sum(axis=1))
        found = np.divide(covariance, np.sqrt(spread), out=np.zeros_like(total), where=spread > 0)
        return np.where(total > 0, found, np.nan)

    return figure


def roc_auc_score(target: Array, answers: FloatArray, threshold: float | None = None) -> Figure:
    """The chance that a row of the class is ranked above one of another, ties counting half; of more than
    two classes the mean over each against the rest (Hanley and McNeil, 1982; Fawcett, 2006)."""
    areas = [_area(target == c, answers[:, c]) for c in _ranked_classes(answers)]
    return lambda weights: mean_of_known([area(weights) for area in areas])


def average_precision_score(target: Array, answers: FloatArray, threshold: float | None = None) -> Figure:
    """Precision at each rank, weighted by the recall won there; of more than two classes the mean over each
    against the rest. A class without a row has none."""
    precisions = [_average_precision(target == c, answers[:, c]) for c in _ranked_classes(answers)]
    return lambda weights: mean_of_known([precision(weights) for precision in precisions])


def _ranked_classes(answers: FloatArray) -> range:
    size = answers.shape[1]
    return range(1, 2) if size == TWO_CLASSES else range(size)


def _area(positive: npt.NDArray[np.bool_], ranked_by: FloatArray) -> Figure:
    order, ties = _ranks(ranked_by)
    positive = positive[order]

    def figure(weights: FloatArray) -> FloatArray:
        ordered = weights[:, order]
        up = np.add.reduceat(ordered * positive, ties, axis=1)
        down = np.add.reduceat(ordered * ~positive, ties, axis=1)
        below = np.cumsum(down, axis=1) - down
        pairs = up.sum(axis=1) * down.sum(axis=1)
        return ratio((up * (below + down / 2)).sum(axis=1), pairs)

    return figure


def _average_precision(positive: npt.NDArray[np.bool_], ranked_by: FloatArray) -> Figure:
    order, ties = _ranks(-ranked_by)
    positive = positive[order]

    def figure(weights: FloatArray) -> FloatArray:
        ordered = weights[:, order]
        up = np.add.reduceat(ordered * positive, ties, axis=1)
        seen = np.cumsum(np.add.reduceat(ordered, ties, axis=1), axis=1)
        precision = np.nan_to_num(ratio(np.cumsum(up, axis=1), seen))
        return ratio((up * precision).sum(axis=1), up.sum(axis=1))

    return figure


def _ranks(scores: FloatArray) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The rows in rising order of the scores, and where each group of equal scores begins."""
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    return order, np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
