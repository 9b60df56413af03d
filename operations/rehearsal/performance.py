"""`make rehearse`: synthesise, deploy into the embedded cloud, upload, break, mend, and say what happened."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from localcloud import interrupts
from localcloud.interrupts import INTERRUPTED
from localcloud.launch import LaunchError, launch
from localcloud.sagemaker.fleet_faults import FleetFaults
from operations.rehearsal import summary
from operations.rehearsal.acts import Run, Story
from operations.rehearsal.display import Display
from operations.rehearsal.stage import Stage
from operations.rehearsal.uploads import DataFileError, Source, read_source
from operations.rehearsal.watch import RehearsalError

RESULT = Path("build/rehearsal.json")
LOOK_FURTHER = """
[bold]Look further[/bold]
  build/rehearsal.json                 everything above, for machines
  .venv/bin/python -m localcloud up    the same stack, left running for the AWS CLI and your own uploads
  step_functions/README.md             what each state adds to the execution's document
"""


def main() -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):  # so that the cloud is stopped, too
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    display = Display()
    try:
        return _rehearse(display)
    except KeyboardInterrupt:
        interrupts.ignore()
        display.problem("Interrupted; the embedded cloud and all its processes are stopped.")
        return INTERRUPTED


def _rehearse(display: Display) -> int:
    try:
        source = read_source(os.environ.get("DATA"))
    except DataFileError as error:
        display.problem(str(error))
        return 2
    _announce(display, source)
    runs: list[Run] = []
    problem = _play(display, source, runs)
    if runs:
        summary.show(display, runs)
    document = summary.as_document(source, runs, display.elapsed_seconds, problem)
    summary.write(RESULT, document)
    display.console.print(LOOK_FURTHER)
    if problem:
        display.problem(f"The rehearsal failed after {display.elapsed_seconds:.0f} s: {problem}")
        return 1
    display.console.print(f"[bold green]All of it happened[/bold green], in {display.elapsed_seconds:.0f} s.")
    return 0


def _announce(display: Display, source: Source) -> None:
    if source.is_synthetic:
        display.console.print(
            "[yellow]The data is synthetic[/yellow], made in the California-housing schema; "
            "DATA=path.csv rehearses with your own."
        )
    else:
        display.console.print(f"Rehearsing with {source.name}, {len(source.content):,} bytes.")


def _play(display: Display, source: Source, runs: list[Run]) -> str:
    """Tells the story; returns what went wrong, empty if nothing did."""
    display.step("synthesising the app and starting the embedded cloud")
    try:
        with launch() as cloud:
            display.step(f"stage dev deployed at {cloud.endpoint_url}")
            stage = Stage(cloud.session(), cloud.endpoint_url, cloud.outputs)
            story = Story(stage, source, display, runs)
            story.first_champion()
            story.broken_model(FleetFaults(cloud.environment))
            story.better_model()
    except (RehearsalError, DataFileError, LaunchError) as error:
        return str(error)
    return ""
