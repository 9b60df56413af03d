"""Whether the whole of a dataset keeps its contract: what no row and no part can say by itself. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.dataset import DatasetContract
from contracts.pipeline_config import PipelineConfig
from lambdas.datasets.checks.advice import advice
from lambdas.datasets.checks.faults import DatasetRejected, Fault, shown
from lambdas.datasets.checks.rules import explanation
from lambdas.datasets.checks.violations import Violation
from lambdas.datasets.upload.sources import MAX_MALFORMED

Classes = Mapping[str, tuple[int, int]]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Rows of the upload, those set aside, and where the good ones went: `gap` counts those in the gap of a
    split by time, on neither side."""

    rows: int
    bad: int
    train: int
    holdout: int
    gap: int = 0

    def as_document(self) -> dict[str, int]:
        return {
            "rows": self.rows,
            "train_rows": self.train,
            "holdout_rows": self.holdout,
            "quarantined_rows": self.bad,
            **({"gap_rows": self.gap} if self.gap else {}),
        }


def check_rows(contract: DatasetContract, counts: Counts, violations: Sequence[Violation]) -> None:
    """Raises DatasetRejected where too few rows are good."""
    rows, bad = counts.rows, counts.bad
    if rows == 0:
        raise DatasetRejected([Fault(rule="rows", detail="the file has a header and no rows")])
    if bad > contract.bad_row_tolerance_share * rows:
        raise DatasetRejected([_tolerance(contract, rows, bad), *(_fault(contract, v) for v in violations)])
    if rows - bad < contract.min_rows:
        detail = f"{rows - bad:,} good rows are too few: the contract demands {contract.min_rows:,}"
        raise DatasetRejected([Fault(rule="rows", detail=detail)])


def _tolerance(contract: DatasetContract, rows: int, bad: int) -> Fault:
    detail = (
        f"{bad:,} of {rows:,} rows break the contract, which tolerates "
        f"{contract.bad_row_tolerance_share:.4g} of them"
    )
    return Fault(rule="bad rows", detail=detail)


def _fault(contract: DatasetContract, violation: Violation) -> Fault:
    if violation.rule == "csv":
        many = "at least " if violation.count >= MAX_MALFORMED else ""
        detail = f"{many}{violation.count:,} rows are malformed: {shown(violation.value)}"
        return Fault(
            rule="csv", detail=detail, line=violation.line, count=violation.count, part=violation.part
        )
    named = [column for column in contract.columns if column.name == violation.column]
    detail = explanation(named[0], violation.rule) if named else "the values that identify a row occur again"
    if violation.rule != "missing":
        detail += f": {shown(violation.value)}"
    if violation.rule == "type" and named:
        detail += advice(named[0], violation.value)
    return Fault(
        rule=violation.rule,
        detail=detail,
        column=violation.column,
        line=violation.line,
        count=violation.count,
        part=violation.part,
    )


def check_learnable(
    config: PipelineConfig, profile: Mapping[str, Any], counts: Counts, classes: Classes
) -> None:
    """Sound rows can still be nothing to learn from; raises DatasetRejected. `classes` are rows by value of a
    classification's target, in training and in holdout."""
    contract, folds = config.dataset, config.training.folds
    faults = [
        Fault(rule="empty column", detail="no row has a value", column=name)
        for name, figures in profile["columns"].items()
        if figures["count"] == 0 and contract.column(name).use
    ]
    if counts.train < 2 * folds or counts.holdout < 2:
        detail = (
            f"{counts.train:,} training and {counts.holdout:,} holdout rows are too few for {folds} folds"
        )
        faults.append(Fault(rule="rows", detail=detail))
    if contract.task == "classification":
        faults += _class_faults(classes, contract.target, folds)
    elif profile["columns"][contract.target]["min"] == profile["columns"][contract.target]["max"]:
        faults.append(_constant(contract.target, str(profile["columns"][contract.target]["min"])))
    if faults:
        raise DatasetRejected(faults)


def _constant(target: str, value: str) -> Fault:
    detail = f"the target is always {shown(value)}, so there is nothing to learn"
    return Fault(rule="constant target", detail=detail, column=target)


def _class_faults(counts: Classes, target: str, folds: int) -> list[Fault]:
    if len(counts) < 2:
        return [_constant(target, next(iter(counts), ""))]
    rare = {value: train for value, (train, _) in counts.items() if train < folds}
    faults = [
        Fault(
            rule="rare class",
            detail=f"class {shown(value)} has {train} training rows, fewer than the {folds} folds",
            column=target,
        )
        for value, train in rare.items()
    ]
    if sum(holdout > 0 for _, holdout in counts.values()) < 2:
        faults.append(Fault(rule="holdout", detail="fewer than two classes are in it", column=target))
    return faults
