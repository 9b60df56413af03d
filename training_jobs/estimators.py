"""The estimators that a configuration may name. A library is imported only when asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from training_jobs.errors import ParameterError

Parameters = Mapping[str, float | int | str | bool]


def make_estimator(name: str, task: str, parameters: Parameters, seed: int, threads: int) -> Any:
    """The unfitted estimator; raises ParameterError naming a parameter that it does not take."""
    build, defaults = _BUILDERS[name]
    values = {**defaults, **_read(parameters)}
    try:
        return build(task == "classification", values, seed, threads)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"training.parameters of {name}: {error}") from error


def needs_scaling(name: str) -> bool:
    """Whether numbers must be imputed and scaled; trees take them as they are."""
    return name == "linear"


def _read(parameters: Parameters) -> dict[str, Any]:
    """TOML has no null: the text "none" stands for Python's None."""
    return {name: None if value == "none" else value for name, value in parameters.items()}


def _hist_gradient_boosting(classify: bool, values: dict[str, Any], seed: int, threads: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if classify else HistGradientBoostingRegressor
    return kind(**values, random_state=seed)


# A forest's trees are grown apart, by threads that never wait for each other: it takes all processors.
def _random_forest(classify: bool, values: dict[str, Any], seed: int, threads: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    kind = RandomForestClassifier if classify else RandomForestRegressor
    return kind(**values, random_state=seed, n_jobs=-1)


def _extra_trees(classify: bool, values: dict[str, Any], seed: int, threads: int) -> Any:
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    kind = ExtraTreesClassifier if classify else ExtraTreesRegressor
    return kind(**values, random_state=seed, n_jobs=-1)


def _xgboost(classify: bool, values: dict[str, Any], seed: int, threads: int) -> Any:
    from training_jobs.labelled import LabelledXGBClassifier, XGBRegressor

    kind = LabelledXGBClassifier if classify else XGBRegressor
    return kind(**values, random_state=seed, n_jobs=threads)


def _lightgbm(classify: bool, values: dict[str, Any], seed: int, threads: int) -> Any:
    from lightgbm import LGBMClassifier, LGBMRegressor

    kind = LGBMClassifier if classify else LGBMRegressor
    return kind(**values, random_state=seed, n_jobs=threads, deterministic=True, force_row_wise=True)


def _linear(classify: bool, values: dict[str, Any], seed: int, threads: int) -> Any:
    from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge

    if classify:
        return LogisticRegression(**{"max_iter": 1000, **values}, random_state=seed)
    return Ridge(**values, random_state=seed) if values else LinearRegression()


_BUILDERS: dict[str, tuple[Callable[[bool, dict[str, Any], int, int], Any], dict[str, Any]]] = {
    "hist_gradient_boosting": (_hist_gradient_boosting, {"early_stopping": False}),
    "random_forest": (_random_forest, {}),
    "extra_trees": (_extra_trees, {}),
    "xgboost": (_xgboost, {"tree_method": "hist"}),
    "lightgbm": (_lightgbm, {"verbosity": -1}),
    "linear": (_linear, {}),
}
