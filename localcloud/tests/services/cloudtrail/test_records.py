"""Which calls are recorded, and which of them a trail takes."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.services.cloudtrail.recording import event_name
from localcloud.services.cloudtrail.selectors import takes
from localcloud.services.cloudtrail.templates import create

UPLOADS = [
    {"Field": "eventCategory", "Equals": ["Data"]},
    {"Field": "readOnly", "Equals": ["false"]},
    {"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::raw/incoming/"]},
]


def event(key: str, **changed: str) -> dict[str, str]:
    return {
        "eventCategory": "Data",
        "readOnly": "false",
        "resources.ARN": f"arn:aws:s3:::raw/{key}",
        **changed,
    }


@pytest.mark.parametrize(
    ("method", "headers", "query", "name"),
    [
        ("PUT", {}, {}, "PutObject"),
        ("PUT", {}, {"x-id": "PutObject", "X-Amz-Signature": "a"}, "PutObject"),
        ("PUT", {"X-Amz-Copy-Source": "a/b"}, {}, "CopyObject"),
        ("POST", {}, {"uploadId": "1"}, "CompleteMultipartUpload"),
        ("POST", {}, {"uploads": ""}, ""),
        ("PUT", {}, {"uploadId": "1", "partNumber": "2"}, ""),
        ("PUT", {}, {"tagging": ""}, ""),
        ("GET", {}, {}, ""),
        ("DELETE", {}, {}, ""),
    ],
)
def test_what_makes_a_version_of_an_object_has_a_name(
    method: str, headers: dict[str, str], query: dict[str, Any], name: str
) -> None:
    assert event_name(method, headers, query) == name


def test_a_selector_takes_what_has_every_field() -> None:
    selectors = [{"Name": "Uploads", "FieldSelectors": UPLOADS}]
    assert takes(selectors, event("incoming/a.csv"))
    assert not takes(selectors, event("labels/a.csv"))
    assert not takes(selectors, event("incoming/a.csv", readOnly="true"))
    assert not takes([], event("incoming/a.csv"))
    excluding = [{"FieldSelectors": [*UPLOADS, {"Field": "resources.ARN", "NotEndsWith": [".tmp"]}]}]
    assert takes(excluding, event("incoming/a.csv"))
    assert not takes(excluding, event("incoming/a.tmp"))


def test_what_a_trail_is_asked_for_beside_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="does not support InsightSelectors"):
        create("Trail", {"S3BucketName": "b", "InsightSelectors": []}, "stack")
