"""`greenlight models` and `diff`: what is registered, and what two models differ in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from operations.cli.asking import Asked
from operations.cli.exits import Exit
from operations.cli.output import moment
from operations.reading import diff as differences
from operations.reading import errors

if TYPE_CHECKING:
    from operations.reading.models import Model
    from operations.reading.stage import StageReader


def models(
    asked: Asked,
    limit: Annotated[int, typer.Option(help="How many, the newest first.", min=1, max=10_000)] = 15,
) -> Exit | None:
    """The registered models, the newest first; an arrow points at the one that serves."""
    found = asked.reader.models(limit=limit)
    serving = asked.reader.endpoint().config_name
    asked.out.document(
        {"serving": serving, "models": found},
    )
    if not found:
        asked.out.line("There are no models yet. The first upload that passes the gate makes one.")
        return None
    rows = [
        (
            "→" if model.name == serving else "",
            str(model.version),
            model.status,
            moment(model.promoted_at) if model.promoted_at else "never served",
            model.proof or "-",
            model.description.partition(". ")[0],
        )
        for model in found
    ]
    asked.out.table(("", "version", "status", "took over", "proof", "on the holdout"), rows)
    return None


def diff(
    asked: Asked,
    before: Annotated[int, typer.Argument(metavar="A", help="A model version.", min=1)],
    after: Annotated[int, typer.Argument(metavar="B", help="Another.", min=1)],
) -> Exit | None:
    """What two models differ in: data, parameters, metrics, slices."""
    reader = asked.reader
    parts = [_parts(reader, reader.model(version)) for version in (before, after)]
    found = differences.of(*parts)
    asked.out.document(
        {
            "before": before,
            "after": after,
            "differences": [
                {"part": d.part, "key": d.key, "before": d.before, "after": d.after} for d in found
            ],
        }
    )
    if not found:
        asked.out.line(f"Versions {before} and {after} are the same in everything that is recorded.")
        return None
    for part in dict.fromkeys(difference.part for difference in found):
        rows = [(d.key, _shown(d.before), _shown(d.after)) for d in found if d.part == part]
        asked.out.line(part, "bold")
        asked.out.table(("", f"version {before}", f"version {after}"), rows)
    return None


def _parts(reader: StageReader, model: Model) -> dict[str, dict[str, Any]]:
    """What of a report is worth comparing; what was registered, where the report is gone."""
    properties = {key: model.properties.get(key, "") for key in ("dataset_version", "contract_hash")}
    try:
        report = reader.report(model.report_uri)
    except errors.NotThereError:
        return {"data": properties, "figures": {"description": model.description}}
    made = report.get("model") or {}
    return {
        "data": {**properties, **(report.get("rows") or {})},
        "parameters": {
            "estimator": made.get("estimator"),
            "seed": made.get("seed"),
            **(made.get("parameters") or {}),
        },
        "figures on the holdout": report.get("challenger") or {},
        "slices": {
            f"{item.get('column')} = {item.get('value')}": _figures(item, report.get("metric"))
            for item in report.get("slices") or []
        },
        "verdict": {"reason": (report.get("verdict") or {}).get("reason")},
    }


def _figures(item: dict[str, Any], metric: object) -> dict[str, Any]:
    """The challenger's figure on a slice: one number, or one of each metric."""
    found = item.get("challenger")
    return {str(metric): found.get(metric) if isinstance(found, dict) else found, "rows": item.get("rows")}


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
