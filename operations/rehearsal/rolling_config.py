"""A pipeline.toml whose dev is replaced batch by batch and answers whole files; all else is as it was."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

from contracts.pipeline_config import FILE_NAME
from operations.rehearsal.watch import RehearsalError

STAGE = "dev"
FLEET_INSTANCES = 3
"""Replaced one by one: three batches, of which the first takes a third of the traffic."""
_DEFAULT_ALARM_PERIOD_SECONDS, _DEFAULT_METRIC_DELAY_SECONDS = 60, 120
_OF_OTHER_WAYS = ("canary_", "linear_step_", "batch_", "rollback_batch_", "termination_wait_seconds")
_KINDS = (str, bool, int, float, list)
Document = dict[str, Any]


def rolling(text: str) -> str:
    """Raises RehearsalError where the text's tables can't be told apart; what is no TOML stays as it is, and
    is refused by synthesis."""
    if (document := _read(text)) is None:
        return text
    deployment = _deployment(document.get("deployment", {}).get(STAGE, {}))
    batch = {**document.get("batch", {}), "stages": [STAGE]}
    changed = _with(_with(text, f"deployment.{STAGE}", deployment), "batch", batch)
    wanted = {
        **document,
        "batch": batch,
        "deployment": {**document.get("deployment", {}), STAGE: deployment},
    }
    if _read(changed) != wanted:
        raise RehearsalError(
            f"this act plays with another [deployment.{STAGE}] and [batch] than {FILE_NAME} has, and could "
            "not put them in place of the file's own: write both as tables with a line a key"
        )
    return changed


def _deployment(found: Document) -> Document:
    """The stage's own bounds and instances; each bake as short as its alarms allow."""
    kept = {key: value for key, value in found.items() if not key.startswith(_OF_OTHER_WAYS)}
    bake_seconds = int(kept.get("alarm_period_seconds", _DEFAULT_ALARM_PERIOD_SECONDS)) + int(
        kept.get("metric_delay_seconds", _DEFAULT_METRIC_DELAY_SECONDS)
    )
    return {
        **kept,
        "strategy": "rolling",
        "instance_count": FLEET_INSTANCES,
        "batch_instances": 1,
        "baking_seconds": bake_seconds,
        "max_execution_seconds": max(1800, 2 * FLEET_INSTANCES * bake_seconds),
    }


def _with(text: str, name: str, values: Document) -> str:
    """The text with the table of this name cut out and written anew at its end."""
    pattern = rf"(?ms)^[ \t]*\[{re.escape(name)}\][^\n]*$.*?(?=^[ \t]*\[|\Z)"
    lines = [f"{key} = {_value(key, value)}" for key, value in values.items()]
    return re.sub(pattern, "", text).rstrip() + "\n\n" + "\n".join([f"[{name}]", *lines]) + "\n"


def _value(key: str, value: object) -> str:
    if not isinstance(value, _KINDS):
        raise RehearsalError(f"this act can't write {key} of {FILE_NAME} anew: leave it out to rehearse it")
    return json.dumps(value, ensure_ascii=False)


def _read(text: str) -> Document | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
