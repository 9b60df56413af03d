"""Before the curtain: does pipeline.toml take the file? If not, it is drafted where a target is named, else
the way to draft it is told."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from contracts.pipeline_config import FILE_NAME, PipelineConfig
from operations.draft.drafting import PREVIOUS, drafted, write
from operations.draft.errors import DraftError
from operations.draft.show import show
from operations.draft.table import table_of
from operations.draft.trial import try_out
from operations.rehearsal.table_file import DataFileError
from operations.rehearsal.uploads import advice, read_config

_SHOWN_FAULTS = 3


def prepare(path: str | None, target: str, console: Console, task: str = "") -> PipelineConfig | None:
    """The configuration to rehearse by, drafted for the file where it has to be; raises DataFileError."""
    config = read_config()
    if not path:
        return config
    file = Path(path).expanduser()
    if not file.is_file():
        raise DataFileError(f"DATA={path}: there is no such file; name a table, or leave DATA out")
    faults = try_out(file, config).faults if config else ()
    if config and not faults:
        return config
    if not config:
        return None
    said = "; ".join(str(fault) for fault in faults[:_SHOWN_FAULTS])
    if not target:
        raise DataFileError(
            f"DATA={path}: {FILE_NAME} describes {config.name!r} and does not take it: {said}. "
            f"If that is another table, {advice(path)}"
        )
    return _draft(file, target, task, console)


def _draft(file: Path, target: str, task: str, console: Console) -> PipelineConfig:
    """As `make init` does."""
    try:
        with table_of(file) as table:
            plan, text, _ = drafted(table, target, task)
            show(console, plan)
    except DraftError as error:
        raise DataFileError(str(error)) from error
    output = Path(FILE_NAME)
    write(text, output, output.with_name(PREVIOUS))
    console.print(f"\n{FILE_NAME} is drafted from {file}; the one before is {PREVIOUS}\n", markup=False)
    return PipelineConfig.load(output)
