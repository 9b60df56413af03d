"""A whole file answered by batch, and some of its rows asked of the endpoint as well."""

from __future__ import annotations

import csv
import hashlib
import io
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contracts.dataset import DatasetContract
from operations.rehearsal.display import Display
from operations.rehearsal.stage import Stage
from operations.rehearsal.table_file import TableFile
from operations.rehearsal.watch import Execution, RehearsalError

COMPARED_ROWS = 200
"""Spread over the file, and asked of the endpoint in one request."""
PREDICTED = "Predicted"


@dataclass(frozen=True, kw_only=True)
class AnsweredFile:
    """`seconds` are the wall's from the upload to the execution's end, `transform_seconds` those of the job
    in between."""

    rows: int
    predicted_rows: int
    rejected_rows: int
    compared_rows: int
    training_job_name: str
    manifest_uri: str
    seconds: float
    transform_seconds: float


def content_of(table: TableFile, contract: DatasetContract) -> bytes:
    """The table as a file for `batch/`: the model's columns and the target beside them, as their texts."""
    names = [*(column.name for column in contract.feature_columns), contract.target]
    places = [table.names.index(name) for name in names]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([row[place] for place in places] for row in table.rows if len(row) == len(table.names))
    return text.getvalue().encode()


def answer(
    stage: Stage, content: bytes, features: Sequence[str], display: Display, name: str = "rows.csv"
) -> AnsweredFile:
    """Upload the file and hold it against the endpoint; raises RehearsalError where they are not alike."""
    began = time.monotonic()
    execution = stage.run_batch(name, content, display)
    seconds = time.monotonic() - began
    result = _result(execution)
    manifest = stage.document(result["manifest_uri"])
    lines = _lines(stage, manifest)
    if len(lines) != result["predicted_rows"]:
        raise RehearsalError(f"the batch says {result['predicted_rows']} answers, and wrote {len(lines)}")
    serving, answered_by = stage.endpoint_config(), str(manifest["model"]["training_job_name"])
    if serving != answered_by:
        raise RehearsalError(f"the endpoint serves {serving}, and {answered_by} answered the file")
    return AnsweredFile(
        rows=result["rows"],
        predicted_rows=result["predicted_rows"],
        rejected_rows=result["rejected_rows"],
        compared_rows=compare(stage, manifest["columns"], lines, features),
        training_job_name=answered_by,
        manifest_uri=result["manifest_uri"],
        seconds=round(seconds, 1),
        transform_seconds=round(execution.total_seconds().get("TransformRows", 0.0), 1),
    )


def compare(stage: Stage, columns: Sequence[str], lines: Sequence[list[str]], features: Sequence[str]) -> int:
    """How many rows were asked of the endpoint, each of which it answered with the batch's text; raises
    RehearsalError, which names the first that it did not."""
    chosen = lines[:: max(1, len(lines) // COMPARED_ROWS)][:COMPARED_ROWS]
    asked = [{name: line[columns.index(name)] for name in features} for line in chosen]
    answers = list(csv.reader(io.StringIO(stage.ask_rows(asked))))
    written = [line[len(columns) - 1 :] for line in chosen]
    if len(answers) != len(written):
        raise RehearsalError(f"the endpoint was asked {len(written)} rows and answered {len(answers)}")
    for line, by_batch, by_endpoint in zip(chosen, written, answers, strict=True):
        if by_batch != by_endpoint:
            raise RehearsalError(f"row {line[0]}: the batch answered {by_batch}, the endpoint {by_endpoint}")
    return len(written)


def _result(execution: Execution) -> dict[str, Any]:
    found: dict[str, Any] = execution.output.get("result", {})
    if found.get("outcome") != PREDICTED:
        raise RehearsalError(
            f"the file was not answered: {found.get('outcome', execution.outcome)}: "
            f"{found.get('reason') or execution.cause}"
        )
    return found


def _lines(stage: Stage, manifest: dict[str, Any]) -> list[list[str]]:
    """The answered rows, in their order, of parts that are what the manifest says."""
    lines: list[list[str]] = []
    for part in manifest["outputs"]:
        content = stage.content(part["uri"])
        if hashlib.sha256(content).hexdigest() != part["sha256"]:
            raise RehearsalError(f"{part['uri']} is not what its manifest says: another hash")
        lines += csv.reader(io.StringIO(content.decode()))
    return lines
