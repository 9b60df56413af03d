"""AWS::CloudTrail::Trail; ministack has the service's API alone.

Ref is the trail's name (CloudFormation template reference, `AWS::CloudTrail::Trail`). CloudTrail makes no
trail for a bucket whose policy does not let it in (CloudTrail User Guide, "Amazon S3 bucket policy for
CloudTrail").
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from localcloud.ministack_adapter import cloudtrail, iam_evaluator, provisioners
from localcloud.services.eventbridge.deliveries import allows

KIND = "AWS::CloudTrail::Trail"
Properties = Mapping[str, Any]
Created = tuple[str, dict[str, str]]
_SERVICE = "cloudtrail.amazonaws.com"
# What goes to CreateTrail, by its name there.
_CREATED = {
    "S3BucketName": "S3BucketName",
    "S3KeyPrefix": "S3KeyPrefix",
    "IncludeGlobalServiceEvents": "IncludeGlobalServiceEvents",
    "IsMultiRegionTrail": "IsMultiRegionTrail",
    "EnableLogFileValidation": "EnableLogFileValidation",
    "KMSKeyId": "KmsKeyId",
}
_KNOWN = {*_CREATED, "TrailName", "IsLogging", "AdvancedEventSelectors", "Tags"}


def create(logical_id: str, properties: Properties, stack_name: str) -> Created:
    """Raises ValueError with the service's own words."""
    if unknown := sorted(set(properties) - _KNOWN):
        raise ValueError(f"{KIND}: the embedded cloud does not support {', '.join(unknown)}")
    name = properties.get("TrailName") or provisioners.physical_name(stack_name, logical_id, max_len=128)
    _check_bucket(str(properties["S3BucketName"]))
    asked = {api: _plain(properties[key]) for key, api in _CREATED.items() if key in properties}
    made = _ask(cloudtrail.create_trail, {"Name": name, **asked})
    if selectors := properties.get("AdvancedEventSelectors"):
        _ask(cloudtrail.put_event_selectors, {"TrailName": name, "AdvancedEventSelectors": list(selectors)})
    if _plain(properties.get("IsLogging", False)):
        _ask(cloudtrail.start_logging, {"Name": name})
    return str(name), {"Arn": str(made["TrailARN"])}


def update(
    physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str | None = None
) -> Created:
    """What it records is taken up anew; its name stays."""
    delete(physical_id, old)
    return create(logical_id or physical_id, {**new, "TrailName": physical_id}, stack_name)


def delete(physical_id: str, properties: Properties) -> None:
    """Of a trail that is gone already, nothing."""
    cloudtrail.delete_trail({"Name": physical_id})


def _check_bucket(bucket: str) -> None:
    arn = f"arn:aws:s3:::{bucket}"
    found = iam_evaluator.resource_policy("s3", arn)
    policy = json.loads(found[0]) if found and isinstance(found[0], str) else (found or ({},))[0]
    mine = [s for s in policy.get("Statement", []) if _SERVICE in json.dumps(s.get("Principal", ""))]
    conditions = [s.get("Condition", {}).get("StringEquals", {}) for s in mine]
    source = next((c["aws:SourceArn"] for c in conditions if "aws:SourceArn" in c), "")
    if not mine or not allows(policy, _SERVICE, "s3:GetBucketAcl", arn, {"aws:SourceArn": str(source)}):
        raise ValueError(
            f"Incorrect S3 bucket policy is detected for bucket: {bucket} (Service: AWSCloudTrail, Status "
            "Code: 400, Error Code: InsufficientS3BucketPolicyException)"
        )


def _plain(value: Any) -> Any:
    """A template's booleans may be texts."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _ask(operation: Any, request: dict[str, Any]) -> dict[str, Any]:
    status, _, body = operation(request)
    found: dict[str, Any] = json.loads(body)
    if status != 200:
        raise ValueError(f"{found.get('__type', status)}: {found.get('message') or found.get('Message')}")
    return found
