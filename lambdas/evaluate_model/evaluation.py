"""The comparison of two models on one holdout, from which verdict and report are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from contracts.dataset import DatasetContract
from contracts.errors import EvaluationError
from contracts.pipeline_config import PipelineConfig
from contracts.training import METRICS as METRIC_NAMES
from contracts.training import Gate
from lambdas.evaluate_model.advice import advice
from lambdas.evaluate_model.candidate import Candidate
from lambdas.evaluate_model.causes import Case, causes_of
from lambdas.evaluate_model.checks import Contest
from lambdas.evaluate_model.collapse import recorded_advantage
from lambdas.evaluate_model.coverage import coverage_of
from lambdas.evaluate_model.drift import Drift, drift_of
from lambdas.evaluate_model.exposure import Exposure
from lambdas.evaluate_model.gate import COLLAPSED, Verdict, compare
from lambdas.evaluate_model.holdout import Holdout, positions
from lambdas.evaluate_model.importance import permutation_importance
from lambdas.evaluate_model.leaks import leaks_of
from lambdas.evaluate_model.numbers import rows as count
from lambdas.evaluate_model.shapley import Explanation, explain
from lambdas.evaluate_model.slices import Slice, slices_of
from scoring.constants import constant_answers
from scoring.figures import Array, Figure, FloatArray, overall
from scoring.metrics import judged, metrics_of

# Rows to score for either explanation: the compiled kernel takes microseconds for a row of a large model,
# numpy, where there was no compiler, a hundred times as long.
EFFORT = {"compiled": 90_000, "onnxruntime": 9_000, "numpy": 3_000}


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Everything found. Target and answers are as `metrics` has them; `classes` is empty of a regression."""

    config: PipelineConfig
    holdout: Holdout
    verdict: Verdict
    advice: Sequence[str]
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
    exposure: Exposure | None
    leaks: Sequence[str]
    weights: FloatArray | None = None
    threshold: float | None = None
    champion_threshold: float | None = None
    intervals: Mapping[str, float] | None = None

    def figure(self, answers: FloatArray, threshold: float | None = None) -> Figure:
        """The gate's metric of answers to the holdout, by the rows' weights."""
        return judged(self.metric, self.target, answers, weights=self.weights, threshold=threshold)

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
    exposure: Exposure | None = None,
    champion_report: Mapping[str, Any] | None = None,
) -> Evaluation:
    """Raises ChallengerUnreadableError or ChampionUnreadableError where one cannot score the holdout.

    Without an `exposure` every row counts as new to both.
    """
    contract, gate = config.dataset, config.gate
    incomparable, common = _comparable(exposure, len(holdout), gate) if champion else ("", len(holdout))
    if incomparable:
        champion = None
    elif champion and exposure and exposure.new_rows is not None:
        holdout = holdout.only(exposure.new_rows)
    classes = _all_classes(holdout, challenger, champion)
    target = positions(holdout.target, classes) if classes else holdout.target
    weights = _weights(holdout, contract)
    matrix, answers = _ask(challenger, holdout, classes, contract)
    of_champion = _ask(champion, holdout, classes, contract)[1] if champion else None
    features = {name: holdout.columns[name] for name in challenger.features}
    slices = slices_of(holdout.columns, contract)
    judged = {name: holdout.columns[name] for name in (*features, contract.target)}
    leaks = leaks_of(features, target, len(classes))
    contest = Contest(
        target=target,
        challenger=answers,
        champion=of_champion,
        slices=[part for part in slices if part.column in contract.slices],
        drift=drift_of(champion_profile, judged) if champion_profile else [],
        latency_us=challenger.latency_us(features),
        parity=challenger.manifest.get("parity"),
        self_check=challenger.self_check(),
        incomparable=incomparable,
        common_rows=common,
        training_rows=_sizes(exposure),
        recorded_advantage=recorded_advantage(gate.metric, champion_report),
        leaks=leaks,
        weights=weights,
        threshold=challenger.threshold,
        champion_threshold=champion.threshold if champion else None,
    )
    verdict = compare(contest, gate)
    causes = []
    if verdict.outcome == COLLAPSED and champion and of_champion is not None:
        causes = causes_of(_case(contest, config, holdout, champion, champion_profile, classes))
    return Evaluation(
        config=config,
        holdout=holdout,
        verdict=verdict,
        advice=advice(verdict, causes),
        target=target,
        classes=classes,
        challenger=answers,
        champion=of_champion,
        metrics={
            "challenger": metrics_of(
                contract.task, target, answers, weights=weights, threshold=contest.threshold
            ),
            "champion": None
            if of_champion is None
            else metrics_of(
                contract.task, target, of_champion, weights=weights, threshold=contest.champion_threshold
            ),
            "constant": _constants(contract.task, target, answers, weights),
        },
        slices=slices,
        drift=contest.drift,
        importance=permutation_importance(
            lambda rows: challenger.answer(rows, classes),
            matrix,
            challenger.spans,
            target,
            gate.metric,
            EFFORT[challenger.predictor.engine],
            weights=weights,
            threshold=contest.threshold,
        ),
        explanation=explain(
            _explained(challenger),
            matrix,
            tuple(challenger.spans.values()),
            EFFORT[challenger.predictor.engine],
        ),
        features=challenger.features,
        manifest=challenger.manifest,
        latency_us=contest.latency_us,
        exposure=exposure,
        leaks=leaks,
        weights=weights,
        threshold=contest.threshold,
        champion_threshold=contest.champion_threshold,
        intervals=coverage_of(challenger.predictor.model, target, answers, weights),
    )


