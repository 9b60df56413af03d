"""Reports of made-up evaluations, with data that would rather be code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from contracts.errors import ChallengerUnreadableError, ChampionUnreadableError
from lambdas.evaluate_model.candidate import Candidate
from lambdas.evaluate_model.evaluation import evaluate
from lambdas.evaluate_model.holdout import read_holdout
from lambdas.evaluate_model.report.document import Origin, report_document
from tests.unit.lambdas.evaluate_model import world

HOSTILE = (
    "<script>document.title = 'taken'</script>",
    "<img src=x onerror=\"document.title='taken'\">",
    '=HYPERLINK("http://example.com","click")',
    "'; DROP TABLE rows; --",
    "</style></td><h1>free</h1>",
    "\u202egnirts desrever\x1b[31m",
    "x" * 10_000,
)
SEARCH = [
    {
        "number": number,
        "state": "complete" if number % 3 else "pruned",
        "value": 6.0 - number / 10 + (number % 4) / 5,
        "folds": 3,
        "seconds": 1.5,
        "parameters": {"alpha": number / 7, "kind": HOSTILE[0]},
    }
    for number in range(20)
]


def document(
    directory: Path, task: str = "regression", *, champion: bool = True, **gate: Any
) -> dict[str, Any]:
    """A complete report: slices, groups, drift, quarantine and a search."""
    config = world.config(task, **gate)
    columns = _rows(seed=0)
    classes: tuple[str, ...] = ()
    if task == "classification":
        middle = float(np.median(columns["price"]))
        classes = ("cheap", HOSTILE[1])
        columns["price"] = [classes[int(price > middle)] for price in columns["price"]]
    path = world.write_parquet(directory / "holdout.parquet", columns)
    good, poor = (_model(classes, sharp) for sharp in (True, False))
    evaluation = evaluate(
        config=config,
        holdout=read_holdout([path], config.dataset),
        champion_profile=world.profile_of(_rows(seed=9)) if champion else None,
        challenger=_candidate(directory, "challenger", good, ChallengerUnreadableError),
        champion=_candidate(directory, "champion", poor, ChampionUnreadableError) if champion else None,
    )
    return report_document(evaluation, _origin(columns, config.contract_hash, champion))


def _rows(seed: int) -> dict[str, Any]:
    columns = world.rows(800, seed)
    columns["region"] = [HOSTILE[i % 3] if i % 5 == 0 else name for i, name in enumerate(columns["region"])]
    return columns


def _model(classes: tuple[str, ...], sharp: bool) -> Any:
    if classes:
        steep = 1.0 if sharp else 0.1
        return world.linear_model(steep, 0.0, (0.0, 5 * steep, 0.0), -22 * steep, classes=classes)
    return world.linear_model() if sharp else world.linear_model(regions=(0.0, 20.0, 0.0))


def _candidate(directory: Path, name: str, model: Any, error: Any) -> Candidate:
    made = world.artefact_of(model, search=SEARCH, parameters={"alpha": 0.5, "kind": HOSTILE[1]})
    return Candidate(world.write_archive(directory / f"{name}.tar.gz", made), directory / name, error)


def _origin(columns: dict[str, Any], contract_hash: str, champion: bool) -> Origin:
    examples = [
        {"line": i + 2, "column": "region", "rule": "category", "value": text[:300]}
        for i, text in enumerate(HOSTILE)
    ]
    return Origin(
        dataset={
            "version": "90859892bde433b2bf1c",
            "uri": "s3://artifacts/datasets/90859892bde433b2bf1c/",
            "contract_hash": contract_hash,
            "train_rows": 3200,
            "quarantined_rows": len(examples),
        },
        training={"job_name": "housing-dev-0123456789abcdef", "model_data_uri": "s3://artifacts/m.tar.gz"},
        champion_arn="arn:aws:sagemaker:us-east-1:111122223333:model-package/g/1" if champion else "",
        champion_job_name="housing-dev-fedcba9876543210" if champion else "",
        profile=world.profile_of(columns),
        dataset_manifest={
            "violations": [{**example, "count": 1} for example in examples],
            "source": {"uri": f"s3://raw/incoming/{HOSTILE[0]}.csv", "version_id": "1", "sha256": "0" * 64},
        },
        quarantined=examples,
    )
