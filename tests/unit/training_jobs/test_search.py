from __future__ import annotations

from itertools import count

from contracts.training import Search, SearchRange
from tests.unit.training_jobs.rows import dataset_of, housing_config, housing_rows
from training_jobs.experiment import Experiment
from training_jobs.search import search

CONFIGURED = {"max_iter": 3, "learning_rate": 0.1}


def experiment() -> Experiment:
    config = housing_config("hist_gradient_boosting", dict(CONFIGURED))
    return Experiment(config, dataset_of(housing_rows(250)), 42)


def settings(trials: int, seconds: int = 600) -> Search:
    def between(
        name: str, low: float, high: float, *, integer: bool = False, log: bool = False
    ) -> SearchRange:
        return SearchRange(name=name, low=low, high=high, log=log, integer=integer, choices=())

    rate = between("learning_rate", 0.01, 0.3, log=True)
    return Search(
        enabled=True,
        trials=trials,
        budget_seconds=seconds,
        space=(
            rate,
            between("max_iter", 2, 12, integer=True),
            between("max_leaf_nodes", 4, 16, integer=True),
        ),
    )


def test_a_search_begins_with_the_configuration_and_never_ends_below_it() -> None:
    parameters, trials = search(experiment(), settings(trials=8))

    assert len(trials) == 8
    assert trials[0]["parameters"] == CONFIGURED
    best = min((trial for trial in trials if trial["state"] == "complete"), key=lambda trial: trial["value"])
    assert {**CONFIGURED, **best["parameters"]} == parameters
    assert best["value"] < trials[0]["value"]


def test_the_same_seed_finds_the_same_parameters() -> None:
    assert search(experiment(), settings(trials=4))[0] == search(experiment(), settings(trials=4))[0]


def test_a_configuration_outside_the_space_is_tried_too() -> None:
    space = settings(trials=1)

    assert search(experiment(), space)[0] == CONFIGURED


def test_nothing_is_begun_after_the_budget_and_what_is_under_way_ends_with_its_fold() -> None:
    ticks = count(0, 50)

    _, trials = search(experiment(), settings(trials=50, seconds=260), clock=lambda: float(next(ticks)))

    assert [trial["state"] for trial in trials] == ["complete", "pruned"]
    assert trials[1]["folds"] == 2
