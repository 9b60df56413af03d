"""Everything that the evaluation is made from, fetched from S3."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from contracts import layout
from contracts.documents.data import Dataset
from contracts.documents.requests import EvaluateModelRequest
from contracts.errors import ChallengerUnreadableError, ChampionUnreadableError, EvaluationError
from contracts.pipeline_config import PipelineConfig
from contracts.reading import PipelineConfigError
from lambdas.aws import storage
from lambdas.aws.registry import Package
from lambdas.evaluate_model.candidate import Candidate
from lambdas.evaluate_model.exposure import Exposure, expose
from lambdas.evaluate_model.holdout import Holdout, read_holdout
from lambdas.evaluate_model.report.document import Origin

_EXAMPLES = 20
_EXAMPLE_LENGTH = 300


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """`champion_profile` describes the data that the champion was trained on, and `champion_report` how it
    passed the gate, where they are still there."""

    config: PipelineConfig
    holdout: Holdout
    challenger: Candidate
    champion: Candidate | None
    champion_profile: dict[str, Any] | None
    champion_report: dict[str, Any] | None
    exposure: Exposure
    origin: Origin


def fetch(request: EvaluateModelRequest, package: Package | None, scratch: Path) -> Inputs:
    """Raises EvaluationError, which says which of the two models or the data it is about."""
    dataset, training = request.dataset, request.training
    config = _config(dataset)
    holdout = _holdout(dataset, config, scratch)
    return Inputs(
        config=config,
        challenger=_challenger(training.model_data_uri, scratch),
        champion=_champion(package, scratch) if package else None,
        holdout=holdout,
        champion_profile=_profile_of(package) if package else None,
        champion_report=_report_of(package) if package else None,
        exposure=expose(dataset, config, holdout.table, package, scratch),
        origin=Origin(
            dataset=dataset.as_document(),
            training=training.as_document(),
            champion_arn=package.arn if package else "",
            champion_job_name=package.training_job_name if package else "",
            profile=storage.read_json(dataset.profile_uri) or {},
            dataset_manifest=storage.read_json(dataset.manifest_uri) or {},
            quarantined=_quarantined(dataset, scratch),
        ),
    )


def _config(dataset: Dataset) -> PipelineConfig:
    """The configuration under which the dataset was accepted and the challenger trained."""
    uri = f"{dataset.contract_uri}{layout.CONTRACT_FILE}"
    document = storage.read_json(uri)
    if document is None:
        raise EvaluationError(f"{uri} is gone")
    try:
        return PipelineConfig.from_document(document, source=uri)
    except PipelineConfigError as error:
        raise EvaluationError(str(error)) from error


def _challenger(uri: str, scratch: Path) -> Candidate:
    archive = scratch / "challenger.tar.gz"
    try:
        storage.download_file(uri, archive)
        return Candidate(archive, scratch / "challenger", ChallengerUnreadableError)
    except (ChallengerUnreadableError, storage.ObjectMissingError) as error:
        raise ChallengerUnreadableError(f"challenger at {uri}: {error}") from error


def _champion(package: Package, scratch: Path) -> Candidate:
    archive = scratch / "champion.tar.gz"
    try:
        storage.download_file(package.model_data_uri, archive)
        champion = Candidate(archive, scratch / "champion", ChampionUnreadableError)
        if reason := champion.self_check():
            raise ChampionUnreadableError(reason)
    except (ChampionUnreadableError, storage.ObjectMissingError) as error:
        raise ChampionUnreadableError(
            f"champion {package.arn} at {package.model_data_uri}: {error}. It serves on. Reject the package "
            "to have the next challenger judged as a first model"
        ) from error
    return champion


def _holdout(dataset: Dataset, config: PipelineConfig, scratch: Path) -> Holdout:
    try:
        paths = [
            _downloaded(uri, scratch / "holdout" / f"{number:05d}.parquet")
            for number, uri in enumerate(_files(dataset.holdout_uri))
        ]
    except storage.ObjectMissingError as error:
        raise EvaluationError(f"holdout: {error}") from error
    return read_holdout(paths, config.dataset)


def _files(uri: str) -> list[str]:
    """The file, or those of a folder, which a dataset in parts has; raises ObjectMissingError."""
    if not uri.endswith("/"):
        return [uri]
    found = storage.list_uris(uri)
    if not found:
        raise storage.ObjectMissingError(f"{uri} holds nothing")
    return found


def _downloaded(uri: str, path: Path) -> Path:
    storage.download_file(uri, path)
    return path


def _profile_of(package: Package) -> dict[str, Any] | None:
    uri = package.properties.get("dataset_uri")
    return storage.read_json(layout.DatasetPlace(uri).profile) if uri else None


def _report_of(package: Package) -> dict[str, Any] | None:
    uri = package.properties.get("report_html_uri", "")
    return storage.read_json(f"{uri.removesuffix('.html')}.json") if uri else None


def _quarantined(dataset: Dataset, scratch: Path) -> list[dict[str, Any]]:
    """The first rows that were set aside."""
    if not dataset.quarantined_rows:
        return []
    rows: list[dict[str, Any]] = []
    for number, uri in enumerate(_files(dataset.quarantine_uri)):
        path = _downloaded(uri, scratch / "quarantine" / f"{number:05d}.parquet")
        batch = next(pq.ParquetFile(path).iter_batches(_EXAMPLES), None)
        rows += batch.to_pylist() if batch is not None else []
        if len(rows) >= _EXAMPLES:
            break
    return [{**row, "value": str(row.get("value") or "")[:_EXAMPLE_LENGTH]} for row in rows[:_EXAMPLES]]
