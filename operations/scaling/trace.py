"""Reads a trace of traffic: requests per second, one figure for each minute."""

from __future__ import annotations

from pathlib import Path


class TraceError(ValueError):
    """A trace can't be read; the message names the file, the line and what is expected there."""


def read_trace(path: Path) -> list[float]:
    """One number a line, which may follow other columns and a comma; a first line of words is a header."""
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TraceError(f"{path}: is not a readable text: {error}") from error
    rates: list[float] = []
    for number, line in enumerate(lines, 1):
        last = line.rpartition(",")[2].strip()
        if not last:
            continue
        try:
            rate = float(last)
        except ValueError:
            if number == 1:
                continue
            rate = -1.0
        if not 0 <= rate < float("inf"):
            raise TraceError(f"{path}:{number}: {last!r} is no number of requests a second, 0 or more")
        rates.append(rate)
    if not rates:
        raise TraceError(f"{path}: holds no minute; expected requests per second, one number a line")
    return rates
