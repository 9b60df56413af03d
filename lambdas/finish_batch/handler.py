"""FinishBatch: a transform job that ended in, the manifest out; its model goes."""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts import metrics
from contracts.documents.batch import FinishBatchRequest, FinishedBatch
from contracts.layout import BatchPlace
from contracts.settings import FinishBatchSettings
from lambdas.aws import endpoints, storage
from lambdas.finish_batch.outputs import Output, read_outputs
from lambdas.telemetry import count, logger

PREDICTED, REJECTED, FAILED = "Predicted", "BatchRejected", "BatchFailed"
_COUNTED = {
    PREDICTED: metrics.BATCHES_PREDICTED,
    REJECTED: metrics.BATCHES_REJECTED,
    FAILED: metrics.BATCHES_FAILED,
}


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice: it overwrites its own manifest."""
    settings = FinishBatchSettings.from_environment()
    request = FinishBatchRequest.read(event)
    batch, place = request.batch, BatchPlace(request.batch.uri)
    outputs = read_outputs(place) if batch.status == "ready" and request.failure is None else []
    predicted = sum(output.rows for output in outputs)
    outcome, reason = _outcome(request, predicted)
    prepared = storage.read_json(place.prepared) or {}
    manifest = {**prepared, **_result(outcome, reason, batch.name, outputs, predicted)}
    storage.write_json(manifest, place.manifest)
    if batch.name:
        endpoints.delete_model(batch.name)
    count(settings.metric_namespace, _COUNTED[outcome])
    logger.info("batch", outcome=outcome, rows=batch.rows, predicted=predicted)
    return FinishedBatch(
        outcome=outcome,
        reason=reason,
        manifest_uri=place.manifest,
        output_uri=place.output,
        rows=batch.rows,
        predicted_rows=predicted,
        rejected_rows=batch.rejected_rows,
    ).as_document()


def _outcome(request: FinishBatchRequest, predicted: int) -> tuple[str, str]:
    batch = request.batch
    if request.failure is not None:
        return FAILED, _cause(request.failure)
    if batch.status != "ready":
        return REJECTED, batch.reason
    if predicted != batch.accepted_rows:
        return FAILED, f"{batch.accepted_rows:,} rows were sent, and {predicted:,} came back"
    return PREDICTED, f"{predicted:,} of {batch.rows:,} rows answered by {batch.champion_arn}"


def _cause(failure: Any) -> str:
    """SageMaker's own reason in the job's description, or what Step Functions says."""
    cause = str(failure.get("Cause", "")) if isinstance(failure, dict) else ""
    try:
        described = json.loads(cause)
    except ValueError:
        described = None
    told = described.get("FailureReason") if isinstance(described, dict) else ""
    return str(told or cause or failure)[:8000]


def _result(outcome: str, reason: str, name: str, outputs: list[Output], predicted: int) -> dict[str, Any]:
    return {
        "outcome": outcome,
        "reason": reason,
        "transform_job_name": name,
        "predicted_rows": predicted,
        "outputs": [{"uri": output.uri, "rows": output.rows, "sha256": output.sha256} for output in outputs],
    }
