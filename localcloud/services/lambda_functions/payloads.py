"""How much goes into a function and comes out of it: 6 MiB each way, and 1 MiB into an asynchronous one.

Lambda's quotas page ("Invocation payload"): 6 MB each for request and response, 1 MB for asynchronous
requests. The service counts 6,291,456 bytes of a request and, as its own message says, 6,291,556 of a
response.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from localcloud.ministack_adapter import app

REQUEST_BYTES = 6 * 1024 * 1024
RESPONSE_BYTES = REQUEST_BYTES + 100
ASYNCHRONOUS_REQUEST_BYTES = 1024 * 1024


def install() -> None:
    """Refuse requests that are too large before any function sees them."""

    app.SERVICE_HANDLERS["lambda"] = _checking(app.SERVICE_HANDLERS["lambda"])


def _checking(handler: Any) -> Any:
    async def handle(method: str, path: str, headers: Mapping[str, str], body: bytes, query: Any) -> Any:
        if method == "POST" and path.rstrip("/").endswith("/invocations"):
            refusal = request_refusal(headers, len(body))
            if refusal is not None:
                return refusal
        return await handler(method, path, headers, body, query)

    return handle


def request_refusal(headers: Mapping[str, str], size: int) -> tuple[int, dict[str, str], bytes] | None:
    """The answer to a request that is too large; None for one that isn't."""
    kind = {name.lower(): value for name, value in headers.items()}.get("x-amz-invocation-type", "")
    limit = ASYNCHRONOUS_REQUEST_BYTES if kind == "Event" else REQUEST_BYTES
    if size <= limit:
        return None
    message = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
    answer = {"content-type": "application/json", "x-amzn-errortype": "RequestEntityTooLargeException"}
    return 413, answer, json.dumps({"Type": "User", "message": message}).encode()


def response_failure(size: int) -> dict[str, str] | None:
    """The error document of a function that answers too much; None for one that doesn't."""
    if size <= RESPONSE_BYTES:
        return None
    return {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": (
            f"Response payload size ({size} bytes) exceeded maximum allowed payload size "
            f"({RESPONSE_BYTES} bytes)."
        ),
    }
