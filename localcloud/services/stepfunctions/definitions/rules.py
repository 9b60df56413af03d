"""What a Retry, a Catch, a Choice and a time limit may say; parts of the definition's validation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from localcloud.services.stepfunctions.data.query import is_expression

_SCHEMA = "SCHEMA_VALIDATION_FAILED"
_TARGET = "MISSING_TRANSITION_TARGET"
_RETRIER = frozenset(
    {
        "ErrorEquals",
        "IntervalSeconds",
        "MaxAttempts",
        "BackoffRate",
        "MaxDelaySeconds",
        "JitterStrategy",
        "Comment",
    }
)
_CATCHER = frozenset({"ErrorEquals", "Next", "Output", "Assign", "ResultPath", "Comment"})
_MOST_SECONDS = 99_999_999
_MAX_DELAY_SECONDS = 31_622_400
_ORDERED = "(Equals|LessThan|GreaterThan|LessThanEquals|GreaterThanEquals)(Path)?"
_COMPARISON = re.compile(
    rf"((String|Numeric|Timestamp){_ORDERED}|BooleanEquals(Path)?|StringMatches"
    r"|Is(Null|Present|Numeric|String|Boolean|Timestamp))\Z"
)
"""https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html, the comparison operators."""
State = Mapping[str, Any]


def attempt_problems(state: State, at: str, states: State) -> Iterator[str]:
    """What is wrong with a state's Retry and Catch."""
    for name, allowed in (("Retry", _RETRIER), ("Catch", _CATCHER)):
        entries = state.get(name, [])
        if not isinstance(entries, list):
            yield f"{_SCHEMA}: Value is not an array at {at}/{name}"
            continue
        for index, entry in enumerate(entries):
            where = f"{at}/{name}[{index}]"
            if not isinstance(entry, dict):
                yield f"{_SCHEMA}: Value is not an object at {where}"
                continue
            for key in entry.keys() - allowed:
                yield f"{_SCHEMA}: Field is not supported at {where}/{key}"
            yield from _error_equals(entry, where, last=index == len(entries) - 1)
            yield from _retrier(entry, where) if name == "Retry" else _catcher(entry, where, states)


def _error_equals(entry: State, at: str, last: bool) -> Iterator[str]:
    names = entry.get("ErrorEquals")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        yield f"{_SCHEMA}: Value is not a non-empty array of error names at {at}/ErrorEquals"
    elif "States.ALL" in names and (len(names) > 1 or not last):
        yield f"{_SCHEMA}: States.ALL must appear alone and in the last entry at {at}/ErrorEquals"


def _retrier(entry: State, at: str) -> Iterator[str]:
    for name, least, most, whole in (
        ("IntervalSeconds", 1, _MOST_SECONDS, True),
        ("MaxAttempts", 0, _MOST_SECONDS, True),
        ("BackoffRate", 1.0, float("inf"), False),
        ("MaxDelaySeconds", 1, _MAX_DELAY_SECONDS - 1, True),
    ):
        if name in entry and not _within(entry[name], least, most, whole):
            yield f"{_SCHEMA}: Value is not a number from {least} to {most} at {at}/{name}"
    if entry.get("JitterStrategy", "NONE") not in ("FULL", "NONE"):
        yield f"{_SCHEMA}: Value is not one of ['FULL', 'NONE'] at {at}/JitterStrategy"
    interval, most_delay = entry.get("IntervalSeconds", 1), entry.get("MaxDelaySeconds")
    if isinstance(interval, int) and isinstance(most_delay, int) and most_delay <= interval:
        yield f"{_SCHEMA}: MaxDelaySeconds must be greater than IntervalSeconds at {at}/MaxDelaySeconds"


def _catcher(entry: State, at: str, states: State) -> Iterator[str]:
    if entry.get("Next") not in states:
        yield f"{_TARGET}: Missing 'Next' target: {entry.get('Next')} at {at}/Next"


