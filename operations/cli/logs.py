"""`greenlight logs`: what every part printed, in one stream."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from operations.cli.asking import Asked, fail
from operations.cli.exits import Exit

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_AHEAD = timedelta(days=30)  # a cloud's clock may be ahead of this machine's


def logs(
    asked: Asked,
    since: Annotated[str, typer.Option(help="How far back, `90s`, `15m`, `2h`, `1d`, or a time.")] = "15m",
    only: Annotated[
        str, typer.Option(help="Only of functions, jobs, endpoints with this in their name.")
    ] = "",
    level: Annotated[str, typer.Option(help="Only lines of this level: ERROR, WARNING, INFO.")] = "",
) -> Exit | None:
    """What functions, training jobs and the endpoint printed, oldest first."""
    now = datetime.now(UTC)
    start = moment_of(since, now)
    lines = [
        line
        for line in asked.reader.logs(start, until=now + _AHEAD, only=only)
        if not level or line.level == level.upper()
    ]
    asked.out.document(lines)
    if not lines:
        asked.out.line(
            f"Nothing was printed since {start:%Y-%m-%d %H:%M:%S} UTC. Look further back: --since 1d"
        )
    for line in lines:
        style = {"ERROR": "red", "CRITICAL": "red", "WARNING": "yellow"}.get(line.level, "")
        text = f"{line.at.astimezone(UTC):%H:%M:%S} {line.source:<22} {line.text}"
        if not asked.as_json:
            asked.out.console.print(text, style=style or None, markup=False, soft_wrap=True)
    return None


def moment_of(text: str, now: datetime) -> datetime:
    """`15m` before now, or a time in ISO 8601 (UTC where it names no zone)."""
    if found := re.fullmatch(r"(\d+)\s*([smhd])", text.strip()):
        return now - timedelta(seconds=int(found[1]) * _UNITS[found[2]])
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        fail(f"--since {text!r} is no time.", "Write 90s, 15m, 2h, 1d, or 2026-11-22T02:50.")
    return at if at.tzinfo else at.replace(tzinfo=UTC)
