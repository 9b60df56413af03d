"""`estimator = "auto"`: the estimator that answers unseen rows best, found within a time budget.

Only training rows are looked at, kept apart as the dataset's split keeps them. First every kind of estimator
is tried with parameters that suit the data's size; what time is left goes to variations of the kinds that did
best.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from contracts.estimators import MONOTONE
from contracts.training import DECISION_METRICS, higher_is_better
from scoring.figures import FloatArray, overall
from scoring.metrics import judged
from training_jobs.blend import best_shares
from training_jobs.candidates import MOST_ROUNDS_OF_MANY, Candidate, Size, first_candidates
from training_jobs.choice import Choice, Member
from training_jobs.errors import TrainingError
from training_jobs.experiment import Experiment
from training_jobs.folds import Fold, split_rows
from training_jobs.out_of_fold import Judged, held_out, together
from training_jobs.pipeline import MAX_ONE_HOT
from training_jobs.report import log
from training_jobs.trials import Bench, Clock, Trial
from training_jobs.variations import KINDS, Variations

TINY_ROWS, FOLDS_OF_TINY = 500, 10
SMALL_ROWS, FOLDS_OF_SMALL = 2_000, 5
# From here on one fold of so many says enough.
LARGE_ROWS, FOLDS_OF_LARGE = 20_000, 5
# As many numbers are looked at in choosing; the estimator that is chosen is fitted on every row.
MOST_CELLS = 4_000_000
# A trial that does worse on its first fold than the best by this share is not taken further.
HOPELESS_SHARE = 0.05
# Among so many of the best trials the members of a blend are looked for.
BLENDED_TRIALS = 20
# A blend answers as slowly as all of its members, so it must be worth that.
HELPFUL_SHARE = 0.002


@dataclass(frozen=True)
class Search:
    """The trials that saw every fold, the best first; what was given up; and how many times the rounds of a
    fold suit all rows."""

    bench: Bench
    trials: list[Trial]
    history: list[dict[str, Any]]
    growth: float

    def best(self) -> Choice:
        return Choice((self._member(self.trials[0]),))

    def best_answers(self) -> list[Judged]:
        """What the best trial answers to each fold."""
        return [self.bench.judged(fold, answers) for fold, answers in enumerate(self.trials[0].answers)]

    def choose(self) -> tuple[Choice, list[Judged]]:
        """The blend of the best trials where it answers rows better that its shares were not chosen by, by at
        least HELPFUL_SHARE; else the best trial. With what was chosen answers to each fold."""
        trials = self.trials[:BLENDED_TRIALS]
        if len(trials) > 1:
            single, blended = self._held_out_losses(trials)
            log(f"on rows that did not choose: the best trial {single:.6g}, blended {blended:.6g}")
            if single - blended >= HELPFUL_SHARE * abs(single):
                return self.blend()
        return self.best(), self.best_answers()

    def blend(self) -> tuple[Choice, list[Judged]]:
        """The blend of the best trials, and its answers to each fold. The shares are chosen on those folds,
        so that the answers are a little too good."""
        bench, trials = self.bench, self.trials[:BLENDED_TRIALS]
        whole = together(self.best_answers())
        shares = best_shares(
            [np.concatenate(trial.answers) for trial in trials], lambda found: self._loss(whole, found)
        )
        kept = [(share, trial) for share, trial in zip(shares, trials, strict=True) if share]
        blended = [
            bench.judged(fold, np.asarray(sum(share * trial.answers[fold] for share, trial in kept)))
            for fold in range(len(bench.folds))
        ]
        return Choice(tuple(self._member(trial, share) for share, trial in kept)), blended

    def _held_out_losses(self, trials: list[Trial]) -> tuple[float, float]:
        """The mean losses of the best trial and of a blend, each chosen without the rows it is judged on."""
        parts = [
            [self.bench.judged(fold, trial.answers[fold]) for fold in range(len(self.bench.folds))]
            for trial in trials
        ]
        pairs = [held_out(answers, self.bench.experiment.seed) for answers in parts]
        singles, blends = [], []
        for number in range(len(pairs[0])):
            chosen_by = [of_trial[number][0] for of_trial in pairs]
            unseen = [of_trial[number][1] for of_trial in pairs]
            losses = [self._loss(rows, rows.answers) for rows in chosen_by]
            singles.append(self._loss(unseen[0], unseen[int(np.argmin(losses))].answers))
            shares = best_shares([part.answers for part in chosen_by], partial(self._loss, chosen_by[0]))
            blended = sum(share * part.answers for share, part in zip(shares, unseen, strict=True))
            blends.append(self._loss(unseen[0], np.asarray(blended)))
        return float(np.mean(singles)), float(np.mean(blends))

    def _loss(self, rows: Judged, answers: FloatArray) -> float:
        """Lower is better. Decisions jump from share to share; the probabilities that they are made of do
        not, so it is these that are judged."""
        metric = self.bench.experiment.metric
        metric = "log_loss_error" if metric in DECISION_METRICS else metric
        value = overall(judged(metric, rows.truth, answers, weights=rows.weights), len(rows))
        value = -value if higher_is_better(metric) else value
        return value if np.isfinite(value) else np.inf

    def _member(self, trial: Trial, weight: float = 1.0) -> Member:
        found = trial.member(self.growth, weight)
        return replace(found, parameters={**self.bench.objective(trial.candidate), **found.parameters})


def search(experiment: Experiment, clock: Clock = time.monotonic) -> Search:
    """Try candidates until the budget is spent. The first is always tried to its end."""
    metric, deadline = experiment.metric, clock() + experiment.config.training.budget_seconds
    looked_at = _sample(experiment)
    bench = Bench(looked_at, _folds(looked_at), clock)
    size = _size(looked_at)
    log(f"choosing by {metric}: {size.rows} rows, {size.columns} inputs, {len(bench.folds)} folds")
    done: list[Trial] = []
    given_up: list[Trial] = []
    history: list[dict[str, Any]] = []
    failures: list[str] = []

    def attempt(candidate: Candidate, *, patient: bool) -> float | None:
        trial = Trial(candidate)
        try:
            complete = _run(bench, trial, None if patient or not done else done[0], deadline, first=not done)
        except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
            # Numbers that one kind cannot take (squares that overflow, say) are no fault to the next.
            failures.append(f"{candidate.estimator}: {str(error).splitlines()[0][:200]}")
            log(f"{failures[-1]}: given up")
            return None
        if complete:
            done.append(trial)
            done.sort(key=lambda t: t.value(metric))
        else:
            given_up.append(trial)
            given_up.sort(key=lambda t: t.value(metric))
        history.append(_describe(len(history), trial, metric, complete))
        log(f"{candidate.estimator}: {_last(history)}; best {done[0].candidate.estimator if done else '-'}")
        return trial.value(metric) if complete else None

    candidates = first_candidates(size)
    if experiment.config.training.monotone:
        candidates = [candidate for candidate in candidates if candidate.estimator in MONOTONE]
    for candidate in candidates:
        if not done or (clock() < deadline and _fits(candidate, [*done, *given_up], deadline - clock())):
            attempt(candidate, patient=size.rows <= SMALL_ROWS)
    if not done:
        raise TrainingError(
            "no kind of estimator learns from these rows to its end: "
            + ("; ".join(dict.fromkeys(failures)) or f"none is finite by {metric}")
        )
    variations = Variations(experiment.seed, size)
    passed_over = 0
    while clock() < deadline and passed_over < 2 * KINDS and (varied := variations.next(done, given_up)):
        if _fits(varied, [*done, *given_up], deadline - clock()):
            variations.tell(attempt(varied, patient=False))
        else:
            variations.tell(None)
            passed_over += 1
    learnt = float(np.mean([len(training) for training, _ in bench.folds]))
    growth = min(2.0, (len(experiment.dataset) / learnt) ** 0.3)
    return Search(bench, done, history, float(growth))


def _fits(candidate: Candidate, tried: list[Trial], seconds: float) -> bool:
    """Whether the candidate's rounds fit the time that is left, by the pace of one that is tried already.
    Asked of those alone that no clock stops, and whose rounds were limited because the rows are many."""
    rounds = candidate.parameters.get("max_iter")
    if candidate.estimator != "hist_gradient_boosting" or rounds != MOST_ROUNDS_OF_MANY:
        return True
    paces = [
        trial.seconds / (len(trial.scores) * float(trial.candidate.parameters["max_iter"]))
        for trial in tried
        if trial.candidate.estimator == candidate.estimator and not trial.candidate.stops_early
    ]
    return not paces or float(rounds) * min(paces) <= seconds


def _run(bench: Bench, trial: Trial, best: Trial | None, deadline: float, *, first: bool) -> bool:
    """Every fold of the trial; False where it was given up for time or for being hopeless."""
    metric = bench.experiment.metric
    for number in range(len(bench.folds)):
        if number and not first and bench.clock() > deadline:
            return False
        bench.run(trial, number, np.inf if first else deadline)
        if best is not None and number == 0 and len(bench.folds) > 1:
            own, other = trial.value(metric), replace(best, scores=best.scores[:1]).value(metric)
            if own - other > HOPELESS_SHARE * abs(other):
                return False
    return bool(np.isfinite(trial.value(metric)))


def _sample(experiment: Experiment) -> Experiment:
    """The rows that are looked at: all of them, or as many as their number of columns allows."""
    most = max(10_000, MOST_CELLS // max(1, _size(experiment).columns))
    if len(experiment.dataset) <= most:
        return experiment
    rows = np.sort(np.random.default_rng(experiment.seed).permutation(len(experiment.dataset))[:most])
    return Experiment(experiment.config, experiment.dataset.take(rows), experiment.seed)


def _folds(experiment: Experiment) -> list[Fold]:
    rows, split = len(experiment.dataset), experiment.config.dataset.split
    count = experiment.config.training.folds
    if rows <= SMALL_ROWS:
        count = max(count, FOLDS_OF_TINY if rows <= TINY_ROWS else FOLDS_OF_SMALL)
    elif rows > LARGE_ROWS:
        count = FOLDS_OF_LARGE
    keys = experiment.dataset.keys
    if keys is not None:
        count = max(2, min(count, len(np.unique(keys))))
    folds = split_rows(experiment.dataset.target, experiment.task, split, keys, count, experiment.seed)
    return folds if rows <= LARGE_ROWS else folds[-1:]


def _size(experiment: Experiment) -> Size:
    recipes, counts = experiment.config.features, experiment.category_counts.values()
    features = experiment.config.dataset.feature_columns
    numbers = sum(c.hashing.buckets if c.hashing else 1 for c in features) - len(counts)
    encoded = sum(count if count <= MAX_ONE_HOT else 1 for count in counts)
    classes = 0 if experiment.task == "regression" else len(np.unique(experiment.dataset.target))
    amounts = experiment.metric == "rmse_error" and bool(experiment.dataset.target.min() >= 0)
    return Size(len(experiment.dataset), numbers + recipes.count + encoded, classes, amounts)


def _describe(number: int, trial: Trial, metric: str, complete: bool) -> dict[str, Any]:
    values = [scores[metric] for scores in trial.scores if metric in scores]
    return {
        "number": number,
        "state": "complete" if complete else "pruned",
        "value": float(np.mean(values)) if values else None,
        "folds": len(values),
        "seconds": round(trial.seconds, 3),
        "parameters": {"estimator": trial.candidate.estimator, **trial.member().parameters},
    }


def _last(history: list[dict[str, Any]]) -> str:
    found = history[-1]
    value = "nothing" if found["value"] is None else f"{found['value']:.6g}"
    return f"{value} {found['state']} in {found['seconds']:.1f} s"
