"""AcceptLabels: API Gateway's proxy event in; the labels as a file under `labels/` of the raw bucket out."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.layout import FRONT_LABELS_FOLDER
from contracts.pipeline_config import PipelineConfig
from contracts.settings import AcceptLabelsSettings
from lambdas.accept_labels.labels import as_csv, read_labels
from lambdas.aws import storage
from lambdas.front.answering import answer
from lambdas.front.requests import FrontRequest
from lambdas.telemetry import logger


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Who posts labels steers retraining: a function, a role and a scope of their own."""
    return answer(event, {("POST", "/v1/labels"): _accept})


@functools.cache
def _config(path: str) -> PipelineConfig:
    return PipelineConfig.load(Path(path))


def _accept(request: FrontRequest) -> Mapping[str, Any]:
    """All of them or none. The same labels of the same caller, sent again, within an hour are one file."""
    settings = AcceptLabelsSettings.from_environment()
    config = _config(settings.pipeline_config_path)
    target = config.dataset.column(config.dataset.target)
    labels = read_labels(
        request.document(config.front.max_body_bytes),
        target,
        caller=request.caller,
        most=config.front.max_rows,
    )
    content = as_csv(labels, target.name)
    key = key_of(content, request.caller, datetime.now(UTC))
    storage.write_text(content, f"s3://{settings.raw_bucket_name}/{key}", "text/csv")
    return {"accepted": len(labels)}


def key_of(content: str, caller: str, now: datetime) -> str:
    digest = hashlib.sha256(f"{caller}\0{content}".encode()).hexdigest()[:32]
    return f"{FRONT_LABELS_FOLDER}{now:%Y/%m/%d/%H}/{digest}.csv"
