"""Task: one call of a service, waited for as its pattern says, within its time limits.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.iam import decisions
from localcloud.ministack_adapter import stepfunctions
from localcloud.services.stepfunctions.data import query
from localcloud.services.stepfunctions.definitions import resources
from localcloud.services.stepfunctions.definitions.argument_rules import started_problems
from localcloud.services.stepfunctions.definitions.resources import Job, Resource
from localcloud.services.stepfunctions.errors import StatesError, StoppedError
from localcloud.services.stepfunctions.execution.frame import Frame
from localcloud.services.stepfunctions.execution.history import payload

_FOREVER_SECONDS = 99_999_999
_POLL_SECONDS = 0.2
_LONGEST_POLL_SECONDS = 1.0
_POLL_GROWTH = 1.1
"""A job that takes long is asked about less often: many at once would keep the gateway busy."""
_MANAGED_TAG = {"Key": "MANAGED_BY_AWS", "Value": "STARTED_BY_STEP_FUNCTIONS"}
State = Mapping[str, Any]


@dataclass
class _Limits:
    """Wall-clock limits of real work: a faster cloud does not make a process faster."""

    timeout: float
    heartbeat: float | None
    deadline: float

    def left(self) -> float:
        return self.deadline - time.monotonic()


def run_task(state: State, value: Any, frame: Frame) -> Any:
    """One attempt of a Task; the state's output."""
    resource = resources.parse(state["Resource"])
    if resource.waits_for_token:
        frame.context["Task"] = {"Token": frame.execution.task_token()}
    arguments = query.arguments(state, value, frame)
    _refuse(resource, arguments, frame)
    limits = _limits(state, value, frame)
    kind = {"resourceType": resource.history_type, "resource": _action(resource)}
    if not frame.execution.resumes_waiting:
        _scheduled(state, arguments, limits, kind, frame)
    try:
        result = _attempt(resource, arguments, frame, limits)
    except StatesError as error:
        timed_out = error.error in ("States.Timeout", "States.HeartbeatTimeout")
        name = "TaskTimedOut" if timed_out else "TaskFailed"
        details = f"{name[0].lower()}{name[1:]}EventDetails"
        frame.event(name, details, **kind, error=error.error, cause=error.cause)
        raise
    frame.event(
        "TaskSucceeded",
        "taskSucceededEventDetails",
        **kind,
        output=payload(result),
        outputDetails={"truncated": False},
    )
    return query.output(state, value, result, frame)


def _refuse(resource: Resource, arguments: Any, frame: Frame) -> None:
    """Arguments that an expression made are checked once they are there: a bad field ends the task."""
    found = [] if resource.function_arn else started_problems(resource, arguments)
    if found:
        raise StatesError(
            "States.Runtime",
            f"An error occurred while executing the state '{frame.context['State']['Name']}'. The Parameters"
            f" '{payload(arguments)}' could not be used to start the Task: [{', '.join(found)}]",
        )


def _scheduled(state: State, arguments: Any, limits: _Limits, kind: Mapping[str, str], frame: Frame) -> None:
    frame.event(
        "TaskScheduled",
        "taskScheduledEventDetails",
        **kind,
        region=frame.execution.cloud.region,
        parameters=payload(arguments),
        timeoutInSeconds=int(limits.timeout) if "TimeoutSeconds" in state else None,
        heartbeatInSeconds=int(limits.heartbeat) if limits.heartbeat else None,
    )
    frame.event("TaskStarted", "taskStartedEventDetails", **kind)


def _action(resource: Resource) -> str:
    return f"{resource.action}.{resource.pattern}" if resource.pattern else resource.action


def _limits(state: State, value: Any, frame: Frame) -> _Limits:
    timeout = _seconds(state, "TimeoutSeconds", value, frame) or _FOREVER_SECONDS
    heartbeat = _seconds(state, "HeartbeatSeconds", value, frame)
    return _Limits(timeout, heartbeat, time.monotonic() + timeout)


def _seconds(state: State, name: str, value: Any, frame: Frame) -> float | None:
    if name in state:
        return float(query.field(state, name, "number", value, frame))
    if f"{name}Path" in state:
        return float(stepfunctions.resolve_path_or_ctx(state[f"{name}Path"], value, frame.context))
    return None


def _attempt(resource: Resource, arguments: Any, frame: Frame, limits: _Limits) -> Any:
    if resource.waits_for_token:
        return _with_token(resource, arguments, frame, limits)
    if resource.job is not None:
        return _job(resource, resource.job, arguments, frame, limits)
    return _within(lambda: _call(resource, arguments, frame), frame, limits)


def _call(resource: Resource, arguments: Any, frame: Frame) -> Any:
    calls = frame.execution.calls
    if resource.function_arn:
        return calls.invoke(resource.function_arn, arguments)["Payload"]
    if resource.service == "lambda" and resource.action == "invoke" and not resource.sdk:
        given = dict(arguments)
        event = given.pop("Payload", {})
        return calls.invoke(given.pop("FunctionName"), event, given)
    return calls.call(resource, arguments)


def _within(work: Callable[[], Any], frame: Frame, limits: _Limits) -> Any:
    """The work's result, unless the time runs out or the execution ends first: it is then left alone."""
    done = threading.Event()
    box: dict[str, Any] = {}

    def run() -> None:
        try:
            box["result"] = work()
        except BaseException as error:
            box["error"] = error
        done.set()

    frame.execution.in_thread(run)
    if not frame.execution.wait(done, limits.left()):
        raise StatesError("States.Timeout", f"The task ran longer than its {limits.timeout:g} seconds.")
    if "error" in box:
        raise box["error"]
    return box["result"]


