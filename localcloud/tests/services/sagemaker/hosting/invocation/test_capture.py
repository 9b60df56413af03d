import base64
import json
import random
from typing import Any

import pytest

from localcloud.services.sagemaker.hosting.fleet.http import Response
from localcloud.services.sagemaker.hosting.invocation import capture as capture_module
from localcloud.services.sagemaker.hosting.invocation.capture import Capture, Sink
from localcloud.tests.services.sagemaker.fakes import FakeS3

CONFIG = {
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://bucket/capture",
    "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
}
MOMENT = 1_800_000_000.0


@pytest.fixture
def s3(monkeypatch):
    fake = FakeS3()
    monkeypatch.setattr(capture_module, "client_factory", lambda environment, region: lambda service: fake)
    return fake


class Kept:
    """A capture and what it complained of."""

    def __init__(self, **config) -> None:
        self.complaints: list[str] = []
        environment = {"AWS_ACCESS_KEY_ID": "ASIA1"}
        self.sink = Sink(
            "housing", "AllTraffic", {**CONFIG, **config}, environment, "us-east-1", self.complaints.append
        )
        self.capture = Capture(lambda: MOMENT, random.Random(1))

    def record(
        self, content_type: str, body: bytes, answer: Response, inference_id: str | None = None
    ) -> None:
        self.capture.record(self.sink, {"content-type": content_type}, body, answer, inference_id)


CSV = Response(200, {"content-type": "text/csv"}, b"4.5\n")


def lines(s3) -> list[dict[str, Any]]:
    return [json.loads(line) for data in s3.objects.values() for line in data.splitlines()]


def test_a_capture_is_a_json_line_below_endpoint_variant_and_hour(s3):
    kept = Kept()
    kept.record("text/csv", b"1,2", CSV, "my-id")
    kept.capture.stop()
    ((bucket, key),) = s3.objects
    assert bucket == "bucket"
    assert key.startswith("capture/housing/AllTraffic/2027/01/15/08/00-00-000-")
    assert key.endswith(".jsonl")
    (line,) = lines(s3)
    assert line["captureData"]["endpointInput"] == {
        "observedContentType": "text/csv",
        "mode": "INPUT",
        "data": "1,2",
        "encoding": "CSV",
    }
    assert line["captureData"]["endpointOutput"]["data"] == "4.5\n"
    assert line["eventMetadata"]["inferenceTime"] == "2027-01-15T08:00:00Z"
    assert line["eventMetadata"]["inferenceId"] == "my-id"
    assert line["eventVersion"] == "0"


def test_an_unlisted_content_type_is_kept_as_base64(s3):
    kept = Kept()
    kept.record("application/octet-stream", b"\x00\xff", CSV)
    kept.capture.stop()
    entry = lines(s3)[0]["captureData"]["endpointInput"]
    assert (entry["encoding"], base64.b64decode(entry["data"])) == ("BASE64", b"\x00\xff")


def test_only_the_chosen_side_is_kept(s3):
    kept = Kept(CaptureOptions=[{"CaptureMode": "Input"}])
    kept.record("text/csv", b"1,2", CSV)
    kept.capture.stop()
    assert list(lines(s3)[0]["captureData"]) == ["endpointInput"]


def test_a_percentage_keeps_about_that_many(s3):
    kept = Kept(InitialSamplingPercentage=20)
    for _ in range(500):
        kept.record("text/csv", b"1,2", CSV)
    kept.capture.stop()
    assert 70 < len(lines(s3)) < 130


def test_a_role_that_may_not_write_is_complained_of_and_breaks_nothing(s3):
    kept = Kept(DestinationS3Uri="s3://bucket/secret")
    kept.record("text/csv", b"1,2", CSV)
    kept.capture.stop()
    assert "not authorized to perform: s3:PutObject" in kept.complaints[0]
