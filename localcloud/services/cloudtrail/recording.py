"""Writes of objects, recorded as CloudTrail does where a trail selects them.

CloudTrail User Guide, "CloudTrail record contents" and "userIdentity element"; Amazon S3 User Guide, "Amazon
S3 CloudTrail events". A call that was refused is recorded with its error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from localcloud.host.cloud import Cloud
from localcloud.ministack_adapter import cloudtrail, iam_evaluator, responses, router
from localcloud.services.cloudtrail.selectors import takes

DETAIL_TYPE = "AWS API Call via CloudTrail"
_VERSION = "1.11"
# Of a request that writes an object itself: SDKs' own marks, and a presigned address's parameters.
_NO_SUBRESOURCE = re.compile(r"x-id|x-amz-.*", re.IGNORECASE)
_ERROR = re.compile(rb"<Code>([^<]+)</Code>")
_TYPES = (("IAMUser", ":user/"), ("AssumedRole", ":assumed-role/"), ("Root", ":root"))


class Recorder:
    """Sends the events; the trails are CloudTrail's own."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def around(self, handler: Any) -> Any:
        async def handle(
            method: str, path: str, headers: Mapping[str, str], body: bytes, query: Any, **more: Any
        ) -> Any:
            answer = await handler(method, path, headers, body, query, **more)
            name = event_name(method, headers, query or {})
            if name and cloudtrail.trails:
                self._record(name, path, headers, query or {}, answer)
            return answer

        return handle

    def _record(
        self, name: str, path: str, headers: Mapping[str, str], query: Mapping[str, Any], answer: Any
    ) -> None:
        bucket, _, key = unquote(path).lstrip("/").partition("/")
        arn = f"arn:aws:s3:::{bucket}/{key}"
        event = {
            "eventCategory": "Data",
            "resources.type": "AWS::S3::Object",
            "resources.ARN": arn,
            "readOnly": "false",
            "eventName": name,
        }
        if not key or not any(takes(selectors, event) for selectors in _selectors()):
            return
        detail = {
            "eventVersion": _VERSION,
            "userIdentity": identity(dict(headers), query),
            "eventTime": responses.now_iso(),
            "eventSource": "s3.amazonaws.com",
            "eventName": name,
            "awsRegion": self._cloud.region,
            "requestParameters": {"bucketName": bucket, "key": key},
            **_outcome(answer),
            "eventID": responses.new_uuid(),
            "readOnly": False,
            "resources": [
                {"type": "AWS::S3::Object", "ARN": arn},
                {"accountId": self._cloud.account, "type": "AWS::S3::Bucket", "ARN": arn.partition("/")[0]},
            ],
            "eventType": "AwsApiCall",
            "managementEvent": False,
            "recipientAccountId": self._cloud.account,
            "eventCategory": "Data",
        }
        self._cloud.emit_event("aws.s3", DETAIL_TYPE, detail)


def event_name(method: str, headers: Mapping[str, str], query: Mapping[str, Any]) -> str:
    """The call that makes a version of an object; empty for every other."""
    own = {name for name in query if not _NO_SUBRESOURCE.fullmatch(name)}
    if method == "POST" and own == {"uploadId"}:
        return "CompleteMultipartUpload"
    if method != "PUT" or own:
        return ""
    copies = any(name.lower() == "x-amz-copy-source" for name in headers)
    return "CopyObject" if copies else "PutObject"


def identity(headers: dict[str, str], query: Mapping[str, Any]) -> dict[str, Any]:
    """`userIdentity` of whoever signed the request."""
    key = router.extract_access_key_id(headers, dict(query))
    found = iam_evaluator.resolve_credential(key) if key else None
    arn = str(getattr(found, "principal_arn", ""))
    if found is None or not arn:
        return {"type": "Unknown"}
    return {
        "type": next((kind for kind, mark in _TYPES if mark in arn), "Unknown"),
        "principalId": found.principal_id,
        "arn": arn,
        "accountId": found.account_id,
        "accessKeyId": key,
    }


def _outcome(answer: Any) -> dict[str, Any]:
    status, headers, body = answer[:3]
    if status < 300:
        version = {name.lower(): value for name, value in headers.items()}.get("x-amz-version-id")
        return {"responseElements": {"x-amz-version-id": version} if version else None}
    code = _ERROR.search(body if isinstance(body, bytes) else b"")
    return {"errorCode": code[1].decode() if code else str(status), "responseElements": None}


def _selectors() -> list[list[dict[str, Any]]]:
    """Of every trail that is logging."""
    logging = [name for name, trail in cloudtrail.trails.items() if trail.get("IsLogging")]
    found = [cloudtrail.get_event_selectors({"TrailName": name}) for name in logging]
    return [json.loads(body).get("AdvancedEventSelectors", []) for status, _, body in found if status == 200]
