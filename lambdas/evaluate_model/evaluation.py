"""The comparison of two models on one holdout, from which verdict and report are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from contracts.dataset import DatasetContract
from contracts.training import Gate
from lambdas.evaluate_model.candidate import Candidate
from lambdas.evaluate_model.drift import drift_of_columns
from lambdas.evaluate_model.gate import Contest, Verdict, compare
from lambdas.evaluate_model.holdout import Holdout, baseline_answers, class_positions
from lambdas.evaluate_model.importance import permutation_importance
from lambdas.evaluate_model.scores import Array, FloatArray, metrics_of, row_errors


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Everything found. `classes` is empty of a regression; slices map names to figures per model."""

    contract: DatasetContract
    gate: Gate
    verdict: Verdict
    target: Array
    challenger: FloatArray
    champion: FloatArray | None
    classes: tuple[str, ...]
    metrics: Mapping[str, Mapping[str, float]]
    slices: Mapping[str, Mapping[str, Any]]
    drift: Mapping[str, float]
    importance: Mapping[str, float]
    latency_us: float

    def as_document(self) -> dict[str, Any]:
        """JSON-compatible, without the rows."""
        return {
            "format_version": 1,
            "verdict": asdict(self.verdict),
            "metric": self.gate.metric,
            "rows": len(self.target),
            "metrics": self.metrics,
            "slices": self.slices,
            "fairness": {
                name: {k: v for k, v in self.slices.items() if k.startswith(f"{name} ")}
                for name in self.contract.fairness_groups
            },
            "drift": self.drift,
            "importance": self.importance,
            "latency_us": self.latency_us,
        }


def evaluate(
    *,
    contract: DatasetContract,
    gate: Gate,
    holdout: Holdout,
    profile: Mapping[str, Any],
    champion_profile: Mapping[str, Any] | None,
    challenger: Candidate,
    champion: Candidate | None,
) -> Evaluation:
    """Raises ChallengerUnreadableError or ChampionUnreadableError where one cannot score the holdout."""
    classes = _all_classes(holdout, challenger, champion)
    target = class_positions(holdout.target, classes) if classes else holdout.target
    answers = {"challenger": challenger.answer(holdout.columns, classes)}
    if champion:
        answers["champion"] = champion.answer(holdout.columns, classes)
    answers["baseline"] = baseline_answers(contract, profile, holdout.target, classes)
    features = {name: holdout.columns[name] for name in challenger.features}
    drift = drift_of_columns(champion_profile, holdout.columns) if champion_profile else {}
    slices = holdout.slices(contract)
    contest = Contest(
        task=contract.task,
        target=target,
        challenger=answers["challenger"],
        baseline=answers["baseline"],
        champion=answers.get("champion"),
        slices={name: rows for name, rows in slices.items() if _is_gated(name, contract)},
        drift=drift,
        latency_us=challenger.latency_us(features),
    )
    return Evaluation(
        contract=contract,
        gate=gate,
        verdict=compare(contest, gate),
        target=target,
        challenger=answers["challenger"],
        champion=answers.get("champion"),
        classes=classes,
        metrics={name: metrics_of(contract.task, target, found) for name, found in answers.items()},
        slices={name: _slice(contract.task, target, answers, rows) for name, rows in slices.items()},
        drift=dict(sorted(drift.items(), key=lambda item: -item[1])),
        importance=permutation_importance(
            lambda columns: challenger.answer(columns, classes), features, target, contract.task, gate.metric
        ),
        latency_us=contest.latency_us,
    )


def _is_gated(slice_name: str, contract: DatasetContract) -> bool:
    """Fairness groups are reported; slices are judged."""
    return any(slice_name.startswith(f"{column} ") for column in contract.slices)


def _all_classes(holdout: Holdout, challenger: Candidate, champion: Candidate | None) -> tuple[str, ...]:
    if not challenger.classes:
        return ()
    known = set(challenger.classes) | set(champion.classes if champion else ())
    return tuple(sorted(known | set(holdout.target)))


def _slice(
    task: str, target: Array, answers: Mapping[str, FloatArray], rows: npt.NDArray[np.bool_]
) -> dict[str, Any]:
    found: dict[str, Any] = {"rows": int(rows.sum())}
    for name in ("challenger", "champion"):
        if name in answers and rows.any():
            metrics = metrics_of(task, target[rows], answers[name][rows])
            found[name] = {**metrics, "mean_error": _mean_error(task, target, answers[name], rows)}
    return found


def _mean_error(task: str, target: Array, answers: FloatArray, rows: npt.NDArray[np.bool_]) -> float:
    return float(row_errors(task, target[rows], answers[rows]).mean())