def duration_problems(state: State, kind: str, at: str) -> Iterator[str]:
    """What is wrong with a state's times."""
    for name in ("TimeoutSeconds", "HeartbeatSeconds"):
        if name in state and not is_expression(state[name]) and not is_limit(state[name]):
            yield f"{_SCHEMA}: Value is not an integer from 1 to {_MOST_SECONDS} at {at}/{name}"
        if name in state and f"{name}Path" in state:
            yield f"{_SCHEMA}: There should only be one of the following fields: [{name}, {name}Path] at {at}"
    timeout, heartbeat = state.get("TimeoutSeconds"), state.get("HeartbeatSeconds")
    if isinstance(timeout, int) and isinstance(heartbeat, int) and heartbeat >= timeout:
        yield f"{_SCHEMA}: HeartbeatSeconds must be smaller than TimeoutSeconds at {at}/HeartbeatSeconds"
    if kind != "Wait":
        return
    given = [name for name in ("Seconds", "Timestamp", "SecondsPath", "TimestampPath") if name in state]
    if len(given) != 1:
        yield f"{_SCHEMA}: A Wait has exactly one of Seconds, Timestamp, SecondsPath, TimestampPath at {at}"
    elif given == ["Seconds"] and not _is_wait(state["Seconds"]):
        yield f"{_SCHEMA}: Value is not an integer from 0 to {_MOST_SECONDS} at {at}/Seconds"


def is_limit(seconds: Any) -> bool:
    """Whether a TimeoutSeconds or HeartbeatSeconds is one that AWS takes."""
    return _within(seconds, 1, _MOST_SECONDS, True)


def choice_problems(state: State, language: str, at: str, states: State) -> Iterator[str]:
    """What is wrong with a Choice's rules."""
    if "Default" in state and state["Default"] not in states:
        yield f"{_TARGET}: Missing 'Default' target: {state['Default']} at {at}/Default"
    rules = state.get("Choices")
    if not isinstance(rules, list) or not rules:
        yield f"{_SCHEMA}: Value is not a non-empty array at {at}/Choices"
        return
    for index, rule in enumerate(rules):
        where = f"{at}/Choices[{index}]"
        if not isinstance(rule, dict):
            yield f"{_SCHEMA}: Value is not an object at {where}"
            continue
        if rule.get("Next") not in states:
            yield f"{_TARGET}: Missing 'Next' target: {rule.get('Next')} at {where}/Next"
        if language == "JSONata":
            yield from _condition(rule, where)
        else:
            yield from _comparison(rule, where, top=True)


def _condition(rule: State, at: str) -> Iterator[str]:
    condition = rule.get("Condition")
    if not (is_expression(condition) or isinstance(condition, bool)):
        yield f"{_SCHEMA}: A JSONata choice needs a Condition: an expression or a boolean at {at}"
    for name in rule.keys() - {"Condition", "Next", "Output", "Assign", "Comment"}:
        yield f"{_SCHEMA}: Field '{name}' is not supported at {at}"


def _comparison(rule: State, at: str, *, top: bool) -> Iterator[str]:
    """A JSONPath rule is one comparison of a Variable, or And, Or, Not of others."""
    named = [name for name in rule if name not in ("Next", "Comment", "Variable")]
    if not top and "Next" in rule:
        yield f"{_SCHEMA}: Field 'Next' is not supported at {at}"
    if len(named) != 1:
        yield f"{_SCHEMA}: A choice rule has exactly one comparison, And, Or or Not at {at}"
        return
    (name,) = named
    if name in ("And", "Or", "Not"):
        inner = [rule[name]] if name == "Not" else rule[name]
        if not isinstance(inner, list) or not inner or not all(isinstance(part, dict) for part in inner):
            wanted = "an object" if name == "Not" else "a non-empty array of objects"
            yield f"{_SCHEMA}: Value is not {wanted} at {at}/{name}"
            return
        for index, part in enumerate(inner):
            yield from _comparison(part, f"{at}/{name}[{index}]", top=False)
    elif not _COMPARISON.match(name):
        yield f"{_SCHEMA}: Field '{name}' is not supported at {at}"
    elif not isinstance(rule.get("Variable"), str):
        yield f"{_SCHEMA}: The field 'Variable' is required but was missing at {at}"


def _within(value: Any, least: float, most: float, whole: bool) -> bool:
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or (whole and not isinstance(value, int))
    ):
        return False
    return least <= value <= most


def _is_wait(seconds: Any) -> bool:
    return is_expression(seconds) or _within(seconds, 0, _MOST_SECONDS, True)
