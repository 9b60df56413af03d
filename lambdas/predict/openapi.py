"""The API in OpenAPI's words, with the columns of this pipeline. Pure.

OpenAPI Specification 3.1.0, whose schemas are JSON Schema 2020-12.
"""

from __future__ import annotations

from typing import Any

from contracts.dataset import Column
from contracts.feature_groups import serving
from contracts.pipeline_config import PipelineConfig
from lambdas.front.problems import MOST_MISTAKES, PROBLEM_TYPE

_TYPES = {
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
    "date": "string",
    "timestamp": "string",
    "category": "string",
    "text": "string",
}
_FORMATS = {"date": "date", "timestamp": "date-time"}
_PROBLEMS = {
    "400": "The body can't be read; `errors` name row and field.",
    "401": "Neither a signature nor a token that is good.",
    "403": "Not of this caller, or not within the token's scopes.",
    "413": "Too many rows, or bytes.",
    "429": "More requests than may be; try again later.",
    "503": "No model serves, or the issuer of tokens can't be reached; try again later.",
}


def openapi_document(config: PipelineConfig, stage: str) -> dict[str, Any]:
    front = config.front
    scopes = (front.predict_scope, front.labels_scope)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Predictions of {config.name}, stage {stage}",
            "version": "1",
            "description": f"Predicts {config.dataset.target}. A problem counts rows from 1; the row of a "
            "label is the place of its prediction in the list, from 0.",
        },
        "paths": {
            "/v1/predictions": {"post": _operation("predict", "PredictionRequest", "Prediction", scopes[0])},
            "/v1/labels": {"post": _operation("label", "LabelRequest", "Labels", scopes[1])},
            "/v1/model": {"get": _operation("describe", "", "Model", scopes[0])},
            "/v1/openapi.json": {"get": _operation("openapi", "", "Anything", scopes[0])},
        },
        "components": {
            "schemas": _schemas(config, stage),
            "responses": {status: _problem(reason) for status, reason in _PROBLEMS.items()},
            "securitySchemes": {"caller": _security(config)},
        },
    }


def _operation(name: str, asks: str, answers: str, scope: str) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": name,
        "security": [{"caller": [scope]}],
        "responses": {
            "200": {"description": "The answer.", "content": _json(answers)},
            **{status: {"$ref": f"#/components/responses/{status}"} for status in _PROBLEMS},
        },
    }
    return {**operation, "requestBody": {"required": True, "content": _json(asks)}} if asks else operation


def _json(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _problem(reason: str) -> dict[str, Any]:
    content = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": reason, "content": content}


def _security(config: PipelineConfig) -> dict[str, Any]:
    """AWS's signatures have no scheme of OpenAPI's; API Gateway exports them as this one."""
    if config.front.auth == "jwt":
        address = f"{config.front.issuer.rstrip('/')}/.well-known/openid-configuration"
        return {"type": "openIdConnect", "openIdConnectUrl": address}
    return {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "awsSigv4",
    }


def _row(config: PipelineConfig, stage: str) -> dict[str, Any]:
    """A row that names an entity may leave out what the feature groups know of it."""
    columns = config.dataset.feature_columns
    groups = serving(config.feature_groups, stage)
    filled = {name for group in groups for name in group.served}
    entity = {"type": ["string", "integer"], "description": "Whom the row is about."}
    return {
        "type": "object",
        "properties": {
            **{group.entity: entity for group in groups},
            **{column.name: _value(column) for column in columns},
        },
        "required": [column.name for column in columns if column.name not in filled],
        "additionalProperties": False,
    }


def _schemas(config: PipelineConfig, stage: str) -> dict[str, Any]:
    target = _value(config.dataset.column(config.dataset.target))
    row = _row(config, stage)
    label = {"inference_id": {"type": "string"}, "row": {"type": "integer", "minimum": 0}, "value": target}
    return {
        "Row": row,
        "PredictionRequest": _object(
            {"rows": _list({"$ref": "#/components/schemas/Row"}, config.front.max_rows)},
            interval={"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        ),
        "Prediction": _object(
            {"inference_id": {"type": "string"}, "predictions": {"type": "array", "items": target}},
            intervals={"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
            probabilities={"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
            classes={"type": "array", "items": target},
            missing_features={"type": "array", "items": {"type": "object"}},
        ),
        "LabelRequest": _object({"labels": _list(_object(label), config.front.max_rows)}),
        "Labels": _object({"accepted": {"type": "integer"}}),
        "Model": {"type": "object"},
        "Anything": {"type": "object"},
        "Problem": _object(
            {"type": {"type": "string"}, "title": {"type": "string"}},
            status={"type": "integer"},
            detail={"type": "string"},
            instance={"type": "string"},
            errors={"type": "array", "maxItems": MOST_MISTAKES, "items": _mistake()},
        ),
    }


def _mistake() -> dict[str, Any]:
    return _object({"reason": {"type": "string"}}, row={"type": "integer"}, field={"type": "string"})


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {**required, **optional}, "required": list(required)}


def _list(items: dict[str, Any], most: int) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": 1, "maxItems": most}


def _value(column: Column) -> dict[str, Any]:
    """A column's values as JSON has them; null is a missing one."""
    kind = _TYPES[column.type]
    schema: dict[str, Any] = {"type": [kind, "null"] if column.nullable else kind}
    if column.type in _FORMATS:
        schema["format"] = _FORMATS[column.type]
    if column.allowed:
        schema["enum"] = [*column.allowed, *([None] if column.nullable else [])]
    bounds = {"minimum": column.minimum, "maximum": column.maximum}
    return {**schema, **{name: value for name, value in bounds.items() if value is not None}}
