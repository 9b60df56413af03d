"""The rehearsal's end: tables for people, build/rehearsal.json for machines."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from operations.rehearsal import endings
from operations.rehearsal.acts import Run
from operations.rehearsal.display import Display, table
from operations.rehearsal.timeline import Timeline
from operations.rehearsal.traffic import Traffic
from operations.rehearsal.uploads import Source


def as_document(
    source: Source | None, runs: list[Run], notes: list[str], seconds: float, problem: str
) -> dict[str, Any]:
    """Everything that happened, JSON-compatible; `notes` say where the data took the story elsewhere."""
    return {
        "data": source.name if source else None,
        "synthetic": source.is_synthetic if source else None,
        "notes": notes,
        "succeeded": not problem,
        "problem": problem,
        "seconds": round(seconds, 1),
        "waiting_seconds": round(sum(run.execution.waiting_seconds() for run in runs), 1),
        "runs": [_run_document(run) for run in runs],
    }


def _run_document(run: Run) -> dict[str, Any]:
    return {
        "label": run.label,
        "execution_arn": run.execution.arn,
        "outcome": run.execution.outcome,
        "error": run.execution.error,
        "cause": run.execution.cause,
        "states": {name: round(seconds, 2) for name, seconds in run.execution.total_seconds().items()},
        "dataset_version": run.dataset_version,
        "champion": run.evaluation.get("champion"),
        "challenger": run.evaluation.get("challenger"),
        "rmse_error": (run.evaluation.get("challenger") or {}).get("rmse_error"),
        "meaning": endings.meaning(run.execution),
        "way_on": endings.way_on(run.execution),
        "reason": run.evaluation.get("verdict", {}).get("reason") or run.execution.output.get("reason"),
        "endpoint_config_before": run.endpoint_config_before,
        "endpoint_config_after": run.endpoint_config_after,
        "predictions": [asdict(prediction) for prediction in run.predictions],
        **_traffic_document(run),
        **({"batches": run.batches} if run.batches else {}),
        **({"batch": run.batch} if run.batch else {}),
    }


def _traffic_document(run: Run) -> dict[str, Any]:
    if run.traffic is None:
        return {}
    found = {"requests_sent": run.traffic.sent, "requests_failed": run.traffic.failed}
    if run.timeline is None:
        return found
    return found | {
        "timeline": run.timeline.as_document(),
        "requests_failed_on_blue": run.timeline.failed("blue"),
        "requests_failed_on_green": run.timeline.failed("green"),
    }


def write(path: Path, document: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n")


def show(display: Display, runs: list[Run]) -> None:
    """States with durations, then the models, then the endpoint."""
    names = list(dict.fromkeys(name for run in runs for name in run.execution.total_seconds()))
    totals = [run.execution.total_seconds() for run in runs]
    states = [(name, *(total.get(name, 0.0) for total in totals)) for name in names]
    labels = tuple(run.label for run in runs)
    if display.verbose:
        display.console.print()
        display.console.print(table("States, seconds", ("state", *labels), states))
    display.console.print()
    display.console.print(table("Models on the same holdout", ("", "metric", *labels), _metric_rows(runs)))
    display.console.print()
    endpoint = [
        (
            run.label,
            run.execution.outcome,
            _short(run.endpoint_config_before),
            _short(run.endpoint_config_after),
        )
        for run in runs
    ]
    columns = ("upload", "outcome", "served before", "after")
    display.console.print(table("Endpoint", columns, endpoint))
    for run in runs:
        if run.timeline and run.traffic:
            _show_timeline(display, _title(run), run.timeline, run.traffic)


def _short(config: str) -> str:
    """The hash at a config's end tells it apart."""
    return config.rpartition("-")[2][:8] or "none"


def _title(run: Run) -> str:
    if run.execution.outcome == endings.ROLLED_BACK:
        return "The deployment that was rolled back"
    return f"The deployment of {run.label!r}, which ended {run.execution.outcome}"


def _show_timeline(display: Display, title: str, timeline: Timeline, traffic: Traffic) -> None:
    rows = [
        (
            f"{sample.seconds:.1f}",
            sample.status,
            _bar(sample.green_percent),
            sample.blue_requests,
            sample.green_requests,
            sample.blue_failed + sample.green_failed,
            ", ".join(name for name, state in sample.alarms.items() if state == "ALARM"),
        )
        for sample in timeline.samples
        if sample.blue_requests + sample.green_requests
    ]
    columns = ("second", "endpoint", "traffic on green", "blue", "green", "failed", "alarms")
    display.console.print()
    display.console.print(table(title, columns, rows))
    display.console.print(
        f"{traffic.sent:,} requests sent by a client that does not retry, {traffic.failed:,} failed: "
        f"{timeline.failed('blue'):,} on blue, {timeline.failed('green'):,} on green."
    )


def _bar(percent: float, width: int = 12) -> str:
    filled = round(percent / 100 * width)
    return f"[green]{'█' * filled}[/green][dim]{'·' * (width - filled)}[/dim] {percent:3.0f} %"


def _metric_rows(runs: list[Run]) -> list[tuple[Any, ...]]:
    rows = []
    for role in ("champion", "challenger"):
        found = [run.evaluation.get(role) or {} for run in runs]
        names = dict.fromkeys(
            name for metrics in found for name in metrics if isinstance(metrics[name], float)
        )
        rows += [(role, name, *(_figure(metrics.get(name)) for metrics in found)) for name in names]
    return rows


def _figure(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.4f}"
