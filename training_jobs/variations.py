"""Variations of the candidates that did best, proposed by Optuna's TPE from what the earlier ones came to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

from training_jobs.candidates import LARGE_ROWS, MOST_ROUNDS, MOST_ROUNDS_OF_MANY, Candidate, Size
from training_jobs.trials import Trial

# The kinds that are varied: those of the best trials, so many of them.
KINDS = 2


class Variations:
    """Candidates to try next; each is told what it came to."""

    def __init__(self, seed: int, size: Size) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._seed, self._size, self._turn = seed, size, 0
        self._studies: dict[str, optuna.Study] = {}
        self._asked: optuna.Trial | None = None

    def next(self, best: Sequence[Trial], given_up: Sequence[Trial] = ()) -> Candidate | None:
        """A variation of one of the best kinds by turns; where these have nothing to vary, of those that
        were given up: as they were first tried they were hopeless. None where there is no such kind."""
        kinds = _kinds(best) or _kinds(given_up)
        if not kinds:
            return None
        kind = kinds[:KINDS][self._turn % len(kinds[:KINDS])]
        self._turn += 1
        space, fixed, early = _SPACES[kind]
        study = self._studies.setdefault(kind, self._study())
        self._asked = study.ask(space)
        self._kind = kind
        if early:
            many = kind == "hist_gradient_boosting" and self._size.rows > LARGE_ROWS
            fixed = {**fixed, _ROUNDS[kind]: MOST_ROUNDS_OF_MANY if many else MOST_ROUNDS}
        return Candidate(kind, {**fixed, **self._asked.params}, early)

    def tell(self, value: float | None) -> None:
        """What the last one came to (lower is better); None where it was given up."""
        state = TrialState.PRUNED if value is None else TrialState.COMPLETE
        self._studies[self._kind].tell(self._asked, value, state)

    def _study(self) -> optuna.Study:
        sampler = optuna.samplers.TPESampler(seed=self._seed, multivariate=True, n_startup_trials=6)
        return optuna.create_study(direction="minimize", sampler=sampler)


def _kinds(trials: Sequence[Trial]) -> list[str]:
    return list(dict.fromkeys(t.candidate.estimator for t in trials if t.candidate.estimator in _SPACES))


_ROUNDS = {"hist_gradient_boosting": "max_iter", "xgboost": "n_estimators", "lightgbm": "n_estimators"}
_RATE = FloatDistribution(0.02, 0.2, log=True)
_L2 = FloatDistribution(0.01, 30.0, log=True)
_SHARE = FloatDistribution(0.2, 1.0)
_SPACES: dict[str, tuple[dict[str, BaseDistribution], dict[str, Any], bool]] = {
    "hist_gradient_boosting": (
        {
            "learning_rate": _RATE,
            "max_leaf_nodes": IntDistribution(4, 128, log=True),
            "min_samples_leaf": IntDistribution(3, 80, log=True),
            "max_features": _SHARE,
            "l2_regularization": _L2,
        },
        {},
        True,
    ),
    "lightgbm": (
        {
            "learning_rate": _RATE,
            "num_leaves": IntDistribution(4, 128, log=True),
            "min_child_samples": IntDistribution(3, 80, log=True),
            "feature_fraction_bynode": _SHARE,
            "subsample": FloatDistribution(0.5, 1.0),
            "reg_lambda": _L2,
        },
        {"subsample_freq": 1},
        True,
    ),
    "xgboost": (
        {
            "learning_rate": _RATE,
            "max_depth": IntDistribution(2, 10),
            "min_child_weight": FloatDistribution(0.5, 30.0, log=True),
            "colsample_bynode": _SHARE,
            "subsample": FloatDistribution(0.5, 1.0),
            "reg_lambda": _L2,
        },
        {},
        True,
    ),
    "extra_trees": (
        {"min_samples_leaf": IntDistribution(1, 20, log=True), "max_features": FloatDistribution(0.05, 1.0)},
        {"n_estimators": 200},
        False,
    ),
    "random_forest": (
        {"min_samples_leaf": IntDistribution(1, 20, log=True), "max_features": FloatDistribution(0.05, 1.0)},
        {"n_estimators": 200},
        False,
    ),
}
