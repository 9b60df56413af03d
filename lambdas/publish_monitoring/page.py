"""The report that a person reads: one page without script or network, made of the runs' documents. Pure."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

Document = Mapping[str, Any]
# Shades of the heat map by the share of the rows that moved; red where the run called it drift.
_SHADES = (0.01, 0.02, 0.05, 0.1, 0.2)
_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1b1f24}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}th,td{padding:.25rem .6rem;text-align:left;
border-bottom:1px solid #d0d7de}td.n{text-align:right;font-variant-numeric:tabular-nums}
.cell{width:1.1rem;height:1.1rem;padding:0;border:1px solid #fff}.bad{color:#b42318;font-weight:600}
.s0{background:#eef2f6}.s1{background:#d6e4f5}.s2{background:#afcdf0}.s3{background:#7fb0e8}
.s4{background:#4a8edd}.s5{background:#1f6ac2}.alarm{background:#d92d20}.none{background:#fafafa}
.then{fill:#98a2b3}.now{fill:#1f6ac2}.hint{color:#57606a}svg{vertical-align:middle}
@media (prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}th,td{border-color:#30363d}}
"""


def page(report: Document, history: Sequence[Document]) -> str:
    """`history` are reports of hours before, the oldest first; this one's own is among them."""
    title = f"{report['pipeline']}: {report['drift']['status']}, {report['quality']['status']}"
    body = [
        f"<h1>{_text(title)}</h1>",
        f"<p>Hours {_text(report['window']['first_hour'])} to {_text(report['window']['last_hour'])} (UTC), "
        f"{report['drift']['rows']:,} requests' rows of {_text(report['window']['champion_arn'])}.</p>",
        _sentences(report),
        "<h2>What moved, by column and run</h2>",
        _heat(history),
        "<h2>Tests of this run</h2>",
        _findings(report["drift"]),
        "<h2>Distributions then and now</h2>",
        _distributions(report["drift"]),
        "<h2>Quality over time</h2>",
        _quality(history),
        "<h2>Slices</h2>",
        _slices(report["quality"]),
        "<h2>Accounts</h2>",
        _accounts(report),
    ]
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(title)}</title><style>{_STYLE}</style></head><body>{''.join(body)}</body></html>\n"
    )


def _text(value: object) -> str:
    """Whatever stems from data is escaped."""
    return html.escape(str(value)[:300])


