"""Models that wait for a person: runs that have come to the state that asks. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from operations.reading.machine import Machine
from operations.reading.runs import Run

STATE = "RequestApproval"


@dataclass(frozen=True, kw_only=True)
class Pending:
    """A model that the gate let through and nobody has decided on. `challenger` and `champion` are their
    figures of the `metric` that decided, None where there are none."""

    version: int
    run: str
    asked_at: datetime
    metric: str
    challenger: float | None
    champion: float | None
    reason: str
    report_html_uri: str


def asks(machine: Machine) -> bool:
    """Whether the deployed stage asks a person before it deploys."""
    return any(state.name == STATE for state in machine.states)


def of_runs(runs: Iterable[Run]) -> tuple[Pending, ...]:
    """Of those that wait, in the runs' order."""
    return tuple(_pending(run) for run in runs if run.is_running and run.state == STATE and run.model_version)


def _pending(run: Run) -> Pending:
    evaluation = run.part("evaluation")
    metric = str(evaluation.get("metric", ""))
    return Pending(
        version=run.model_version or 0,
        run=run.name,
        asked_at=run.visits[-1].entered_at,
        metric=metric,
        challenger=_figure(evaluation.get("challenger"), metric),
        champion=_figure(evaluation.get("champion"), metric),
        reason=str(run.verdict.get("reason", "")),
        report_html_uri=str(evaluation.get("report_html_uri", "")),
    )


def _figure(figures: Any, metric: str) -> float | None:
    found = figures.get(metric) if isinstance(figures, dict) else None
    return float(found) if isinstance(found, int | float) else None
