"""The figures as a page and a picture."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Figures = Mapping[str, Mapping[str, float]]
_OURS, _FLOOR, _MLFLOW = "Greenlight, CSV", "floor", "mlflow"


def milliseconds(microseconds: float) -> str:
    value = microseconds / 1000
    return f"{value:.3f}" if value < 1 else f"{value:.1f}"


# From here on the page is written by hand.
_BY_HAND = "## What robustness costs"


def write(
    path: Path, figures: Figures, forest: Figures, peers: Sequence[str], about: Mapping[str, Any]
) -> None:
    """Markdown with one table of figures and one of targets, and the picture beside it."""
    plot(path.with_suffix(".svg"), figures, peers)
    lines = [
        "# How fast the endpoint answers",
        "",
        f"The same fitted pipeline ({about['model']}), the same rows, one machine",
        f"({_machine()}), one run, the servers asked in turn ({about['rounds']} rounds, medians).",
        "One worker each and `OMP_NUM_THREADS=1`, which is the peers' best: with two threads they are slower",
        "under load. The load generator shares the cores.",
        f"{about['note']}",
        "",
        "![latency and throughput](serving.svg)",
        "",
        *_main_table(figures),
        "",
        "## A forest of 100 trees, 1,000 rows",
        "",
        "| server | p50, ms | CPU a request, ms |",
        "|---|---:|---:|",
        *(
            f"| {n} | {milliseconds(f['b1000_p50'])} | {milliseconds(f['b1000_cpu'])} |"
            for n, f in forest.items()
        ),
        "",
        "## Targets",
        "",
        "| | target | reached |",
        "|---|---:|---:|",
        *(f"| {name} | {target} | {reached} |" for name, target, reached in targets(figures, forest, peers)),
        "",
        "Made by `make bench-serving DATA=path/to/housing.csv`.",
    ]
    _, heading, by_hand = path.read_text(encoding="utf-8").partition(_BY_HAND)
    path.write_text("\n".join(lines) + "\n\n" + heading + by_hand, encoding="utf-8")


def _main_table(figures: Figures) -> list[str]:
    head = "| server | 1 conn. p50 / p99, ms | 1 | 16 | 64 conn. requests/s | 100 rows, ms | 1,000 rows, ms |"
    lines = [
        f"{head} CPU a request, us | cold start, s | memory, MB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, f in figures.items():
        lines.append(
            f"| {name} | {milliseconds(f['c1_p50'])} / {milliseconds(f['c1_p99'])} | {f['c1_rate']:,.0f} | "
            f"{f['c16_rate']:,.0f} | {f['c64_rate']:,.0f} | {milliseconds(f['b100_p50'])} | "
            f"{milliseconds(f['b1000_p50'])} | {f['c16_cpu']:,.1f} | {f['cold']:.2f} | {f['memory']:.0f} |"
        )
    return lines


def targets(figures: Figures, forest: Figures, peers: Sequence[str]) -> list[tuple[str, str, str]]:
    """What was to be reached, as ratios within this run."""
    ours, floor = _named(figures, _OURS), _named(figures, _FLOOR)

    def best(table: Figures, key: str, choose: Any) -> float:
        return float(choose(table[name][key] for name in peers if name in table))

    def times(value: float) -> str:
        return f"{value:,.1f} x"

    single = ours["c1_p50"]
    return [
        ("single row p50, mlflow / ours", ">= 80 x", times(_named(figures, _MLFLOW)["c1_p50"] / single)),
        ("single row p50, best peer / ours", ">= 50 x", times(best(figures, "c1_p50", min) / single)),
        (
            "requests/s at 16 connections, ours / best peer",
            ">= 200 x",
            times(ours["c16_rate"] / best(figures, "c16_rate", max)),
        ),
        ("CPU a request, ours / C floor", "<= 3 x", times(ours["c16_cpu"] / floor["c16_cpu"])),
        (
            "1,000 rows, best peer / ours",
            ">= 10 x",
            times(best(figures, "b1000_p50", min) / ours["b1000_p50"]),
        ),
        (
            "forest, 1,000 rows, best peer / ours",
            ">= 3 x",
            times(best(forest, "b1000_p50", min) / _named(forest, _OURS)["b1000_p50"]),
        ),
        ("cold start to first answer", "< 0.5 s", f"{ours['cold']:.2f} s"),
        ("memory", "< 100 MB", f"{ours['memory']:.0f} MB"),
        ("p99 at 500 requests/s over 64 connections", "< 5 ms", f"{milliseconds(ours['steady_p99'])} ms"),
    ]


def _named(figures: Figures, start: str) -> Mapping[str, float]:
    return next(found for name, found in figures.items() if name.startswith(start))


def _machine() -> str:
    text = Path("/proc/cpuinfo").read_text()
    model = next(
        (line.split(":")[1].strip() for line in text.splitlines() if "model name" in line), "unknown"
    )
    return f"{model}, {text.count('processor')} cores, Python {platform.python_version()}"


def plot(path: Path, figures: Figures, peers: Sequence[str]) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "serving"
    from matplotlib import pyplot as plt

    names = [name for name in figures if not name.startswith(_FLOOR)]
    colours = ["#2a9d5c" if name not in peers else "#9aa5b1" for name in names]
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 0.45 * len(names) + 1.2), sharey=True)
    for axis, key, label, unit in (
        (left, "c1_p50", "one row, one connection: p50, ms", 1000.0),
        (right, "c16_rate", "16 connections: requests/s", 1.0),
    ):
        values = [figures[name][key] / unit for name in names]
        bars = axis.barh(names, values, color=colours)
        axis.bar_label(bars, [f"{v:,.2f}" if v < 10 else f"{v:,.0f}" for v in values], padding=3, fontsize=8)
        axis.set_xscale("log")
        axis.set_xlim(min(values) / 2, max(values) * 4)
        axis.set_title(label, fontsize=10)
        axis.spines[["top", "right"]].set_visible(False)
    left.invert_yaxis()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
