"""What is wrong with an upload, in words for whoever uploaded it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_MAX_SHOWN = 8
_MAX_VALUE = 60


class DatasetRejected(Exception):  # noqa: N818 - an outcome of the pipeline, not an error of it
    """The upload breaks its contract; `faults` say where."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(message_of(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One broken rule: `column` is empty for the file as a whole, `line` counts the file's lines from 1.

    `count` is the number of rows that break it; 0 where the rule is not about rows. `part` names the file, of
    a dataset that has several.
    """

    rule: str
    detail: str
    column: str = ""
    line: int = 0
    count: int = 0
    part: str = ""

    def __str__(self) -> str:
        where = [f"in {shown(self.part)}"] if self.part else []
        where += [f"column {shown(self.column)}"] if self.column else []
        where += [f"first at line {self.line}"] if self.line else []
        where += [f"{self.count:,} row{'s' if self.count != 1 else ''}"] if self.count else []
        return f"{self.rule}: {self.detail}" + (f" ({', '.join(where)})" if where else "")


def message_of(faults: Sequence[Fault]) -> str:
    """All faults in one text; the first ones stand for the rest of a long list."""
    texts = [str(fault) for fault in faults[:_MAX_SHOWN]]
    if len(faults) > _MAX_SHOWN:
        texts.append(f"and {len(faults) - _MAX_SHOWN} more")
    return "; ".join(texts)


def shown(value: str) -> str:
    """A value from the upload, quoted and short: it may hold anything."""
    text = value if len(value) <= _MAX_VALUE else f"{value[:_MAX_VALUE]}... ({len(value):,} characters)"
    return repr(text)


def listed(values: Sequence[str]) -> str:
    texts = ", ".join(shown(value) for value in values[:_MAX_SHOWN])
    return texts + (f" and {len(values) - _MAX_SHOWN:,} more" if len(values) > _MAX_SHOWN else "")
