"""The acts of the rehearsal; each one raises RehearsalError when the story does not go as told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rich.markup import escape

from localcloud.services.sagemaker.hosting.fleet.fault_client import FleetFaults
from operations.rehearsal import endings
from operations.rehearsal.display import Display
from operations.rehearsal.rollout import Rollout
from operations.rehearsal.stage import Prediction, Stage
from operations.rehearsal.table_file import DataFileError
from operations.rehearsal.timeline import Timeline
from operations.rehearsal.traffic import Traffic
from operations.rehearsal.uploads import Source
from operations.rehearsal.watch import Execution, RehearsalError


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
    batches: list[tuple[int, int]] = field(default_factory=list)
    """Of a rolling deployment: new and old instances as each batch baked."""
    batch: dict[str, Any] = field(default_factory=dict)
    """Of a file that was answered by batch after it, where one was."""

    @property
    def dataset_version(self) -> str:
        return str(self.execution.output.get("dataset", {}).get("version", ""))

    @property
    def evaluation(self) -> dict[str, Any]:
        found: dict[str, Any] = self.execution.output.get("evaluation", {})
        return found


class Story:
    """Plays the acts on one stage and keeps what happened; `notes` say where it went another way."""

    def __init__(self, stage: Stage, source: Source, display: Display, runs: list[Run]) -> None:
        self._stage, self._source, self._display, self._runs = stage, source, display, runs
        self.notes: list[str] = []

    def play(self, faults: FleetFaults) -> None:
        """All acts, as far as the data carry them; raises RehearsalError where something fails."""
        if self.first_champion() and self.broken_model(faults):
            self.better_model()

    def first_champion(self) -> bool:
        """Act one: an upload becomes the champion. Whether one did."""
        self._display.act("Act one: an upload becomes the champion")
        source = self._source
        if source.first_rows < source.rows:
            self._display.step(f"an honest sample first: {source.first_rows:,} of {source.rows:,} rows")
        if self._promoted("first upload", source.first_content):
            return True
        if source.first_rows < source.rows:
            self._display.step("[yellow]the sample makes no champion[/yellow]; now all rows")
            if self._promoted("all rows", source.content):
                return True
        last = self._runs[-1].execution
        if last.outcome == endings.DATASET_REJECTED:
            raise DataFileError(f"{endings.meaning(last)}: {endings.reason(last)}; {endings.way_on(last)}")
        self._note(
            "No model of this data is good enough to serve, so there is no endpoint and no traffic to move"
        )
        return False

    def broken_model(self, faults: FleetFaults) -> bool:
        """Act two: a better model that fails under traffic is taken back, and the champion serves on. Whether
        there was a better model."""
        self._display.act("Act two: a better model breaks under traffic and is rolled back")
        return self._broken_is_taken_back(faults, "improved data, broken model")

    def _broken_is_taken_back(self, faults: FleetFaults, label: str) -> bool:
        run = self._run(label, self._source.content, faults)
        if run.endpoint_config_after != run.endpoint_config_before:
            raise RehearsalError(
                f"{run.execution.outcome}, but the endpoint serves {run.endpoint_config_after}"
            )
        if run.execution.outcome in (*endings.VERDICTS, endings.DATASET_REJECTED):
            self._say(run)
            self._note("All rows make no better model, so the champion serves on and nothing is rolled back")
            run.predictions = self._ask()
            return False
        if run.execution.outcome == endings.UNGUARDED:
            self._note("The broken model went home before an alarm said so")
        elif run.execution.outcome != endings.ROLLED_BACK:
            raise RehearsalError(_unexpected(run, endings.ROLLED_BACK))
        self._display.step(f"[red]rolled back[/red]: {escape(endings.reason(run.execution))}")
        run.predictions = self._ask()
        return True

    def better_model(self) -> None:
        """Act three: the same data, with the model whole, takes over."""
        self._display.act("Act three: the improved model, mended, takes over")
        if not self._promoted("improved data", self._source.content):
            self._note("Trained once more, the model is not surely better than the champion, which serves on")

    def _promoted(self, label: str, content: bytes) -> bool:
        """Upload, and whether it was promoted; another verdict is shown, a failure raises RehearsalError."""
        run = self._run(label, content)
        self._say(run)
        if run.execution.outcome in (*endings.VERDICTS, endings.DATASET_REJECTED):
            return False
        if run.execution.outcome != endings.PROMOTED:
            raise RehearsalError(_unexpected(run, endings.PROMOTED))
        if run.endpoint_config_after == run.endpoint_config_before:
            raise RehearsalError(f"promoted, but the endpoint still serves {run.endpoint_config_before}")
        run.predictions = self._ask()
        return True

    def _run(self, label: str, content: bytes, faults: FleetFaults | None = None) -> Run:
        """One upload to its end, under traffic while it is deployed where a model serves already."""
        before = self._stage.endpoint_config() if self._has_champion else ""
        with self._rollout(before, faults) as rollout:
            execution = self._stage.run(self._source.name, content, self._display, rollout.on_state)
        run = Run(label, execution, before, before)
        run.timeline, run.traffic = rollout.timeline, rollout.traffic
        run.batches = rollout.batches.baked if rollout.batches else []
        self._runs.append(run)
        if self._has_champion:
            run.endpoint_config_after = self._stage.endpoint_config()
        return run

    def _rollout(self, before: str, faults: FleetFaults | None) -> Rollout:
        return Rollout(self._stage, self._source.questions, before, faults)

    @property
    def _has_champion(self) -> bool:
        return any(run.execution.outcome == endings.PROMOTED for run in self._runs)

    def _say(self, run: Run) -> None:
        """What a user would see: the outcome and what it means, its reason, where the report lies, and what
        to do."""
        execution = run.execution
        color = "green" if execution.outcome == endings.PROMOTED else "yellow"
        self._display.step(f"[{color}]{execution.outcome}[/{color}]: {escape(endings.meaning(execution))}")
        if execution.outcome != endings.PROMOTED:
            self._display.step(f"  why: {escape(endings.reason(execution))}")
            report = run.evaluation.get("report_html_uri") or run.evaluation.get("report_uri")
            if report:
                self._display.step(f"  the report: {escape(str(report))}")
        if way_on := endings.way_on(execution):
            self._display.step(f"  what next: {escape(way_on)}")

    def _note(self, text: str) -> None:
        self.notes.append(text)
        self._display.step(f"[yellow]{text}[/yellow]: that is what you would see.")

    def _ask(self) -> list[Prediction]:
        predictions = self._stage.ask(self._source.questions)
        answers = ", ".join(f"{_short(p.answered)} (actual {_short(p.actual)})" for p in predictions)
        self._display.step(f"the endpoint answers {escape(answers)}")
        return predictions


def _short(value: str) -> str:
    try:
        return f"{float(value):,.5g}" if abs(float(value)) < 1000 else f"{float(value):,.0f}"
    except ValueError:
        return value


def _unexpected(run: Run, expected: str) -> str:
    execution = run.execution
    return (
        f"{run.label}: expected {expected}, got {execution.outcome}: {endings.meaning(execution)}. "
        f"{endings.reason(execution)}; {endings.way_on(execution) or 'see the report'}"
    )
