"""Proxy events as API Gateway writes them (Developer Guide, "Input format of a Lambda function for proxy
integration")."""

from __future__ import annotations

import json
from typing import Any

ROLE = "arn:aws:sts::111122223333:assumed-role/shop/session-1"
REQUEST_ID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"


def event(method: str, resource: str, body: Any = None, **changes: Any) -> dict[str, Any]:
    """`body` is the text itself, or a document that becomes one; `changes` replace members."""
    text = body if body is None or isinstance(body, str) else json.dumps(body)
    return {
        "resource": resource,
        "path": resource,
        "httpMethod": method,
        "headers": {"Content-Type": "application/json"},
        "queryStringParameters": None,
        "pathParameters": None,
        "requestContext": {
            "requestId": REQUEST_ID,
            "resourcePath": resource,
            "httpMethod": method,
            "identity": {"userArn": ROLE, "sourceIp": "192.0.2.1"},
        },
        "body": text,
        "isBase64Encoded": False,
        **changes,
    }


def with_token(method: str, resource: str, body: Any, *, caller: str, expires: float) -> dict[str, Any]:
    """One that the authorizer let in; its context's values arrive as texts."""
    found = event(method, resource, body)
    found["requestContext"]["authorizer"] = {
        "caller": caller,
        "expires": f"{expires:.0f}",
        "principalId": caller,
    }
    found["requestContext"]["identity"] = {"userArn": None, "sourceIp": "192.0.2.1"}
    return found
