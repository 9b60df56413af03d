"""The draft in the terminal: column by column what was decided, and why."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table as Rows

from operations.draft import roles as r
from operations.draft.plan import ColumnPlan, Plan
from operations.draft.toml import leak_text

_MOST_SHOWN = 60
_COLOURS = {r.TARGET: "bold green", r.DROPPED: "dim", r.IDENTIFIER: "cyan", r.GROUP: "cyan"}
_READING = {
    "delimiter": "columns separated by {!r}",
    "encoding": "text in {}",
    "skip_lines": "{} lines above the header",
    "index_column": "the first field of each line only names its row",
    "trailing_delimiter": "each line ends in one delimiter more",
    "decimal": "decimal mark {!r}",
    "missing": "missing values written {}",
}


def show(console: Console, plan: Plan) -> None:
    table = Rows(box=None, header_style="dim", pad_edge=False)
    for name, right in (
        ("column", 0),
        ("kept as", 0),
        ("type", 0),
        ("missing", 1),
        ("values", 1),
        ("why", 0),
    ):
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    shown = plan.columns if len(plan.columns) <= _MOST_SHOWN else _telling(plan)
    for column in shown:
        table.add_row(*map(escape, _row(plan, column)), style=_COLOURS.get(column.role.name, ""))
    console.print(
        f"{plan.rows:,} rows, {len(plan.columns):,} columns{_reading(plan)}", highlight=False, markup=False
    )
    console.print()
    console.print(table)
    if len(shown) < len(plan.columns):
        console.print(
            f"and {len(plan.columns) - len(shown):,} more, features of numbers like these", style="dim"
        )
    _notices(console, plan)


def _telling(plan: Plan) -> list[ColumnPlan]:
    """Of a wide table the columns that are not plain features, and the first of those that are."""
    plain = [c for c in plan.columns if c.role.name == r.FEATURE and not _why(plan, c)]
    others = [c for c in plan.columns if c not in plain]
    kept = {*(c.name for c in plain[:10]), *(c.name for c in others[:_MOST_SHOWN])}
    return [c for c in plan.columns if c.name in kept]


def _row(plan: Plan, column: ColumnPlan) -> tuple[str, ...]:
    profile = column.profile
    is_target = column.role.name == r.TARGET
    kept = "not used" if column.role.name == r.DROPPED else column.role.name
    type_ = plan.answer.type if is_target else "text" if kept == r.TEXT else column.kind.type
    gaps = column.kind.gaps / plan.rows
    share = "" if not gaps else "<0.1 %" if gaps < 0.001 else f"{100 * gaps:.1f} %"
    return column.name, kept, type_, share, f"{profile.distinct:,}", _why(plan, column)


def _why(plan: Plan, column: ColumnPlan) -> str:
    reasons = [column.role.reason] if column.role.name != r.TARGET else [plan.answer.task]
    if column.role.name == r.TEXT:
        reasons.append(f"its words become {plan.buckets} counts")
    keys = {k: v for k, v in column.kind.keys.items() if k in ("thousands", "unit", "date_order", "missing")}
    reasons += [
        f"{key} {', '.join(value) if isinstance(value, list) else value}" for key, value in keys.items()
    ]
    if column.kind.keys.get("others") and column.role.name == r.FEATURE:
        reasons.append(f"{len(column.kind.keys['categories'])} values told apart, all others are one")
    if column.kind.strays and column.is_used:
        first = column.kind.strays[0]
        text = f"{plan.table.place(first.row)} has {first.value[:30]!r}"
        reasons.append(
            f"{text}, {column.kind.stray_rows:,} rows set aside" if column.kind.stray_rows else text
        )
    if any(column.name in leak.columns for leak in plan.leaks):
        reasons.append("suspected leak")
    if column.name in plan.times:
        reasons.append("a time: rows could be split by it")
    return "; ".join(filter(None, reasons))


def _reading(plan: Plan) -> str:
    texts = []
    for key, value in plan.reading.items():
        shown = ", ".join(map(repr, value)) if isinstance(value, list) else value
        texts.append(_READING[key].format(shown))
    return "".join(f"; {text}" for text in texts)


def _notices(console: Console, plan: Plan) -> None:
    texts = []
    if plan.bad_rows:
        texts.append(("yellow", f"{plan.bad_rows:,} of {plan.rows:,} rows will be set aside{_what(plan)}"))
    texts += [("yellow", f"leak? {leak_text(plan, leak.columns, leak.how)}") for leak in plan.leaks]
    texts += [("cyan", f"to decide: {question}") for question in plan.questions]
    if texts:
        console.print()
    for style, text in texts:
        console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def _what(plan: Plan) -> str:
    parts = [f"{plan.answer.gaps:,} without a target"] if plan.answer.gaps else []
    parts += [f"{rows:,} of the rare class {value!r}" for value, rows in list(plan.answer.rare.items())[:5]]
    return f": {', '.join(parts)}" if parts else ""
