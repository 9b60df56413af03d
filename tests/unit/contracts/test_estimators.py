"""The lists of parameters are the libraries' own, and a configuration keeps its meaning across them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from contracts.estimators import ESTIMATORS, PARAMETERS, parameter_of
from contracts.pipeline_config import PipelineConfig
from contracts.reading import PipelineConfigError
from training_jobs.estimators import make_estimator

ROOT = Path(__file__).resolve().parents[3]
# Taken by the libraries as keyword arguments beyond their signatures.
EXTRA = {"quantile_alpha", "alpha", "feature_fraction_bynode", "linear_tree", "reg_sqrt", "max_bin"}
EXTRA |= {"bagging_fraction", "bagging_freq", "cat_smooth", "extra_trees", "feature_fraction", "lambda_l1"}
EXTRA |= {"lambda_l2", "max_delta_step", "min_data_in_leaf", "path_smooth"}


def load(**training: Any) -> PipelineConfig:
    document = tomllib.loads((ROOT / "pipeline.toml").read_text())
    document["training"] |= training
    return PipelineConfig.from_document(document)


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_listed_parameter_is_one_of_the_library(name: str) -> None:
    made = [make_estimator(name, task, {}, 1, 1) for task in ("regression", "classification")]
    taken = set().union(*(estimator.get_params() for estimator in made)) | {"alpha"}
    assert PARAMETERS[name] - EXTRA <= taken


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_estimators_line_alone_may_change(name: str) -> None:
    config = load(estimator=name)
    if name in PARAMETERS:
        make_estimator(name, "regression", config.training.parameters, 1, 1)


def test_what_means_the_same_is_translated() -> None:
    made = make_estimator("lightgbm", "regression", {"max_iter": 7, "max_leaf_nodes": 9}, 1, 1)
    assert (made.n_estimators, made.num_leaves) == (7, 9)
    assert parameter_of("linear", "max_leaf_nodes") is None


def test_the_libraries_own_name_goes_before_a_translated_one() -> None:
    assert (
        make_estimator("lightgbm", "regression", {"max_iter": 7, "n_estimators": 8}, 1, 1).n_estimators == 8
    )


@pytest.mark.parametrize(
    ("key", "training"),
    [
        ("training.parameters.learning_rat", {"parameters": {"learning_rat": 0.1}}),
        (
            r"training.search.space\[0\].name",
            {"search": {"enabled": False, "space": [{"name": "learning_rat", "low": 0.1, "high": 0.2}]}},
        ),
    ],
)
def test_a_misspelt_parameter_is_named_with_file_and_key(key: str, training: Any) -> None:
    with pytest.raises(PipelineConfigError, match=f"pipeline.toml: {key}: .*did you mean 'learning_rate'"):
        load(**training)


def test_what_chooses_by_itself_takes_no_search() -> None:
    document = tomllib.loads((ROOT / "pipeline.toml").read_text())["training"]["search"]
    with pytest.raises(PipelineConfigError, match=r"training\.search\.enabled: 'auto' searches by itself"):
        load(estimator="auto", search={**document, "enabled": True})


def test_a_users_own_class_is_named_by_module_and_class_and_takes_any_parameter() -> None:
    found = load(estimator="custom:my_module.MyEstimator", parameters={"depth_of_thought": 3}).training
    assert found.estimator == "custom:my_module.MyEstimator"
    assert found.parameters == {"depth_of_thought": 3}


@pytest.mark.parametrize(
    "name",
    ["custom:MyEstimator", "custom:a.b.C", "custom:../evil.C", "custom", "custom:a.C()", "custom: a.C"],
)
def test_a_class_that_cannot_be_meant_is_refused_with_the_form(name: str) -> None:
    with pytest.raises(PipelineConfigError, match=r"training.estimator: .*custom:my_module.MyEstimator"):
        load(estimator=name)


def test_a_users_own_class_is_not_held_to_rise() -> None:
    with pytest.raises(PipelineConfigError, match="cannot be held to it"):
        load(estimator="custom:a.B", monotone={"median_income": "increasing"})
