"""What several sections are made of: headings, tables, keys, and how a metric is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.training import higher_is_better
from lambdas.evaluate_model.numbers import figure, share
from lambdas.evaluate_model.report.markup import Markup, tag

Document = Mapping[str, Any]

# Kinds of table: one that scrolls sideways, and one whose rows a phone breaks into lines.
NOWRAP, STACKED = "nowrap", "stacked"


def section(anchor: str, heading: str, *parts: object) -> Markup:
    return tag("section", tag("h2", heading), *parts, id=anchor)


def note(*parts: object) -> Markup:
    return tag("p", *parts, class_="muted")


def captioned(heading: str, drawing: Markup, caption: object) -> Markup:
    return tag("figure", tag("h3", heading), drawing, tag("figcaption", caption))


def key(*entries: tuple[str, str]) -> Markup:
    """Which colour is which."""
    return tag(
        "p",
        [tag("span", tag("i", class_=kind), label, class_="key") for kind, label in entries],
        class_="muted",
    )


def models_key(document: Document) -> Markup:
    entries = [("challenger", "challenger")]
    if document["champion"] is not None:
        entries.append(("champion", "champion"))
    return key(*entries)


def table(head: Sequence[object], rows: Sequence[Sequence[object]], *, kind: str = "") -> Markup:
    """Cells are elements as `number` and `wide` make them, or anything; the first is the row's name."""
    header = tag("thead", tag("tr", [_head(cell) for cell in head]))
    body = tag("tbody", [tag("tr", [_cell(cell, i) for i, cell in enumerate(row)]) for row in rows])
    scrolls = {"tabindex": "0"} if kind == NOWRAP else {}
    return tag("div", tag("table", header, body, class_=kind or None), class_="scroll", **scrolls)


def number(text: str, kind: str = "", label: str | None = None) -> Markup:
    """`label` says what it is where a phone leaves out the table's head."""
    return tag("td", text, class_=f"number {kind}".rstrip(), data_label=label)


def wide(*parts: object) -> Markup:
    return tag("td", *parts, class_="wide")


def head_number(text: str) -> Markup:
    return tag("th", text, scope="col", class_="number")


def _head(cell: object) -> Markup:
    return cell if isinstance(cell, Markup) else tag("th", cell, scope="col")


def _cell(cell: object, position: int) -> Markup:
    if isinstance(cell, Markup) and cell.startswith(("<td", "<th")):
        return cell
    return tag("th", cell, scope="row") if position == 0 else tag("td", cell)


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
