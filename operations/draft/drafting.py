"""From a file to a draft that ingestion takes: plan, write, try, and set aside what proves too rare."""

from __future__ import annotations

import tomllib
from pathlib import Path

from contracts.pipeline_config import PipelineConfig
from contracts.reading import PipelineConfigError
from operations.draft.errors import DraftError
from operations.draft.plan import Plan, plan_of
from operations.draft.table import Table
from operations.draft.toml import toml_of
from operations.draft.trial import Trial, try_out

PREVIOUS = "pipeline.previous.toml"
_ROUNDS = 6
_RARE, _TOO_FEW = "rare class", {"holdout", "rows"}
_HOLDOUT_SHARES = (0.2, 0.3, 0.4, 0.5)
_FEW_ROWS = 200  # a fifth of so few rows can hardly judge a model


def drafted(table: Table, target: str, task: str = "") -> tuple[Plan, str, Trial]:
    """The plan, its text, and how ingestion took the file; raises DraftError where it does not."""
    rare: frozenset[str] = frozenset()
    shares = list(_HOLDOUT_SHARES[table.rows < _FEW_ROWS :])
    for _ in range(_ROUNDS):
        plan = plan_of(table, target, task, rare)
        text = toml_of(plan, table.file.name.partition(".")[0], shares[0])
        trial = try_out(table.file, _config(table, text))
        if not trial.faults:
            return plan, text, trial
        found = trial.values_of(_RARE) - rare
        if not found and not (_TOO_FEW & {fault.rule for fault in trial.faults} and shares[1:]):
            break
        if not found:
            shares.pop(0)
        rare |= found
    raise DraftError(
        f"{table.file}: its own draft does not take it: "
        + "; ".join(str(fault) for fault in trial.faults[:5])
    )


def _config(table: Table, text: str) -> PipelineConfig:
    try:
        return PipelineConfig.from_document(tomllib.loads(text))
    except PipelineConfigError as error:
        raise DraftError(f"{table.file}: {error}") from error


def write(text: str, output: Path, previous: Path) -> bool:
    """Write the file and keep the one that was there as `previous`; whether there was one."""
    there = output.exists()
    if there:
        output.replace(previous)
    output.write_text(text, encoding="utf-8")
    return there
