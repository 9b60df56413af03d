"""The commands, in the order in which a user meets them. Nothing heavy is imported before it is used."""

from __future__ import annotations

import typer

from operations.cli import (
    absent,
    acting,
    batches,
    checking,
    costing,
    deciding,
    exits,
    features,
    logs,
    models,
    opening,
    runs,
    serving,
    status,
    using,
    watching,
)
from operations.cli.asking import command

_EPILOG = "Exit status: " + "; ".join(f"{int(code)} {text}" for code, text in exits.MEANING.items()) + "."

app = typer.Typer(
    name="greenlight",
    help="From an uploaded CSV to a safely deployed model: what serves, what happened, and why.",
    epilog=_EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
LOOK, DO, LACK = "Look", "Do", "Where the stack has them"
for function, name, panel in (
    (status.status, "status", LOOK),
    (runs.runs, "runs", LOOK),
    (runs.run, "run", LOOK),
    (runs.why, "why", LOOK),
    (models.models, "models", LOOK),
    (models.diff, "diff", LOOK),
    (logs.logs, "logs", LOOK),
    (opening.open_, "open", LOOK),
    (serving.console, "console", LOOK),
    (costing.cost, "cost", LOOK),
    (checking.doctor, "doctor", LOOK),
    (watching.drift, "drift", LOOK),
    (using.upload, "upload", DO),
    (using.predict, "predict", DO),
    (watching.labels, "labels", DO),
    (acting.rollback, "rollback", DO),
    (deciding.approve, "approve", DO),
    (deciding.reject, "reject", DO),
    (acting.redrive, "redrive", DO),
    (absent.experiment, "experiment", LACK),
    (batches.batch, "batch", LACK),
    (features.features, "features", LACK),
    (features.parity, "parity", LACK),
):
    app.command(name, rich_help_panel=panel)(command(function))


def main() -> None:
    """The entry of `greenlight` and of `python -m operations`."""
    app(prog_name="greenlight")
