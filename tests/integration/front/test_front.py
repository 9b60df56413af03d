"""The front as its callers have it: real HTTP, real tokens, the API that the template describes."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from operations.rehearsal.calling import Answer, Caller
from operations.rehearsal.issuer import Issuer
from tests.chaos.cloud import ChaosCloud
from tests.chaos.datasets import Line
from tests.integration.front.conftest import MAX_BYTES, MAX_ROWS

ROW = {"first": 1.0, "second": 0.25, "kind": "right"}
OTHER = {"first": -0.5, "second": 0.5, "kind": "left"}
ID = re.compile(r"f1\.[\w-]{22}\.[\w-]{22}")


def refused(answer: Answer, status: int) -> dict[str, Any]:
    """The problem document of a refusal."""
    assert answer.status == status, answer.document
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.document["status"] == status
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", answer.document["instance"])
    assert answer.document["detail"]
    document: dict[str, Any] = answer.document
    return document


def with_token(caller: Caller, token: str) -> Caller:
    return Caller(caller.address, token, **caller.headers)


def test_rows_are_answered_each_by_its_prediction_and_the_key_of_its_label(caller):
    answer = caller.post("/v1/predictions", {"rows": [ROW, OTHER]})
    assert answer.status == 200, answer.document
    assert ID.fullmatch(answer.document["inference_id"])
    expected = [Line(1).y(1.0, 0.25, "right"), Line(1).y(-0.5, 0.5, "left")]
    assert answer.document["predictions"] == pytest.approx(expected, abs=1.0)
    assert answer.headers["x-request-id"]
    assert answer.headers["cache-control"] == "no-store"


def test_an_interval_is_answered_around_each_prediction(caller):
    answer = caller.post("/v1/predictions", {"rows": [ROW], "interval": 0.9})
    ((low, high),) = answer.document["intervals"]
    assert low <= answer.document["predictions"][0] <= high


def test_labels_lie_in_the_raw_bucket_by_inference_id_and_row(caller, cloud: ChaosCloud):
    key = caller.post("/v1/predictions", {"rows": [ROW, OTHER]}).document["inference_id"]
    labels = [{"inference_id": key, "row": row, "value": 10.5 + row} for row in (0, 1)]
    answer = caller.post("/v1/labels", {"labels": labels})
    assert (answer.status, answer.document) == (200, {"accepted": 2})
    s3, bucket = cloud.client("s3"), cloud.outputs["RawBucketName"]
    found = s3.list_objects_v2(Bucket=bucket, Prefix="labels/front/")["Contents"]
    texts = [s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read().decode() for item in found]
    assert f"inference_id,row,y\n{key},0,10.5\n{key},1,11.5\n" in texts


def test_the_endpoint_s_capture_carries_the_inference_id(caller, cloud: ChaosCloud):
    key = caller.post("/v1/predictions", {"rows": [ROW]}).document["inference_id"]
    s3, bucket = cloud.client("s3"), cloud.outputs["ArtifactBucketName"]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = s3.list_objects_v2(Bucket=bucket, Prefix="capture/").get("Contents", [])
        if any(
            key in s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read().decode() for item in found
        ):
            return
        time.sleep(0.5)
    pytest.fail("no capture holds the inference id")


def test_a_label_for_another_s_prediction_is_refused(caller, issuer: Issuer):
    key = caller.post("/v1/predictions", {"rows": [ROW]}).document["inference_id"]
    other = with_token(caller, issuer.token("labels", subject="bob"))
    problem = refused(other.post("/v1/labels", {"labels": [{"inference_id": key, "value": 1.0}]}), 403)
    assert problem["errors"][0]["field"] == "inference_id"


def test_the_model_and_the_api_describe_themselves(caller):
    model = caller.get("/v1/model").document
    assert [column["name"] for column in model["columns"]] == ["first", "second", "kind"]
    assert model["limits"] == {"max_rows": MAX_ROWS, "max_body_bytes": MAX_BYTES}
    api = caller.get("/v1/openapi.json").document
    assert api["openapi"] == "3.1.0"
    assert set(api["paths"]) == {"/v1/predictions", "/v1/labels", "/v1/model", "/v1/openapi.json"}


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        ([ROW, {**ROW, "first": "many"}], {"row": 2, "field": "first"}),
        ([{key: ROW[key] for key in ("first", "kind")}], {"row": 1, "field": "second"}),
        ([ROW, 7], {"row": 2}),
        ([{**ROW, "first": [1]}], {"row": 1, "field": "first"}),
        ([], {"field": "rows"}),
    ],
)
def test_a_bad_row_is_named_with_its_field(caller, rows, place):
    problem = refused(caller.post("/v1/predictions", {"rows": rows}), 400)
    (mistake, *_) = problem["errors"]
    assert {key: mistake.get(key) for key in place} == place
    assert mistake["reason"]


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'{"rows": [{"first": NaN}]}'])
def test_a_body_that_is_no_json_object_is_400(caller, body):
    refused(caller.post("/v1/predictions", body), 400)


def test_too_many_rows_and_too_many_bytes_are_413(caller):
    assert "rows" in refused(caller.post("/v1/predictions", {"rows": [ROW] * (MAX_ROWS + 1)}), 413)["detail"]
    assert "bytes" in refused(caller.post("/v1/predictions", b" " * (MAX_BYTES + 1)), 413)["detail"]


def test_a_path_that_is_not_there_is_a_problem_as_well(caller):
    """API Gateway takes a token on no method's path for a signature that is none (its DEFAULT_4XX)."""
    answer = caller.get("/v1/models")
    assert answer.status == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.document["detail"]


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1},
        {"iss": "https://other.example.com"},
        {"aud": "other"},
        {"nbf": 1 << 40},
        {"token_use": "id"},
        {"sub": ""},
    ],
    ids=["expired", "another issuer", "another audience", "not yet", "an id token", "nobody"],
)
def test_a_token_that_is_not_good_is_401(caller, issuer, changes):
    refused(with_token(caller, issuer.token("predict", **changes)).get("/v1/model"), 401)


