"""What several sections are made of: tables of cells, keys, and how a metric is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup

from contracts.training import higher_is_better
from lambdas.evaluate_model.numbers import figure, share

Document = Mapping[str, Any]
# What a section's template is rendered with.
View = dict[str, Any]

# Kinds of table: one that scrolls sideways, and one whose rows a phone breaks into lines.
NOWRAP, STACKED = "nowrap", "stacked"


@dataclass(frozen=True)
class Cell:
    """One cell: its text or drawing, classes of the stylesheet, and `small` words in a line below. `label`
    says what it is where a phone leaves out the table's head; a head has its `scope`."""

    text: object
    kind: str = ""
    label: str = ""
    small: str = ""
    scope: str = ""


@dataclass(frozen=True)
class Table:
    head: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    kind: str


def table(head: Sequence[object], rows: Sequence[Sequence[object]], *, kind: str = "") -> Table:
    """Of cells or of plain values; the first of a row is the row's name."""
    heads = tuple(replace(_cell(cell), scope="col") for cell in head)
    named = (tuple(_cell(cell) for cell in row) for row in rows)
    return Table(heads, tuple((_name(first), *rest) for first, *rest in named), kind)


def _cell(value: object) -> Cell:
    return value if isinstance(value, Cell) else Cell(value)


def _name(cell: Cell) -> Cell:
    return cell if cell.kind else replace(cell, scope="row")


def number(text: str, kind: str = "", label: str = "") -> Cell:
    return Cell(text, f"number {kind}".rstrip(), label)


def wide(*drawings: Markup) -> Cell:
    return Cell(Markup("").join(drawings), "wide")


def head_number(text: str) -> Cell:
    return Cell(text, "number")


def models_key(document: Document) -> list[tuple[str, str]]:
    """Which colour is which: (class, label)."""
    entries = [("challenger", "challenger")]
    if document["champion"] is not None:
        entries.append(("champion", "champion"))
    return entries


def direction(metric: str) -> str:
    return "higher is better" if higher_is_better(metric) else "lower is better"


def in_unit(value: float, unit: str) -> str:
    """A check's figure as its unit has it."""
    if unit == "share":
        return share(value) if abs(value) >= 1e-5 or value == 0 else figure(value)
    if unit == "us":
        return f"{figure(value)} µs"
    if unit in ("rows", "columns"):
        return f"{value:,.0f} {unit}"
    return f"PSI {value:.3f}" if unit == "psi" else figure(value)
