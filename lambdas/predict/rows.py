"""The rows of a request, and what the model made of them. Pure.

Only the form is looked at here. What a value may be, the model that serves says itself, with row and column:
after the contract has changed, and before a model was trained on it, it knows better than pipeline.toml.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from lambdas.aws.predictions import ModelRefusedError
from lambdas.front.problems import Mistake, Problem, refuse

_KEYS = ("rows", "interval")
_MOST_CHARACTERS = 100_000


def read_rows(document: Mapping[str, Any], most_rows: int) -> list[dict[str, Any]]:
    """At least one object of plain values; raises Problem that names rows and fields."""
    if unknown := [key for key in document if key not in _KEYS]:
        raise refuse([Mistake(field=unknown[0][:100], reason=f"is unknown; known are {', '.join(_KEYS)}")])
    rows = document.get("rows")
    if not isinstance(rows, list) or not rows:
        raise refuse([Mistake(field="rows", reason="expected a list of at least one row")])
    if len(rows) > most_rows:
        raise Problem(413, f"the request has {len(rows)} rows, and at most {most_rows} are taken")
    mistakes = [mistake for number, row in enumerate(rows, start=1) for mistake in _mistakes(row, number)]
    if mistakes:
        raise refuse(mistakes)
    return rows


def _mistakes(row: object, number: int) -> list[Mistake]:
    if not isinstance(row, dict):
        return [Mistake(row=number, reason="is no object; expected a value by each column's name")]
    return [
        Mistake(row=number, field=name[:100], reason=reason)
        for name, value in row.items()
        if (reason := _refusal(value))
    ]


def _refusal(value: object) -> str:
    if isinstance(value, list | dict):
        return "is a list or an object; expected a text, a number, a truth value or null"
    if isinstance(value, float) and not math.isfinite(value):
        return "is beyond every number of 64 bits"
    if isinstance(value, str) and len(value) > _MOST_CHARACTERS:
        return f"has {len(value)} characters, and a text has at most {_MOST_CHARACTERS}"
    return ""


def read_interval(document: Mapping[str, Any]) -> float | None:
    """The level (0-1, both excluded) of the prediction intervals asked for; None for none."""
    level = document.get("interval")
    if level is None:
        return None
    if isinstance(level, bool) or not isinstance(level, int | float) or not 0 < level < 1:
        raise refuse([Mistake(field="interval", reason="expected a level between 0 and 1, such as 0.9")])
    return float(level)


def accept_of(interval: float | None) -> str:
    return "application/json" if interval is None else f"application/json;interval={interval:g}"


def read_answer(body: bytes, row_count: int) -> dict[str, Any]:
    """`predictions`, and with them `intervals`, or `probabilities` and `classes`; raises Problem (502)."""
    try:
        document = json.loads(body)
    except ValueError as error:
        raise Problem(502, "the model's answer is no JSON") from error
    predictions = document.get("predictions") if isinstance(document, dict) else None
    if not isinstance(predictions, list) or len(predictions) != row_count:
        raise Problem(502, f"the model's answer does not hold one prediction for each of {row_count} rows")
    kept = ("predictions", "intervals", "probabilities", "classes")
    return {key: document[key] for key in kept if key in document}


def problem_of(refused: ModelRefusedError) -> Problem:
    """The container's own refusal, in the front's words; what is its own fault is 502."""
    if not 400 <= refused.status < 500:
        return Problem(502, "the model failed to answer; try again, and tell its operators if it stays so")
    if refused.status == 429:
        return Problem(503, "the model is busy", headers={"retry-after": "1"})
    said = _said(refused.message)
    reason = str(said.get("error") or refused.message)[:1000]
    row, column = said.get("row"), said.get("column")
    status = 413 if refused.status == 413 else 400
    if row is None and column is None:
        return Problem(status, reason)
    place = ", ".join([f"row {row}"] * (row is not None) + [f"column {column!r}"] * (column is not None))
    mistake = Mistake(row=row, field=column, reason=reason.removeprefix(f"{place}: "))
    return Problem(status, reason, mistakes=[mistake])


def _said(message: str) -> Mapping[str, Any]:
    """The serving container's error document; other containers say what they like."""
    try:
        document = json.loads(message)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
