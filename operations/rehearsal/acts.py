"""The acts of the rehearsal; each one raises RehearsalError when the story does not go as told."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rich.markup import escape

from localcloud.sagemaker.fleet_faults import FleetFaults
from operations.rehearsal.display import Display
from operations.rehearsal.stage import Prediction, Stage
from operations.rehearsal.timeline import Timeline
from operations.rehearsal.traffic import Traffic
from operations.rehearsal.uploads import Source
from operations.rehearsal.watch import Execution, RehearsalError

# What the broken model does under traffic: of its requests, this share ends in HTTP 500.
BROKEN_SHARE = 0.3
# Ends that are no failure: the gate, or a person in its place, has the last word on a model.
VERDICTS = ("ChallengerRejected", "NotComparable", "ChampionCollapsed", "Superseded")
DATASET_REJECTED = "DatasetRejected"


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
        if self._runs[-1].execution.outcome == DATASET_REJECTED:
            raise RehearsalError(_unexpected(self._runs[-1], "Promoted"))
        self._note(
            "No model of this data is good enough to serve, so there is no endpoint and no traffic to move"
        )
        return False

    def broken_model(self, faults: FleetFaults) -> bool:
        """Act two: a better model that fails under traffic is taken back, and the champion serves on. Whether
        there was a better model."""
        self._display.act("Act two: a better model breaks under traffic and is rolled back")
        champion = self._stage.endpoint_config()
        watching = _UnderTraffic(self._stage, self._source, champion, faults)
        with watching:
            execution = self._upload(self._source.content, watching.on_state)
        run = Run("improved data, broken model", execution, champion, self._stage.endpoint_config())
        run.timeline, run.traffic = watching.timeline, watching.traffic
        self._runs.append(run)
        if run.endpoint_config_after != champion:
            raise RehearsalError(f"{execution.outcome}, but the endpoint serves {run.endpoint_config_after}")
        if execution.outcome in VERDICTS:
            self._say_verdict(run)
            self._note("More rows make no better model, so the champion serves on and nothing is rolled back")
            run.predictions = self._ask()
            return False
        if execution.outcome != "DeploymentRolledBackError":
            raise RehearsalError(_unexpected(run, "DeploymentRolledBackError"))
        self._display.step(f"[red]rolled back[/red]: {escape(execution.cause)}")
        run.predictions = self._ask()
        return True

    def better_model(self) -> None:
        """Act three: the same data, with the model whole, takes over."""
        self._display.act("Act three: the improved model, mended, takes over")
        watching = _UnderTraffic(self._stage, self._source, self._stage.endpoint_config())
        with watching:
            taken = self._promoted("improved data", self._source.content, watching.on_state)
        if not taken:
            self._note("Trained once more, the model is not surely better than the champion, which serves on")

    def _upload(self, content: bytes, on_state: Callable[[str], None] | None = None) -> Execution:
        return self._stage.run(self._source.name, content, self._display, on_state)

    def _promoted(self, label: str, content: bytes, on_state: Callable[[str], None] | None = None) -> bool:
        """Upload, and whether it was promoted; another verdict is shown, a failure raises RehearsalError."""
        before = self._stage.endpoint_config() if self._runs and self._champion else ""
        run = Run(label, self._upload(content, on_state), before)
        self._runs.append(run)
        if run.execution.outcome in (*VERDICTS, DATASET_REJECTED):
            self._say_verdict(run)
            return False
        if run.execution.outcome != "Promoted":
            raise RehearsalError(_unexpected(run, "Promoted"))
        run.endpoint_config_after = self._stage.endpoint_config()
        if run.endpoint_config_after == run.endpoint_config_before:
            raise RehearsalError(f"promoted, but the endpoint still serves {run.endpoint_config_before}")
        run.predictions = self._ask()
        return True

    @property
    def _champion(self) -> bool:
        return any(run.execution.outcome == "Promoted" for run in self._runs)

    def _say_verdict(self, run: Run) -> None:
        """What a user would see: the outcome, its reason, and where the report lies."""
        self._display.step(f"[yellow]{run.execution.outcome}[/yellow]: {escape(_reason(run.execution))}")
        report = run.evaluation.get("report_uri") or run.evaluation.get("report_html_uri")
        if report:
            self._display.step(f"  the report: {escape(str(report))}")

    def _note(self, text: str) -> None:
        self.notes.append(text)
        self._display.step(f"[yellow]{text}[/yellow]: that is what you would see.")

    def _ask(self) -> list[Prediction]:
        predictions = self._stage.ask(self._source.questions)
        answers = ", ".join(f"{_short(p.answered)} (actual {_short(p.actual)})" for p in predictions)
        self._display.step(f"the endpoint answers {escape(answers)}")
        return predictions


class _UnderTraffic:
    """Sends requests while a model takes over, since nothing else proves a new model; where faults are given,
    it breaks that model first, and watches where the requests go."""

    def __init__(
        self, stage: Stage, source: Source, champion: str, faults: FleetFaults | None = None
    ) -> None:
        self._stage, self._source, self._faults, self._champion = stage, source, faults, champion
        self._open = contextlib.ExitStack()
        self._green = ""
        self.timeline: Timeline | None = None
        self.traffic: Traffic | None = None

    def on_state(self, name: str) -> None:
        if name == "EvaluateModel":
            self._green = self._stage.newest_training_job()
            if self._faults:
                self._faults.put({"error_share": BROKEN_SHARE}, endpoint_config=self._green)
        elif name == "DeployCanary":
            if self._faults:
                self.timeline = self._stage.timeline(self._champion, self._green)
                self._open.enter_context(self.timeline)
            self.traffic = self._stage.traffic(self._source.questions[0])
            self._open.enter_context(self.traffic)

    def __enter__(self) -> _UnderTraffic:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
        if self._faults:
            self._faults.clear()


def _short(value: str) -> str:
    try:
        return f"{float(value):,.5g}" if abs(float(value)) < 1000 else f"{float(value):,.0f}"
    except ValueError:
        return value


def _unexpected(run: Run, expected: str) -> str:
    return f"{run.label}: expected {expected}, got {run.execution.outcome}: {_reason(run.execution)}"


def _reason(execution: Execution) -> str:
    found = (
        execution.output.get("reason")
        or execution.output.get("dataset", {}).get("message")
        or execution.cause
    )
    return str(found)
