"""How a rehearsal's executions ended, in the words that every reader of a run gets."""

from __future__ import annotations

from operations.reading import outcomes
from operations.reading.outcomes import DATASET_REJECTED, PROMOTED, ROLLED_BACK, UNGUARDED, VERDICTS
from operations.rehearsal.watch import Execution

__all__ = [
    "DATASET_REJECTED",
    "PROMOTED",
    "ROLLED_BACK",
    "UNGUARDED",
    "VERDICTS",
    "meaning",
    "reason",
    "way_on",
]


def meaning(execution: Execution) -> str:
    """What the outcome means."""
    return outcomes.meaning(execution.outcome, execution.output)


def way_on(execution: Execution) -> str:
    """What to do next; empty where there is nothing to do."""
    return outcomes.way_on(execution.outcome, execution.output)


def reason(execution: Execution) -> str:
    """The execution's own words."""
    return outcomes.reason(execution.output, execution.cause)
