"""The comparison of two models on one holdout, from which verdict and report are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from contracts.dataset import DatasetContract
from contracts.pipeline_config import PipelineConfig
from contracts.training import METRICS as METRIC_NAMES
from lambdas.evaluate_model.candidate import Candidate
from lambdas.evaluate_model.checks import Contest
from lambdas.evaluate_model.drift import Drift, drift_of
from lambdas.evaluate_model.gate import Verdict, compare
from lambdas.evaluate_model.holdout import Holdout, positions
from lambdas.evaluate_model.importance import permutation_importance
from lambdas.evaluate_model.shapley import Explanation, explain
from lambdas.evaluate_model.slices import Slice, slices_of
from scoring.figures import Array, FloatArray, overall
from scoring.metrics import figure_of

# Rows to score for either explanation: the compiled kernel takes microseconds for a row of a large model,
# numpy, where there was no compiler, a hundred times as long.
EFFORT = {"compiled": 90_000, "numpy": 3_000}


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Everything found. Target and answers are as `metrics` has them; `classes` is empty of a regression."""

    config: PipelineConfig
    holdout: Holdout
    verdict: Verdict
    target: Array
    classes: tuple[str, ...]
    challenger: FloatArray
    champion: FloatArray | None
    metrics: Mapping[str, dict[str, float] | None]
    slices: Sequence[Slice]
    drift: Sequence[Drift]
    importance: Mapping[str, float]
    explanation: Explanation
    features: tuple[str, ...]
    manifest: Mapping[str, Any]
    latency_us: float

    @property
    def contract(self) -> DatasetContract:
        return self.config.dataset

    @property
    def metric(self) -> str:
        return self.config.gate.metric


def evaluate(
    *,
    config: PipelineConfig,
    holdout: Holdout,
    champion_profile: Mapping[str, Any] | None,
    challenger: Candidate,
    champion: Candidate | None,
) -> Evaluation:
    """Raises ChallengerUnreadableError or ChampionUnreadableError where one cannot score the holdout."""
    contract, gate = config.dataset, config.gate
    classes = _all_classes(holdout, challenger, champion)
    target = positions(holdout.target, classes) if classes else holdout.target
    matrix, answers = _ask(challenger, holdout, classes, contract)
    of_champion = _ask(champion, holdout, classes, contract)[1] if champion else None
    features = {name: holdout.columns[name] for name in challenger.features}
    slices = slices_of(holdout.columns, contract)
    judged = {name: holdout.columns[name] for name in (*features, contract.target)}
    contest = Contest(
        target=target,
        challenger=answers,
        champion=of_champion,
        slices=[part for part in slices if part.column in contract.slices],
        drift=drift_of(champion_profile, judged) if champion_profile else [],
        latency_us=challenger.latency_us(features),
        parity=challenger.manifest.get("parity"),
        self_check=challenger.self_check(),
    )
    return Evaluation(
        config=config,
        holdout=holdout,
        verdict=compare(contest, gate),
        target=target,
        classes=classes,
        challenger=answers,
        champion=of_champion,
        metrics={
            "challenger": _metrics(contract.task, target, answers),
            "champion": None if of_champion is None else _metrics(contract.task, target, of_champion),
        },
        slices=slices,
        drift=contest.drift,
        importance=permutation_importance(
            lambda rows: challenger.answer(rows, classes),
            matrix,
            challenger.features,
            target,
            gate.metric,
            EFFORT[challenger.predictor.engine],
        ),
        explanation=explain(_explained(challenger), matrix, EFFORT[challenger.predictor.engine]),
        features=challenger.features,
        manifest=challenger.manifest,
        latency_us=contest.latency_us,
    )


def _all_classes(holdout: Holdout, challenger: Candidate, champion: Candidate | None) -> tuple[str, ...]:
    """The challenger's, then what only the champion knows, then what neither has seen."""
    if not challenger.classes:
        return ()
    others = champion.classes if champion else ()
    return tuple(dict.fromkeys((*challenger.classes, *others, *sorted(set(holdout.target)))))


def _ask(
    model: Candidate, holdout: Holdout, classes: Sequence[str], contract: DatasetContract
) -> tuple[FloatArray, FloatArray]:
    """The holdout as the model reads it, and its answers."""
    model.require(target=contract.target, is_classifier=contract.task == "classification")
    matrix = model.matrix(holdout.columns)
    return matrix, model.answer(matrix, classes)


def _metrics(task: str, target: Array, answers: FloatArray) -> dict[str, float]:
    """Every metric of the task; one that these rows cannot give is left out."""
    found = {name: overall(figure_of(name)(target, answers), len(target)) for name in METRIC_NAMES[task]}
    return {name: value for name, value in found.items() if np.isfinite(value)}


def _explained(model: Candidate) -> Callable[[FloatArray], FloatArray]:
    """What an explanation is about: the value, the second class's probability, or of more than two classes
    that of the model's first."""
    column = 1 if len(model.classes) == 2 else 0
    return lambda matrix: np.asarray(model.predictor.answers(matrix)[:, column])
