"""`greenlight upload` and `predict`: what a user of the pipeline does."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contracts import layout
from operations.cli.asking import Asked, fail
from operations.cli.exits import Exit
from operations.cli.runs import _Shown, as_document, conclude, followed
from operations.reading import errors

if TYPE_CHECKING:
    from operations.reading.runs import Run
    from operations.reading.stage import StageReader

START_PATIENCE_SECONDS = 60.0
MEDIA_TYPES = {".csv": "text/csv", ".json": "application/json", ".npy": "application/x-npy"}


def upload(
    asked: Asked,
    file: Annotated[Path, typer.Argument(help=f"A dataset: {', '.join(layout.UPLOAD_SUFFIXES)}.")],
    name: Annotated[str, typer.Option(help="Its name below incoming/; else the file's own.")] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Stay until its run ends.")] = False,
) -> Exit | None:
    """Upload a dataset, which starts a run."""
    named = name or file.name
    if not file.is_file():
        raise errors.NotThereError(f"There is no file {file}.", "Name a file of your dataset.")
    if not named.lower().endswith(layout.UPLOAD_SUFFIXES) or named.startswith(("_", ".")):
        fail(
            f"An upload named {named!r} would start nothing.",
            f"It must end in one of {', '.join(layout.UPLOAD_SUFFIXES)}, and begin with neither _ nor a dot: "
            "--name NAME.csv",
        )
    reader, out = asked.reader, asked.out
    key = f"{layout.UPLOADS.prefix}{named}"
    version = _put(reader, key, file)
    out.line(f"uploaded {file.stat().st_size:,} bytes to s3://{reader.stack.raw_bucket}/{key}")
    found = _started(reader, key, version)
    if found is None:
        fail(
            f"{key} has started no run within {START_PATIENCE_SECONDS:.0f} s.",
            "See whether it waits or is a dead letter: greenlight status",
        )
    out.line(f"run {found.name}")
    if follow:
        shown = _Shown(out, reader.machine(), every=False)
        found = followed(reader, found.arn, shown, time.sleep)
        conclude(out, found)
    else:
        out.line(f"Follow it: greenlight run {found.name} --follow")
    out.document({"key": key, "version_id": version, "run": as_document(found)})
    return Exit.ANSWER_IS_NO if found.is_good is False else None


def _put(reader: StageReader, key: str, file: Path) -> str:
    """The object's version. Larger files go up in parts."""
    s3 = reader.clients("s3")
    with errors.explained():
        s3.upload_file(str(file), reader.stack.raw_bucket, key)
        return str(s3.head_object(Bucket=reader.stack.raw_bucket, Key=key).get("VersionId", ""))


def _started(reader: StageReader, key: str, version: str) -> Run | None:
    """The run of this object version, once there is one."""
    deadline = time.monotonic() + START_PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for summary in reader.runs(limit=20):
            run = reader.run_of(summary.arn)
            if (run.given.get("key"), run.given.get("versionId")) == (key, version):
                return run
        time.sleep(0.5)
    return None


def predict(
    asked: Asked,
    file: Annotated[
        Path, typer.Argument(help="Rows to ask about: .csv, .json, .npy, or - for standard input.")
    ],
    content_type: Annotated[str, typer.Option(help="Of the rows; else by the file's ending.")] = "",
    accept: Annotated[str, typer.Option(help="Of the answers; else the rows' own.")] = "",
    inference_id: Annotated[
        str, typer.Option(help="What a label will name these rows by; at most 64 characters.")
    ] = "",
) -> Exit | None:
    """Ask the endpoint, and print what it answers."""
    is_stdin = str(file) == "-"
    if not is_stdin and not file.is_file():
        raise errors.NotThereError(
            f"There is no file {file}.", "Name a file of rows, or - for standard input."
        )
    body = sys.stdin.buffer.read() if is_stdin else file.read_bytes()
    kind = content_type or MEDIA_TYPES.get(file.suffix.lower(), "text/csv")
    answer = _ask(asked.reader, body, kind, accept or kind, inference_id)
    if asked.as_json:
        asked.out.document({"content_type": kind, "answer": answer.decode(errors="replace")})
    else:
        sys.stdout.buffer.write(answer if answer.endswith(b"\n") else answer + b"\n")
    return None


def _ask(reader: StageReader, body: bytes, kind: str, accept: str, inference_id: str = "") -> bytes:
    from botocore.exceptions import ClientError

    name = reader.stack.endpoint_name
    runtime = reader.clients("sagemaker-runtime")
    named = {"InferenceId": inference_id} if inference_id else {}
    with errors.explained():
        try:
            answer = runtime.invoke_endpoint(
                EndpointName=name, ContentType=kind, Accept=accept, Body=body, **named
            )
            return bytes(answer["Body"].read())
        except ClientError as error:
            code = errors.code_of(error)
            message = str(error.response.get("OriginalMessage") or error.response["Error"].get("Message", ""))
            if code == "ModelError":
                status = error.response.get("OriginalStatusCode", "")
                fail(f"The model refused it ({status}): {message}", "Mend the rows that it names.")
            if code == "ValidationError" and "not found" in message.lower():
                raise errors.NotThereError(
                    f"The endpoint {name} is not there.", "It comes with the first model: greenlight status"
                ) from None
            raise
