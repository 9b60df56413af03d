"""Tiny datasets: each version of the world is a parallel line, so its own model fits it best, and every other
is still far better than a constant: a champion that were not would count as collapsed."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import dataclass

HEADER = ("first", "second", "kind", "y")
ROWS = 120
SLOPE = 1000.0


@dataclass(frozen=True)
class Line:
    """y = SLOPE * (first - second) + offset, 5 more on the right; the offset is whole, from -120 to 120,
    and another for each of 241 numbers in a row."""

    number: int

    @property
    def offset(self) -> float:
        return self.number * 37 % 241 - 120.0

    def y(self, first: float, second: float, kind: str) -> float:
        return SLOPE * (first - second) + self.offset + (5.0 if kind == "right" else 0.0)

    def probe(self) -> tuple[str, float]:
        """A request in CSV and the answer that this line's model gives it."""
        return "1.0,0.25,right", self.y(1.0, 0.25, "right")


def good(number: int) -> bytes:
    """Data of line `number`, with a little noise; the same for the same number."""
    chance = random.Random(f"line {number}")
    line, rows = Line(number), []
    for _ in range(ROWS):
        first, second = round(chance.uniform(-1, 1), 3), round(chance.uniform(-1, 1), 3)
        kind = chance.choice(("left", "right"))
        rows.append((first, second, kind, round(line.y(first, second, kind) + chance.gauss(0, 0.01), 4)))
    return _csv(HEADER, rows)


def invalid(number: int) -> bytes:
    """Data whose second column has lost its name: the whole upload is rejected."""
    header, *rows = csv.reader(io.StringIO(good(number).decode()))
    return _csv([header[0], "wrong", *header[2:]], rows)


def _csv(header: object, rows: object) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([header, *rows])  # type: ignore[list-item, misc]
    return text.getvalue().encode()
