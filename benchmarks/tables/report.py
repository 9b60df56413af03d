"""docs/performance/tables.md: each table's outcome beside what others reach, and how that compares."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.tables.judging import RESAMPLES
from benchmarks.tables.shelf import SHELF

Found = dict[str, Any]
# What two runs of one model differ by is no difference between models.
NOISE_SHARE = 0.02
# So many of the resamples of the same rows must agree before one model counts as worse than another.
SURE_SHARE = 0.975
# One model fitted twice, as our linear one and a peer's may be, differs in its last digits.
EQUAL_SHARE = 0.0005
BELIEF = (
    "## How far to believe it",
    "",
    "- Which candidates `auto` tries first was changed after results on some of these tables were known",
    "  (wage, seattle_weather, bike_share, wages_cps): before, 14 of 26 were better than the best single",
    "  model. What the list says of single models leans in our favour.",
    "- FLAML had the same wall time, on a machine that did other work: where it got through little of its",
    "  list, as on diamonds and computers, it is no fair rival.",
)
"""What was known when the candidates were chosen, and what the peers had to bear."""
EARLIER = "first and a full forest was added; the machine did much else meanwhile."


def write_report(path: Path, results: Sequence[Found]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report(results), encoding="utf-8")


def report(results: Sequence[Found]) -> str:
    judged = [found for found in results if "ours" in found]
    fair = [found for found in judged if not found["hopeless"]]
    budgets = ", ".join(str(b) for b in sorted({found["budget_seconds"] for found in results}))
    lines = [
        "# A shelf of real tables",
        "",
        f"{len(results)} of the {len(SHELF)} public tables of benchmarks/tables/shelf.py, each drafted,",
        f"ingested, trained and judged unedited by `make bench-tables`, with {budgets} s to choose a model",
        "for us and for FLAML. All figures are of the same held-out rows; lower is better. `linear` is",
        "ridge or logistic regression. What time-bound choosers reach",
        "depends on how busy the machine is, for FLAML too; the rest does not. Figures that are equal to a",
        "two-thousandth count as equal.",
        *_busy(results),
        *_earlier(results),
        "",
        *_outstanding(results),
        "| table | rows | metric | outcome | ours | estimator | constant | HGB | forest | linear | FLAML |",
        "|---|---:|---|---|---:|---|---:|---:|---:|---:|---:|",
        *(_row(found) for found in results),
        "",
        *_summary(fair, [found for found in results if found["hopeless"]]),
        "",
        *BELIEF,
        "",
        *_failures(results),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _outstanding(results: Sequence[Found]) -> list[str]:
    """Which tables are still to be run: what a part comes to is no claim about the rest."""
    waiting = [table.name for table in SHELF if table.name not in {found["name"] for found in results}]
    return [f"Not run yet, and so in none of these counts: {', '.join(waiting)}.", ""] if waiting else []


def _busy(results: Sequence[Found]) -> list[str]:
    """How many programs wanted to run at once while models were chosen, where that is known."""
    loads = sorted(found["load_average"] for found in results if "load_average" in found)
    return [f"The load average was {loads[0]:.1f} to {loads[-1]:.1f} meanwhile."] if loads else []


def _earlier(results: Sequence[Found]) -> list[str]:
    """Results that were kept from a run with an earlier list of candidates say so."""
    if not any(found.get("earlier") for found in results):
        return []
    return [
        "Rows with * were measured with an earlier list of first candidates, before HGB's defaults came",
        EARLIER,
    ]


def _row(found: Found) -> str:
    if "ours" not in found:
        return f"| {found['name']} | | | {found['outcome']} | | | | | | | |"
    mark = "*" if found.get("earlier") else ""
    figures = " | ".join(_figure(found.get(n)) for n in ("dummy", "boosting", "forest", "linear", "flaml"))
    return (
        f"| {found['name']}{mark} | {found['rows']:,} | {found['metric']} | {found['outcome']} | "
        f"{_figure(found['ours'])} | {found['estimator']} | {figures} |"
    )


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def loss_share(found: Found, peer: str) -> float:
    """How much worse ours is than the peer, as a share of the peer's error; below zero it is better."""
    return float((found["ours"] - found[peer]) / abs(found[peer]))


def _summary(fair: Sequence[Found], hopeless: Sequence[Found]) -> list[str]:
    def share(holds: Callable[[Found], bool], among: Sequence[Found]) -> str:
        return f"{sum(map(holds, among))} of {len(among)}"

    def best_single(found: Found) -> float:
        return min(float(found[name]) for name in ("boosting", "forest", "linear") if name in found)

    with_peers = [found for found in fair if "boosting" in found]
    raced = [found for found in fair if "flaml" in found]
    median = statistics.median(loss_share(found, "flaml") for found in raced) if raced else float("nan")
    worse = [f for f in with_peers if loss_share(f, "boosting") > NOISE_SHARE]
    surely = [f for f in worse if f.get("boosting_worse_share", 1.0) >= SURE_SHARE]
    return [
        "## What it comes to",
        "",
        f"- promoted unedited: {share(lambda f: f['outcome'] == 'promoted', fair)}",
        f"- hopeless ones refused: {share(lambda f: f['outcome'] == 'refused', hopeless)}",
        f"- worse than HGB's defaults by more than {NOISE_SHARE:.0%}: {len(worse)} of {len(with_peers)}"
        + _named(worse),
        f"- of these by more than noise, in {SURE_SHARE:.1%} of {RESAMPLES:,} paired resamples of the "
        f"held-out rows: {len(surely)}" + _named(surely),
        f"- better than the best of HGB, forest and linear, picked afterwards on these rows: "
        f"{share(lambda f: f['ours'] < best_single(f) * (1 - EQUAL_SHARE), with_peers)}; "
        f"better or equal: {share(lambda f: f['ours'] <= best_single(f) * (1 + EQUAL_SHARE), with_peers)}",
        f"- median relative loss to FLAML (below zero is better): {median:+.1%}, over {len(raced)} tables",
    ]


def _named(found: Sequence[Found]) -> str:
    return f" ({', '.join(f['name'] for f in found)})" if found else ""


def _failures(results: Sequence[Found]) -> list[str]:
    told = [found for found in results if found["outcome"] != "promoted"]
    return (
        ["## Not promoted", "", *(f"- {found['name']}: {found['reason']}" for found in told)] if told else []
    )
