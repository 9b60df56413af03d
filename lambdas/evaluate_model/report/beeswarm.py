"""A row of the Shapley summary: each point an explained row, thick where many agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from markupsafe import Markup

from lambdas.evaluate_model.report.shapes import shape, svg

_WIDTH, _HEIGHT = 240.0, 26.0
_STEP = 3.0  # how near points may come before they are set apart


def beeswarm(values: Sequence[float], levels: Sequence[int | None], reach: float) -> Markup:
    """Points from -reach at the left to reach at the right, coloured by level (0-4, or None)."""
    stacked: Counter[int] = Counter()
    paths: dict[str, list[str]] = {}
    for value, level in zip(values, levels, strict=True):
        part = min(1.0, max(-1.0, value / reach)) if reach else 0.0
        x = _WIDTH / 2 + part * (_WIDTH / 2 - 3)
        place = round(x / _STEP)
        turn = stacked[place]
        stacked[place] += 1
        # Above and below by turns; a crowd fills the row and then itself.
        offset = ((turn + 1) // 2 % 5) * 2.4 * (1 if turn % 2 else -1)
        paths.setdefault("none" if level is None else str(level), []).append(
            f"M{x:.1f} {_HEIGHT / 2 + offset:.1f}h0"
        )
    middle = shape("line", x1=_WIDTH / 2, x2=_WIDTH / 2, y1=0.0, y2=_HEIGHT, class_="axis")
    points = [
        shape("path", d="".join(found), class_=f"swarm swarm{'-none' if level == 'none' else level}")
        for level, found in paths.items()
    ]
    return svg([middle, *points], viewBox=f"0 0 {_WIDTH:g} {_HEIGHT:g}", class_="drawing")
