"""What a caller asks and gets, with an endpoint that stands in for SageMaker's."""

from __future__ import annotations

import io
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from contracts.errors import ServiceBusyError
from contracts.pipeline_config import PipelineConfig
from contracts.settings import PredictSettings
from lambdas.aws import clients
from lambdas.front.inference_ids import is_of
from lambdas.front.requests import principal_of
from lambdas.predict import handler as predict
from tests.unit.lambdas.conftest import set_environment
from tests.unit.lambdas.front.events import ROLE, event

ROOT = Path(__file__).parents[4]
ROW = {"longitude": -122.2, "ocean_proximity": "NEAR BAY"}


class FakeRuntime:
    """Answers what it is told, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answer: Any = {"predictions": [1.5]}

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        body = self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer).encode()
        return {"Body": io.BytesIO(body)}


@pytest.fixture
def runtime(monkeypatch, tmp_path) -> FakeRuntime:
    shipped = tomllib.loads((ROOT / "pipeline.toml").read_text(encoding="utf-8"))
    config = PipelineConfig.from_document({**shipped, "front": {"max_rows": 3, "max_body_bytes": 2000}})
    monkeypatch.setattr(predict, "_config", lambda path: config)
    settings = PredictSettings(
        endpoint_name="housing-dev",
        metric_namespace="Greenlight/housing-dev",
        pipeline_config_path="x",
        stage_name="dev",
    )
    set_environment(monkeypatch, settings)
    clients.MADE["sagemaker-runtime"] = fake = FakeRuntime()
    return fake


@pytest.fixture
def ask(runtime, context):
    def ask(body: Any) -> tuple[int, dict[str, Any]]:
        found = predict.handler(event("POST", "/v1/predictions", body), context)
        return found["statusCode"], json.loads(found["body"])

    return ask


def refused(status: int, message: Any) -> ClientError:
    text = message if isinstance(message, str) else json.dumps(message)
    response: Any = {
        "Error": {"Code": "ModelError", "Message": f"Received client error ({status})"},
        "OriginalStatusCode": status,
        "OriginalMessage": text,
    }
    return ClientError(response, "InvokeEndpoint")


def test_rows_go_to_the_endpoint_under_an_id_of_the_caller_s(ask, runtime):
    status, body = ask({"rows": [ROW]})
    assert (status, body["predictions"]) == (200, [1.5])
    (asked,) = runtime.asked
    assert json.loads(asked["Body"]) == {"records": [ROW]}
    assert asked["EndpointName"] == "housing-dev"
    assert asked["InferenceId"] == body["inference_id"]
    assert is_of(body["inference_id"], principal_of(ROLE))


def test_no_two_requests_have_the_same_id(ask):
    assert ask({"rows": [ROW]})[1]["inference_id"] != ask({"rows": [ROW]})[1]["inference_id"]


def test_intervals_are_asked_for_by_their_level(ask, runtime):
    runtime.answer = {"predictions": [1.5], "intervals": [[1.0, 2.0]]}
    _, body = ask({"rows": [ROW], "interval": 0.9})
    assert runtime.asked[0]["Accept"] == "application/json;interval=0.9"
    assert body["intervals"] == [[1.0, 2.0]]


def test_classes_come_with_their_probabilities(ask, runtime):
    runtime.answer = {"predictions": ["a"], "probabilities": [[0.9, 0.1]], "classes": ["a", "b"], "x": 1}
    assert set(ask({"rows": [ROW]})[1]) == {"inference_id", "predictions", "probabilities", "classes"}


@pytest.mark.parametrize(
    ("body", "status", "place"),
    [
        ({}, 400, {"field": "rows"}),
        ({"rows": []}, 400, {"field": "rows"}),
        ({"rows": {}}, 400, {"field": "rows"}),
        ({"rows": [ROW], "row": 1}, 400, {"field": "row"}),
        ({"rows": [ROW, 7]}, 400, {"row": 2}),
        ({"rows": [ROW, {"a": [1]}]}, 400, {"row": 2, "field": "a"}),
        ('{"rows": [{"a": 1e999}]}', 400, {"row": 1, "field": "a"}),
        ({"rows": [ROW], "interval": 1}, 400, {"field": "interval"}),
        ({"rows": [ROW], "interval": True}, 400, {"field": "interval"}),
    ],
)
def test_a_wrong_form_is_refused_with_its_place_and_never_reaches_the_endpoint(
    ask, runtime, body, status, place
):
    found, document = ask(body)
    assert found == status
    assert {key: value for key, value in document["errors"][0].items() if key != "reason"} == place
    assert not runtime.asked


@pytest.mark.parametrize("body", [{"rows": [ROW] * 4}, {"rows": [{"a": "x" * 3000}]}])
def test_too_many_rows_or_bytes_are_413(ask, runtime, body):
    assert ask(body)[0] == 413
    assert not runtime.asked


def test_what_the_model_refuses_is_told_with_row_and_field(ask, runtime):
    said = {"error": "row 2, column 'rooms': is not a number", "row": 2, "column": "rooms"}
    runtime.answer = refused(400, said)
    status, document = ask({"rows": [ROW, ROW]})
    assert status == 400
    assert document["detail"] == "row 2, column 'rooms': is not a number"
    assert document["errors"] == [{"row": 2, "field": "rooms", "reason": "is not a number"}]


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (refused(500, "the model broke: secret"), 502),
        (refused(429, "busy"), 503),
        (refused(413, "too large"), 413),
        (refused(400, "not JSON"), 400),
        (refused(504, "timed out"), 504),
        (ReadTimeoutError(endpoint_url="x"), 504),
        (ServiceBusyError("throttled"), 503),
        (b"no json", 502),
        ({"predictions": []}, 502),
    ],
)
def test_each_failure_says_what_the_caller_can_do(ask, runtime, failure, status):
    runtime.answer = failure
    found, document = ask({"rows": [ROW]})
    assert found == status
    assert "secret" not in json.dumps(document)


def test_without_a_model_it_is_503_and_to_be_tried_again(runtime, context):
    error: Any = {
        "Error": {"Code": "ValidationError", "Message": "Endpoint housing-dev of account 1 not found."}
    }
    runtime.answer = ClientError(error, "InvokeEndpoint")
    found = predict.handler(event("POST", "/v1/predictions", {"rows": [ROW]}), context)
    assert found["statusCode"] == 503
    assert found["headers"]["retry-after"] == "10"


def test_the_model_s_columns_are_those_of_the_contract_without_the_target(runtime, context):
    document = json.loads(predict.handler(event("GET", "/v1/model"), context)["body"])
    names = [column["name"] for column in document["columns"]]
    assert "longitude" in names
    assert "median_house_value" not in names
    assert document["limits"] == {"max_rows": 3, "max_body_bytes": 2000}
    (kind,) = [column for column in document["columns"] if column["name"] == "ocean_proximity"]
    assert kind["categories"][0] == "<1H OCEAN"


def test_the_description_holds_a_schema_of_each_row_and_every_reference_is_there(runtime, context):
    document = json.loads(predict.handler(event("GET", "/v1/openapi.json"), context)["body"])
    row = document["components"]["schemas"]["Row"]
    assert row["properties"]["total_bedrooms"] == {"type": ["number", "null"], "minimum": 0.0}
    assert row["properties"]["ocean_proximity"]["enum"][1] == "INLAND"
    for reference in references(document):
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for part in value.values() for found in references(part)]
    return [found for part in value for found in references(part)] if isinstance(value, list) else []
