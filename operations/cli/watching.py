"""`greenlight drift` and `labels`: what the monitor found, and what it is told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contracts import layout
from operations.cli import project
from operations.cli.asking import Asked, fail
from operations.cli.exits import Exit, NotInThisStackError
from operations.cli.output import Output
from operations.reading import errors

if TYPE_CHECKING:
    from operations.reading.monitoring import Quality, Verdict
    from operations.reading.stage import StageReader

LABEL_SUFFIXES = (".csv", ".parquet")  # what JudgeQuality reads, in any case
SHADES = " ░▒▓█"
_FULL_SHARE = 0.4  # of the rows: the darkest shade


def drift(
    asked: Asked,
    hours: Annotated[
        int, typer.Option(help="Windows of the heat map, the newest last.", min=1, max=500)
    ] = 24,
) -> Exit | None:
    """How far requests and answers have moved from the training data, and what came true; by the monitor."""
    reader, out = asked.reader, asked.out
    found = reader.verdicts(hours)
    out.document({"watched": bool(found) or reader.is_watched(), "verdicts": found})
    if not found:
        _require_monitor(reader)
        out.line(
            f"The monitor of {reader.stack.name} has reported nothing yet. It looks at hours that are over; "
            "`greenlight logs --only ReadWindow` shows what it did."
        )
        return None
    _show(out, found[0])
    _heat(out, found)
    out.pair("report", found[0].report_html_uri)
    return Exit.ANSWER_IS_NO if found[0].is_bad else None


def _require_monitor(reader: StageReader) -> None:
    if not reader.is_watched():
        stage = reader.stack.stage
        raise NotInThisStackError(
            f"{reader.stack.name} has no monitor: nothing compares its requests with the training data.",
            f'Name the stage in pipeline.toml, [monitoring] stages = ["{stage}"], and deploy it again. Each '
            "upload's own report has the drift against the champion's data: greenlight open report",
        )


def _show(out: Output, newest: Verdict) -> None:
    style = {"DRIFT": "red", "NO_DRIFT": "green"}.get(newest.status, "")
    out.line(f"{newest.first_hour} to {newest.hour} UTC, {newest.rows:,} rows", "bold")
    out.pair("drift", f"{newest.status}: {newest.reason}", style)
    quality = newest.quality
    style = {"DECAYED": "red", "AS_PROMISED": "green"}.get(quality.status, "")
    out.pair("quality", f"{quality.status}: {quality.reason}", style)
    if quality.value is not None:
        out.pair("", _figures(quality))
    retraining = newest.retraining
    if retraining:
        due = "due" if retraining.get("is_due") else "not due"
        out.pair("retraining", f"{due}: {retraining.get('reason', '')}")


def _figures(quality: Quality) -> str:
    interval = "" if quality.low is None else f" ({quality.low:,.6g} to {quality.high or 0.0:,.6g})"
    promised = "" if quality.promised is None else f", promised {quality.promised:,.6g}"
    kind = (
        "estimated without labels" if quality.is_estimate else f"of {quality.labelled_rows:,} labelled rows"
    )
    return f"{quality.metric} {quality.value:,.6g}{interval}{promised}, {kind}"


def _heat(out: Output, found: tuple[Verdict, ...]) -> None:
    """A row a column, a character a window: the darker, the more of its rows moved."""
    windows = [{moved.column: moved for moved in one.columns} for one in reversed(found)]
    rows = []
    for moved in found[0].columns:
        strip = "".join(
            shade(one[moved.column].effect_share) if moved.column in one else "·" for one in windows
        )
        psi = "-" if moved.psi is None else f"{moved.psi:.3f}"
        drifted = "drifted" if moved.drifted else ""
        rows.append((moved.column, strip, f"{100 * moved.effect_share:.1f} %", psi, drifted))
    out.line()
    out.table(("column", f"{len(windows)} windows, the newest last", "rows moved", "PSI", ""), rows)


def shade(share: float) -> str:
    """None, a tenth, two, three, and four tenths or more of the rows."""
    return SHADES[min(len(SHADES) - 1, int(max(0.0, share) / _FULL_SHARE * (len(SHADES) - 1) + 0.5))]


def labels(
    asked: Asked,
    file: Annotated[
        Path | None,
        typer.Argument(help="Rows of inference_id and target; without, what the labels said so far."),
    ] = None,
    name: Annotated[str, typer.Option(help="Its name below labels/; else the file's own.")] = "",
) -> Exit | None:
    """Bring in what came true, by which the serving model is judged, and trained anew."""
    if file is None:
        return _told(asked)
    named = name or file.name
    _check(file, named)
    reader, out = asked.reader, asked.out
    _require_monitor(reader)
    key = f"{layout.LABELS.prefix}{named}"
    with errors.explained():
        reader.clients("s3").upload_file(str(file), reader.stack.raw_bucket, key)
    out.line(f"uploaded {file.stat().st_size:,} bytes to s3://{reader.stack.raw_bucket}/{key}")
    out.line("The monitor's next run reads it. What it makes of it: greenlight labels")
    out.document({"key": key})
    return None


def _check(file: Path, named: str) -> None:
    """What JudgeQuality would refuse as a whole is refused before it is uploaded."""
    if not file.is_file():
        raise errors.NotThereError(f"There is no file {file}.", "Name a file of labels.")
    if not named.lower().endswith(LABEL_SUFFIXES):
        fail(
            f"Labels named {named!r} would not be read.",
            f"Use {' or '.join(LABEL_SUFFIXES)}: --name NAME.csv",
        )
    if not file.name.lower().endswith(".csv"):
        return
    with file.open(encoding="utf-8-sig", errors="replace") as lines:
        names = [name.strip().strip('"') for name in lines.readline().rstrip("\r\n").split(",")]
    target = project.target()
    if "inference_id" not in names or not {target, "label"} & set(names):
        fail(
            f"{file} has the columns {', '.join(names)[:200]}.",
            f"Labels need inference_id and {target} (or label); where a request has several rows, also row.",
        )


def _told(asked: Asked) -> Exit | None:
    reader, out = asked.reader, asked.out
    found = reader.verdicts(1)
    if not found:
        _require_monitor(reader)
        out.document({"quality": None})
        out.line("The monitor has judged no labels yet. Bring some: greenlight labels FILE")
        return None
    quality = found[0].quality
    out.document({"hour": found[0].hour, "quality": quality})
    out.pair("quality", f"{quality.status}: {quality.reason}")
    if quality.value is not None:
        out.pair("", _figures(quality))
    return Exit.ANSWER_IS_NO if quality.status == "DECAYED" else None
