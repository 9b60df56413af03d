"""Shapes of SVG, and the drawings that are made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from lambdas.evaluate_model.report.rendering import render


@dataclass(frozen=True)
class Shape:
    """One element with its attributes; `text` is None of one that holds nothing."""

    name: str
    attributes: dict[str, str]
    text: str | None = None


def shape(name: str, text: str | None = None, /, **attributes: str | float) -> Shape:
    """`class_` becomes `class`."""
    return Shape(name, _written(attributes), text)


def svg(shapes: Sequence[Shape], title: str = "", **attributes: str) -> Markup:
    """`title` is what a screen reader says; without one it is told to pass over the drawing."""
    role = {"role": "img"} if title else {"aria-hidden": "true"}
    return render("drawing", title=title, shapes=shapes, attributes=_written(attributes) | role)


def _written(attributes: dict[str, str] | dict[str, str | float]) -> dict[str, str]:
    """Numbers of a drawing need no more than a hundredth of a pixel."""
    return {
        key.rstrip("_"): f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
        for key, value in attributes.items()
    }
