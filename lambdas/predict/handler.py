"""Predict: API Gateway's proxy event in; predictions, the model's columns or the API's description out."""

from __future__ import annotations

import functools
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from contracts import feature_groups, metrics
from contracts.errors import ServiceBusyError
from contracts.names import Names
from contracts.pipeline_config import PipelineConfig
from contracts.settings import PredictSettings
from lambdas.aws import feature_store, predictions
from lambdas.aws.feature_store import FeatureStoreError
from lambdas.front.answering import answer
from lambdas.front.inference_ids import RANDOM_BYTES, inference_id
from lambdas.front.problems import Problem
from lambdas.front.requests import FrontRequest
from lambdas.predict import rows
from lambdas.predict.description import model_document
from lambdas.predict.entities import Filled, Filler
from lambdas.predict.openapi import openapi_document
from lambdas.telemetry import age, count, logger


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One function for what only reads: it may invoke the endpoint, read its feature groups and nothing
    else."""
    return answer(
        event,
        {
            ("POST", "/v1/predictions"): _predict,
            ("GET", "/v1/model"): _describe,
            ("GET", "/v1/openapi.json"): _openapi,
        },
    )


@functools.cache
def _config(path: str) -> PipelineConfig:
    """The file that the stack was deployed from; it can't change under a running function."""
    return PipelineConfig.load(Path(path))


def _predict(request: FrontRequest) -> Mapping[str, Any]:
    settings = PredictSettings.from_environment()
    front = _config(settings.pipeline_config_path).front
    document = request.document(front.max_body_bytes)
    asked = rows.read_rows(document, front.max_rows)
    accept = rows.accept_of(rows.read_interval(document))
    filled = _fill(asked, settings)
    key = inference_id(request.caller, os.urandom(RANDOM_BYTES))
    body = json.dumps({"records": filled.rows}, allow_nan=False, separators=(",", ":")).encode()
    answered = _invoke(settings.endpoint_name, body, accept=accept, key=key)
    return {"inference_id": key, **rows.read_answer(answered, len(asked)), **filled.as_document()}


@functools.cache
def _filler(path: str, stage: str) -> Filler | None:
    """None where the stage has no feature groups."""
    config = _config(path)
    names = Names(config.name, stage)
    groups = feature_groups.serving(config.feature_groups, stage)
    named = [(names.feature_group(group.name, group.version), group) for group in groups]
    return Filler(named, config.dataset) if named else None


def _fill(asked: list[dict[str, Any]], settings: PredictSettings) -> Filled:
    """By one BatchGetRecord, where any row names an entity."""
    filler = _filler(settings.pipeline_config_path, settings.stage_name)
    if filler is None:
        return Filled(rows=asked)
    try:
        filled = filler.fill(asked, feature_store.read, time.time())
    except (ClientError, BotoCoreError, ServiceBusyError, FeatureStoreError) as error:
        logger.warning("features can't be read", reason=str(error))
        headers = {"retry-after": "1"}
        raise Problem(503, "features can't be read at the moment", headers=headers) from error
    if filled.lacking:
        count(settings.metric_namespace, metrics.FEATURES_MISSING, filled.lacking)
    if filled.oldest_seconds is not None:
        age(settings.metric_namespace, metrics.FEATURE_AGE_SECONDS, filled.oldest_seconds)
    return filled


def _invoke(endpoint_name: str, body: bytes, *, accept: str, key: str) -> bytes:
    try:
        return predictions.invoke(endpoint_name, body, accept=accept, inference_id=key)
    except predictions.ModelRefusedError as error:
        raise rows.problem_of(error) from error
    except predictions.NothingServesError as error:
        logger.warning("nothing serves", reason=str(error))
        raise Problem(503, "no model serves at the moment", headers={"retry-after": "10"}) from error
    except predictions.TooSlowError as error:
        raise Problem(504, "the model did not answer in time; send fewer rows in a request") from error


def _describe(request: FrontRequest) -> Mapping[str, Any]:
    settings = PredictSettings.from_environment()
    return model_document(_config(settings.pipeline_config_path), settings.stage_name)


def _openapi(request: FrontRequest) -> Mapping[str, Any]:
    settings = PredictSettings.from_environment()
    return openapi_document(_config(settings.pipeline_config_path), settings.stage_name)