def _sentences(report: Document) -> str:
    retraining = report["retraining"]
    due = "is due" if retraining["is_due"] else "is not due"
    return "".join(
        f"<p><b>{name}.</b> {_text(sentence)}.</p>"
        for name, sentence in (
            ("Drift", report["drift"]["reason"]),
            ("Quality", report["quality"]["reason"]),
            ("Retraining", f"{due}: {retraining['reason']}"),
        )
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return '<p class="hint">Nothing.</p>'
    cells = "".join(f"<th>{_text(name)}</th>" for name in head)
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return f"<table><tr>{cells}</tr>{body}</table>"


def _cell(value: object, kind: str = "") -> str:
    return f'<td class="{kind}">{_text(value)}</td>'


def _number(value: float | None, form: str = ".4g") -> str:
    return _cell("–" if value is None else format(value, form), "n")


def _heat(history: Sequence[Document]) -> str:
    """A row a column, a cell a run: how large a share of the rows moved at most by any of its tests."""
    names = list(dict.fromkeys(name for run in history for name in run["heat"]))
    rows = []
    for name in names:
        cells = [_cell(name)]
        for run in history:
            found = run["heat"].get(name)
            shade = (
                "none" if found is None else "alarm" if found["drifted"] else _shade(found["effect_share"])
            )
            told = "not judged" if found is None else f"{found['effect_share']:.1%}"
            cells.append(
                f'<td class="cell {shade}" title="{_text(run["window"]["last_hour"])}: {told}"></td>'
            )
        rows.append(cells)
    first, last = history[0]["window"]["last_hour"], history[-1]["window"]["last_hour"]
    return (
        _table(["column"], rows)
        + f'<p class="hint">{_text(first)} to {_text(last)}, a cell a run; red: drift.</p>'
    )


def _shade(share: float) -> str:
    return f"s{sum(share >= bound for bound in _SHADES)}"


def _findings(drift: Document) -> str:
    head = ("column", "test", "figure", "chance", "among all tests", "rows that moved", "")
    return _table(
        head,
        [
            [
                _cell(found["column"]),
                _cell(found["test"]),
                _number(found["statistic"]),
                _number(found["p_value"], ".2g"),
                _number(found["adjusted_p"], ".2g"),
                _number(found["effect_share"], ".1%"),
                _cell("drift" if found["drifted"] else "", "bad"),
            ]
            for found in drift["findings"][:60]
        ],
    )


def _distributions(drift: Document) -> str:
    head = ("column", "then (grey) and now (blue)", "PSI", "99 % of it by chance")
    return _table(
        head,
        [
            [
                _cell(name),
                f"<td>{_bars(column)}</td>",
                _number(column["psi"]),
                _number(column["psi_by_chance"]),
            ]
            for name, column in drift["columns"].items()
        ],
    )


def _bars(column: Document) -> str:
    """Each bin's shares as two bars; the bin is told by its title."""
    then, now = (_shares(column[side]) for side in ("then", "now"))
    largest = max([*then, *now, 1e-9])
    bars = []
    for place, (label, old, new) in enumerate(zip(column["labels"], then, now, strict=True)):
        bars.append(f"<g><title>{_text(label)}: {old:.1%}, now {new:.1%}</title>")
        for offset, kind, share in ((0, "then", old), (6, "now", new)):
            height = 40 * share / largest
            bars.append(
                f'<rect class="{kind}" x="{15 * place + offset}" y="{40 - height:.1f}" width="6" '
                f'height="{height:.1f}"/>'
            )
        bars.append("</g>")
    return f'<svg width="{15 * len(then)}" height="40" role="img">{"".join(bars)}</svg>'


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts) or 1
    return [count / total for count in counts]


def _quality(history: Sequence[Document]) -> str:
    head = ("hour", "status", "metric", "figure", "from", "to", "promised", "rows")
    return _table(
        head,
        [
            [
                _cell(run["window"]["last_hour"]),
                _cell(run["quality"]["status"] + (" (estimate)" if overall["is_estimate"] else "")),
                _cell(run["quality"]["metric"]),
                *(_number(overall[key]) for key in ("value", "low", "high", "promised")),
                _number(overall["rows"], ",d"),
            ]
            for run in history
            for overall in [run["quality"]["overall"]]
        ],
    )


def _slices(quality: Document) -> str:
    return _table(
        ("slice", "rows", "figure", "from", "to", "promised", ""),
        [
            [
                _cell(part["name"]),
                _number(part["rows"], ",d"),
                *(_number(part[key]) for key in ("value", "low", "high", "promised")),
                _cell("decayed" if part["decayed"] else "", "bad"),
            ]
            for part in quality["slices"]
        ],
    )


def _accounts(report: Document) -> str:
    window, quality = report["window"], report["quality"]
    rows = {
        "captured rows in the window": window["rows"],
        "lines of capture that are none": window["broken_lines"],
        "requests or answers that nothing reads": window["unreadable_requests"],
        "labels": quality["labels"],
        "labels that said again what was said": quality["repeated_labels"],
        "labels that corrected an earlier one": quality["corrected_labels"],
        "labels set aside, with reasons": quality["quarantined_labels"],
        "predictions that have not matured": quality["waiting_rows"],
        "matured predictions": quality["matured_rows"],
        "matured and labelled": quality["labelled_rows"],
        "labelled rows that the last dataset lacks": quality["new_rows"],
    }
    return _table(("what", "how many"), [[_cell(name), _number(value, ",d")] for name, value in rows.items()])
