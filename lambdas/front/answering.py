"""From a proxy event to the answer that API Gateway passes on: one route, or a problem."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from lambdas.front.problems import PROBLEM_TYPE, Problem
from lambdas.front.requests import FrontRequest, request_id_of
from lambdas.telemetry import logger

Route = Callable[[FrontRequest], Mapping[str, Any]]
# What is answered to one caller is nobody else's, not even a proxy's.
_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def answer(
    event: Mapping[str, Any],
    routes: Mapping[tuple[str, str], Route],
    *,
    now: Callable[[], float] = time.time,
) -> dict[str, Any]:
    """`routes` by method and resource; never raises. The log holds names and reasons, and no token."""
    request_id = request_id_of(event)
    try:
        document = _routed(FrontRequest.read(event, now_seconds=now()), routes)
    except Problem as problem:
        logger.info("request refused", request_id=request_id, status=problem.status, reason=problem.detail)
        return _refused(problem, request_id)
    except Exception:
        logger.exception("request failed", request_id=request_id)
        reason = "the request could not be answered; its id finds the reason in the log"
        return _refused(Problem(500, reason), request_id)
    return _answered(200, document, request_id, "application/json", {})


def _routed(request: FrontRequest, routes: Mapping[tuple[str, str], Route]) -> Mapping[str, Any]:
    route = routes.get((request.method, request.resource))
    if route is None:
        raise Problem(404, f"there is no {request.method} {request.resource}")
    return route(request)


def _refused(problem: Problem, request_id: str) -> dict[str, Any]:
    document = problem.as_document(request_id)
    return _answered(problem.status, document, request_id, PROBLEM_TYPE, problem.headers)


def _answered(
    status: int, document: Mapping[str, Any], request_id: str, kind: str, headers: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {**_HEADERS, "content-type": kind, "x-request-id": request_id, **headers},
        "body": json.dumps(document, allow_nan=False, separators=(",", ":")),
        "isBase64Encoded": False,
    }
