"""What a rehearsal shows while it runs and when it is over."""

from __future__ import annotations

import sys
import time
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from operations.rehearsal.watch import Execution

PLAIN_WIDTH = 80


class Display:
    """Steps, one line each, and executions, state by state; on a terminal the running one is redrawn. Choices
    and waits are shown where it is `verbose`."""

    def __init__(self, console: Console | None = None, *, verbose: bool = False) -> None:
        self.console = console or _console()
        self.verbose = verbose
        self._started = time.monotonic()

    @property
    def elapsed_seconds(self) -> float:
        return time.monotonic() - self._started

    def step(self, text: str) -> None:
        self.console.print(f"[dim]{self.elapsed_seconds:5.1f} s[/dim]  {text}")

    def act(self, title: str) -> None:
        self.console.print()
        self.console.rule(f"[bold]{title}", align="left")

    def problem(self, text: str) -> None:
        self.console.print(text, style="bold red", markup=False, soft_wrap=True)

    def following(self) -> _Following:
        return _Following(self)


def _console() -> Console:
    """As wide as the terminal; where there is none, wide enough for the tables."""
    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    return Console(highlight=False, width=width)


class _Following:
    """Prints each state when it is left for the first time; on a terminal also the one that is running."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._printed: set[str] = set()
        self._live = Live(console=display.console, transient=True, refresh_per_second=8)

    def __enter__(self) -> _Following:
        if self._display.console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def __call__(self, execution: Execution) -> None:
        for state in execution.states:
            is_shown = state.matters or self._display.verbose
            if is_shown and state.seconds is not None and state.name not in self._printed:
                self._printed.add(state.name)
                self._display.step(f"  [green]✓[/green] {state.name:<22} [dim]{state.seconds:5.1f} s[/dim]")
        running = [state.name for state in execution.states if state.seconds is None]
        if running:
            self._live.update(f"{'':9}… {running[-1]}")


def table(title: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Table:
    """A plain table; numbers are right-aligned."""
    made = Table(title=title, title_justify="left", title_style="bold", header_style="dim", box=None)
    for index, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[index], int | float) for row in rows)
        made.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        made.add_row(*(f"{value:,.1f}" if isinstance(value, float) else str(value) for value in row))
    return made
