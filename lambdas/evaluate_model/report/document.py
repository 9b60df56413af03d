"""The report for machines: everything that the evaluation found, JSON-compatible. The page is made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lambdas.evaluate_model.bootstrap import gain_of
from lambdas.evaluate_model.evaluation import Evaluation
from lambdas.evaluate_model.report.answers import classification_answers, regression_answers
from lambdas.evaluate_model.report.explained import explained
from lambdas.evaluate_model.report.fairness import fairness
from lambdas.evaluate_model.slices import Slice
from scoring.figures import Figure, FloatArray, on_rows

FORMAT_VERSION = 1
_GAIN_BINS = 30


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where data and models come from: the states' documents, and what ingestion wrote about the data."""

    dataset: Mapping[str, Any]
    training: Mapping[str, Any]
    champion_arn: str
    champion_job_name: str
    profile: Mapping[str, Any]
    dataset_manifest: Mapping[str, Any]
    quarantined: Sequence[Mapping[str, Any]]


def report_document(evaluation: Evaluation, origin: Origin) -> dict[str, Any]:
    verdict = evaluation.verdict
    return {
        "format_version": FORMAT_VERSION,
        "pipeline": evaluation.config.name,
        "task": evaluation.contract.task,
        "target": evaluation.contract.target,
        "metric": evaluation.metric,
        "verdict": {
            "promote": verdict.promote,
            "outcome": verdict.outcome,
            "reason": verdict.reason,
            "advice": list(evaluation.advice),
            "checks": [asdict(check) for check in verdict.checks],
        },
        "challenger": evaluation.metrics["challenger"],
        "champion": evaluation.metrics["champion"],
        "constant": evaluation.metrics["constant"],
        "overlap": _overlap(evaluation),
        "leaks": list(evaluation.leaks),
        "unused": _unused(evaluation),
        "latency_us": evaluation.latency_us,
        "rows": _rows(evaluation, origin),
        "gains": _gains(verdict.gains),
        "answers": _answers(evaluation),
        "intervals": evaluation.intervals,
        "slices": _slices(evaluation),
        "fairness": fairness(evaluation),
        "importance": dict(evaluation.importance),
        "shap": explained(evaluation),
        "drift": [asdict(drift) for drift in evaluation.drift],
        "profile": origin.profile,
        "quality": {
            "violations": list(origin.dataset_manifest.get("violations", [])),
            "examples": [dict(example) for example in origin.quarantined],
        },
        "search": list(evaluation.manifest.get("search", [])),
        "model": _model(evaluation),
        "lineage": _lineage(evaluation, origin),
    }


def _rows(evaluation: Evaluation, origin: Origin) -> dict[str, int]:
    counts = {key: int(origin.dataset.get(f"{key}_rows", 0)) for key in ("train", "quarantined")}
    return {**counts, "holdout": evaluation.holdout.stored, "judged": len(evaluation.holdout)}


def _overlap(evaluation: Evaluation) -> dict[str, Any]:
    """How the holdout lies to what the models were trained on; None where that is unknown or not asked."""
    found = evaluation.exposure
    if found is None:
        return {}
    return {
        "new_to_both": None if found.new_rows is None else int(found.new_rows.sum()),
        "holdout_rows": found.asked,
        "unknown": found.unknown,
        "challenger_rows": found.challenger.rows,
        "champion_rows": found.champion_rows,
        "near_duplicates": found.near_duplicates,
        "looked_at": found.looked_at,
        "by": evaluation.contract.split.by,
        "identity": list(evaluation.contract.identity),
        "has_key": bool(evaluation.contract.identifiers) or evaluation.contract.split.by != "row",
    }


