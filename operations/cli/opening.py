"""`greenlight open`: the report or MLflow in a browser."""

from __future__ import annotations

import webbrowser
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from operations.cli import project
from operations.cli.asking import Asked
from operations.cli.exits import Exit
from operations.reading import errors

if TYPE_CHECKING:
    from operations.reading.stage import StageReader

NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Say where it is, and open nothing.")]
_EXPIRY_SECONDS = 300


class Thing(StrEnum):
    report = "report"
    mlflow = "mlflow"


def open_(
    asked: Asked,
    what: Annotated[Thing, typer.Argument(help="What to look at.")] = Thing.report,
    run: Annotated[str, typer.Option(help="The run whose report; else the champion's.")] = "",
    no_browser: NoBrowser = False,
) -> Exit | None:
    """Look at the report or at MLflow in a browser."""
    address = _report(asked.reader, run) if what is Thing.report else _mlflow(asked.reader)
    if not asked.as_json:
        print(address)  # whole, for whoever copies it
    asked.out.document({"address": address})
    if not no_browser and not asked.as_json:
        webbrowser.open(address)
    return None


def _report(reader: StageReader, run: str) -> str:
    """The report of a run, or of what serves, as a file."""
    if run:
        uri = str(reader.run(run).part("evaluation").get("report_html_uri", ""))
        if not uri:
            raise errors.NotThereError(
                f"The run {run} has no report: it ended before a model was judged.", f"greenlight why {run}"
            )
    else:
        champion = reader.champion()
        if champion is None:
            raise errors.NotThereError(
                "Nothing that is registered serves, so there is no champion's report.",
                "Name a run: greenlight open report --run last",
            )
        uri = champion.report_html_uri
    folder = project.root() / "build" / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    path: Path = folder / f"{uri.rstrip('/').split('/')[-2]}.html"
    path.write_bytes(reader.page(uri))
    return path.resolve().as_uri()


def _mlflow(reader: StageReader) -> str:
    """An address that logs in, for some minutes."""
    with errors.explained():
        found = reader.clients("sagemaker").create_presigned_mlflow_app_url(
            Arn=reader.stack.mlflow_arn, ExpiresInSeconds=_EXPIRY_SECONDS
        )
    return str(found["AuthorizedUrl"])
