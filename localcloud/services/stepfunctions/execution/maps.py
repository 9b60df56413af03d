"""Map: the same states for each item of an array, here or as child executions of a Map Run.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map.html
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Mapping
from typing import Any

from localcloud.iam import decisions
from localcloud.ministack_adapter import responses, stepfunctions
from localcloud.services.stepfunctions.data import query
from localcloud.services.stepfunctions.data.items import read_items
from localcloud.services.stepfunctions.errors import StatesError
from localcloud.services.stepfunctions.execution.branches import together
from localcloud.services.stepfunctions.execution.frame import Frame
from localcloud.services.stepfunctions.execution.tolerance import Tolerance, tolerance

_INLINE_CONCURRENCY = 40
_DISTRIBUTED_CONCURRENCY = 64
State = Mapping[str, Any]
RunStates = Callable[[Mapping[str, Any], Any, Frame], Any]


def run_map(state: State, value: Any, frame: Frame, run_states: RunStates) -> Any:
    """Run the item processor on every item; the state's output, made of the items' outputs."""
    processor = state.get("ItemProcessor") or state["Iterator"]
    distributed = (processor.get("ProcessorConfig") or {}).get("Mode") == "DISTRIBUTED"
    items = _items(state, value, frame)
    inputs = _batched(state, [_selected(state, value, frame, i, item) for i, item in enumerate(items)])
    frame.event("MapStateStarted", "mapStateStartedEventDetails", length=len(inputs))
    workers = _concurrency(state, value, frame, distributed)
    tolerated = tolerance(state, value, frame)
    if distributed:
        results = _MapRun(state, frame, processor, run_states, tolerated).run(inputs, workers)
    else:
        results = _inline(inputs, items, processor, frame, run_states, workers, tolerated)
    frame.event("MapStateSucceeded")
    return query.output(state, value, results, frame)


def _inline(
    inputs: list[Any],
    items: list[Any],
    processor: State,
    frame: Frame,
    run_states: RunStates,
    workers: int,
    tolerated: Tolerance,
) -> list[Any]:
    name = frame.context["State"]["Name"]

    def run(index: int) -> tuple[Any, bool]:
        inner = frame.inner(Map={"Item": {"Index": index, "Value": items[index]}})
        inner.event("MapIterationStarted", "mapIterationStartedEventDetails", name=name, index=index)
        try:
            result = run_states(processor, inputs[index], inner)
        except StatesError:
            inner.event("MapIterationFailed", "mapIterationFailedEventDetails", name=name, index=index)
            if tolerated.is_declared:
                return None, False
            raise
        inner.event("MapIterationSucceeded", "mapIterationSucceededEventDetails", name=name, index=index)
        return result, True

    try:
        outcomes = together(run, len(inputs), frame, workers)
        results = [result for result, succeeded in outcomes if succeeded]
        tolerated.check(len(outcomes) - len(results), len(outcomes))
        return results
    except StatesError:
        frame.event("MapStateFailed")
        raise


class _MapRun:
    """A distributed Map: each item is a child execution that ListExecutions(mapRunArn) reports."""

    def __init__(
        self, state: State, frame: Frame, processor: State, run_states: RunStates, tolerated: Tolerance
    ) -> None:
        self._frame = frame
        self._tolerated = tolerated
        self._processor = processor
        self._run_states = run_states
        self._lock = threading.Lock()
        record = frame.execution.record
        self._machine = f"{record['stateMachineArn']}/{state.get('Label') or secrets.token_hex(5)}"
        arn = self._machine.replace(":stateMachine:", ":mapRun:")
        counts = (
            "pending",
            "running",
            "succeeded",
            "failed",
            "timedOut",
            "aborted",
            "total",
            "resultsWritten",
        )
        self._run = {
            "mapRunArn": f"{arn}:{_uuid()}",
            "executionArn": record["executionArn"],
            "status": "RUNNING",
            "startDate": responses.now_iso(),
            "maxConcurrency": int(state.get("MaxConcurrency") or 0),
            "toleratedFailurePercentage": tolerated.percentage or 0.0,
            "toleratedFailureCount": tolerated.count or 0,
            "itemCounts": dict.fromkeys(counts, 0),
            "executionCounts": dict.fromkeys(counts, 0),
            "redriveCount": 0,
            "_stateMachineArn": self._machine,
        }

    def run(self, inputs: list[Any], workers: int) -> list[Any]:
        """Run the children; fails with States.ExceedToleratedFailureThreshold."""

        children = f"{self._machine.replace(':stateMachine:', ':execution:')}:{_uuid()}"
        self._require("states:StartExecution", self._frame.execution.record["stateMachineArn"])
        self._require("states:DescribeExecution", children)
        stepfunctions.map_runs[self._run["mapRunArn"]] = self._run
        self._frame.event("MapRunStarted", "mapRunStartedEventDetails", mapRunArn=self._run["mapRunArn"])
        self._count("total", len(inputs))
        self._count("pending", len(inputs))
        outcomes = together(lambda i: self._child(i, inputs[i]), len(inputs), self._frame, workers)
        failed = sum(1 for _, error in outcomes if error is not None)
        try:
            self._tolerated.check(failed, len(inputs))
        except StatesError as error:
            self._run.update(status="FAILED", stopDate=responses.now_iso())
            told = {"error": error.error, "cause": error.cause}
            self._frame.event("MapRunFailed", "mapRunFailedEventDetails", **told)
            self._frame.event("MapStateFailed")
            raise
        self._run.update(status="SUCCEEDED", stopDate=responses.now_iso())
        self._frame.event("MapRunSucceeded")
        return [result for result, error in outcomes if error is None]

    def _require(self, action: str, arn: str) -> None:
        """Children are started and followed in the state machine's own role.

        https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
        """
        cloud = self._frame.execution.cloud
        keys = self._frame.execution.calls.keys
        try:
            decisions.check(keys, action, arn, account=cloud.account, region=cloud.region)
        except decisions.NotAuthorizedError as error:
            raise StatesError("States.Permissions", str(error)) from error

    def _child(self, index: int, value: Any) -> tuple[Any, StatesError | None]:
        child = self._frame.execution.child(self._machine, _uuid(), value, self._run["mapRunArn"])
        self._count("pending", -1)
        self._count("running", 1)
        inner = self._frame.inner(Map={"Item": {"Index": index, "Value": value}})
        inner.execution, inner.previous = child, 1
        try:
            result = self._run_states(self._processor, value, inner)
        except StatesError as error:
            child.failed(error, inner.previous)
            self._ended("failed")
            return None, error
        child.succeeded(result, inner.previous)
        self._ended("succeeded")
        return result, None

    def _ended(self, outcome: str) -> None:
        self._count("running", -1)
        self._count(outcome, 1)

    def _count(self, name: str, change: int) -> None:
        with self._lock:
            for counts in (self._run["itemCounts"], self._run["executionCounts"]):
                counts[name] += change


def _items(state: State, value: Any, frame: Frame) -> list[Any]:
    if "ItemReader" in state:
        return read_items(state, value, frame)
    if query.is_jsonata(state, frame):
        found = query.fill(state["Items"], value, frame) if "Items" in state else value
    else:
        effective = stepfunctions.apply_input_path(state, value, frame.context)
        found = stepfunctions.resolve_path_or_ctx(state.get("ItemsPath", "$"), effective, frame.context)
    if isinstance(found, dict):
        return [{"Key": name, "Value": part} for name, part in found.items()]
    if not isinstance(found, list):
        raise StatesError(
            "States.QueryEvaluationError", f"The Map's items must be an array, not {json.dumps(found)}"
        )
    return found


def _selected(state: State, value: Any, frame: Frame, index: int, item: Any) -> Any:
    template = state.get("ItemSelector") or state.get("Parameters")
    if not template:
        return item
    inner = frame.inner(Map={"Item": {"Index": index, "Value": item}})
    if query.is_jsonata(state, frame):
        return query.fill(template, value, inner)

    return stepfunctions.resolve_params_obj(template, value, inner.context)


def _batched(state: State, inputs: list[Any]) -> list[Any]:
    """ItemBatcher: several items for one child, as {BatchInput, Items}."""
    batcher = state.get("ItemBatcher")
    if not batcher:
        return inputs
    size = int(batcher.get("MaxItemsPerBatch") or len(inputs) or 1)
    shared = {"BatchInput": batcher["BatchInput"]} if "BatchInput" in batcher else {}
    return [{**shared, "Items": inputs[start : start + size]} for start in range(0, len(inputs), size)]


def _concurrency(state: State, value: Any, frame: Frame, distributed: bool) -> int:
    most = _DISTRIBUTED_CONCURRENCY if distributed else _INLINE_CONCURRENCY
    asked = (
        int(query.field(state, "MaxConcurrency", "number", value, frame)) if "MaxConcurrency" in state else 0
    )
    return min(asked, most) if asked > 0 else most


def _uuid() -> str:

    return str(responses.new_uuid())
