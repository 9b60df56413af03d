"""Faults of calls that come through the gateway: around ministack's dispatch and its ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from localcloud.faults import answers
from localcloud.faults.injector import Injector
from localcloud.faults.plan import Call, Rule
from localcloud.ministack_adapter import app, iam_actions, iam_evaluator
from localcloud.services.sagemaker.hosting.models.staleness import unseen_for
from localcloud.services.sagemaker.mlflow import proxy as mlflow

_Dispatch = Callable[..., Awaitable[Any]]


class _NoAnswerError(Exception):
    """The client gets nothing more on this connection."""


def install(injector: Injector) -> None:
    """Stand between the gateway and every service."""

    app.dispatch_service_request = _suffering(app.dispatch_service_request, injector)
    app.app = _hanging_up(app.app)


def _suffering(dispatch: _Dispatch, injector: Injector) -> _Dispatch:
    async def suffering(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any], request_id: str
    ) -> Any:
        if not injector.looks_at_calls:
            return await dispatch(method, path, headers, body, query, request_id)
        service, call = _identify(method, path, headers, body, query)
        rule = injector.strike(call) if call else None
        if call is None or rule is None:
            return await dispatch(method, path, headers, body, query, request_id)
        if rule.fault in ("throttle", "error"):
            return answers.answer(rule.fault, service, call.service, call.operation, headers, request_id)

        async def carry_out() -> Any:
            return await dispatch(method, path, dict(headers), body, dict(query), request_id)

        return await _misdeliver(rule, carry_out)

    return suffering


async def _misdeliver(rule: Rule, carry_out: Callable[[], Awaitable[Any]]) -> Any:
    if rule.fault == "twice":
        first = await carry_out()
        await carry_out()
        return first
    if rule.fault == "stale":
        with unseen_for(rule.seconds):
            return await carry_out()
    if rule.fault == "lost":
        await carry_out()
    else:
        await asyncio.sleep(rule.seconds)
    raise _NoAnswerError


def _identify(
    method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
) -> tuple[str, Call | None]:
    """The service by ministack's name, and the call; None for what is no call of an AWS API."""

    parameters = app.routing_params(method, path, headers, body, query)
    service = app.detect_service(method, path, headers, parameters)
    action = iam_actions.extract_iam_action(service, method, path, headers, body, parameters)
    if action is None and mlflow.APP_HEADER in headers:
        action = mlflow.ACTION
    if action is None or action.startswith("localcloud:"):
        return service, None
    namespace, _, operation = action.partition(":")
    return service, Call(namespace, operation, iam_evaluator.request_caller_arn(headers, query))


def _hanging_up(application: Any) -> Any:
    async def hanging_up(scope: Any, receive: Any, send: Any) -> None:
        try:
            await application(scope, receive, send)
        except _NoAnswerError:
            await hang_up(send)

    return hanging_up


async def hang_up(send: Any) -> None:
    """End the connection without an answer; ASGI has no message for it, so hypercorn's stream is told."""
    from hypercorn.protocol.events import StreamClosed

    stream = getattr(send, "__self__", None)
    while stream is None and getattr(send, "__closure__", None):
        send = next((cell.cell_contents for cell in send.__closure__ if callable(cell.cell_contents)), None)
        stream = getattr(send, "__self__", None)
    if stream is None:
        raise RuntimeError("the server's stream is not behind `send`: is it hypercorn?")
    await stream.send(StreamClosed(stream_id=stream.stream_id))
    stream.closed = True
