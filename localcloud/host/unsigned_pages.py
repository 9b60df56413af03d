"""Closes what ministack offers to whoever asks without a signature: its own admin pages and its registry.

`/_ministack/reset` would empty the account, and the Docker registry would take images; the cloud is to be
reached as AWS is, by signed calls alone.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from localcloud.host.cloud import Cloud
from localcloud.ministack_adapter import app

_OPEN = ("/_ministack/cfn-response/", "/_ministack/cfn-signal/")
"""Where custom resources and wait handles answer, each at a secret address, as with S3's presigned URLs."""
_CLOSED = ("/_ministack/", "/_localstack/", "/v2/")
_App = Callable[[Any, Any, Any], Awaitable[None]]


def install(cloud: Cloud) -> None:
    """Stand before the gateway's application."""

    app.app = _guarded(app.app)


def _guarded(application: _App) -> _App:
    async def guarded(scope: Any, receive: Any, send: Any) -> None:
        path = scope.get("path", "")
        if scope["type"] == "http" and path.startswith(_CLOSED) and not path.startswith(_OPEN):
            await _refuse(send)
            return
        await application(scope, receive, send)

    return guarded


async def _refuse(send: Any) -> None:
    document = {
        "__type": "AccessDeniedException",
        "message": "This address takes no requests: sign a call instead.",
    }
    body = json.dumps(document).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
