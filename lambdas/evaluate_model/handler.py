"""EvaluateModel: a trained challenger in, the verdict on it and the report's place out."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts import metrics
from contracts.documents.requests import EvaluateModelRequest
from contracts.settings import EvaluateModelSettings
from lambdas.aws import archives
from lambdas.deployments import standing
from lambdas.evaluate_model import gate, inputs, outputs
from lambdas.evaluate_model.evaluation import evaluate
from lambdas.evaluate_model.report.document import report_document
from lambdas.telemetry import count, logger

_COUNTED = {
    gate.BETTER: metrics.CHALLENGERS_BETTER,
    gate.REJECTED: metrics.CHALLENGERS_REJECTED,
    gate.NOT_COMPARABLE: metrics.CHALLENGERS_NOT_COMPARABLE,
    gate.COLLAPSED: metrics.CHAMPIONS_COLLAPSED,
}


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice: it overwrites its own report."""
    settings = EvaluateModelSettings.from_environment()
    request = EvaluateModelRequest.read(event)
    champion = standing.look(settings.endpoint_name, settings.model_package_group_name).champion
    with tempfile.TemporaryDirectory(prefix="evaluate-") as scratch:
        found = inputs.fetch(request, champion, Path(scratch))
        evaluation = evaluate(
            config=found.config,
            holdout=found.holdout,
            champion_profile=found.champion_profile,
            challenger=found.challenger,
            champion=found.champion,
            exposure=found.exposure,
            champion_report=found.champion_report,
        )
        archive_hash = archives.hash_of(Path(scratch) / "challenger.tar.gz")
    document = report_document(evaluation, found.origin)
    uris = outputs.write_report(settings, request.training.job_name, document, found.exposure.challenger)
    verdict = document["verdict"]
    count(settings.metric_namespace, _COUNTED[verdict["outcome"]])
    logger.info("verdict", promote=verdict["promote"], reason=verdict["reason"])
    return outputs.answer(document, uris, archive_hash)
