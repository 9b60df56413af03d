"""`make rehearse`: synthesise, deploy into the embedded cloud, upload, break, mend, and say what happened."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from rich.markup import escape

from localcloud.deploy.synth import SynthError
from localcloud.host import interrupts
from localcloud.host.interrupts import INTERRUPTED
from localcloud.host.launch import LaunchError, launch
from localcloud.services.sagemaker.hosting.fleet.fault_client import FleetFaults
from operations.installation.machine import SetUpError, require_disk
from operations.rehearsal import choosing, console, fourth_act, stream_act, summary, traffic_act
from operations.rehearsal.acts import Run, Story
from operations.rehearsal.display import Display
from operations.rehearsal.preparing import prepare
from operations.rehearsal.stage import Stage
from operations.rehearsal.table_file import DataFileError
from operations.rehearsal.traffic_act import TrafficStory
from operations.rehearsal.uploads import Source, read_source
from operations.rehearsal.watch import RehearsalError

RESULT = Path("build/rehearsal.json")
NEEDED_DISK_MB = 1_000
"""Images, buckets and models of one rehearsal, with room to spare; all but its result is removed."""
SPEED = 30.0
"""Cloud seconds per second: `up`'s own speed, so that what is seen here is what a user sees there."""
LOOK_FURTHER = """
[bold]What else to try[/bold]
  make rehearse DATA=your.csv TARGET=column   the same with your own table
  make rehearse ACTS=all                      then drift, labels, a retraining
  make rehearse ACTS=stream                   half of it as events, and a front
  make rehearse CONSOLE=1                     watch it in a browser
  .venv/bin/python -m localcloud up           leave it running: docs/start.md
All of the above for machines is in build/rehearsal.json; VERBOSE=1 tells more.
"""


def main() -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):  # so that the cloud is stopped, too
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    return _rehearse(Display(verbose=bool(os.environ.get("VERBOSE"))))


@dataclass
class Told:
    """What there is to tell so far, whenever the end comes."""

    source: Source | None = None
    runs: list[Run] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problem: str = ""
    trace: str = ""


def _rehearse(display: Display) -> int:
    """The exit status: 0 where the story was told, as far as the data carry it; 2 where the file is not one
    to rehearse with. build/rehearsal.json is written in each case, Ctrl-C and faults of ours included."""
    told = Told()
    try:
        status = _tell(display, told)
    except (KeyboardInterrupt, SystemExit) as end:
        interrupts.ignore()
        status = end.code if isinstance(end, SystemExit) and isinstance(end.code, int) else INTERRUPTED
        told.problem = "Interrupted; the embedded cloud and all its processes are stopped."
    except Exception as error:  # what nobody foresaw is told like the rest, and kept for whoever mends it
        status, told.trace = 1, traceback.format_exc()
        told.problem = (
            f"an error that nobody foresaw, {type(error).__name__}: {error}; {RESULT} has its trace"
        )
    _write(display, told)
    if told.runs:
        summary.show(display, told.runs)
    if status in (0, 1):
        display.console.print(LOOK_FURTHER)
    if told.problem:
        after = f"The rehearsal failed after {display.elapsed_seconds:.0f} s: " if status == 1 else ""
        display.problem(f"{after}{told.problem}")
    else:
        _end(display, told)
    return status


def _tell(display: Display, told: Told) -> int:
    """The story and its exit status; `told` gains what happens."""
    path = os.environ.get("DATA")
    try:
        acts = choosing.chosen(os.environ.get("ACTS", ""))
        require_disk(Path.cwd(), NEEDED_DISK_MB, "The rehearsal")
        target, task = os.environ.get("TARGET", ""), os.environ.get("TASK", "")
        config = prepare(path, target, display.console, task)
        told.source = read_source(path, config)
        _announce(display, told.source)
        if acts == choosing.TRAFFIC:
            rolling = traffic_act.assembly()
            told.problem = _play(display, told.source, told.runs, told.notes, TrafficStory, rolling)
        elif acts == choosing.STREAM:
            told.problem = _play_stream(display, told.source, told.runs)
        else:
            told.problem = _play(display, told.source, told.runs, told.notes)
        if not told.problem and acts == choosing.ALL:
            told.problem = _play_on(display)
    except (DataFileError, SetUpError) as error:
        told.problem = str(error)
        return 2
    return 1 if told.problem else 0


def _write(display: Display, told: Told) -> None:
    document = summary.as_document(told.source, told.runs, told.notes, display.elapsed_seconds, told.problem)
    summary.write(RESULT, document | ({"trace": told.trace} if told.trace else {}))


def _end(display: Display, told: Told) -> None:
    for note in told.notes:
        display.console.print(f"[yellow]{note}.[/yellow]")
    how = "All of it happened" if not told.notes else "It went as the data have it"
    waited = sum(run.execution.waiting_seconds() for run in told.runs)
    seconds = display.elapsed_seconds
    display.console.print(
        f"[bold green]{how}[/bold green], in {seconds:.0f} s: {seconds - waited:.0f} s of work, and"
        f" {waited:.0f} s of waits on the cloud's clock, which ran {SPEED:g} times as fast as the wall's."
    )


def _announce(display: Display, source: Source) -> None:
    if source.is_synthetic:
        display.console.print(
            "[yellow]The data is synthetic[/yellow], made in the California-housing schema; "
            "DATA=path.csv rehearses with your own."
        )
    else:
        display.console.print(f"Rehearsing with {escape(source.name)}, {len(source.content):,} bytes.")


def _play_on(display: Display) -> str:
    """The act that is not among those of every day; what went wrong."""
    try:
        fourth_act.play(display, SPEED)
    except (RehearsalError, LaunchError, SynthError) as error:
        return str(error)
    return ""


def _play_stream(display: Display, source: Source, runs: list[Run]) -> str:
    """The act of the stream, in a cloud of its own; what went wrong."""
    try:
        stream_act.play(display, source.content, runs, SPEED)
    except (RehearsalError, LaunchError, SynthError) as error:
        return str(error)
    except (BotoCoreError, ClientError) as error:
        return f"a call of AWS's interface failed: {error}"
    return ""


def _play(
    display: Display,
    source: Source,
    runs: list[Run],
    notes: list[str],
    teller: type[Story] = Story,
    assembly: contextlib.AbstractContextManager[Path | None] | None = None,
) -> str:
    """Tells the story; returns what went wrong, empty if nothing did. Without an `assembly` the stage is the
    project's own."""
    display.step("synthesising the app and starting the embedded cloud")
    try:
        with contextlib.ExitStack() as opened:
            out = opened.enter_context(assembly) if assembly else None
            cloud = opened.enter_context(launch(speed=SPEED, assembly=out))
            display.step(f"stage dev deployed at {cloud.endpoint_url}")
            if os.environ.get("CONSOLE"):
                opened.enter_context(console.beside(cloud.environment))
                display.step("the console opens in your browser")
            stage = Stage(cloud.session(), cloud.endpoint_url, dict(cloud.outputs))
            story = teller(stage, source, display, runs)
            try:
                story.play(FleetFaults(cloud.environment))
            finally:
                notes += story.notes
    except (RehearsalError, LaunchError, SynthError) as error:
        return str(error)
    except (BotoCoreError, ClientError) as error:
        return f"a call of AWS's interface failed: {error}"
    return ""
