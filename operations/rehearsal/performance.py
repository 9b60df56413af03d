"""`make rehearse`: synthesise, deploy into the embedded cloud, upload, break, mend, and say what happened."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from rich.markup import escape

from localcloud import interrupts
from localcloud.interrupts import INTERRUPTED
from localcloud.launch import LaunchError, launch
from localcloud.sagemaker.fleet_faults import FleetFaults
from operations.installation.machine import SetUpError, require_disk
from operations.rehearsal import summary
from operations.rehearsal.acts import Run, Story
from operations.rehearsal.display import Display
from operations.rehearsal.preparing import prepare
from operations.rehearsal.stage import Stage
from operations.rehearsal.table_file import DataFileError
from operations.rehearsal.uploads import Source, read_source
from operations.rehearsal.watch import RehearsalError

RESULT = Path("build/rehearsal.json")
NEEDED_DISK_MB = 1_000
"""Images, buckets and models of one rehearsal, with room to spare; all but its result is removed."""
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
    """The exit status: 0 where the story was told, as far as the data carry it; 2 where the file is not one
    to rehearse with. build/rehearsal.json is written in each case."""
    runs: list[Run] = []
    notes: list[str] = []
    path = os.environ.get("DATA")
    source: Source | None = None
    try:
        require_disk(Path.cwd(), NEEDED_DISK_MB, "The rehearsal")
        config = prepare(path, os.environ.get("TARGET", ""), display.console)
        source = read_source(path, config)
        _announce(display, source)
        problem, status = _play(display, source, runs, notes), 1
    except (DataFileError, SetUpError) as error:
        problem, status = str(error), 2
    if runs:
        summary.show(display, runs)
    document = summary.as_document(source, runs, notes, display.elapsed_seconds, problem)
    summary.write(RESULT, document)
    if status != 2:
        display.console.print(LOOK_FURTHER)
    if problem:
        after = f"The rehearsal failed after {display.elapsed_seconds:.0f} s: " if status == 1 else ""
        display.problem(f"{after}{problem}")
        return status
    _end(display, notes)
    return 0


def _end(display: Display, notes: list[str]) -> None:
    for note in notes:
        display.console.print(f"[yellow]{note}.[/yellow]")
    told = "All of it happened" if not notes else "It went as the data have it"
    display.console.print(f"[bold green]{told}[/bold green], in {display.elapsed_seconds:.0f} s.")


def _announce(display: Display, source: Source) -> None:
    if source.is_synthetic:
        display.console.print(
            "[yellow]The data is synthetic[/yellow], made in the California-housing schema; "
            "DATA=path.csv rehearses with your own."
        )
    else:
        display.console.print(f"Rehearsing with {escape(source.name)}, {len(source.content):,} bytes.")


def _play(display: Display, source: Source, runs: list[Run], notes: list[str]) -> str:
    """Tells the story; returns what went wrong, empty if nothing did."""
    display.step("synthesising the app and starting the embedded cloud")
    try:
        with launch() as cloud:
            display.step(f"stage dev deployed at {cloud.endpoint_url}")
            stage = Stage(cloud.session(), cloud.endpoint_url, cloud.outputs)
            story = Story(stage, source, display, runs)
            try:
                story.play(FleetFaults(cloud.environment))
            finally:
                notes += story.notes
    except (RehearsalError, DataFileError, LaunchError) as error:
        return str(error)
    except (BotoCoreError, ClientError) as error:
        return f"a call of AWS's interface failed: {error}"
    return ""
