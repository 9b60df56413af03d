"""What the data are like: moved from the champion's, spread, and set aside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambdas.evaluate_model.numbers import rows as count
from lambdas.evaluate_model.numbers import share, value_of
from lambdas.evaluate_model.report import charts
from lambdas.evaluate_model.report.parts import (
    NOWRAP,
    STACKED,
    Cell,
    Document,
    Table,
    View,
    head_number,
    number,
    table,
    wide,
)
from lambdas.evaluate_model.report.rendering import shown

_SHOWN_COLUMNS = 100
_SHOWN_CHARACTERS = 120
_QUANTILES = ("0.01", "0.25", "0.5", "0.75", "0.99")


def drift(document: Document) -> View | None:
    """None for a first model, which has no data to have moved from."""
    found = document["drift"]
    if not found:
        return None
    bound = next((c["bound"] for c in document["verdict"]["checks"] if c["name"] == "drift"), None)
    largest = max(found[0]["psi"], bound or 0.0, 0.25)
    rows = [
        [
            d["column"],
            number(f"{d['psi']:.3f}"),
            wide(charts.bar(d["psi"], largest, _kind(d["psi"], bound), bound)),
            Cell(f"{d['bin']}: {share(d['old_share'])} before, {share(d['new_share'])} now", "long"),
        ]
        for d in found[:_SHOWN_COLUMNS]
    ]
    return {"columns": table(["column", head_number("PSI"), "", "what moved most"], rows, kind=STACKED)}


def _kind(psi: float, bound: float | None) -> str:
    return "bad" if bound is not None and psi > bound else "challenger"


def quantiles(document: Document) -> View | None:
    columns = document["profile"].get("columns", {})
    if not columns:
        return None
    numbers = {name: c for name, c in columns.items() if c.get("quantiles")}
    texts = {name: c for name, c in columns.items() if "categories" in c}
    head = ["column", head_number("missing"), head_number("mean"), head_number("min")]
    head += [head_number(f"{float(q) * 100:g}%") for q in _QUANTILES] + [head_number("max")]
    rows = [
        [
            name,
            number(f"{c['missing']:,}"),
            *(number(value_of(c["type"], c[bound])) for bound in ("mean", "min")),
            *(number(value_of(c["type"], c["quantiles"].get(q))) for q in _QUANTILES),
            number(value_of(c["type"], c["max"])),
        ]
        for name, c in list(numbers.items())[:_SHOWN_COLUMNS]
    ]
    tables = [table(head, rows, kind=NOWRAP)] if rows else []
    if texts:
        tables.append(_categories(texts))
    return {"good_rows": f"{document['profile'].get('rows', 0):,}", "tables": tables}


def _categories(columns: dict[str, Any]) -> Table:
    rows = []
    for name, column in list(columns.items())[:_SHOWN_COLUMNS]:
        counts = list(column["categories"].items())[:8]
        total = (column["count"] + column["missing"]) or 1
        listed = "; ".join(f"{value} {share(count / total)}" for value, count in counts)
        rest = column["distinct"] - len(counts)
        rows.append(
            [
                name,
                number(f"{column['missing']:,}", label="missing"),
                number(f"{column['distinct']:,}", label="values"),
                Cell(f"{listed}{f'; {rest:,} more' if rest > 0 else ''}", "long"),
            ]
        )
    return table(
        ["column", head_number("missing"), head_number("values"), "most frequent"], rows, kind=STACKED
    )


def quality(document: Document) -> View:
    rows, found = document["rows"], document["quality"]
    if not rows["quarantined"]:
        return {"quarantined": ""}
    violations = [
        [
            v["column"] or "(whole row)",
            v["rule"],
            number(f"{v['count']:,}", label="rows"),
            number(_line(v), label="first line"),
            _code(v["value"]),
        ]
        for v in found["violations"][:_SHOWN_COLUMNS]
    ]
    examples = [
        [f"line {_line(e)}", e["column"] or "(whole row)", e["rule"], _code(e["value"])]
        for e in found["examples"]
    ]
    head = ["column", "rule", head_number("rows"), head_number("first line"), "first value"]
    return {
        "quarantined": count(rows["quarantined"]),
        "violations": table(head, violations, kind=STACKED),
        "examples": table(["line", "column", "rule", "value"], examples, kind=STACKED),
    }


def _line(found: Mapping[str, Any]) -> str:
    """Of a dataset in parts, with the part that it is a line of."""
    part = found.get("part")
    return f"{found['line']:,}" + (f" of {shown(part, _SHOWN_CHARACTERS)}" if part else "")


def _code(value: object) -> Cell:
    return Cell("(empty)" if value in (None, "") else shown(value, _SHOWN_CHARACTERS), "code long")
