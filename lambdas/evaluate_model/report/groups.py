"""How the models do on parts of the holdout: slices that the gate judges, groups that fairness is about."""

from __future__ import annotations

from typing import Any

from lambdas.evaluate_model.numbers import figure, share, signed_share
from lambdas.evaluate_model.report import charts
from lambdas.evaluate_model.report.parts import (
    STACKED,
    Cell,
    Document,
    View,
    head_number,
    models_key,
    number,
    table,
    wide,
)

_MODELS = ("challenger", "champion")


def slices(document: Document) -> View | None:
    found = document["slices"]
    if not found:
        return None
    known = [s[name] for s in found for name in _MODELS if s[name] is not None]
    largest = max([abs(value) for value in known] or [0.0])
    tables = []
    for column in dict.fromkeys(part["column"] for part in found):
        head = [column, head_number("rows"), head_number(document["metric"]), head_number("gain"), ""]
        rows = [_slice(part, document["metric"], largest) for part in found if part["column"] == column]
        tables.append(table(head, rows, kind=STACKED))
    return {"models": models_key(document), "tables": tables}


def _slice(part: dict[str, Any], metric: str, largest: float) -> list[object]:
    gain = part["gain_share"]
    better = "" if not gain else "passed" if gain > 0 else "failed"
    bars = [charts.bar(part[kind], largest, kind) for kind in _MODELS if part[kind] is not None]
    return [
        Cell(part["value"], small="" if part["judged"] else "too few rows to judge"),
        number(f"{part['rows']:,}", label="rows"),
        number(figure(part["challenger"]), label=metric),
        number(signed_share(gain), better, label="gain"),
        wide(*bars),
    ]


def fairness(document: Document) -> View | None:
    """Figures by declared group; no check decides by them."""
    if not document["fairness"]:
        return None
    groups = []
    for found in document["fairness"]:
        names = [name for name in found["groups"][0] if name not in ("value", "rows", "judged", "metric")]
        head = [found["column"], head_number("rows"), head_number(document["metric"])]
        head += [head_number(name.replace("_", " ")) for name in names]
        rows = [
            [g["value"], number(f"{g['rows']:,}"), number(figure(g["metric"]))]
            + [number(share(g[n]) if n.endswith("share") else figure(g[n])) for n in names]
            for g in found["groups"]
        ]
        spread = "" if found["spread"] is None else f" The groups lie {figure(found['spread'])} apart."
        groups.append({"table": table(head, rows), "note": f"Groups of {found['column']}.{spread}"})
    return {"groups": groups}
