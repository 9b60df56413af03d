"""Writes the draft: every guess with the figure it was made from, ready to be edited."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from contracts.pipeline_config import MAX_NAME_LENGTH, STAGES
from operations.draft import roles as r
from operations.draft.plan import ColumnPlan, Plan
from operations.draft.settings import deployments, gate, training

_OTHERS = "  # rarer values, and those still to come, are one kind more"
_RESERVED = re.compile(r"(^|-)(" + "|".join(STAGES) + r")(?=-|$)")


def toml_of(plan: Plan, file_stem: str, holdout_share: float = 0.2) -> str:
    """The text of a pipeline.toml."""
    return "\n".join(
        [
            "# Drafted from a table: read it through and edit it. Every key is checked at synthesis.",
            *_comments("To decide", plan.questions),
            *_comments("Suspected leaks", [leak_text(plan, leak.columns, leak.how) for leak in plan.leaks]),
            "",
            "[pipeline]",
            f"name = {_text(pipeline_name(file_stem))}  # every resource is named {{name}}-{{stage}}-...",
            "",
            *_dataset(plan, holdout_share),
            *(line for column in plan.columns for line in _column(plan, column)),
            *_split(plan),
            *_dates(plan),
            *training(plan),
            *gate(plan),
            *deployments(),
        ]
    )


def pipeline_name(file_stem: str) -> str:
    """A name of lower-case words, without those that name a stage."""
    stem = re.sub(r"\.(csv|tsv|txt|parquet)$", "", file_stem.lower())
    name = re.sub(r"[^a-z0-9]+", "-", stem).strip("-")
    name = re.sub(r"^[^a-z]+", "", _RESERVED.sub("", name)).strip("-")
    return re.sub(r"-{2,}", "-", name)[:MAX_NAME_LENGTH].strip("-") or "pipeline"


def leak_text(plan: Plan, columns: tuple[str, ...], how: str) -> str:
    """A warning that names the columns, and what to do about them."""
    names = " and ".join(map(repr, columns))
    return (
        f"{names}: {how}. If it is not known before {plan.target.name!r} is, set use = false in its column"
        if len(columns) == 1
        else f"{names}: {how}. If they are not known before it is, set use = false in their columns"
    )


def _comments(title: str, texts: Any) -> list[str]:
    return [f"# {title}: {' '.join(text.split())}" for text in texts]


def _dataset(plan: Plan, holdout_share: float) -> list[str]:
    answer = plan.answer
    lines = [
        "# --- The dataset contract: what an upload must look like ---",
        "[dataset]",
        f"target = {_text(plan.target.name)}",
        f"task = {_text(answer.task)}  # the target has {plan.target.distinct:,} different values",
        f"identifiers = {_value(plan.named(r.IDENTIFIER))}  # columns that name a row, never features; "
        "empty: all columns but the target do, and a corrected cell makes a new row",
        f"slices = {_value(plan.slices)}  # the gate also judges the model on each value of these",
        f"holdout_share = {holdout_share:g}",
        f"bad_row_tolerance_share = {plan.tolerance_share:g}  # more bad rows than this and the whole upload "
        f"is rejected; the file has {plan.bad_rows:,} of {plan.rows:,}",
    ]
    for value, rows in answer.rare.items():
        lines.append(f"# class {_text(value)} has {rows} rows, too few: they are set aside")
    lines += [f"min_rows = {min_rows(plan)}  # the file has {plan.rows:,}", ""]
    if plan.reading:
        lines.append("[dataset.reading]")
        lines += [f"{key} = {_value(value)}" for key, value in plan.reading.items()]
        lines.append("")
    return lines


def min_rows(plan: Plan) -> int:
    return max(10, plan.good_rows // 10)


def _column(plan: Plan, column: ColumnPlan) -> list[str]:
    lines = ["[[dataset.columns]]", f"name = {_text(column.name)}"]
    if not column.is_used:
        return [*lines, 'type = "text"', "nullable = true", f"use = false  # {column.role.reason}", ""]
    kind, is_target = column.kind, column.role.name == r.TARGET
    type_, keys = (plan.answer.type, plan.answer.keys) if is_target else (kind.type, kind.keys)
    is_open = type_ == "category" and "categories" not in keys
    any_text = f"  # {column.profile.distinct:,} different values; any text is taken" if is_open else ""
    if column.role.name == r.TEXT:
        return [*lines, *_free_text(plan, column)]
    lines.append(f"type = {_text(type_)}{any_text}")
    if kind.gaps and not is_target:
        lines.append(f"nullable = true  # missing in {kind.gaps:,} of {plan.rows:,} rows")
    for key, value in keys.items():
        lines.append(f"{key} = {_value(value)}{_OTHERS if key == 'others' else ''}")
    if type_ in ("number", "integer") and kind.range:
        lines += _bounds(kind.range, type_)
    if kind.stray_rows:
        places = ", ".join(f"{_text(s.value[:40])} ({plan.table.place(s.row)})" for s in kind.strays)
        lines.append(f"# set aside: {kind.stray_rows:,} rows of no {type_}: {places}")
    return [*lines, ""]


def _free_text(plan: Plan, column: ColumnPlan) -> list[str]:
    """Its words and pairs of words are counted, by their hashes."""
    gaps = column.kind.gaps
    return [
        'type = "text"',
        *([f"nullable = true  # missing in {gaps:,} of {plan.rows:,} rows"] if gaps else []),
        *(f"{key} = {_value(value)}" for key, value in column.kind.keys.items() if key == "missing"),
        f'use = "text"  # {column.role.reason}: its words are counted; false leaves it out',
        f'buckets = {plan.buckets}  # so many counts; grams = "pairs" counts pairs of words, too',
        "",
    ]


def _bounds(span: tuple[float, float], kind: str) -> list[str]:
    """As far again as the values reach, and never below zero where they never are."""
    minimum, maximum = span
    reach = (maximum - minimum) or abs(maximum) or 1.0
    low = 0.0 if minimum >= 0 else minimum - reach
    high = maximum + reach
    if not (math.isfinite(low) and math.isfinite(high)):
        return []
    seen = f"seen {minimum:g} to {maximum:g}"
    if kind == "integer":
        return [f"min = {math.floor(low)}", f"max = {math.ceil(high)}  # {seen}"]
    return [f"min = {_number(low, minimum, min)}", f"max = {_number(high, maximum, max)}  # {seen}"]


def _number(value: float, seen: float, further: Any) -> str:
    """Six digits are enough to read, if they don't cut off what was seen."""
    return repr(float(further(float(f"{value:.6g}"), seen)))


