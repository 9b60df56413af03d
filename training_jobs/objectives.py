"""What an estimator minimises, so that it fits the metric by which it will be judged."""

from __future__ import annotations

from typing import Any

from contracts.training import quantile_of

_LOSSES: dict[str, dict[str, dict[str, Any]]] = {
    "mae_error": {
        "hist_gradient_boosting": {"loss": "absolute_error"},
        "xgboost": {"objective": "reg:absoluteerror"},
        "lightgbm": {"objective": "regression_l1"},
    },
    "mape_error": {
        "hist_gradient_boosting": {"loss": "absolute_error"},
        "xgboost": {"objective": "reg:absoluteerror"},
        "lightgbm": {"objective": "mape"},
    },
    "poisson_deviance_error": {
        "hist_gradient_boosting": {"loss": "poisson"},
        "xgboost": {"objective": "count:poisson"},
        "lightgbm": {"objective": "poisson"},
        "random_forest": {"criterion": "poisson"},
        "extra_trees": {"criterion": "poisson"},
    },
}


def objective_of(estimator: str, metric: str) -> dict[str, Any]:
    """The parameters that make a regressor fit the metric; empty where its own default does."""
    quantile = quantile_of(metric)
    if quantile is None:
        return _LOSSES.get(metric, {}).get(estimator, {})
    return {
        "hist_gradient_boosting": {"loss": "quantile", "quantile": quantile},
        "xgboost": {"objective": "reg:quantileerror", "quantile_alpha": quantile},
        "lightgbm": {"objective": "quantile", "alpha": quantile},
    }.get(estimator, {})
