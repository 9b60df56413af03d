"""The acts of the rehearsal; each one raises RehearsalError when the story does not go as told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from localcloud.rehearsal.display import Display
from localcloud.rehearsal.stage import Prediction, Stage
from localcloud.rehearsal.uploads import Source, share_of_rows
from localcloud.rehearsal.watch import Execution, RehearsalError

# The first upload holds this share of the rows, so that the second, with all of them, teaches a better model.
FIRST_SHARE = 0.3


@dataclass
class Run:
    """One upload and what became of it."""

    label: str
    execution: Execution
    endpoint_config_before: str = ""
    endpoint_config_after: str = ""
    predictions: list[Prediction] = field(default_factory=list)

    @property
    def dataset_version(self) -> str:
        return str(self.execution.output.get("dataset", {}).get("version", ""))

    @property
    def evaluation(self) -> dict[str, Any]:
        found: dict[str, Any] = self.execution.output.get("evaluation", {})
        return found


def promote_twice(stage: Stage, source: Source, display: Display, runs: list[Run]) -> None:
    """Act one: an upload becomes the first champion; more data makes a better model that takes over."""
    display.act("Act one: an upload becomes the champion, and a better one takes over")
    first = _upload(
        stage, source.name, share_of_rows(source.content, FIRST_SHARE), "first upload", runs, "", display
    )
    _show_predictions(stage, source, first, display)
    before = first.endpoint_config_after
    second = _upload(stage, source.name, source.content, "improved data", runs, before, display)
    _show_predictions(stage, source, second, display)


def _upload(
    stage: Stage,
    name: str,
    content: bytes,
    label: str,
    runs: list[Run],
    endpoint_config_before: str,
    display: Display,
) -> Run:
    execution = stage.run(name, content, display)
    run = Run(label, execution, endpoint_config_before)
    runs.append(run)
    if execution.outcome != "Promoted":
        raise RehearsalError(_unexpected(label, execution))
    run.endpoint_config_after = stage.endpoint_config()
    if run.endpoint_config_after == endpoint_config_before:
        raise RehearsalError(f"{label}: promoted, but the endpoint still serves {endpoint_config_before}")
    return run


def _unexpected(label: str, execution: Execution) -> str:
    reason = (
        execution.output.get("dataset", {}).get("message")
        or execution.output.get("evaluation", {}).get("reason")
        or execution.cause
    )
    return f"{label}: expected the outcome Promoted, got {execution.outcome}: {reason}"


def _show_predictions(stage: Stage, source: Source, run: Run, display: Display) -> None:
    run.predictions = stage.ask(source.content, run.dataset_version)
    answers = ", ".join(f"{p.answered} (actual {p.actual})" for p in run.predictions)
    display.step(f"endpoint answers {answers}")
