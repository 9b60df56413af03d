"""One candidate on the folds: what it answers to rows that it has not seen, and how good that is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from contracts.training import DECISION_METRICS, higher_is_better
from scoring.figures import Array, FloatArray
from training_jobs.candidates import Candidate
from training_jobs.choice import Member
from training_jobs.dataset import Dataset
from training_jobs.deciding import best_threshold
from training_jobs.early_stopping import fit_early, with_rounds
from training_jobs.estimators import needs_scaling
from training_jobs.experiment import Experiment
from training_jobs.folds import Fold
from training_jobs.objectives import objective_of
from training_jobs.out_of_fold import Judged, in_all_classes
from training_jobs.resources import limited_threads
from training_jobs.scores import answers_of
from training_jobs.weights import fitting_weights

Clock = Callable[[], float]
# Prepared rows of a fold are kept for the next candidate up to this many numbers (400 MB).
_KEPT_CELLS = 50_000_000


@dataclass
class Trial:
    """A candidate's answers fold by fold, the metrics of each fold, and what was spent."""

    candidate: Candidate
    answers: list[FloatArray] = field(default_factory=list)
    scores: list[dict[str, float]] = field(default_factory=list)
    rounds: list[int] = field(default_factory=list)
    seconds: float = 0.0

    def value(self, metric: str) -> float:
        """The mean over the folds of the loss by the metric: lower is better, whichever way it runs."""
        sign = -1.0 if higher_is_better(metric) else 1.0
        known = [sign * scores[metric] for scores in self.scores if metric in scores]
        return float(np.mean(known)) if known else np.inf

    def member(self, growth: float = 1.0, weight: float = 1.0) -> Member:
        """The candidate as it is to be fitted on all rows: a booster with the rounds that the folds chose,
        times `growth`."""
        parameters = dict(self.candidate.parameters)
        if self.rounds:
            rounds = max(1, round(float(np.mean(self.rounds)) * growth))
            parameters = with_rounds(self.candidate.estimator, parameters, rounds)
        return Member(self.candidate.estimator, parameters, weight)


class Bench:
    """Where candidates are tried: the same folds for all, their rows made ready once."""

    def __init__(self, experiment: Experiment, folds: list[Fold], clock: Clock = time.monotonic) -> None:
        self.experiment, self.folds, self.clock = experiment, folds, clock
        self.classes = np.unique(experiment.dataset.target) if experiment.task != "regression" else None
        self._prepared: dict[tuple[int, bool], tuple[FloatArray, FloatArray]] = {}

    def run(self, trial: Trial, number: int, deadline: float) -> None:
        """One fold of the trial."""
        began = self.clock()
        answers, rounds = self._answers(trial.candidate, number, lambda: self.clock() > deadline)
        trial.answers.append(answers)
        trial.rounds += rounds
        trial.scores.append(self.metrics(number, answers))
        trial.seconds += self.clock() - began

    def judged(self, number: int, answers: FloatArray) -> Judged:
        """A fold's validation rows with answers to them."""
        rows = self.experiment.dataset.take(self.folds[number][1])
        return Judged(self._truth(rows.target), answers, rows.weights)

    def metrics(self, number: int, answers: FloatArray) -> dict[str, float]:
        """Decisions are taken at the threshold that suits each candidate's answers to the fold best: at a
        half candidates that never say a rare class would all look alike."""
        judged, metric = self.judged(number, answers), self.experiment.metric
        decides = metric in DECISION_METRICS and answers.shape[1] == 2
        threshold = best_threshold(metric, judged) if decides else None
        return judged.metrics(self.experiment.task, metric, threshold)

    def _truth(self, target: Array) -> Array:
        return target if self.classes is None else np.searchsorted(self.classes, target)

    def _answers(
        self, candidate: Candidate, number: int, late: Callable[[], bool]
    ) -> tuple[FloatArray, list[int]]:
        experiment, rounds = self.experiment, []
        training, validation = (experiment.dataset.take(rows) for rows in self.folds[number])
        pipeline = experiment.unfitted(self.as_member(candidate), training)
        known, codes, judged = self._codes(training.target, validation.target)
        balance = experiment.config.training.class_weight
        weights, eye_weights = fitting_weights(training, balance), fitting_weights(validation, balance)
        with limited_threads(experiment.threads):
            learnt, watched = self._ready(
                pipeline, needs_scaling(candidate.estimator), number, training, validation
            )
            estimator = pipeline[-1]
            if candidate.stops_early:
                seen = np.full(len(judged), True) if self.classes is None else judged >= 0
                eyes = watched[seen], judged[seen], None if eye_weights is None else eye_weights[seen]
                rounds = [fit_early(candidate.estimator, estimator, (learnt, codes, weights), eyes, late)]
            else:
                estimator.fit(learnt, codes, **({} if weights is None else {"sample_weight": weights}))
            found = answers_of(estimator, watched, experiment.task)
        if self.classes is None:
            return found, rounds
        return in_all_classes(found, known, len(self.classes)), rounds

    def _codes(self, learnt: Array, judged: Array) -> tuple[Array, Array, Array]:
        """Which classes the training rows know (positions), and both targets as positions among these; -1 of
        a class that they lack. A regression's targets stay as they are."""
        if self.classes is None:
            return np.empty(0), learnt, judged
        known, codes = np.unique(self._truth(learnt), return_inverse=True)
        truth = self._truth(judged)
        place = np.minimum(np.searchsorted(known, truth), len(known) - 1)
        return known, codes, np.where(known[place] == truth, place, -1)

    def as_member(self, candidate: Candidate) -> Member:
        """With the objective that fits the metric, where the candidate has none of its own."""
        return Member(candidate.estimator, {**self.objective(candidate), **candidate.parameters})

    def objective(self, candidate: Candidate) -> dict[str, Any]:
        return objective_of(candidate.estimator, self.experiment.metric)

    def _ready(
        self, pipeline: Any, scaled: bool, number: int, training: Dataset, validation: Dataset
    ) -> tuple[FloatArray, FloatArray]:
        """The fold's rows as the estimator reads them."""
        if (number, scaled) not in self._prepared:
            before = pipeline[:-1]
            learnt = np.asarray(before.fit_transform(training.features, training.target))
            watched = np.asarray(before.transform(validation.features))
            kept = sum(a.size + b.size for a, b in self._prepared.values())
            if kept + learnt.size + watched.size > _KEPT_CELLS:
                return learnt, watched
            self._prepared[number, scaled] = learnt, watched
        return self._prepared[number, scaled]
