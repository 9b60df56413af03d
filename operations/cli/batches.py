"""`greenlight batch`: a whole file answered by the champion, without the endpoint."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from contracts import layout
from operations.cli.asking import Asked, fail
from operations.cli.exits import Exit, NotInThisStackError
from operations.reading import errors

if TYPE_CHECKING:
    from operations.reading.stage import StageReader

SUFFIXES = (".csv", ".csv.gz")
POLL_SECONDS = 1.0
PREDICTED = "Predicted"
Found = dict[str, Any]


def batch(
    asked: Asked,
    file: Annotated[Path, typer.Argument(help="Rows under a header: .csv or .csv.gz.")],
    out: Annotated[Path | None, typer.Option(help="Write the rows with their answers to this file.")] = None,
    wait: Annotated[bool, typer.Option(help="Stay until it is answered.")] = True,
) -> Exit | None:
    """Predict a whole file without the endpoint."""
    reader, shown = asked.reader, asked.out
    machine = reader.stack.outputs.get("BatchMachineArn")
    if not machine:
        raise NotInThisStackError(
            f"{asked.stack_name} has no batch transform.",
            'Add [batch] with stages = ["dev"] to pipeline.toml and deploy; until then the endpoint takes up '
            "to 6 MB a request: greenlight predict FILE",
        )
    if not file.is_file():
        raise errors.NotThereError(f"There is no file {file}.", "Name a file of rows.")
    if not file.name.lower().endswith(SUFFIXES):
        fail(f"{file.name} does not end in {' or '.join(SUFFIXES)}.", "Save it as CSV under a header.")
    key = f"{layout.BATCH_UPLOADS.prefix}{file.name}"
    version = _put(reader, key, file)
    shown.line(f"uploaded {file.stat().st_size:,} bytes to s3://{reader.stack.raw_bucket}/{key}")
    if not wait:
        shown.document({"key": key, "version_id": version})
        return None
    result = _result(reader, machine, key, version)
    shown.line(f"{result['outcome']}: {result['reason']}", "" if _is_good(result) else "yellow")
    if result.get("rejected_rows"):
        shown.line(
            f"{result['rejected_rows']:,} rows were rejected, each with its reason: rejected.csv beside"
        )
    if result.get("manifest_uri"):
        shown.line(f"manifest: {result['manifest_uri']}")
    if out is not None and _is_good(result):
        _fetch(reader, result["manifest_uri"], out)
        shown.line(f"wrote {out}")
    shown.document(result)
    return None if _is_good(result) else Exit.ANSWER_IS_NO


def _is_good(result: Found) -> bool:
    return result.get("outcome") == PREDICTED


def _put(reader: StageReader, key: str, file: Path) -> str:
    s3, bucket = reader.clients("s3"), reader.stack.raw_bucket
    with errors.explained():
        s3.upload_file(str(file), bucket, key)
        return str(s3.head_object(Bucket=bucket, Key=key)["VersionId"])


def _result(reader: StageReader, machine: str, key: str, version: str) -> Found:
    """What the execution of this version ended with; a job takes minutes to begin."""
    states = reader.clients("stepfunctions")
    arn = ""
    with errors.explained():
        while True:
            arn = arn or _execution(states, machine, key, version)
            execution = states.describe_execution(executionArn=arn) if arn else {"status": "RUNNING"}
            if execution["status"] != "RUNNING":
                break
            time.sleep(POLL_SECONDS)
    if execution["status"] != "SUCCEEDED":
        return {
            "outcome": str(execution.get("error", execution["status"])),
            "reason": str(execution.get("cause", "see the execution's history")),
            "execution_arn": arn,
        }
    found: Found = json.loads(execution["output"]).get("result", {})
    return found


def _execution(states: Any, machine: str, key: str, version: str) -> str:
    listed = states.list_executions(stateMachineArn=machine, maxResults=50)["executions"]
    for summary in listed:
        given = json.loads(states.describe_execution(executionArn=summary["executionArn"])["input"])
        found = given.get("detail", {}).get("object", {})
        if (found.get("key"), found.get("version-id")) == (key, version):
            return str(summary["executionArn"])
    return ""


def _fetch(reader: StageReader, manifest_uri: str, out: Path) -> None:
    """The parts in their order, under a header."""
    s3 = reader.clients("s3")
    with errors.explained():
        manifest = json.loads(_object(s3, manifest_uri).read())
        with out.open("wb") as file:
            file.write(_header(manifest["columns"]))
            for output in manifest["outputs"]:
                for chunk in _object(s3, output["uri"]).iter_chunks(1 << 20):
                    file.write(chunk)


def _header(names: list[str]) -> bytes:
    import csv
    import io

    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(names)
    return text.getvalue().encode()


def _object(s3: Any, uri: str) -> Any:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return s3.get_object(Bucket=bucket, Key=key)["Body"]
