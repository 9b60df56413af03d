"""The estimators that a configuration may name. A library is imported only when asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from contracts.estimators import custom_class, parameter_of
from training_jobs.choice import Parameters
from training_jobs.errors import ParameterError, TrainingError
from training_jobs.own import own_estimator, wants_scaled


def make_estimator(name: str, task: str, parameters: Parameters, seed: int, threads: int) -> Any:
    """The unfitted estimator; raises ParameterError naming a parameter that it does not take.

    Parameters written for another estimator are translated, or left out where this one has no such thing.
    """
    if found := custom_class(name):
        return own_estimator(*found, task, parameters, seed)
    build, defaults = _BUILDERS[name]
    values = {**defaults, **_read(name, parameters)}
    try:
        return build(task == "classification", values, seed, threads)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"training.parameters of {name}: {error}") from error


def needs_scaling(name: str) -> bool:
    """Whether numbers must be imputed and scaled; trees take them as they are."""
    if found := custom_class(name):
        return wants_scaled(*found)
    return name in ("linear", "mlp")


def _read(estimator: str, parameters: Parameters) -> dict[str, Any]:
    """By the estimator's own names. TOML has no null: the text "none" stands for Python's None."""
    names = {name: parameter_of(estimator, name) for name in parameters}
    own = {names[name]: value for name, value in parameters.items() if names[name] not in (None, name)}
    own |= {name: value for name, value in parameters.items() if names[name] == name}
    return {str(name): None if value == "none" else value for name, value in own.items()}


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
    try:
        from lightgbm import LGBMClassifier, LGBMRegressor
    except OSError as error:  # its wheel brings no OpenMP of its own
        raise TrainingError(
            f"LightGBM cannot be loaded on this machine: {error}. For libgomp.so.1: apt-get install libgomp1"
        ) from error
    kind = LGBMClassifier if classify else LGBMRegressor
    return kind(**values, random_state=seed, n_jobs=threads, deterministic=True, force_row_wise=True)


def _linear(classify: bool, values: dict[str, Any], seed: int, threads: int) -> Any:
    from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge

    if classify:
        return LogisticRegression(**{"max_iter": 1000, **values}, random_state=seed)
    return Ridge(**values, random_state=seed) if values else LinearRegression()


def _mlp(classify: bool, values: dict[str, Any], seed: int, threads: int) -> Any:
    from sklearn.neural_network import MLPClassifier

    from training_jobs.scaled import ScaledMLPRegressor

    sizes = values.pop("hidden_layer_sizes", "64,32")
    kind = MLPClassifier if classify else ScaledMLPRegressor
    layers = tuple(int(size) for size in str(sizes).split(","))
    return kind(**values, hidden_layer_sizes=layers, random_state=seed)


_BUILDERS: dict[str, tuple[Callable[[bool, dict[str, Any], int, int], Any], dict[str, Any]]] = {
    "hist_gradient_boosting": (_hist_gradient_boosting, {"early_stopping": False}),
    "random_forest": (_random_forest, {}),
    "extra_trees": (_extra_trees, {}),
    "xgboost": (_xgboost, {"tree_method": "hist"}),
    "lightgbm": (_lightgbm, {"verbosity": -1}),
    "linear": (_linear, {}),
    "mlp": (_mlp, {"early_stopping": True, "max_iter": 300}),
}
