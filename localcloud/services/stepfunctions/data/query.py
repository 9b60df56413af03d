"""A state's query language: what it takes from its input and what it makes of its result.

JSONata is evaluated here; JSONPath states use ministack's own functions for paths and intrinsics.
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from localcloud.ministack_adapter import stepfunctions
from localcloud.processes import load
from localcloud.services.stepfunctions.data import variables
from localcloud.services.stepfunctions.errors import StatesError

if TYPE_CHECKING:
    from localcloud.services.stepfunctions.execution.frame import Frame

State = Mapping[str, Any]
_TYPES = {
    "number": (int, float),
    "string": (str,),
    "array": (list,),
    "object": (dict,),
    "boolean": (bool,),
}
_EXACT = 2**53
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?\Z")
_EVALUATION_MS = 1000
"""An evaluation may take a second (developer guide, "Transforming data with JSONata"), and longer where it
has no processor to itself: an execution must not fail because the machine is busy."""


def is_jsonata(state: State, frame: Frame) -> bool:
    """Whether the state speaks JSONata."""
    return bool((state.get("QueryLanguage") or frame.language) == "JSONata")


def is_expression(value: Any) -> bool:
    """Whether a field holds `{% ... %}`."""
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}")


def compiled(expression: str) -> Any:
    """The expression as Step Functions understands it: JSONata with its own functions and without $eval."""
    import jsonata

    parsed = jsonata.Jsonata.jsonata(expression, timeout=round(_EVALUATION_MS * load.factor()))
    stepfunctions.register_sfn_jsonata_functions(parsed)
    parsed.register_lambda("eval", _no_eval)
    parsed.register_lambda("toMillis", _to_millis)
    return parsed


def evaluate(expression: str, value: Any, frame: Frame, **reserved: Any) -> Any:
    """A JSONata expression's value, with `$states` and the workflow's variables bound.

    `reserved` adds result or errorOutput to `$states` where the state has one. Anything that fails, an
    undefined value included, is States.QueryEvaluationError.
    """
    import jsonata

    null = jsonata.utils.Utils.NULL_VALUE
    bindings = {name: null if bound is None else bound for name, bound in frame.variables.items()}
    bindings["states"] = {"input": value, "context": frame.context, **reserved}
    try:
        found = compiled(expression).evaluate(None, bindings)
    except Exception as error:
        code = getattr(error, "error", None)
        text = f"{code}: {error}" if isinstance(code, str) and code else str(error)
        raise _failed(f"The JSONata expression '{expression}' failed: {text}") from error
    if found is None and not stepfunctions.jsonata_result_defined(expression, bindings):
        raise _failed(f"The JSONata expression '{expression}' returned nothing (undefined).")
    try:
        return _plain(json.loads(json.dumps(found, allow_nan=False)))
    except (TypeError, ValueError) as error:
        raise _failed(f"The JSONata expression '{expression}' returned what is not JSON: {error}") from error


def fill(template: Any, value: Any, frame: Frame, **reserved: Any) -> Any:
    """A JSONata payload template: every `{% ... %}` in it evaluated, anything else as it is."""
    if is_expression(template):
        return evaluate(template[2:-2].strip(), value, frame, **reserved)
    if isinstance(template, dict):
        return {name: fill(part, value, frame, **reserved) for name, part in template.items()}
    if isinstance(template, list):
        return [fill(part, value, frame, **reserved) for part in template]
    return template


def field(state: State, name: str, kind: str, value: Any, frame: Frame) -> Any:
    """A field that may be an expression, held to the JSON type it must have."""
    found = fill(state[name], value, frame) if is_jsonata(state, frame) else state[name]
    if not isinstance(found, _TYPES[kind]) or (kind == "number" and isinstance(found, bool)):
        raise _failed(f"The field '{name}' must be a {kind}, but was {json.dumps(found)}")
    return found


def arguments(state: State, value: Any, frame: Frame) -> Any:
    """What a Task or Parallel works on."""
    if is_jsonata(state, frame):
        return fill(state["Arguments"], value, frame) if "Arguments" in state else value

    with _translated():
        selected = stepfunctions.apply_input_path(state, value, frame.context)
        return stepfunctions.apply_parameters(state, selected, frame.context)


def output(state: State, value: Any, result: Any, frame: Frame) -> Any:
    """What the state hands on, its variables assigned: JSONata's Output and Assign see the same values."""
    if is_jsonata(state, frame):
        made = fill(state["Output"], value, frame, result=result) if "Output" in state else result
        assign(state, value, frame, result=result)
        variables.hold(frame.context["State"]["Name"], made)
        return made

    with _translated():
        selected = stepfunctions.apply_result_selector(state, result)
        merged = stepfunctions.apply_result_path(state, value, selected)
        made = stepfunctions.apply_output_path(state, merged, frame.context)
    variables.hold(frame.context["State"]["Name"], made)
    return made


def assign(state: State, value: Any, frame: Frame, **reserved: Any) -> None:
    """Bind the state's variables: every expression sees the values from before."""
    if "Assign" in state and is_jsonata(state, frame):
        made = fill(state["Assign"], value, frame, **reserved)
        frame.variables = variables.assigned(frame.variables, made)


def caught(catcher: State, value: Any, error: StatesError, state: State, frame: Frame) -> Any:
    """What a matching Catch hands on."""
    document = {"Error": error.error, "Cause": error.cause}
    if is_jsonata(state, frame):
        made = document
        if "Output" in catcher:
            made = fill(catcher["Output"], value, frame, errorOutput=document)
        if "Assign" in catcher:
            assigned = fill(catcher["Assign"], value, frame, errorOutput=document)
            frame.variables = variables.assigned(frame.variables, assigned)
        return made

    return stepfunctions.apply_result_path_raw(catcher.get("ResultPath", "$"), value, document)


def _to_millis(timestamp: Any = None, picture: Any = None) -> Any:
    """A year, month or day alone is ISO 8601 too: it begins at midnight UTC."""

    if picture is None and isinstance(timestamp, str) and _DATE.match(timestamp):
        parts = [int(part) for part in timestamp.split("-")]
        begin = datetime(*(parts + [1] * (3 - len(parts))), tzinfo=UTC)  # type: ignore[arg-type, misc]
        return int(begin.timestamp() * 1000)
    return stepfunctions.sfn_jsonata_to_millis(timestamp, picture)


def _no_eval(*_: Any) -> Any:
    """Step Functions has no $eval: the evaluation fails, as for any name that is no function."""
    raise ValueError("T1006: Attempted to invoke a non-function")


def _plain(value: Any) -> Any:
    """JSON has one kind of number: 2.0 is written 2."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return value


def _failed(cause: str) -> StatesError:
    return StatesError("States.QueryEvaluationError", cause)


class _translated:  # noqa: N801 - reads as a statement where it is used
    """Turns ministack's execution errors into ours."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, stepfunctions.ExecutionError):
            raise StatesError(error.error, error.cause) from error