def _unused(evaluation: Evaluation) -> list[dict[str, str]]:
    """The contract's columns that the model does not look at, and why."""
    contract = evaluation.contract
    reasons = dict.fromkeys(contract.identifiers, "identifies a row")
    if contract.split.group:
        reasons[contract.split.group] = "groups rows that are split together"
    if contract.weight:
        reasons[contract.weight] = "says how much a row counts"
    columns = [column.name for column in contract.columns if column.name != contract.target]
    return [
        {"column": name, "why": reasons.get(name, "is no feature of the model")}
        for name in columns
        if name not in evaluation.features
    ]


def _gains(gains: FloatArray) -> dict[str, Any]:
    """The bootstrap's gains as a histogram, with the interval that holds nine tenths of them."""
    known = gains[np.isfinite(gains)]
    if not len(known):
        return {"edges": [], "counts": [], "interval": [], "resamples": len(gains)}
    low, high = float(known.min()), float(known.max())
    edges = np.linspace(low, high if high > low else low + 1e-9, _GAIN_BINS + 1)
    counts, _ = np.histogram(known, edges)
    return {
        "edges": edges.tolist(),
        "counts": counts.tolist(),
        "interval": [float(value) for value in np.quantile(known, (0.05, 0.95))],
        "resamples": len(gains),
    }


def _answers(evaluation: Evaluation) -> dict[str, Any]:
    if evaluation.classes:
        return classification_answers(
            evaluation.target,
            evaluation.classes,
            evaluation.challenger,
            evaluation.champion,
            evaluation.threshold,
        )
    return regression_answers(evaluation.target, evaluation.challenger, evaluation.champion)


def _slices(evaluation: Evaluation) -> list[dict[str, Any]]:
    figures = {
        name: evaluation.figure(answers, threshold)
        for name, answers, threshold in (
            ("challenger", evaluation.challenger, evaluation.threshold),
            ("champion", evaluation.champion, evaluation.champion_threshold),
        )
        if answers is not None
    }
    return [
        _slice(part, figures, evaluation)
        for part in evaluation.slices
        if part.column in evaluation.contract.slices
    ]


def _slice(part: Slice, figures: Mapping[str, Figure], evaluation: Evaluation) -> dict[str, Any]:
    found = {name: known(on_rows(figure, part.rows)) for name, figure in figures.items()}
    old, new = found.get("champion"), found["challenger"]
    return {
        "column": part.column,
        "value": part.value,
        "rows": part.size,
        "judged": part.size >= evaluation.config.gate.min_slice_rows,
        "challenger": new,
        "champion": old,
        "gain_share": gain_of(evaluation.metric, old, new) if old is not None and new is not None else None,
    }


def known(value: float) -> float | None:
    """JSON has no NaN."""
    return value if np.isfinite(value) else None


def _model(evaluation: Evaluation) -> dict[str, Any]:
    manifest = evaluation.manifest
    wanted = ["estimator", "parameters", "seed", "engine", "model_hash", "cv_metrics", "parity", "columns"]
    wanted += ["threshold", "calibration", "intervals"]
    return {name: manifest[name] for name in wanted if name in manifest}


def _lineage(evaluation: Evaluation, origin: Origin) -> dict[str, Any]:
    manifest, dataset = evaluation.manifest, origin.dataset
    source = origin.dataset_manifest.get("source", {})
    return {
        "training_job_name": origin.training["job_name"],
        "execution_name": str(manifest.get("execution_name", "")),
        "model_data_uri": origin.training["model_data_uri"],
        "model_hash": str(manifest.get("model_hash", "")),
        "mlflow_run_id": str(manifest.get("mlflow_run_id", "")),
        "training_image_uri": str(manifest.get("training_image_uri", "")),
        "dataset_version": dataset["version"],
        "dataset_uri": dataset["uri"],
        "contract_hash": dataset["contract_hash"],
        "source_uri": str(source.get("uri", "")),
        "source_version_id": str(source.get("version_id", "")),
        "source_sha256": str(source.get("sha256", "")),
        "champion_arn": origin.champion_arn,
        "champion_training_job_name": origin.champion_job_name,
    }