def _split(plan: Plan) -> list[str]:
    groups = plan.named(r.GROUP)
    lines = ["# --- The split: rows of one group, or after one day, stay on one side ---"]
    if plan.times and not groups:
        lines += [
            "# For a model that predicts the future, judge it by the latest rows:",
            "# [split]",
            '# by = "time"',
            f"# time = {_text(plan.times[0])}",
        ]
    if not groups and plan.is_of_few_rows:
        return [
            *lines,
            f"# Only {plan.distinct_rows:,} of {plan.rows:,} rows differ in any column but the target, so a",
            "# row is known by its place in the file: add new rows at its end,",
            "# or name identifiers and split by row.",
            "[split]",
            'by = "position"',
            "",
        ]
    if not groups:
        return [*lines, "[split]", 'by = "row"', ""]
    return [*lines, "[split]", 'by = "group"', f"group = {_text(groups[0])}", ""]


def _dates(plan: Plan) -> list[str]:
    """Trees learn little of seasons and weekdays from a date alone, so its parts become features."""
    lines = []
    for name in plan.times:
        lines += [
            "# --- The parts of a date as features: year, month, day, weekday, day of the year, hour ---",
            "[[features.dates]]",
            f"column = {_text(name)}",
            "",
        ]
    return lines


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_value(v)}" for key, v in value.items()) + "}"
    return "[" + ", ".join(_value(v) for v in value) + "]"


def _text(value: str) -> str:
    """A basic string of TOML, whose escapes are JSON's but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
