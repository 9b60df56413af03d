"""Scales and the frame around a drawing: SVG in a box of its own units, as wide as a phone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from lambdas.evaluate_model.numbers import axis, ticks
from lambdas.evaluate_model.report.shapes import Shape, shape, svg

WIDTH, HEIGHT = 360.0, 240.0
LEFT, RIGHT, TOP, BOTTOM = 50.0, 350.0, 12.0, 196.0


@dataclass(frozen=True)
class Scale:
    """A linear map from [low, high] to [start, end]; values outside are held at the edge."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        span = self.high - self.low
        part = min(1.0, max(0.0, (value - self.low) / span)) if span > 0 else 0.5
        return self.start + part * (self.end - self.start)


def across(low: float, high: float) -> Scale:
    return Scale(low, high, LEFT, RIGHT)


def up(low: float, high: float) -> Scale:
    return Scale(low, high, BOTTOM, TOP)


def frame(
    x: Scale, y: Scale, x_label: str, y_label: str, y_format: Callable[[float], str] = axis
) -> list[Shape]:
    """Grid lines, tick labels and the names of both axes."""
    parts = []
    for value in ticks(y.low, y.high):
        parts.append(shape("line", x1=LEFT, x2=RIGHT, y1=y(value), y2=y(value), class_="grid"))
        parts.append(shape("text", y_format(value), x=LEFT - 5, y=y(value) + 4, class_="tick end"))
    parts += [
        shape("text", axis(value), x=x(value), y=BOTTOM + 16, class_="tick middle")
        for value in ticks(x.low, x.high)
    ]
    parts.append(shape("line", x1=LEFT, x2=RIGHT, y1=BOTTOM, y2=BOTTOM, class_="axis"))
    parts.append(shape("text", x_label, x=(LEFT + RIGHT) / 2, y=HEIGHT - 10, class_="label middle"))
    if y_label:
        middle = (TOP + BOTTOM) / 2
        turned = f"rotate(-90 11 {middle:g})"
        parts.append(shape("text", y_label, x=11.0, y=middle, transform=turned, class_="label middle"))
    return parts


def drawing(title: str, shapes: Sequence[Shape]) -> Markup:
    """An SVG that grows with its column; `title` is what a screen reader says."""
    return svg(shapes, title, viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}", class_="drawing")
