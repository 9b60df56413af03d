"""The exit codes, and what each error ends with."""

from __future__ import annotations

from enum import IntEnum

from operations.reading import errors


class Exit(IntEnum):
    """What the shell is told."""

    DONE = 0
    ANSWER_IS_NO = 1
    USAGE = 2
    NOT_THERE = 3
    NO_ACCESS = 4
    UNREACHABLE = 5
    NOT_IN_THIS_STACK = 6
    UNFORESEEN = 7
    INTERRUPTED = 130


MEANING = {
    Exit.DONE: "done; the answer is good",
    Exit.ANSWER_IS_NO: "done; the answer is bad news: a run failed, an alarm fires, a model was not promoted",
    Exit.USAGE: "the command was not understood, or it needs a yes that nobody gave",
    Exit.NOT_THERE: "no such stack, run, model or file",
    Exit.NO_ACCESS: "no credentials, expired ones, or ones that may not do it",
    Exit.UNREACHABLE: "nobody answers, or AWS is busy",
    Exit.NOT_IN_THIS_STACK: "this stack has no such part",
    Exit.UNFORESEEN: "an error that nobody foresaw; its trace is kept",
    Exit.INTERRUPTED: "Ctrl-C; what was started goes on",
}


class NotInThisStackError(errors.ReadingError):
    """The command is there, and the deployed stack lacks what it is about."""


class NeedsAYesError(errors.ReadingError):
    """What changes something was asked for where nobody can be asked back."""


def code_of(error: errors.ReadingError) -> Exit:
    """The exit code of an error."""
    kinds: dict[type[errors.ReadingError], Exit] = {
        NotInThisStackError: Exit.NOT_IN_THIS_STACK,
        NeedsAYesError: Exit.USAGE,
        errors.NotDeployedError: Exit.NOT_THERE,
        errors.NotThereError: Exit.NOT_THERE,
        errors.NoAccessError: Exit.NO_ACCESS,
        errors.UnreachableError: Exit.UNREACHABLE,
    }
    return next((code for kind, code in kinds.items() if isinstance(error, kind)), Exit.ANSWER_IS_NO)
