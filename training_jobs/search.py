"""The search for parameters: Optuna's TPE, one fold after another, and trials that fall behind end early."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState

from contracts.training import Search, SearchRange, higher_is_better
from training_jobs.choice import Parameters
from training_jobs.errors import ParameterError
from training_jobs.experiment import Experiment
from training_jobs.report import log

Clock = Callable[[], float]


def search(
    experiment: Experiment, settings: Search, clock: Clock = time.monotonic
) -> tuple[Parameters, list[dict[str, Any]]]:
    """The best parameters within trials and time, and every trial with its outcome.

    The configured parameters are tried first, so a search never ends below them. No trial is begun after the
    budget, and one under way ends with its fold.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    training, metric = experiment.config.training, experiment.config.gate.metric
    space = {r.name: _distribution(r) for r in settings.space}
    deadline = clock() + settings.budget_seconds
    study = optuna.create_study(
        direction="maximize" if higher_is_better(metric) else "minimize",
        sampler=optuna.samplers.TPESampler(seed=experiment.seed, multivariate=True),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5),
    )
    began = clock()
    configured = _mean([scores[metric] for scores in experiment.fold_scores(training.parameters)])
    log(f"search: {metric} {configured:.6g} as configured")
    _tell_configured(study, space, training.parameters, configured)
    history: list[dict[str, Any]] = [
        _describe(0, "complete", training.parameters, [configured], clock() - began)
    ]
    best, best_parameters = configured, dict(training.parameters)
    sign = -1 if higher_is_better(metric) else 1
    while len(history) < settings.trials and clock() < deadline:
        began = clock()
        trial = study.ask(space)
        parameters = {**training.parameters, **trial.params}
        values = _run(experiment, parameters, metric, trial, lambda: clock() > deadline)
        complete = len(values) == len(experiment.folds)
        study.tell(
            trial, _mean(values) if complete else None, TrialState.COMPLETE if complete else TrialState.PRUNED
        )
        if complete and sign * _mean(values) < sign * best:
            best, best_parameters = _mean(values), parameters
        state = "complete" if complete else "pruned"
        history.append(_describe(len(history), state, trial.params, values, clock() - began))
        log(
            f"trial {len(history)} of at most {settings.trials}: {_mean(values):.6g} {state}, best {best:.6g}"
        )
    return best_parameters, history


def _run(
    experiment: Experiment, parameters: Parameters, metric: str, trial: optuna.Trial, late: Callable[[], bool]
) -> list[float]:
    """The metric of each fold, until the trial falls behind or it is late."""
    values: list[float] = []
    for number, scores in enumerate(experiment.fold_scores(parameters)):
        values.append(scores[metric])
        trial.report(_mean(values), number)
        if trial.should_prune() or late():
            break
    return values


def _tell_configured(
    study: optuna.Study, space: dict[str, BaseDistribution], parameters: Parameters, value: float
) -> None:
    """Let the sampler know of the configured parameters, where they lie within the space."""
    known = {name: parameters[name] for name in space if name in parameters}
    inside = len(known) == len(space) and all(
        space[name]._contains(space[name].to_internal_repr(known[name])) for name in known
    )
    if inside:
        study.add_trial(optuna.create_trial(params=known, distributions=space, value=value))


def _distribution(found: SearchRange) -> BaseDistribution:
    if found.choices:
        return CategoricalDistribution(list(found.choices))
    if found.low is None or found.high is None:
        raise ParameterError(f"training.search.space: {found.name} has no bounds")
    if found.integer:
        return IntDistribution(int(found.low), int(found.high), log=found.log)
    return FloatDistribution(found.low, found.high, log=found.log)


def _describe(
    number: int, state: str, parameters: Parameters, values: list[float], seconds: float
) -> dict[str, Any]:
    return {
        "number": number,
        "state": state,
        "value": _mean(values),
        "folds": len(values),
        "seconds": round(seconds, 3),
        "parameters": dict(parameters),
    }


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
