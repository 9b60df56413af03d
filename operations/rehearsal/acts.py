"""The acts of the rehearsal; each one raises RehearsalError when the story does not go as told."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any

from localcloud.sagemaker.fleet_faults import FleetFaults
from operations.rehearsal.display import Display
from operations.rehearsal.stage import Prediction, Stage
from operations.rehearsal.timeline import Timeline
from operations.rehearsal.traffic import Traffic
from operations.rehearsal.uploads import Source
from operations.rehearsal.watch import Execution, RehearsalError

# What the broken model does under traffic: of its requests, this share ends in HTTP 500.
BROKEN_SHARE = 0.3


@dataclass
class Run:
    """One upload and what became of it."""

    label: str
    execution: Execution
    endpoint_config_before: str = ""
    endpoint_config_after: str = ""
    predictions: list[Prediction] = field(default_factory=list)
    timeline: Timeline | None = None
    traffic: Traffic | None = None

    @property
    def dataset_version(self) -> str:
        return str(self.execution.output.get("dataset", {}).get("version", ""))

    @property
    def evaluation(self) -> dict[str, Any]:
        found: dict[str, Any] = self.execution.output.get("evaluation", {})
        return found


class Story:
    """Plays the acts on one stage and keeps what happened."""

    def __init__(self, stage: Stage, source: Source, display: Display, runs: list[Run]) -> None:
        self._stage, self._source, self._display, self._runs = stage, source, display, runs

    def first_champion(self) -> None:
        """Act one: an upload becomes the champion."""
        self._display.act("Act one: an upload becomes the champion")
        execution = self._stage.run(self._source.name, self._source.poorer_content, self._display)
        self._promote(Run("first upload", execution))

    def broken_model(self, faults: FleetFaults) -> None:
        """Act two: a better model that fails under traffic is taken back, and the champion serves on."""
        self._display.act("Act two: a better model breaks under traffic and is rolled back")
        champion = self._stage.endpoint_config()
        breaking = _Breaking(self._stage, self._source, faults, self._runs[0].dataset_version, champion)
        with breaking:
            execution = self._stage.run(
                self._source.name, self._source.content, self._display, breaking.on_state
            )
        run = Run("improved data, broken model", execution, champion, self._stage.endpoint_config())
        run.timeline, run.traffic = breaking.timeline, breaking.traffic
        self._runs.append(run)
        if execution.outcome != "DeploymentRolledBackError":
            raise RehearsalError(_unexpected(run, "DeploymentRolledBackError"))
        if run.endpoint_config_after != champion:
            raise RehearsalError(f"rolled back, but the endpoint serves {run.endpoint_config_after}")
        self._display.step(f"[red]rolled back[/red]: {execution.cause}")
        run.predictions = self._ask(self._runs[0].dataset_version)

    def better_model(self) -> None:
        """Act three: the same data, with the model whole, takes over."""
        self._display.act("Act three: the improved model, mended, takes over")
        champion = self._stage.endpoint_config()
        execution = self._stage.run(self._source.name, self._source.content, self._display)
        self._promote(Run("improved data", execution, champion))

    def _promote(self, run: Run) -> None:
        self._runs.append(run)
        if run.execution.outcome != "Promoted":
            raise RehearsalError(_unexpected(run, "Promoted"))
        run.endpoint_config_after = self._stage.endpoint_config()
        if run.endpoint_config_after == run.endpoint_config_before:
            raise RehearsalError(f"promoted, but the endpoint still serves {run.endpoint_config_before}")
        run.predictions = self._ask(run.dataset_version)

    def _ask(self, dataset_version: str) -> list[Prediction]:
        predictions = self._stage.ask(self._source.content, dataset_version)
        answers = ", ".join(f"{_short(p.answered)} (actual {_short(p.actual)})" for p in predictions)
        self._display.step(f"the endpoint answers {answers}")
        return predictions


class _Breaking:
    """Breaks the next model as soon as its name is known, and watches its deployment under traffic."""

    def __init__(
        self, stage: Stage, source: Source, faults: FleetFaults, dataset_version: str, champion: str
    ) -> None:
        self._stage, self._source, self._faults = stage, source, faults
        self._dataset_version, self._champion = dataset_version, champion
        self._open = contextlib.ExitStack()
        self._green = ""
        self.timeline: Timeline | None = None
        self.traffic: Traffic | None = None

    def on_state(self, name: str) -> None:
        if name == "EvaluateModel":
            self._green = self._stage.newest_training_job()
            self._faults.put({"error_share": BROKEN_SHARE}, endpoint_config=self._green)
        elif name == "DeployCanary":
            self.timeline = self._stage.timeline(self._champion, self._green)
            self.traffic = self._stage.traffic(self._source.content, self._dataset_version)
            self._open.enter_context(self.timeline)
            self._open.enter_context(self.traffic)

    def __enter__(self) -> _Breaking:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
        self._faults.clear()


def _short(value: str) -> str:
    try:
        return f"{float(value):,.5g}" if abs(float(value)) < 1000 else f"{float(value):,.0f}"
    except ValueError:
        return value


def _unexpected(run: Run, expected: str) -> str:
    execution = run.execution
    reason = (
        execution.output.get("reason")
        or execution.output.get("dataset", {}).get("message")
        or execution.cause
    )
    return f"{run.label}: expected {expected}, got {execution.outcome}: {reason}"
