"""The forecast as a bar chart in a terminal, and as tables in docs/cost.md. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from operations.cost.forecast import GROUPS, Line, total

BAR_WIDTH = 30


def usd(value: float | None) -> str:
    """As many digits as matter."""
    if value is None:
        return "unknown"
    if value == 0:
        return "$0"
    if value < 0.01:
        return "< $0.01"
    return f"${value:,.2f}" if value < 100 else f"${value:,.0f}"


def interval(line: Line) -> str:
    """Low to high, where they differ."""
    if line.expected is None:
        return ""
    low, high = usd(line.low), usd(line.high)
    return low if low == high else f"{low} to {high}"


def chart(lines: Sequence[Line], group: str) -> list[tuple[str, str, str, str]]:
    """A row an item, the largest first: its bar, its item, what is expected, and the range."""
    own = sorted((line for line in lines if line.group == group), key=lambda line: -(line.expected or 0.0))
    largest = max((line.expected or 0.0 for line in own), default=0.0)
    return [(_bar(line, largest), line.item, usd(line.expected), interval(line)) for line in own]


def _bar(line: Line, largest: float) -> str:
    """The expected figure, and as a thin line what the high one adds, as far as the chart goes."""
    if line.expected is None:
        return "?"
    if not largest:
        return ""
    filled = round(BAR_WIDTH * line.expected / largest)
    reach = min(BAR_WIDTH, round(BAR_WIDTH * (line.high or 0.0) / largest))
    return "█" * filled + "╌" * max(0, reach - filled)


def sums(lines: Sequence[Line]) -> list[tuple[str, str, str]]:
    """A row a group: what is expected, and the range; what is unknown leaves it open above."""
    rows = []
    for group in GROUPS:
        found = total(lines, group)
        more = f", and {', '.join(found.unknown)}: unknown" if found.unknown else ""
        rows.append((group, usd(found.expected), f"{usd(found.low)} to {usd(found.high)}{more}"))
    return rows
