"""What a rehearsal prints fits a terminal of 80 columns, and tells each state that matters once."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from operations.rehearsal.display import PLAIN_WIDTH, Display
from operations.rehearsal.performance import LOOK_FURTHER
from operations.rehearsal.watch import Execution, StateRun


def shown(*, verbose: bool) -> list[str]:
    said = io.StringIO()
    display = Display(Console(file=said, width=PLAIN_WIDTH), verbose=verbose)
    execution = Execution("arn")
    with display.following() as follow:
        for name, kind in (("IsRollback", "Choice"), ("IngestData", "Task"), ("IngestData", "Task")):
            execution.states.append(StateRun(name, 0.0, 0.1, kind))
            follow(execution)
        execution.states.append(StateRun("Promoted", 0.0, 0.0, "Succeed"))
        follow(execution)
    return [line.split("✓")[1].split()[0] for line in said.getvalue().splitlines()]


def test_choices_are_told_only_where_more_is_wanted():
    assert shown(verbose=False) == ["IngestData", "Promoted"]
    assert shown(verbose=True) == ["IsRollback", "IngestData", "Promoted"]


@pytest.mark.parametrize("line", LOOK_FURTHER.splitlines())
def test_what_to_try_next_fits(line: str):
    assert len(line.replace("[bold]", "").replace("[/bold]", "")) <= PLAIN_WIDTH
