"""The drawings of the report. Each takes plain figures and gives one SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from markupsafe import Markup

from lambdas.evaluate_model.report.axes import BOTTOM, LEFT, RIGHT, TOP, across, drawing, frame, up
from lambdas.evaluate_model.report.shapes import Shape, shape, svg

# Shades of a heat map, from barely there to full.
SHADES = 8
BAR_WIDTH = 100.0


def bar(value: float, largest: float, kind: str = "challenger", bound: float | None = None) -> Markup:
    """A bar for a table's row: 0 at the left, or in the middle where `kind` is "signed"."""
    scale = BAR_WIDTH / largest if largest > 0 else 0.0
    length = min(BAR_WIDTH, abs(value) * scale)
    if kind == "signed":
        half = length / 2
        start = 50.0 if value >= 0 else 50.0 - half
        parts = [
            shape("rect", x=start, y=1.0, width=half, height=8.0, class_="good" if value >= 0 else "bad"),
            shape("line", x1=50.0, x2=50.0, y1=0.0, y2=10.0, class_="axis"),
        ]
    else:
        parts = [shape("rect", x=0.0, y=1.0, width=length, height=8.0, class_=kind)]
    if bound is not None and 0 <= bound * scale <= BAR_WIDTH:
        parts.append(shape("line", x1=bound * scale, x2=bound * scale, y1=0.0, y2=10.0, class_="bound"))
    return svg(parts, viewBox="0 0 100 10", preserveAspectRatio="none", class_="bar")


def histogram(
    title: str,
    edges: Sequence[float],
    series: Sequence[tuple[str, Sequence[int]]],
    x_label: str,
    marks: Sequence[tuple[float, str]] = (),
    y_label: str = "rows",
) -> Markup:
    """Outlines over common bins, the first one filled; `marks` are upright lines with a label."""
    largest = max((max(counts, default=0) for _, counts in series), default=0) or 1
    x, y = across(edges[0], edges[-1]), up(0, largest * 1.08)
    parts = frame(x, y, x_label, y_label)
    for kind, counts in series:
        points = [(x(edges[0]), BOTTOM)]
        for (low, high), count in zip(pairwise(edges), counts, strict=True):
            points += [(x(low), y(count)), (x(high), y(count))]
        points.append((x(edges[-1]), BOTTOM))
        parts.append(_drawn(_path(points), f"area {kind}"))
    for place, label in marks:
        if edges[0] <= place <= edges[-1]:
            at = x(place)
            side = "end" if at > (LEFT + RIGHT) / 2 else "start"
            parts.append(shape("line", x1=at, x2=at, y1=TOP, y2=BOTTOM, class_="bound"))
            shift = -4 if side == "end" else 4
            parts.append(shape("text", label, x=at + shift, y=TOP + 9, class_=f"tick {side}"))
    return drawing(title, parts)


def density(title: str, low: float, high: float, counts: Sequence[Sequence[int]]) -> Markup:
    """Actual against predicted as a grid of shades; counts[i][j]: the i-th bin of actual, the j-th of
    predicted. On the diagonal both agree."""
    x, y = across(low, high), up(low, high)
    size = len(counts)
    largest = max((max(row, default=0) for row in counts), default=0) or 1
    step = (high - low) / size
    parts = frame(x, y, "actual", "predicted")
    for shade in range(1, SHADES + 1):
        cells = [
            (x(low + i * step), y(low + (j + 1) * step))
            for i, row in enumerate(counts)
            for j, count in enumerate(row)
            if count and _shade(count, largest) == shade
        ]
        if cells:
            width, height = (RIGHT - LEFT) / size, (BOTTOM - TOP) / size
            box = f"h{width:.2f}v{height:.2f}h{-width:.2f}z"
            path = "".join(f"M{left:.1f} {top:.1f}{box}" for left, top in cells)
            parts.append(_drawn(path, f"shade{shade}"))
    parts.append(shape("line", x1=LEFT, y1=BOTTOM, x2=RIGHT, y2=TOP, class_="bound"))
    return drawing(title, parts)


def _shade(count: int, largest: int) -> int:
    """By the square root, so that thin places are seen beside dense ones."""
    return max(1, min(SHADES, round(SHADES * math.sqrt(count / largest))))


def line(
    title: str,
    series: Sequence[tuple[str, Sequence[tuple[float, float]]]],
    x_label: str,
    y_label: str,
    diagonal: bool = False,
) -> Markup:
    """Points joined by lines; `diagonal` draws where both axes agree."""
    points = [point for _, found in series for point in found]
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    x = across(0, 1) if diagonal else across(min(xs), max(xs))
    y = up(0, 1) if diagonal else up(min(ys) - _margin(ys), max(ys) + _margin(ys))
    parts = frame(x, y, x_label, y_label)
    if diagonal:
        parts.append(shape("line", x1=LEFT, y1=BOTTOM, x2=RIGHT, y2=TOP, class_="bound"))
    for kind, found in series:
        drawn = [(x(a), y(b)) for a, b in found]
        parts.append(_drawn(_path(drawn), f"line {kind}"))
        parts.extend(_dots(drawn, f"dots {kind}"))
    return drawing(title, parts)


def trials(title: str, found: Sequence[tuple[int, float, bool]], best: Sequence[float], label: str) -> Markup:
    """A search: every trial as a dot (pruned ones pale), and the best so far as a line."""
    values = sorted(value for _, value, _ in found)
    # Hopeless trials would squeeze the rest into a line: the axis ends at the worst but a tenth.
    worst = values[int(len(values) * 0.9)] if len(values) > 9 else values[-1]
    low, high = min(values[0], min(best)), max(worst, max(best))
    if values and best[-1] > (low + high) / 2:
        low, high = values[len(values) // 10] if len(values) > 9 else values[0], values[-1]
    margin = (high - low) * 0.06 or abs(high) * 0.01 or 1.0
    x = across(0, max(number for number, _, _ in found) + 1)
    y = up(low - margin, high + margin)
    parts = frame(x, y, "trial", label)
    for complete, kind in ((False, "dots pale"), (True, "dots challenger")):
        parts.extend(_dots([(x(n + 1), y(v)) for n, v, done in found if done is complete], kind))
    steps = [(x(n + 1), y(value)) for (n, _, _), value in zip(found, best, strict=True)]
    parts.append(_drawn(_path(steps), "line best"))
    return drawing(title, parts)


def _dots(points: Sequence[tuple[float, float]], kind: str) -> list[Shape]:
    """Round caps of lines without length: one path for all dots."""
    return [_drawn("".join(f"M{a:.1f} {b:.1f}h0" for a, b in points), kind)] if points else []


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points)


def _drawn(path: str, kind: str) -> Shape:
    return shape("path", d=path, class_=kind)


def _margin(values: Sequence[float]) -> float:
    return (max(values) - min(values)) * 0.05 or abs(values[0]) * 0.05 or 1.0
