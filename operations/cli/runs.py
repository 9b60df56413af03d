"""`greenlight runs`, `run` and `why`: what became of each upload, and for which reason."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from contracts import layout
from operations.cli.asking import Asked
from operations.cli.exits import Exit
from operations.cli.output import Output, ago, moment, plain, span
from operations.reading import errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from operations.reading.history import Visit
    from operations.reading.machine import Machine
    from operations.reading.runs import Run
    from operations.reading.stage import StageReader

POLL_SECONDS = 1.0
LOG_LINES = 12
HASH_LENGTH = 32  # of what an upload's execution is named after
RunName = Annotated[str, typer.Argument(metavar="RUN", help="Its name, the begin of it, its ARN, or `last`.")]


def runs(
    asked: Asked,
    limit: Annotated[int, typer.Option(help="How many, the newest first.", min=1, max=10_000)] = 15,
    status: Annotated[
        str | None,
        typer.Option(help="Only those that are RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED."),
    ] = None,
) -> Exit | None:
    """The runs, the newest first, and what became of each."""
    found = asked.reader.runs(limit=limit, status=status.upper() if status else None)
    whole = asked.reader.runs_of(summary.arn for summary in found)
    asked.out.document([as_document(run) for run in whole])
    if not whole:
        asked.out.line("There are no runs yet. Start one: greenlight upload path/to/your.csv")
        return None
    now = datetime.now(UTC)
    rows = [
        (
            ago(run.started_at, now),
            run.upload.removeprefix(layout.UPLOADS.prefix),
            run.outcome,
            span(((run.ended_at or now) - run.started_at).total_seconds()),
            short(run.name),
        )
        for run in whole
    ]
    asked.out.table(("started", "upload", "outcome", "took", "run"), rows, whole="run")
    return None


def short(name: str) -> str:
    """As much of a run's name as tells it apart: the file's name and eight digits of the hash."""
    stem, _, digits = name.rpartition("-")
    return f"{stem}-{digits[:8]}" if stem and len(digits) == HASH_LENGTH else name


def run(
    asked: Asked,
    name: RunName = "last",
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Stay until it ends, and tell each state.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="Choices and waits, too.")] = False,
) -> Exit | None:
    """One run, state by state; exit status 1 where it failed."""
    reader, out = asked.reader, asked.out
    found, machine = reader.run(name), reader.machine()
    out.line(f"{found.name}: {found.upload}, started {moment(found.started_at)}", "bold")
    shown = _Shown(out, machine, every=every)
    shown(found)
    if follow and found.is_running:
        found = followed(reader, found.arn, shown, time.sleep)
    elif found.is_running:
        shown.running(found)
        out.line(f"It goes on. Follow it: greenlight run {found.name} --follow")
    if not found.is_running:
        conclude(out, found)
    out.document(as_document(found))
    return Exit.ANSWER_IS_NO if found.is_good is False else None


def followed(
    reader: StageReader, arn: str, shown: Callable[[Run], None], pause: Callable[[float], None]
) -> Run:
    """Look again and again until the run ends."""
    while True:
        found = reader.run_of(arn)
        shown(found)
        if not found.is_running:
            return found
        pause(POLL_SECONDS)


def conclude(out: Output, found: Run) -> None:
    """How it ended, in words."""
    style = {True: "green", False: "red", None: "yellow"}[found.is_good]
    out.line(f"{found.outcome}: {found.meaning}", style)
    if found.reason:
        out.pair("why", found.reason)
    if found.way_on:
        out.pair("next", found.way_on)


class _Shown:
    """Tells each visit once, when it is over; the same state again and again is one line, once it is left."""

    def __init__(self, out: Output, machine: Machine, *, every: bool) -> None:
        self._out, self._every, self._told = out, every, 0
        self._waiting: list[Visit] = []
        self._kinds = {state.name: state for state in machine.states}

    def __call__(self, found: Run) -> None:
        while self._told < len(found.visits) and found.visits[self._told].left_at is not None:
            visit = found.visits[self._told]
            self._told += 1
            if self._every:
                self._tell([visit])
            elif self._matters(visit):
                if self._waiting and self._waiting[0].state != visit.state:
                    self._flush()
                self._waiting.append(visit)
        if not found.is_running or not self._is_coming_back(found):
            self._flush()

    def _is_coming_back(self, found: Run) -> bool:
        """Whether what is visited now leads on, so that the state before may be entered again."""
        now = self._kinds.get(found.visits[-1].state) if found.visits else None
        return now is not None and (not now.matters or now.name == self._waiting_for)

    @property
    def _waiting_for(self) -> str:
        return self._waiting[0].state if self._waiting else ""

    def _flush(self) -> None:
        if self._waiting:
            self._tell(self._waiting)
        self._waiting = []

    def running(self, found: Run) -> None:
        for visit in found.visits[self._told :]:
            self._out.line(f"  … {visit.state}", "cyan")

    def _matters(self, visit: Visit) -> bool:
        state = self._kinds.get(visit.state)
        return visit.failed or state is None or state.matters

    def _tell(self, visits: list[Visit]) -> None:
        last, seconds = visits[-1], sum(visit.seconds or 0.0 for visit in visits)
        mark, style = ("✗", "red") if last.failed or last.kind == "Fail" else ("✓", "")
        again = f", {len(visits)} times" if len(visits) > 1 else ""
        tried = f", {last.attempts} attempts" if last.attempts > 1 else ""
        error = f"  {last.error}" if last.error else ""
        self._out.line(f"  {mark} {last.state:<24}{span(seconds):>9}{again}{tried}{error}", style)


def why(asked: Asked, name: RunName = "last") -> Exit | None:
    """Why a run ended as it did: the verdict's figures, or the failure with its cause, log and next step."""
    reader, out = asked.reader, asked.out
    found = reader.run(name)
    out.line(f"{found.name}: {found.upload}", "bold")
    conclude(out, found)
    checks = [check for check in found.verdict.get("checks", ()) if isinstance(check, dict)]
    if checks:
        out.line()
        rows = [
            (
                "✓" if check.get("passed") else "✗",
                str(check.get("name", "")),
                str(check.get("explanation", "")),
            )
            for check in checks
        ]
        out.table(("", "check", "what was found"), rows)
    faults = found.part("dataset").get("faults", ())
    for fault in faults if isinstance(faults, list) else ():
        out.pair("fault", ", ".join(f"{k} {v}" for k, v in fault.items() if v not in (None, "")))
    lines = _lines(reader, found)
    if found.failed_visit and found.is_good is False:
        visit = found.failed_visit
        out.line()
        out.pair("state", f"{visit.state}, after {span(visit.seconds or 0.0)}: {visit.error}", "red")
        if visit.cause and visit.cause != found.cause:
            out.pair("cause", visit.cause[:2000])
    for line in lines:
        out.line(f"  {line['at'][11:19]}  {line['text']}"[:400], "dim")
    report = found.part("evaluation").get("report_html_uri")
    if report:
        out.pair("report", f"greenlight open report --run {found.name}")
    out.document({**as_document(found), "log": lines})
    return Exit.ANSWER_IS_NO if found.is_good is False else None


