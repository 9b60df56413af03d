"""`make init DATA=file.csv TARGET=column`: write pipeline.toml, and keep the one that was there."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from rich.console import Console

from contracts.dataset import TASKS
from contracts.pipeline_config import FILE_NAME
from operations.draft.drafting import PREVIOUS, drafted, write
from operations.draft.errors import DraftError
from operations.draft.show import show
from operations.draft.table import table_of

_PLAIN_WIDTH = 118


def main() -> int:
    parser = argparse.ArgumentParser(prog="make init", description=__doc__)
    parser.add_argument("data", type=Path, help="a table: .csv, .tsv, either in .gz, or .parquet")
    parser.add_argument("target", help="the column to predict")
    parser.add_argument("--task", choices=("", *TASKS), default=os.environ.get("TASK", ""))
    parser.add_argument("--output", type=Path, default=Path(FILE_NAME))
    arguments = parser.parse_args()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PLAIN_WIDTH)
    try:
        with table_of(arguments.data) as table:
            plan, text, trial = drafted(table, arguments.target, arguments.task)
            show(console, plan)
    except DraftError as error:
        print(error, file=sys.stderr)
        return 2
    output: Path = arguments.output
    previous = output.with_name(PREVIOUS)
    if write(text, output, previous):
        console.print(f"\n{output} was there; it is now {previous}", markup=False)
    console.print(
        f"\nIngested with its own draft: {trial.train_rows:,} rows to train, {trial.holdout_rows:,} held "
        f"out, {trial.set_aside:,} set aside.\n"
        f"Read {output} through, then:\n  make rehearse DATA={arguments.data}",
        markup=False,
        soft_wrap=True,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
