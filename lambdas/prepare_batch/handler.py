"""PrepareBatch: an uploaded file in, the input of a transform job and the champion's model for it out."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts import layout, metrics
from contracts.documents.batch import PrepareBatchRequest, PreparedBatch
from contracts.errors import BatchError, BatchRefusedError, ChampionUnreadableError
from contracts.layout import BatchPlace
from contracts.settings import PrepareBatchSettings
from inference.errors import ArtefactError, InferenceError
from inference.model.predictor import Predictor
from lambdas.aws import endpoints, once, storage
from lambdas.aws.registry import Package
from lambdas.deployments import standing
from lambdas.model_archive import ArchiveError, unpack
from lambdas.prepare_batch.header import Header, read_header
from lambdas.prepare_batch.parts import Outcome
from lambdas.prepare_batch.sorting import sort_rows
from lambdas.prepare_batch.source import Source
from lambdas.telemetry import logger


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice: it overwrites its own. Another execution of the same version does nothing."""
    settings = PrepareBatchSettings.from_environment()
    request = PrepareBatchRequest.read(event)
    place = layout.batch(settings.artifact_bucket_name, _id_of(request))
    with tempfile.TemporaryDirectory(prefix="batch-") as scratch:
        owner = _claim(place, request, Path(scratch))
        if owner != request.execution_arn:
            reason = f"{owner} has this version of the file already"
            return PreparedBatch(status="duplicate", reason=reason, uri=place.uri).as_document()
        champion = standing.look(settings.endpoint_name, settings.model_package_group_name).champion
        if champion is None:
            raise BatchError("nothing serves and nothing did: upload data to train a model first")
        try:
            prepared = _prepare(request, place, champion, Path(scratch))
        except BatchRefusedError as error:
            _record(place, request, champion, {"refused": str(error)})
            return PreparedBatch(status="refused", reason=str(error), uri=place.uri).as_document()
    if prepared.status == "ready":
        endpoints.create_model(_model_request(prepared.name, champion, settings))
    logger.info("batch", status=prepared.status, rows=prepared.rows, rejected=prepared.rejected_rows)
    return prepared.as_document()


def _id_of(request: PrepareBatchRequest) -> str:
    """Events come more than once, and a version is answered once."""
    text = f"{request.bucket}/{request.key}/{request.version_id}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _claim(place: BatchPlace, request: PrepareBatchRequest, scratch: Path) -> str:
    """The execution that answers this version: whoever wrote the claim first."""
    path = scratch / "claim.json"
    path.write_text(json.dumps({"execution_arn": request.execution_arn}), encoding="utf-8")
    if once.write_file(path, place.claim, "application/json"):
        return request.execution_arn
    return str((storage.read_json(place.claim) or {}).get("execution_arn", request.execution_arn))


def _prepare(
    request: PrepareBatchRequest, place: BatchPlace, champion: Package, scratch: Path
) -> PreparedBatch:
    predictor = _predictor(champion, scratch)
    upload = storage.open_upload(request.bucket, request.key, request.version_id)
    source = Source(request.key, upload.chunks)
    rows = iter(source)
    header = read_header(next(rows, None), [column.name for column in predictor.columns])
    outcome = Outcome(place, scratch)
    outcome.write(sort_rows(rows, header, predictor))
    found = {"sha256": source.sha256, "size_bytes": upload.size_bytes, **outcome.document()}
    _record(place, request, champion, found, header)
    first = outcome.first_rejected[0] if outcome.first_rejected else {"row": 0, "reason": "there is no row"}
    return PreparedBatch(
        status="ready" if outcome.accepted else "empty",
        reason="" if outcome.accepted else f"no row can be answered; row {first['row']}: {first['reason']}",
        uri=place.uri,
        name=_name(champion, request),
        input_filter=header.input_filter,
        champion_arn=champion.arn,
        rows=outcome.rows,
        accepted_rows=outcome.accepted,
        rejected_rows=outcome.rejected,
    )


def _name(champion: Package, request: PrepareBatchRequest) -> str:
    """Of model and job: the pipeline's prefix, which the training job has too, and the attempt's hash."""
    prefix = champion.training_job_name.rpartition("-")[0]
    return f"{prefix}-{hashlib.sha256(request.attempt.encode()).hexdigest()[:16]}-batch"


def _predictor(champion: Package, scratch: Path) -> Predictor:
    """The code that serves, with the model that serves; raises ChampionUnreadableError."""
    archive, directory = scratch / "model.tar.gz", scratch / "model"
    try:
        storage.download_file(champion.model_data_uri, archive)
        unpack(archive, directory)
        predictor = Predictor.load(directory)
        predictor.check()
    except (
        storage.ObjectMissingError,
        ArchiveError,
        ArtefactError,
        InferenceError,
        KeyError,
        TypeError,
        ValueError,
    ) as error:
        raise ChampionUnreadableError(f"{champion.model_data_uri} cannot be loaded: {error}") from error
    return predictor


def _record(
    place: BatchPlace,
    request: PrepareBatchRequest,
    champion: Package,
    found: dict[str, Any],
    header: Header | None = None,
) -> None:
    """What FinishBatch makes the manifest of."""
    document = {
        "upload": {"uri": f"s3://{request.bucket}/{request.key}", "version_id": request.version_id},
        "execution_arn": request.execution_arn,
        "model": {
            "package_arn": champion.arn,
            "version": champion.version,
            "training_job_name": champion.training_job_name,
            "model_data_uri": champion.model_data_uri,
            "image_uri": champion.image_uri,
            "archive_hash": champion.properties.get("archive_hash", ""),
            "model_hash": champion.properties.get("model_hash", ""),
            "dataset_version": champion.properties.get("dataset_version", ""),
        },
        "columns": header.output_columns if header else [],
        **found,
    }
    storage.write_json(document, place.prepared)


def _model_request(name: str, champion: Package, settings: PrepareBatchSettings) -> dict[str, Any]:
    """CreateModel, as a deployment makes it: no network, no credentials, and the hash that was evaluated."""
    expected = champion.properties.get("model_hash", "")
    tags = {**json.loads(settings.resource_tags), "greenlight:training-job": champion.training_job_name}
    return {
        "ModelName": name,
        "ExecutionRoleArn": settings.batch_role_arn,
        "PrimaryContainer": {
            "Image": champion.image_uri,
            "ModelDataUrl": champion.model_data_uri,
            "Environment": {
                metrics.CONFIG_VARIABLE: name,
                **({metrics.MODEL_HASH_VARIABLE: expected} if expected else {}),
            },
        },
        "EnableNetworkIsolation": True,
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }
