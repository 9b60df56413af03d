"""`greenlight approve` and `reject`: a person's word on a model, which the pipeline waits for or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from operations.cli.asking import Asked
from operations.cli.exits import Exit, NotInThisStackError
from operations.reading.errors import NotThereError

if TYPE_CHECKING:
    from operations.reading.approvals import Pending
    from operations.reading.stage import StageReader

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask back.")]
Reason = Annotated[str, typer.Option(help="Kept with the model.")]


def approve(
    asked: Asked,
    version: Annotated[
        int | None, typer.Argument(help="A model version; none lists those that wait.", min=1)
    ] = None,
    reason: Reason = "by hand",
    yes: Yes = False,
) -> Exit | None:
    """Say yes to a model that waits for a person: it is then deployed, under the usual guards."""
    reader = asked.reader
    if not reader.asks_a_person():
        raise NotInThisStackError(
            f"{reader.stack.name} asks nobody before it deploys: the gate decides.",
            'To be asked, set approval = "required" under [deployment.STAGE] of pipeline.toml '
            "(docs/how-to/approval.md); to put another version in place: greenlight rollback --version N",
        )
    waiting = reader.pending()
    if version is None:
        _list(asked, waiting)
        return None
    found = next((pending for pending in waiting if pending.version == version), None)
    if found is None:
        raise NotThereError(
            f"Version {version} of {reader.stack.name} does not wait for anybody.", _who(waiting)
        )
    asked.confirm(
        f"{words(found)} Approve it? It is compared again if another model has become champion, then takes "
        "over by the usual deployment, under alarms.",
        is_sure=yes,
    )
    reader.decide(version, "Approved", reason)
    asked.out.line(
        f"Version {version} is approved: its run {found.run} goes on (greenlight run {found.run})."
    )
    asked.out.document({"version": version, "status": "Approved", "reason": reason, "run": found.run})
    return None


def reject(
    asked: Asked,
    version: Annotated[int, typer.Argument(help="A model version.", min=1)],
    reason: Reason = "by hand",
    yes: Yes = False,
) -> Exit | None:
    """Say no to a model that waits, or take the approval from another: nothing is compared with it, or goes
    back to it, any more."""
    reader = asked.reader
    model = reader.model(version)
    serves = model.name == reader.endpoint().config_name
    waits = _waits(reader, version)
    warning = (
        " It serves now: it goes on until another model takes over, and EndpointAstray fires."
        if serves
        else " It waits for a person: its run ends, and what serves stays."
        if waits
        else ""
    )
    asked.confirm(f"Reject version {version} of {reader.stack.name}?{warning}", is_sure=yes)
    reader.decide(version, "Rejected", reason)
    asked.out.line(f"Version {version} is rejected: {reason}.")
    asked.out.document({"version": version, "status": "Rejected", "reason": reason, "serves": serves})
    return None


def words(pending: Pending) -> str:
    """What a person decides on, in a sentence or two."""
    figures = "" if pending.challenger is None else f" has {pending.metric} {pending.challenger:,.6g}"
    against = "" if pending.champion is None else f" (the champion: {pending.champion:,.6g})"
    return f"Version {pending.version}{figures}{against}. {pending.reason}".rstrip(". ") + "."


def _waits(reader: StageReader, version: int) -> bool:
    return reader.asks_a_person() and any(pending.version == version for pending in reader.pending())


def _list(asked: Asked, waiting: tuple[Pending, ...]) -> None:
    for pending in waiting:
        asked.out.line(words(pending))
        asked.out.line(f"  greenlight approve {pending.version}, or greenlight reject {pending.version}")
    if not waiting:
        asked.out.line("No model waits for anybody.")
    asked.out.document(list(waiting))


def _who(waiting: tuple[Pending, ...]) -> str:
    if not waiting:
        return "No model waits now; `greenlight runs` tells what became of it."
    return f"Waiting: version {', '.join(str(pending.version) for pending in waiting)}."
