from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from contracts.pipeline_config import PipelineConfig
from contracts.settings import AcceptLabelsSettings
from lambdas.accept_labels import handler as accept
from lambdas.front.inference_ids import inference_id
from lambdas.front.requests import principal_of
from lambdas.judge_quality.label_files import Label, read_file
from tests.unit.lambdas.conftest import set_environment
from tests.unit.lambdas.front.events import ROLE, event

ROOT = Path(__file__).parents[4]
SHIPPED = PipelineConfig.load(ROOT / "pipeline.toml")
MINE = inference_id(principal_of(ROLE), b"0123456789abcdef")
THEIRS = inference_id("arn:aws:iam::111122223333:role/other", b"0123456789abcdef")


@pytest.fixture
def post(monkeypatch, aws, context):
    shipped = tomllib.loads((ROOT / "pipeline.toml").read_text(encoding="utf-8"))
    config = PipelineConfig.from_document({**shipped, "front": {"max_rows": 3}})
    monkeypatch.setattr(accept, "_config", lambda path: config)
    set_environment(monkeypatch, AcceptLabelsSettings(raw_bucket_name="raw", pipeline_config_path="x"))
    boto3.client("s3").create_bucket(Bucket="raw")

    def post(*labels: Any) -> tuple[int, dict[str, Any]]:
        found = accept.handler(event("POST", "/v1/labels", {"labels": list(labels)}), context)
        return found["statusCode"], json.loads(found["body"])

    return post


def written() -> dict[str, str]:
    s3 = boto3.client("s3")
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket="raw").get("Contents", [])]
    return {key: s3.get_object(Bucket="raw", Key=key)["Body"].read().decode() for key in keys}


def test_labels_lie_as_a_file_where_the_monitor_reads_labels(post):
    status, body = post(
        {"inference_id": MINE, "value": 200_000.5}, {"inference_id": MINE, "row": 1, "value": " 1e5 "}
    )
    assert (status, body) == (200, {"accepted": 2})
    ((key, text),) = written().items()
    assert key.startswith("labels/front/20")
    assert text == f"inference_id,row,median_house_value\n{MINE},0,200000.5\n{MINE},1,1e5\n"


def test_the_monitor_reads_what_the_front_wrote_row_by_row(post):
    post({"inference_id": MINE, "value": 200_000.5}, {"inference_id": MINE, "row": 1, "value": 1e5})
    ((key, text),) = written().items()
    read = list(read_file(text.encode(), key, datetime(2026, 11, 28, tzinfo=UTC), SHIPPED.dataset))
    assert [(one.id, one.row, one.value) for one in read if isinstance(one, Label)] == [
        (MINE, 0, 200_000.5),
        (MINE, 1, 1e5),
    ]


def test_the_same_labels_sent_again_are_one_file(post):
    label = {"inference_id": MINE, "value": 1}
    post(label)
    post(label)
    assert len(written()) <= 2  # two only where an hour ended in between
    hour = datetime(2026, 11, 28, 14, 59, tzinfo=UTC)
    assert accept.key_of("x", "ann", hour) == accept.key_of("x", "ann", hour)
    assert accept.key_of("x", "ann", hour) != accept.key_of("x", "bob", hour)


def test_a_label_for_somebody_else_s_prediction_is_403_and_nothing_is_written(post):
    status, body = post({"inference_id": MINE, "value": 1}, {"inference_id": THEIRS, "value": 1})
    assert status == 403
    assert body["errors"][0]["row"] == 2
    assert not written()


@pytest.mark.parametrize(
    ("label", "place"),
    [
        (7, {"row": 1}),
        ({"value": 1}, {"row": 1, "field": "inference_id"}),
        ({"inference_id": MINE}, {"row": 1, "field": "value"}),
        ({"inference_id": MINE, "value": "much"}, {"row": 1, "field": "value"}),
        ({"inference_id": MINE, "value": -1}, {"row": 1, "field": "value"}),
        ({"inference_id": MINE, "value": [1]}, {"row": 1, "field": "value"}),
        ({"inference_id": MINE, "value": 1, "row": -1}, {"row": 1, "field": "row"}),
        ({"inference_id": MINE, "value": 1, "row": True}, {"row": 1, "field": "row"}),
        ({"inference_id": MINE, "value": 1, "rows": 1}, {"row": 1, "field": "rows"}),
    ],
)
def test_a_label_that_breaks_the_target_s_rules_is_refused_with_its_place(post, label, place):
    status, body = post(label)
    assert status == 400
    assert {key: value for key, value in body["errors"][0].items() if key != "reason"} == place
    assert not written()


def test_none_and_too_many_are_refused(post):
    assert post()[0] == 400
    assert post(*[{"inference_id": MINE, "value": 1}] * 4)[0] == 413
