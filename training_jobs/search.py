"""The search for parameters: Optuna's TPE, one fold after another, and trials that fall behind end early."""

from __future__ import annotations

import time
from typing import Any

import optuna

from contracts.training import Search, SearchRange, higher_is_better
from training_jobs.errors import ParameterError
from training_jobs.experiment import Experiment, Parameters
from training_jobs.report import log


def search(experiment: Experiment, settings: Search) -> tuple[Parameters, list[dict[str, Any]]]:
    """The best parameters within trials and time, and every trial with its outcome.

    The configured parameters are the first trial, so a search never ends below them. No trial is begun after
    the budget, and one under way ends with its fold.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    training, metric = experiment.config.training, experiment.config.gate.metric
    deadline = time.monotonic() + settings.budget_seconds
    study = optuna.create_study(
        direction="maximize" if higher_is_better(metric) else "minimize",
        sampler=optuna.samplers.TPESampler(seed=experiment.seed, multivariate=True),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5),
    )
    study.enqueue_trial(
        {r.name: training.parameters[r.name] for r in settings.space if r.name in training.parameters},
        skip_if_exists=True,
    )

    def run(trial: optuna.Trial) -> float:
        parameters = {**training.parameters, **{r.name: _suggest(trial, r) for r in settings.space}}
        values: list[float] = []
        for number, scores in enumerate(experiment.fold_scores(parameters)):
            values.append(scores[metric])
            trial.report(sum(values) / len(values), number)
            first = trial.number == 0
            late = time.monotonic() > deadline
            if number + 1 < len(experiment.folds) and not first and (trial.should_prune() or late):
                raise optuna.TrialPruned
        return sum(values) / len(values)

    study.optimize(
        run, n_trials=settings.trials, timeout=settings.budget_seconds, callbacks=[_tell(settings, metric)]
    )
    best = {**training.parameters, **study.best_params}
    log(f"search: best {metric} {study.best_value:.6g} with {study.best_params}")
    return best, [_describe(trial) for trial in study.trials]


def _suggest(trial: optuna.Trial, found: SearchRange) -> Any:
    if found.choices:
        return trial.suggest_categorical(found.name, list(found.choices))
    if found.low is None or found.high is None:
        raise ParameterError(f"training.search.space: {found.name} has no bounds")
    if found.integer:
        return trial.suggest_int(found.name, int(found.low), int(found.high), log=found.log)
    return trial.suggest_float(found.name, found.low, found.high, log=found.log)


def _tell(settings: Search, metric: str) -> Any:
    def tell(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        outcome = f"{trial.value:.6g}" if trial.state.name == "COMPLETE" else trial.state.name.lower()
        done = len(study.get_trials(states=[optuna.trial.TrialState.COMPLETE]))
        best = f", best {study.best_value:.6g}" if done else ""
        log(f"trial {trial.number + 1} of at most {settings.trials}: {metric} {outcome}{best}")

    return tell


def _describe(trial: optuna.trial.FrozenTrial) -> dict[str, Any]:
    seconds = trial.duration.total_seconds() if trial.duration else 0.0
    values = list(trial.intermediate_values.values())
    return {
        "number": trial.number,
        "state": trial.state.name.lower(),
        "value": values[-1] if values else None,
        "folds": len(values),
        "seconds": round(seconds, 3),
        "parameters": trial.params,
    }
