"""Who uploaded a file, as CloudTrail tells of it.

CloudTrail User Guide, "CloudTrail record contents" and "userIdentity element": `arn` is that of the user or
of the role's session. Amazon S3 User Guide, "Amazon S3 CloudTrail events": `requestParameters` names bucket
and key, `responseElements` the version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DETAIL_TYPE = "AWS API Call via CloudTrail"
_VERSION = "x-amz-version-id"


@dataclass(frozen=True, kw_only=True)
class Uploaded:
    """One version of one object, and the ARN of whoever wrote it."""

    subject: str
    by: str


def read(detail: Mapping[str, Any]) -> Uploaded | None:
    """None where the record does not say which version was written, or by whom."""
    asked, answered = detail.get("requestParameters") or {}, detail.get("responseElements") or {}
    by = (detail.get("userIdentity") or {}).get("arn", "")
    bucket, key, version = asked.get("bucketName"), asked.get("key"), answered.get(_VERSION)
    if not (by and bucket and key and version):
        return None
    return Uploaded(subject=subject_of(bucket, key, version), by=str(by))


def subject_of(bucket: str, key: str, version_id: str) -> str:
    """What an upload goes by in the table."""
    return f"s3://{bucket}/{key}?versionId={version_id}"