def _job(resource: Resource, job: Job, arguments: Any, frame: Frame, limits: _Limits) -> Any:
    """`.sync`: start the job unless a restart of the cloud finds it started, then wait for its end."""
    execution = frame.execution
    describe = Resource(resource.arn, resource.service, job.describe)
    name = execution.resumed("job")
    if name is None:
        asked = _tagged(resource, job, arguments, frame)
        started = _within(lambda: execution.calls.call(resource, asked), frame, limits)
        frame.event(
            "TaskSubmitted",
            "taskSubmittedEventDetails",
            resourceType=resource.history_type,
            resource=_action(resource),
            output=payload(started),
            outputDetails={"truncated": False},
        )
        name = started.get(job.key) or asked[job.key]
        execution.submitted(frame, "job", name)
    try:
        described = _poll(describe, job, name, frame, limits)
    except (StatesError, StoppedError):
        _stop(resource, job, name, frame)
        raise
    if described[job.status] not in job.succeeded:
        raise StatesError("States.TaskFailed", payload(described))
    return _parsed(resource, described)


def _poll(describe: Resource, job: Job, name: str, frame: Frame, limits: _Limits) -> dict[str, Any]:
    never, pause = threading.Event(), _POLL_SECONDS
    while True:
        described = _within(
            lambda: frame.execution.calls.call(describe, {job.key: name}, patient=True), frame, limits
        )
        if described.get(job.status) in job.ended:
            described.pop("SdkHttpMetadata", None)
            described.pop("SdkResponseMetadata", None)
            return dict(described)
        if limits.left() <= 0:
            raise StatesError("States.Timeout", f"The job ran longer than its {limits.timeout:g} seconds.")
        frame.execution.wait(never, pause)
        pause = min(pause * _POLL_GROWTH, _LONGEST_POLL_SECONDS)


def _stop(resource: Resource, job: Job, name: str, frame: Frame) -> None:
    """Stop the job as far as the role may: AWS makes a best effort too."""
    stop = Resource(resource.arn, resource.service, job.stop)
    try:
        frame.execution.calls.call(stop, {job.key: name})
    except StatesError as error:
        frame.execution.remark(f"{name} was not stopped: {error}")


def _tagged(resource: Resource, job: Job, arguments: Any, frame: Frame) -> Any:
    """Step Functions tags the SageMaker jobs that it starts, for which its role needs sagemaker:AddTags."""
    if not job.resource_type:
        return arguments
    cloud = frame.execution.cloud
    arn = f"arn:aws:sagemaker:{cloud.region}:{cloud.account}:{job.resource_type}/{arguments.get(job.key)}"
    try:
        decisions.check(
            frame.execution.calls.keys, "sagemaker:AddTags", arn, account=cloud.account, region=cloud.region
        )
    except decisions.NotAuthorizedError as error:
        detail = (
            "(Service: AmazonSageMaker; Status Code: 400; Error Code: AccessDeniedException; Proxy: null)"
        )
        raise StatesError("SageMaker.AmazonSageMakerException", f"{error} {detail}") from error
    return {**arguments, "Tags": [*arguments.get("Tags", []), _MANAGED_TAG]}


def _parsed(resource: Resource, described: dict[str, Any]) -> dict[str, Any]:
    """startExecution.sync:2 gives the child's input and output as JSON, not as strings."""
    if resource.pattern == "sync:2":
        for name in ("Input", "Output"):
            if isinstance(described.get(name), str):
                described[name] = json.loads(described[name])
    return described


def _with_token(resource: Resource, arguments: Any, frame: Frame, limits: _Limits) -> Any:
    """`.waitForTaskToken`: call, then wait for SendTaskSuccess or SendTaskFailure."""

    execution = frame.execution
    token = frame.context["Task"]["Token"]
    record: dict[str, Any] = {"event": threading.Event(), "result": None, "error": None, "heartbeat": None}
    stepfunctions.task_tokens[token] = record
    try:
        if execution.resumed("token") is None:
            submitted = _within(lambda: _call(resource, arguments, frame), frame, limits)
            frame.event(
                "TaskSubmitted",
                "taskSubmittedEventDetails",
                resourceType=resource.history_type,
                resource=_action(resource),
                output=payload(submitted),
            )
            execution.submitted(frame, "token", token)
        _await_token(record, frame, limits)
    finally:
        stepfunctions.task_tokens.pop(token, None)
    if record["error"]:
        raise StatesError(record["error"].get("Error") or "", record["error"].get("Cause") or "")
    return json.loads(record["result"])


def _await_token(record: dict[str, Any], frame: Frame, limits: _Limits) -> None:
    """Nobody works meanwhile that the wall would have to wait for: where the clock is moved, the limits come
    nearer."""
    clock = frame.execution.cloud.clock
    moved = clock.advanced

    def passed() -> float:
        return time.monotonic() + clock.advanced - moved

    beat, last = None, passed()
    while True:
        wait = limits.deadline - passed()
        if limits.heartbeat is not None:
            wait = min(wait, last + limits.heartbeat - passed())
        if frame.execution.wait(record["event"], max(0.0, min(wait, 1.0))):
            return
        if record["heartbeat"] != beat:
            beat, last = record["heartbeat"], passed()
        if limits.deadline - passed() <= 0:
            raise StatesError("States.Timeout", f"No task token came back in {limits.timeout:g} seconds.")
        if limits.heartbeat is not None and passed() - last >= limits.heartbeat:
            raise StatesError(
                "States.HeartbeatTimeout", f"No heartbeat came in {limits.heartbeat:g} seconds."
            )
