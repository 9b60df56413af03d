"""The honest smaller sample that the first act uploads: some of the rows, as they are."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from contracts.dataset import DatasetContract
from contracts.values import ValueRefusedError, as_number
from operations.rehearsal.table_file import TableFile

SHARE = 0.3
MIN_ROWS = 60
MAX_SHARE = 0.8
MIN_CLASS_ROWS = 12


def first_rows(table: TableFile, contract: DatasetContract, wanted_share: float = 0.0) -> list[int]:
    """Rows by number, in the file's order: whole groups, the earliest ones of a split by time, the first
    ones of a split by position, else by hash. Without a `wanted_share`, as many as `share` says; a larger
    share holds a smaller one's rows.

    A classification keeps so many rows of each class that the contract's folds can hold them.
    """
    count = len(table.rows)
    wanted = int(count * (wanted_share or share(count, contract.min_rows)))
    chosen = set(_in_order(table, contract)[:wanted])
    if contract.split.by in ("row", "position") and contract.task == "classification":
        chosen |= _of_each_class(table, contract)
    return sorted(chosen)


def share(count: int, min_rows: int) -> float:
    """Of so many rows, which share the sample takes: 0.3, or as many as the contract demands and a margin."""
    least = max(MIN_ROWS, 1.5 * min_rows)
    return min(MAX_SHARE, max(SHARE, least / max(1, count)))


def _in_order(table: TableFile, contract: DatasetContract) -> list[int]:
    split = contract.split
    places = list(range(len(table.rows)))
    if split.by == "time":
        column = table.names.index(split.time)
        times = [_time(contract, row[column] if column < len(row) else "") for row in table.rows]
        return sorted(places, key=lambda place: (times[place], place))
    if split.by == "group":
        column = table.names.index(split.group)
        return sorted(places, key=lambda place: _hash([table.rows[place][column]]))
    if split.by == "position":
        return places  # a file that grows at its end
    return sorted(places, key=lambda place: (_hash(table.rows[place]), place))


def _time(contract: DatasetContract, text: str) -> float:
    try:
        value = contract.column(contract.split.time).grammar.read(text)
    except ValueRefusedError:
        return float("inf")
    if value is None or isinstance(value, str):
        return float("inf")
    return as_number(value) if isinstance(value, date) else float(value)


def _of_each_class(table: TableFile, contract: DatasetContract) -> set[int]:
    column = table.names.index(contract.target)
    classes: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(table.rows):
        if column < len(row):
            classes[row[column].strip()].append(place)
    return {
        place
        for places in classes.values()
        for place in sorted(places, key=lambda place: _hash(table.rows[place]))[:MIN_CLASS_ROWS]
    }


def _hash(row: Sequence[str]) -> bytes:
    return hashlib.sha256("\x1f".join(row).encode("utf-8", "surrogatepass")).digest()[:8]