@pytest.mark.parametrize("token", ["", "a", "a.b", "e30.e30.e30"])
def test_what_is_no_token_is_401(caller, token):
    refused(with_token(caller, token).get("/v1/model"), 401)


def test_a_token_that_was_tampered_with_is_401(caller, issuer):
    head, _, signature = issuer.token("predict").split(".")
    other = issuer.token("labels", subject="eve").split(".")[1]
    refused(with_token(caller, f"{head}.{other}.{signature}").get("/v1/model"), 401)


def test_scopes_open_one_door_each(caller, issuer):
    predicting = with_token(caller, issuer.token("predict"))
    assert predicting.get("/v1/model").status == 200
    refused(predicting.post("/v1/labels", {"labels": []}), 403)
    labelling = with_token(caller, issuer.token("labels"))
    refused(labelling.post("/v1/predictions", {"rows": [ROW]}), 403)
    refused(labelling.post("/v1/labels", {"labels": []}), 400)
    refused(with_token(caller, issuer.token("other")).get("/v1/model"), 403)


def test_a_request_without_a_key_or_with_an_unknown_one_is_403(caller, issuer):
    token = issuer.token("predict")
    refused(Caller(caller.address, token).get("/v1/model"), 403)
    refused(Caller(caller.address, token, **{"x-api-key": "x" * 40}).get("/v1/model"), 403)


def test_a_caller_who_asks_too_often_is_429_and_others_are_answered(caller, issuer, keys):
    slow = Caller(caller.address, issuer.token("predict"), **{"x-api-key": keys["slow"]})
    answers = [slow.get("/v1/model") for _ in range(60)]
    throttled = [answer for answer in answers if answer.status == 429]
    assert {answer.status for answer in answers} == {200, 429}
    refused(throttled[0], 429)
    assert caller.get("/v1/model").status == 200


def test_signed_requests_of_an_administrator_open_nothing_without_a_token(cloud, caller):
    refused(Caller(caller.address, "", **caller.headers).get("/v1/model"), 401)