def _case(
    contest: Contest,
    config: PipelineConfig,
    holdout: Holdout,
    champion: Candidate,
    profile: Mapping[str, Any] | None,
    classes: Sequence[str],
) -> Case:
    return Case(
        metric=config.gate.metric,
        columns={name: holdout.columns[name] for name in champion.features},
        target=contest.target,
        answers=np.asarray(contest.champion),
        ask=lambda columns: champion.answer(champion.matrix(columns), classes),
        recorded=contest.recorded_advantage,
        profile=profile,
        drift=[drift for drift in contest.drift if drift.column != config.dataset.target],
        target_name=config.dataset.target,
        classes=classes,
        weights=contest.weights,
        threshold=contest.champion_threshold,
    )


def _weights(holdout: Holdout, contract: DatasetContract) -> FloatArray | None:
    """How much each row counts; raises EvaluationError where none does."""
    if not contract.weight:
        return None
    weights = np.asarray(holdout.columns[contract.weight], dtype=np.float64)
    if not weights.any():
        raise EvaluationError(f"the weight {contract.weight!r} is 0 in every row of the holdout")
    return weights


def _comparable(exposure: Exposure | None, size: int, gate: Gate) -> tuple[str, int]:
    """Why champion and challenger cannot be compared, or nothing, and how many rows are new to both."""
    if exposure is None:
        return "", size
    if exposure.new_rows is None:
        return f"nobody knows which rows the champion was trained on: {exposure.unknown}", 0
    common = int(exposure.new_rows.sum())
    if common >= gate.min_comparison_rows:
        return "", common
    return (
        f"only {common:,} of {count(size)} of the holdout are new to the champion, and a comparison needs "
        f"{gate.min_comparison_rows:,}"
    ), common


def _sizes(exposure: Exposure | None) -> tuple[int, int] | None:
    if exposure is None or exposure.champion_rows is None:
        return None
    return exposure.challenger.rows, exposure.champion_rows


def _constants(task: str, target: Array, like: FloatArray, weights: FloatArray | None) -> dict[str, float]:
    """Of every metric the best constant's figure, known only afterwards."""
    found = {
        name: overall(
            judged(name, target, constant_answers(name, target, like, weights), weights=weights), len(target)
        )
        for name in METRIC_NAMES[task]
    }
    return {name: value for name, value in found.items() if np.isfinite(value)}


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


def _explained(model: Candidate) -> Callable[[FloatArray], FloatArray]:
    """What an explanation is about: the value, the second class's probability, or of more than two classes
    that of the model's first."""
    column = 1 if len(model.classes) == 2 else 0
    return lambda matrix: np.asarray(model.predictor.answers(matrix)[:, column])
