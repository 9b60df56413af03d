"""What was acknowledged survives kill -9: a change is on disk before its answer leaves the gateway.

SageMaker's records and S3's objects are written as they change. The other services live in ministack's
memory; a call that may have changed one waits here until a snapshot that began after it is written.
Concurrent calls share a snapshot. Telemetry is left to the snapshots of every second, and so is how far an
execution has come: it goes on from its last state, which may run twice, as on AWS.
"""

from __future__ import annotations

import asyncio
import contextvars
import re
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from localcloud.host.persistence import Snapshots

_READS = (
    "Get",
    "List",
    "Describe",
    "Head",
    "BatchGet",
    "Query",
    "Scan",
    "Receive",
    "Simulate",
    "Test",
    "Filter",
)
_TELEMETRY = ("PutMetricData", "PutLogEvents", "CreateLogStream", "PutTraceSegments", "PutTelemetryRecords")
_OWN_STORES = ("sagemaker", "localcloud")
_OVER = re.compile(rb"<(?:Stack|Resource)Status>\w+_(?:COMPLETE|FAILED)<")
_STATUS = re.compile(
    rb"<(?:StackStatus|ResourceStatus|Timestamp|LastUpdatedTime|CreationTime|StackId)>[^<]*<"
)
_EVENT_PATIENCE_SECONDS = 2.0
_EVENTS: contextvars.ContextVar[list[threading.Thread]] = contextvars.ContextVar("events of this request")
_Dispatch = Callable[..., Awaitable[Any]]


class Commits:
    """Snapshots on demand: `commit` returns once one that began after the call is on disk."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._begun: defaultdict[str, int] = defaultdict(int)
        self._done: defaultdict[str, int] = defaultdict(int)

    async def commit(self, key: str) -> None:
        """Wait for the next snapshot of this state, or make it."""
        wanted = self._begun[key] + 1
        async with self._locks[key]:
            if self._done[key] >= wanted:
                return
            self._begun[key] += 1
            await asyncio.to_thread(self._write, key)
            self._done[key] = self._begun[key]


def install(snapshots: Snapshots) -> None:
    """Hold back the answers of changes, and of uploads until their events are delivered."""
    from localcloud.ministack_adapter import app, s3

    s3.fire_s3_event_async = _remembered(s3)
    app.dispatch_service_request = _durable(app, Commits(snapshots.write_now))


def _durable(app: Any, commits: Commits) -> _Dispatch:
    dispatch: _Dispatch = app.dispatch_service_request
    keys = {module: key for key, module in app.state_map.items()}
    stacks = _Stacks()

    async def durable(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any], request_id: str
    ) -> Any:
        threads: list[threading.Thread] = []
        token = _EVENTS.set(threads)
        try:
            answer = await dispatch(method, path, headers, body, query, request_id)
        finally:
            _EVENTS.reset(token)
        parameters = app.routing_params(method, path, headers, body, query)
        if answer[0] >= 400:
            return answer
        if _may_change(method, path, headers, parameters):
            for thread in threads:
                await asyncio.to_thread(thread.join, _EVENT_PATIENCE_SECONDS)
            service = app.detect_service(method, path, headers, parameters)
            for key in _states(app, keys, service, path, delivered=bool(threads)):
                await commits.commit(key)
        elif stacks.tells_news(parameters, answer[2]):
            for key in app.build_persistence_save_dict():
                await commits.commit(key)
        return answer

    return durable


class _Stacks:
    """A stack's operation goes on after the call that began it; it is acknowledged when its end is told."""

    def __init__(self) -> None:
        self._told: set[int] = set()

    def tells_news(self, parameters: dict[str, Any], body: Any) -> bool:
        """Whether this answer tells for the first time that a stack's operation is over."""
        asked = next(iter(parameters.get("Action", ())), "").startswith("DescribeStack")
        if not (asked and isinstance(body, bytes) and _OVER.search(body)):
            return False
        told = hash(b" ".join(_STATUS.findall(body)))
        is_news = told not in self._told
        self._told.add(told)
        return is_news


def _may_change(method: str, path: str, headers: dict[str, str], parameters: dict[str, Any]) -> bool:
    """Whether the request may have changed what its service keeps."""
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    action = action or next(iter(parameters.get("Action", ())), "") or path.partition("/operation/")[2]
    if action:
        return not action.startswith(_READS) and action not in _TELEMETRY
    return method not in ("GET", "HEAD", "OPTIONS") and not path.endswith("/invocations")


def _states(app: Any, keys: dict[str, str], service: str, path: str, *, delivered: bool) -> list[str]:
    """The states to write, by ministack's names of their files."""
    config = app.SERVICE_REGISTRY.get(service)
    is_object = service == "s3" and path.count("/") > 1 and not path.endswith("/")
    own = keys.get(config["module"]) if config and service not in _OWN_STORES and not is_object else None
    states = [own] if own else []
    # What S3, SNS or EventBridge hand on waits in a queue.
    if delivered or service in ("sns", "events"):
        states.append(keys["sqs"])
    return states


def _remembered(s3: Any) -> Callable[..., None]:
    """S3's event on a thread of its own, as ministack fires it, which the request can wait for."""

    def fire(bucket: str, key: str, event: str, *arguments: Any, **named: Any) -> None:
        if bucket not in s3.bucket_notifications:
            return
        named["sequencer"] = s3.next_event_sequencer(event)
        context = contextvars.copy_context()
        thread = threading.Thread(
            target=lambda: context.run(s3.fire_s3_event, bucket, key, event, *arguments, **named),
            daemon=True,
        )
        thread.start()
        threads = _EVENTS.get(None)
        if threads is not None:
            threads.append(thread)

    return fire
