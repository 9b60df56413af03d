"""Which parameters the estimator gets: the configuration's, an earlier model's, or a search's."""

from __future__ import annotations

import json
from typing import Any

from training_jobs.errors import InputError
from training_jobs.experiment import Experiment, Parameters
from training_jobs.job import Job
from training_jobs.report import log

# The `parameters` of an earlier model's manifest, as JSON.
GIVEN = "parameters"


def choose_parameters(job: Job, experiment: Experiment) -> tuple[Parameters, list[dict[str, Any]]]:
    """The parameters, and the trials of the search where there was one."""
    training = experiment.config.training
    if text := job.hyperparameters.get(GIVEN):
        log("parameters are given: no search")
        return _given(text), []
    if not training.search.enabled:
        return training.parameters, []
    from training_jobs.search import search

    return search(experiment, training.search)


def _given(text: str) -> Parameters:
    try:
        values = json.loads(text)
    except ValueError as error:
        raise InputError(f"hyperparameter {GIVEN}: is not valid JSON: {error}") from error
    if not isinstance(values, dict) or not all(
        isinstance(v, str | int | float | bool) for v in values.values()
    ):
        raise InputError(f"hyperparameter {GIVEN}: expected an object of plain values, found {text[:80]!r}")
    return values
