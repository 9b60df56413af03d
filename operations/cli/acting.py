"""`greenlight rollback` and `redrive`: what changes something, and asks first."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from operations.cli import project
from operations.cli.asking import Asked
from operations.cli.exits import Exit
from operations.cli.runs import _Shown, as_document, conclude, followed
from operations.reading.errors import ReadingError, explained

if TYPE_CHECKING:
    from operations.deployed import DeployedStage

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask back.")]


def rollback(
    asked: Asked,
    version: Annotated[
        int | None, typer.Option(help="A model version; else the champion before.", min=1)
    ] = None,
    reason: Annotated[str, typer.Option(help="Kept with the model that is left.")] = "",
    yes: Yes = False,
) -> Exit | None:
    """Deploy an earlier champion again, with the guardrails that every model gets, and follow it."""
    from operations import rollback as rolling

    reader, out = asked.reader, asked.out
    champion = reader.champion()
    serving = f"version {champion.version}" if champion else "nothing that is registered"
    back = f"version {version}" if version else "the champion before it"
    if version:
        reader.model(version)
    asked.confirm(
        f"{reader.stack.name} serves {serving}. Deploy {back} by the usual canary"
        + (", and reject the one that serves once it has taken over?" if champion else "?"),
        is_sure=yes,
    )
    with explained():
        try:
            arn = rolling.start(_deployed(asked), version=version, reason=reason, now=datetime.now(UTC))
        except rolling.NothingToRollBackError as error:
            raise ReadingError(f"{error}.", "`greenlight models` lists what there is.") from None
    found = reader.run_of(arn)
    out.line(f"run {found.name}; Ctrl-C stops following it, and not the rollback")
    found = followed(reader, arn, _Shown(out, reader.machine(), every=False), time.sleep)
    conclude(out, found)
    out.document(as_document(found))
    return None if found.is_good else Exit.ANSWER_IS_NO


def redrive(asked: Asked, yes: Yes = False) -> Exit | None:
    """Put the dead letters back on the upload queue."""
    from operations.redrive import redrive as move

    reader = asked.reader
    waiting = reader.queues().dead_letters
    if waiting:
        asked.confirm(
            f"{waiting} dead letters of {reader.stack.name} go back to the queue. Is their cause mended?",
            is_sure=yes,
        )
        with explained():
            waiting = move(_deployed(asked))
    asked.out.line(
        f"{waiting} dead letters go back to the upload queue." if waiting else "There are no dead letters."
    )
    asked.out.document({"dead_letters": waiting})
    return None


def _deployed(asked: Asked) -> DeployedStage:
    from operations.deployed import DeployedStage

    return DeployedStage(asked.stage, asked.reader.clients.session, project.root())
