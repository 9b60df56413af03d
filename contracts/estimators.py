"""The estimators that a configuration may name, and the parameters that each takes.

A test holds these lists against the libraries themselves; a synth imports none of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# A user's own class: custom:MODULE.CLASS, in training_jobs/custom/.
_CUSTOM = re.compile(r"custom:([A-Za-z_]\w*)\.([A-Za-z_]\w*)", re.ASCII)
CUSTOM_FORM = "custom:my_module.MyEstimator"

CHOSEN = ("auto", "ensemble")


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BOTH_FORESTS = _names(
    "bootstrap ccp_alpha class_weight criterion max_depth max_features max_leaf_nodes "
    "max_samples min_impurity_decrease min_samples_leaf min_samples_split "
    "min_weight_fraction_leaf n_estimators"
)
# What the pipeline itself decides (seed, threads, verbosity, callbacks, missing values) is not among them.
PARAMETERS: dict[str, frozenset[str]] = {
    "hist_gradient_boosting": _names(
        "class_weight early_stopping l2_regularization learning_rate loss max_bins max_depth "
        "max_features max_iter max_leaf_nodes min_samples_leaf n_iter_no_change quantile scoring "
        "tol validation_fraction"
    ),
    "random_forest": _BOTH_FORESTS,
    "extra_trees": _BOTH_FORESTS,
    "xgboost": _names(
        "base_score booster colsample_bylevel colsample_bynode colsample_bytree gamma grow_policy "
        "learning_rate max_bin max_delta_step max_depth max_leaves min_child_weight n_estimators "
        "num_parallel_tree objective quantile_alpha reg_alpha reg_lambda sampling_method "
        "scale_pos_weight subsample tree_method"
    ),
    "lightgbm": _names(
        "alpha bagging_fraction bagging_freq boosting_type cat_smooth class_weight extra_trees "
        "feature_fraction lambda_l1 lambda_l2 max_delta_step min_data_in_leaf path_smooth "
        "colsample_bytree feature_fraction_bynode learning_rate "
        "max_bin max_depth min_child_samples min_child_weight min_split_gain n_estimators "
        "num_leaves linear_tree reg_sqrt objective reg_alpha reg_lambda "
        "subsample subsample_for_bin subsample_freq"
    ),
    "linear": _names("C alpha class_weight fit_intercept l1_ratio max_iter solver tol"),
    "mlp": _names(
        "activation alpha batch_size early_stopping hidden_layer_sizes learning_rate "
        "learning_rate_init max_iter n_iter_no_change solver tol validation_fraction"
    ),
}
# These can be held to rise or fall with a column.
MONOTONE = ("hist_gradient_boosting", "xgboost", "lightgbm")
ESTIMATORS = (*CHOSEN, *PARAMETERS)

# One meaning, the name that each library gives it: a configuration keeps its meaning when only the line
# `estimator` changes. What the other library has no word for is left out.
_MEANINGS: tuple[Mapping[str, str], ...] = (
    {"hist_gradient_boosting": "max_iter", "xgboost": "n_estimators", "lightgbm": "n_estimators"},
    {"hist_gradient_boosting": "learning_rate", "xgboost": "learning_rate", "lightgbm": "learning_rate"},
    {"hist_gradient_boosting": "max_leaf_nodes", "xgboost": "max_leaves", "lightgbm": "num_leaves"},
    {"hist_gradient_boosting": "max_depth", "xgboost": "max_depth", "lightgbm": "max_depth"},
    {"hist_gradient_boosting": "max_depth", "random_forest": "max_depth", "extra_trees": "max_depth"},
    {
        "hist_gradient_boosting": "min_samples_leaf",
        "random_forest": "min_samples_leaf",
        "extra_trees": "min_samples_leaf",
        "lightgbm": "min_child_samples",
    },
    {
        "hist_gradient_boosting": "max_features",
        "random_forest": "max_features",
        "extra_trees": "max_features",
        "xgboost": "colsample_bynode",
        "lightgbm": "feature_fraction_bynode",
    },
    {"hist_gradient_boosting": "l2_regularization", "xgboost": "reg_lambda", "lightgbm": "reg_lambda"},
    {"random_forest": "n_estimators", "extra_trees": "n_estimators"},
    {"xgboost": "subsample", "lightgbm": "subsample"},
    {"xgboost": "reg_alpha", "lightgbm": "reg_alpha"},
    {"xgboost": "colsample_bytree", "lightgbm": "colsample_bytree"},
)


def custom_class(estimator: str) -> tuple[str, str] | None:
    """The module and the class of a user's own estimator; None of a named one."""
    found = _CUSTOM.fullmatch(estimator)
    return (found[1], found[2]) if found else None


def is_known_parameter(name: str) -> bool:
    """Whether any estimator takes a parameter of this name."""
    return any(name in names for names in PARAMETERS.values())


def parameter_of(estimator: str, name: str) -> str | None:
    """The estimator's own name of a parameter that may be written for another one; None where it has none.
    A user's own estimator has whatever names its class says."""
    if custom_class(estimator):
        return name
    if name in PARAMETERS[estimator]:
        return name
    for meaning in _MEANINGS:
        if name in meaning.values() and estimator in meaning:
            return meaning[estimator]
    return None
