"""Structured logs: one JSON object a line on standard output, which SageMaker sends to CloudWatch Logs."""

from __future__ import annotations

import sys
import time
from http import HTTPStatus
from typing import Any

import orjson

from inference.http.messages import Request, Response


def log(event: str, **fields: Any) -> None:
    line = orjson.dumps({"time": round(time.time(), 3), "event": event, **fields}, default=str)
    sys.stdout.write(line.decode() + "\n")
    sys.stdout.flush()


def log_request(request: Request, response: Response) -> None:
    """One request and its answer; of a refusal the reason too."""
    refused = response.status >= HTTPStatus.BAD_REQUEST
    log(
        "request",
        request_id=request.request_id,
        method=request.method,
        path=request.path[:200],
        status=response.status,
        bytes_in=len(request.body),
        **({"reason": response.body.decode("utf-8", "replace")[:500]} if refused else {}),
    )
