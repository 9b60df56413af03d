"""What a command prints: lines and tables for people, or one JSON document for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

PLAIN_WIDTH = 100


class Output:
    """With `as_json`, lines go nowhere and a document is printed; without, the other way round."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    @cached_property
    def console(self) -> Console:
        from rich.console import Console

        width = None if sys.stdout.isatty() else PLAIN_WIDTH
        return Console(highlight=False, width=width, soft_wrap=False)

    def line(self, text: str = "", style: str = "") -> None:
        """One line, its text as it is: brackets are no markup."""
        if not self.as_json:
            self.console.print(text, style=style or None, markup=False)

    def pair(self, label: str, text: str, style: str = "") -> None:
        """A label and what belongs to it; long texts hang below themselves."""
        if self.as_json:
            return
        from rich.table import Table
        from rich.text import Text

        grid = Table.grid(padding=(0, 1, 0, 2))
        grid.add_column(width=10, style="dim")
        grid.add_column(overflow="fold")
        grid.add_row(label, Text(text, style=style))
        self.console.print(grid)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], *, whole: str = "") -> None:
        """Long cells are folded, but for those of the column `whole`, which people copy."""
        if self.as_json:
            return
        from rich.table import Table
        from rich.text import Text

        made = Table(box=None, header_style="dim", pad_edge=False)
        for index, name in enumerate(columns):
            numeric = bool(rows) and all(_is_figure(row[index]) for row in rows)
            made.add_column(
                name, justify="right" if numeric else "left", overflow="fold", no_wrap=name == whole
            )
        for row in rows:
            made.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in row))
        self.console.print(made)

    def document(self, value: object) -> None:
        """The one document of a command that was asked for JSON."""
        if self.as_json:
            print(json.dumps(plain(value), indent=2, ensure_ascii=False))


STYLES = {
    "Promoted": "green",
    "Approved": "green",
    "Rejected": "red",
    "RUNNING": "cyan",
    "ALARM": "bold red",
    "OK": "green",
}


def plain(value: Any) -> Any:
    """JSON's own types: times as UTC in ISO 8601, tables of our own by their fields."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds")
    return value


def _is_figure(cell: str) -> bool:
    return cell.replace(",", "").replace(".", "").replace("%", "").strip().isdigit() or cell in ("-", "")


def moment(value: datetime | str | None) -> str:
    """To the minute, in UTC."""
    if not value:
        return "-"
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return f"{found.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def ago(value: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that fits."""
    return f"{span(max(0.0, (now - value).total_seconds()))} ago"


def span(seconds: float) -> str:
    """A length of time, in the largest unit that fits: `4.2 s`, `3 min`, `2 h`, `5 days`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    for limit, unit, name in ((3600, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds / 86_400:.0f} days"
