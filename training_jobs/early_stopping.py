"""Grows a booster until rows that it does not learn from have had enough."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from contracts.estimators import parameter_of
from inference.model import FloatArray

PATIENCE = 30

Late = Callable[[], bool]
# Rows (n, inputs), targets (n,), and how much each row counts (n,), or None.
Seen = tuple[FloatArray, npt.NDArray[Any], FloatArray | None]


def fit_early(
    name: str,
    estimator: Any,
    rows: Seen,
    watched: Seen,
    late: Late,
) -> int:
    """Fit on `rows`, watching the loss of `watched`; the number of rounds that was best there (at least 1).

    Growing also ends when it is late, where the library lets itself be stopped.
    """
    return max(1, _FITTERS[name](estimator, rows, watched, late))


def with_rounds(name: str, parameters: dict[str, Any], rounds: int) -> dict[str, Any]:
    """The parameters of a booster of just so many rounds."""
    return {**parameters, str(parameter_of(name, "max_iter")): rounds}


def _histogram(estimator: Any, rows: Any, watched: Any, late: Late) -> int:
    estimator.set_params(early_stopping=True, n_iter_no_change=PATIENCE)
    estimator.fit(*rows, X_val=watched[0], y_val=watched[1], sample_weight_val=watched[2])
    scores = np.asarray(estimator.validation_score_)
    return int(scores.argmax()) if len(scores) else int(estimator.n_iter_)


def _xgboost(estimator: Any, rows: Any, watched: Any, late: Late) -> int:
    from xgboost.callback import TrainingCallback

    class Clock(TrainingCallback):  # type: ignore[misc]
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            return late()

    estimator.set_params(early_stopping_rounds=PATIENCE, callbacks=[Clock()])
    weights = None if watched[2] is None else [watched[2]]
    estimator.fit(
        *rows[:2],
        sample_weight=rows[2],
        eval_set=[watched[:2]],
        sample_weight_eval_set=weights,
        verbose=False,
    )
    try:
        return int(estimator.best_iteration) + 1
    except AttributeError:  # out of time in the first round, before XGBoost had looked at the loss
        return max(1, int(estimator.get_booster().num_boosted_rounds()))


def _lightgbm(estimator: Any, rows: Any, watched: Any, late: Late) -> int:
    import lightgbm

    def clock(environment: Any) -> None:
        if late():
            raise lightgbm.callback.EarlyStopException(
                environment.iteration, environment.evaluation_result_list
            )

    stop = lightgbm.early_stopping(PATIENCE, verbose=False)
    weights = None if watched[2] is None else [watched[2]]
    eyes = {"eval_X": watched[0], "eval_y": watched[1], "eval_sample_weight": weights}
    estimator.fit(*rows, **eyes, callbacks=[stop, clock])
    return int(estimator.best_iteration_ or estimator.n_estimators)


_FITTERS: dict[str, Callable[[Any, Any, Any, Late], int]] = {
    "hist_gradient_boosting": _histogram,
    "xgboost": _xgboost,
    "lightgbm": _lightgbm,
}
