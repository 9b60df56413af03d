"""Which of a file's columns the model reads, and which only go along."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from contracts.errors import BatchRefusedError

ROW_COLUMN, ANSWER_COLUMN = "row", "prediction"


@dataclass(frozen=True)
class Header:
    """Positions in the file: `features` in the model's order, `carried` in the file's."""

    names: tuple[str, ...]
    features: tuple[int, ...]
    carried: tuple[int, ...]

    @property
    def input_filter(self) -> str:
        """The path to what the model reads, behind the row's number and what is carried."""
        return f"$[{1 + len(self.carried)}:]"

    @property
    def output_columns(self) -> list[str]:
        """The columns of what the job writes."""
        order = (*self.carried, *self.features)
        return [ROW_COLUMN, *(self.names[position] for position in order), ANSWER_COLUMN]


def read_header(row: Sequence[str] | None, columns: Sequence[str]) -> Header:
    """Raises BatchRefusedError, which names what the first line lacks."""
    names = [text.strip() for text in row or ()]
    wanted = ", ".join(columns)
    if not set(names) & set(columns):
        raise BatchRefusedError(f"the first line must be a header that names the model's columns: {wanted}")
    if lacking := [name for name in columns if name not in names]:
        raise BatchRefusedError(f"the header lacks {', '.join(lacking)}; the model reads {wanted}")
    if double := [name for name, count in Counter(names).items() if count > 1 and name in columns]:
        raise BatchRefusedError(f"the header repeats {', '.join(double)}")
    carried = tuple(position for position, name in enumerate(names) if name not in columns)
    return Header(tuple(names), tuple(names.index(name) for name in columns), carried)
