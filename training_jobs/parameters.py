"""What the job trains: what is configured, an earlier model's parameters, or what a search finds."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from contracts.estimators import CHOSEN, PARAMETERS, custom_class
from training_jobs.choice import Choice, Member, Parameters
from training_jobs.errors import InputError
from training_jobs.experiment import Experiment
from training_jobs.job import Job
from training_jobs.out_of_fold import Judged
from training_jobs.report import log

# The `parameters` of an earlier model's manifest, as JSON, and its `estimator`.
GIVEN = "parameters"
GIVEN_ESTIMATOR = "estimator"
# The `members` of an earlier blend's manifest, as JSON.
GIVEN_MEMBERS = "members"


@dataclass(frozen=True)
class Decision:
    """The choice; the trials of the search where there was one; and the answers to each fold where the search
    has them already."""

    choice: Choice
    history: list[dict[str, Any]] = field(default_factory=list)
    judged: list[Judged] = field(default_factory=list)


def decide(job: Job, experiment: Experiment) -> Decision:
    """What to fit; raises InputError on hyperparameters that say nothing usable."""
    training = experiment.config.training
    if text := job.hyperparameters.get(GIVEN_MEMBERS):
        log("members are given: no search")
        return Decision(_given_members(text))
    if text := job.hyperparameters.get(GIVEN):
        log("parameters are given: no search")
        return Decision(Choice.of(_given_estimator(job, training.estimator), _given(text)))
    if training.estimator in CHOSEN:
        from training_jobs.auto import search as choose

        found = choose(experiment)
        choice, judged = found.blend() if training.estimator == "ensemble" else found.choose()
        return Decision(choice, found.history, judged)
    if not training.search.enabled:
        return Decision(Choice.of(training.estimator, training.parameters))
    from training_jobs.search import search

    parameters, history = search(experiment, training.search)
    return Decision(Choice.of(training.estimator, parameters), history)


def _given_estimator(job: Job, configured: str) -> str:
    name = job.hyperparameters.get(GIVEN_ESTIMATOR, configured)
    if name not in PARAMETERS and not custom_class(name):
        known = ", ".join(PARAMETERS)
        raise InputError(
            f"hyperparameter {GIVEN_ESTIMATOR}: {name!r} takes no parameters; name one of {known}"
        )
    return name


def _given_members(text: str) -> Choice:
    try:
        found = [Member(m["estimator"], dict(m["parameters"]), float(m["weight"])) for m in json.loads(text)]
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"hyperparameter {GIVEN_MEMBERS}: expected a list of objects with estimator, parameters and"
            f" weight, found {text[:80]!r}"
        ) from error
    if not found or any(member.estimator not in PARAMETERS for member in found):
        names = ", ".join(member.estimator for member in found) or "none"
        raise InputError(
            f"hyperparameter {GIVEN_MEMBERS}: estimators are {', '.join(PARAMETERS)}, not {names}"
        )
    return Choice(tuple(found))


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
