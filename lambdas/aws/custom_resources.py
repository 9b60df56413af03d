"""The answer that CloudFormation waits for (its User Guide, "Custom resource response objects")."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from typing import Any

_MAX_REASON = 3000  # the whole object may hold 4,096 bytes
_TIMEOUT_SECONDS = 30


def reply(event: Mapping[str, Any], status: str, reason: str, *, physical_id: str) -> None:
    """PUT the outcome to the presigned URL of the event; its signature covers an empty content type."""
    body = json.dumps(
        {
            "Status": status,
            "Reason": reason[:_MAX_REASON],
            "PhysicalResourceId": event.get("PhysicalResourceId", physical_id),
            "StackId": event["StackId"],
            "RequestId": event["RequestId"],
            "LogicalResourceId": event["LogicalResourceId"],
        }
    ).encode()
    request = urllib.request.Request(  # noqa: S310 - CloudFormation's own presigned URL
        event["ResponseURL"], data=body, method="PUT", headers={"Content-Type": ""}
    )
    with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS):  # noqa: S310
        pass