def _lines(reader: StageReader, found: Run) -> list[dict[str, Any]]:
    """The last lines that the failed state printed; none where the log can't be read."""
    visit = found.failed_visit
    if visit is None or found.is_good is not False:
        return []
    source = found.training_job if visit.state.startswith("Train") and found.training_job else visit.state
    until = (visit.left_at or visit.entered_at) + timedelta(minutes=1)
    try:
        lines = reader.logs(visit.entered_at - timedelta(seconds=1), until=until, only=source)
    except errors.ReadingError:
        return []
    return [{"at": plain(line.at), "source": line.source, "text": line.text} for line in lines[-LOG_LINES:]]


def as_document(found: Run) -> dict[str, Any]:
    """A run for programs."""
    return {
        "name": found.name,
        "arn": found.arn,
        "status": found.status,
        "outcome": found.outcome,
        "meaning": found.meaning,
        "reason": found.reason,
        "way_on": found.way_on,
        "upload": found.upload,
        "started_at": plain(found.started_at),
        "ended_at": plain(found.ended_at),
        "error": found.error,
        "cause": found.cause,
        "model_version": found.model_version,
        "verdict": plain(found.verdict),
        "states": [
            {
                "state": visit.state,
                "entered_at": plain(visit.entered_at),
                "seconds": visit.seconds,
                "attempts": visit.attempts,
                "error": visit.error,
                "failed": visit.failed,
            }
            for visit in found.visits
        ],
    }
